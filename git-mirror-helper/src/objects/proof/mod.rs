//! What objects prove: a history's beginning, its edge, its order, its tips.

pub mod edge;
pub mod history;
pub mod prefix;
pub mod tips;

pub use history::Proofs;
pub use tips::Tip;
