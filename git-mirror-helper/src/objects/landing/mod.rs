//! How a pack enters the store: closed under reachability, or not at all; and once more, when the store was damaged.

pub mod closed;
pub mod land;
pub mod mend;
pub mod tidy;
