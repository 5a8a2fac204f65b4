//! Which list of mirrors counts, or why none does.

use serde::Serialize;

/// The list in force, or why there is none.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListState {
    /// The list in force.
    pub list: Option<InForce>,
    /// Why a list that was taken does not count.
    pub note: Option<String>,
}

/// A list that counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InForce {
    /// Its version.
    pub version: u64,
    /// From when on it does not count, in seconds since 1970.
    pub expires: u64,
    /// How many mirrors it names.
    pub mirrors: usize,
    /// Whose signatures make it count.
    pub signers: Vec<String>,
    /// Where it came from.
    pub source: String,
    /// When it was taken, in seconds since 1970.
    pub taken: u64,
}
