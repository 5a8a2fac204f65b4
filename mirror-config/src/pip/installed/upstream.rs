//! Whose word counts on packages, and how servers are to see us: as the pip that is here.

use std::path::PathBuf;

use super::ask::{Said, ask};
use crate::{config::Config, model::Address};

/// How servers know pip when there is none here to ask.
const AGENT: &str = "pip/25.0";

/// What is known of the real pip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RealPip {
    /// How it presents itself to servers.
    pub agent: String,
    /// The index that counts: `pip.upstream`, else the one that is built into it; none without either.
    pub upstream: Option<Address>,
}

impl RealPip {
    /// By what a Python said of it, if one has said anything.
    pub fn of(config: &Config, said: Option<&Said>) -> Self {
        let configured = config.pip.upstream.as_ref().map(|setting| setting.value.clone());
        Self {
            agent: said.map_or_else(|| AGENT.to_owned(), Said::agent),
            upstream: configured.or_else(|| said?.index()),
        }
    }

    /// The pip of the first of these Pythons that has one.
    pub fn ask(config: &Config, pythons: &[PathBuf]) -> Self {
        Self::of(config, pythons.iter().find_map(|python| ask(python)).as_ref())
    }
}
