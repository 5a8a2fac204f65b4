//! Whom to believe, without network and without configuration: here it is decided, `authority` only asks.
//!
//! `level` says how strong evidence is, `quorum` when those who agree are enough (the one rule). `testimony` is what mirrors
//! say of refs and `agreement` weighs it; `entries` weighs what they say of crates and wheels. `page` is what was seen
//! before, `ledger` its files, `seen` where it counts as evidence, `age` how old it may be, `contradiction` what is kept when two cannot both be right, `signature` and `pins` what
//! people have signed and fixed.

pub mod age;
pub mod level;
pub mod page;
pub(crate) mod filing;
pub mod ledger;
pub mod signature;
pub mod pins;
pub mod testimony;
pub mod contradiction;
pub mod quorum;
pub mod seen;
pub mod agreement;
pub mod entries;
#[cfg(test)]
mod signature_tests;

pub use age::Newest;
pub use agreement::Agreement;
pub use contradiction::Evidence;
pub use entries::{Believed, Locked, Stance, Version, Word};
pub use ledger::Ledger;
pub use level::Trust;
pub use page::{Entry, Page, SeenAt};
pub use seen::Recalled;
pub use signature::{Key, Policy};
pub use testimony::{Claim, Speaker, Testimony, contradictions};
