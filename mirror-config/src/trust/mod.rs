//! Whom to believe, without network and without configuration.

pub mod age;
pub mod level;
pub mod ledger;
pub mod signature;
pub mod pins;
pub mod testimony;
pub mod contradiction;
pub mod quorum;
pub mod agreement;
pub mod entries;
#[cfg(test)]
mod signature_tests;

pub use age::Newest;
pub use agreement::Agreement;
pub use contradiction::Evidence;
pub use entries::{Believed, Locked, Version, Word};
pub use ledger::{Entry, Ledger};
pub use level::Trust;
pub use signature::{Key, Policy};
pub use testimony::{Claim, Speaker, Testimony, contradictions};
