//! Where pip's own index is, and what pip calls itself.

use mirror_config::{config::Config, model::Address, pip::installed, system::Environment};

use crate::system::programs;

/// How servers know pip when there is none here to ask.
const AGENT: &str = "pip/25.0";

/// What is known of the real pip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RealPip {
    /// How it presents itself to servers.
    pub(crate) agent: String,
    /// The index that counts: `pip.upstream`, else the one that is built into it; none without either.
    pub(crate) upstream: Option<Address>,
}

/// Asks the Pythons on PATH for it.
pub(crate) fn real_pip(env: &Environment, config: &Config) -> RealPip {
    let said = programs::pythons(env).iter().find_map(|python| installed::ask(python));
    let configured = config.pip.upstream.as_ref().map(|setting| setting.value.clone());
    RealPip {
        agent: said.as_ref().map_or_else(|| AGENT.to_owned(), installed::Said::agent),
        upstream: configured.or_else(|| said?.index()),
    }
}
