//! A mirror, and how it rewrites an upstream's address. Pure.

use std::{collections::BTreeMap, fmt};

use super::{address::Address, repository::Repository, template::Template};

/// How connections to one mirror are routed, when its own entry says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OwnProxy {
    /// No proxy, whatever the rest of the configuration says.
    Direct,
    /// This one.
    Through(Address),
}

/// Another place with the same content under a base address.
#[derive(Debug, Clone, PartialEq)]
pub struct Mirror {
    /// Its name in the configuration.
    pub name: String,
    /// Who runs it: two mirrors of one operator are one voice.
    pub operator: String,
    /// Reads through to upstream: always fresh, and fails together with it.
    pub relays: bool,
    /// An authority of its own, which may see private names: an intranet server.
    pub trusted: bool,
    /// Its share of the load among near-equals; 1.0 is ordinary.
    pub weight: f64,
    /// Its address may be plain http, which is said on every use.
    pub insecure: bool,
    /// Its own route, if it has one.
    pub proxy: Option<OwnProxy>,
    /// Where it has an upstream's repositories, by the upstream's name.
    pub git: BTreeMap<String, Template>,
    /// Its sparse index of crates.
    pub cargo: Option<Address>,
    /// Its simple index of Python packages.
    pub pypi: Option<Address>,
    /// Its rustup distribution server.
    pub rustup: Option<Address>,
    /// Where its operator itself announces it, if that is known.
    pub announced: Option<Address>,
    /// Where the entry stands: a file with line, or `built in`.
    pub origin: String,
}

impl Mirror {
    /// Where this mirror would have the repository, if it carries that upstream and its addresses can say that name.
    pub fn git_address(&self, repository: &Repository) -> Option<Address> {
        self.git.get(&repository.upstream)?.fill(&repository.repo)
    }

    /// What it fails together with: relays of an upstream with that upstream, others with their operator.
    pub fn failure_domain<'a>(&'a self, upstream: &'a str) -> FailureDomain<'a> {
        if self.relays { FailureDomain::Upstream(upstream) } else { FailureDomain::Operator(&self.operator) }
    }
}

/// Two candidates of one failure domain are never hedged against each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureDomain<'a> {
    /// Fails when this upstream does.
    Upstream(&'a str),
    /// Fails when this operator does.
    Operator(&'a str),
}

impl fmt::Display for FailureDomain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Upstream(name) | Self::Operator(name)) = self;
        f.write_str(name)
    }
}

#[cfg(test)]
mod tests {
    use super::{FailureDomain, Mirror};

    #[test]
    fn relays_fail_together_and_others_with_their_operator() {
        let mirror = |operator: &str, relays| Mirror {
            name: "m".into(),
            operator: operator.into(),
            relays,
            trusted: false,
            weight: 1.0,
            insecure: false,
            proxy: None,
            git: std::collections::BTreeMap::new(),
            cargo: None,
            pypi: None,
            rustup: None,
            announced: None,
            origin: "built in".into(),
        };
        let (a, b, own) = (mirror("a", true), mirror("b", true), mirror("a", false));
        assert_eq!(a.failure_domain("github"), b.failure_domain("github"));
        assert_ne!(a.failure_domain("github"), a.failure_domain("gitlab"));
        assert_eq!(own.failure_domain("github"), FailureDomain::Operator("a"));
    }
}
