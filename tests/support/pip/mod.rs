//! Real pips, and simple indexes of real wheels.

mod pips;
mod stock;
mod server;

pub use pips::Pip;
pub use server::IndexServer;
pub use stock::{StockFile, WheelStock};
