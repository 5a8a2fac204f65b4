//! A value and where it was set, and the texts that are built in.

pub(super) const DEFAULTS: &str = include_str!("../../data/default-config.toml");

pub(super) const CATALOG: &str = include_str!("../../data/mirrors.toml");

pub(super) const BUILT_IN: &str = "built in";

/// A value and where it was set: `FILE:LINE`, a variable, or `built in`.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting<T> {
    /// What holds.
    pub value: T,
    /// Who said so.
    pub origin: String,
}
