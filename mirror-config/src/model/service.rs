//! The kinds of request that a mirror serves. What is remembered of a mirror is kept for each apart. Pure.

/// The kind of request a measurement is about: a mirror may be good for one and useless for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// git's upload-pack.
    Git,
    /// A sparse index of crates.
    CargoIndex,
    /// Files of crates: several mirrors have the index alone.
    Crates,
    /// A simple index of Python packages.
    PypiIndex,
    /// Files of Python packages.
    Wheels,
}

impl Service {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Git => "git",
            Self::CargoIndex => "cargo-index",
            Self::Crates => "crates",
            Self::PypiIndex => "pypi-index",
            Self::Wheels => "wheels",
        }
    }
}
