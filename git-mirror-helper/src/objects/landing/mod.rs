//! How a pack enters the store: closed under reachability, or not at all; and once more, when the store was damaged.

pub mod land;
pub mod mend;
pub mod tidy;

pub use land::{Arrived, Landed, Landing};
