//! Questions for their own sake: is a mirror there, fast, fresh, and who says what.

pub mod audit;
pub mod freshness;
pub mod compare;
pub mod git;
pub mod index;
pub mod cargo;
pub mod pip;
pub mod tls;

pub use audit::{Audited, Check};
pub use freshness::Freshness;
pub use index::{Files, IndexResult};
