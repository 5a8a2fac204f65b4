//! How a pack enters the store: closed under reachability, or not at all.

pub mod land;
pub mod tidy;

pub use land::{Arrived, Landed, Landing};
