//! Registries of real crates, and a stage for cargo.

mod index_cache;
mod stock;
mod server;
mod stage;

pub(crate) use index_cache::index_path;
pub use server::{CrateServer, Template};
pub use stage::{CargoMirror, CargoStage, Needs};
pub(crate) use stock::locked;
pub use stock::{CrateStock, StockCrate};
