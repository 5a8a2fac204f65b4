//! Who can be asked for something: a mirror, or upstream itself. The one type for it, from the catalog to the report.
//!
//! It knows who that is and how to get there, not what has been asked, nor what came of it.

use crate::{
    errors::Fault,
    model::{Address, Mirror},
    transport::{
        Proxies, Route,
        http::{Patience, Request},
    },
    trust::Speaker,
};

/// How names of upstreams begin: no mirror can have such a name.
const UPSTREAM: &str = "upstream:";

/// Who can be asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// Its name in reports, messages and memory: the mirror's, or `upstream:NAME`.
    pub name: String,
    /// Who runs it: two sources of one operator are one voice.
    pub operator: String,
    /// Where it has what is asked for: a repository, an index.
    pub address: Address,
    /// How to get there.
    pub route: Route,
    /// Its entry in the configuration; upstream has none.
    pub mirror: Option<Mirror>,
    /// Bytes a second, from memory.
    pub expected_rate: Option<f64>,
    /// Why it stands where it stands among others, as `rank` says it.
    pub reason: &'static str,
}

impl Source {
    /// An upstream, by its name in the configuration or that of its tool.
    pub fn upstream(name: &str, address: Address, proxies: &Proxies) -> Self {
        let (name, route) = (upstream_name(name), proxies.route(address.expose(), None));
        let operator = "upstream".to_owned();
        Self { name, operator, address, route, mirror: None, expected_rate: None, reason: "it speaks for itself" }
    }

    /// A mirror, and where it would have what is asked for.
    pub fn mirror(mirror: &Mirror, address: Address, proxies: &Proxies) -> Self {
        Self {
            name: mirror.name.clone(),
            operator: mirror.operator.clone(),
            route: proxies.route(address.expose(), Some(mirror)),
            address,
            mirror: Some(mirror.clone()),
            expected_rate: None,
            reason: "configured",
        }
    }

    /// A GET of what it has at this path below its address.
    ///
    /// # Errors
    ///
    /// [`Fault::NotAMirror`] where that makes no address.
    pub fn get(&self, path: &str, patience: Patience) -> Result<Request, Fault> {
        let address = self.address.below(path).map_err(|error| Fault::NotAMirror(error.to_string()))?;
        Ok(Request::get(address, &self.route, patience))
    }

    /// Who speaks when it says something; without credentials.
    pub fn speaker(&self) -> Speaker {
        Speaker {
            mirror: self.name.clone(),
            operator: self.operator.clone(),
            address: self.address.to_string(),
            trusted: self.is_trusted(),
        }
    }

    /// Whether it is upstream itself.
    pub fn is_upstream(&self) -> bool {
        self.mirror.is_none()
    }

    /// Whether it is a mirror that is an authority of its own, and may hear private names.
    pub fn is_trusted(&self) -> bool {
        self.mirror.as_ref().is_some_and(|mirror| mirror.trusted)
    }

    /// Whether it reads through to upstream, and fails together with it.
    pub fn is_relay(&self) -> bool {
        self.mirror.as_ref().is_some_and(|mirror| mirror.relays)
    }

    /// Whether plain HTTP is allowed to it.
    pub fn is_insecure(&self) -> bool {
        self.mirror.as_ref().is_some_and(|mirror| mirror.insecure)
    }

    /// What it fails together with: upstream and its relays with that upstream, of this name; others with their operator.
    pub fn failure_domain(&self, upstream: &str) -> String {
        let upstream = upstream_name(upstream);
        self.mirror.as_ref().map_or_else(|| upstream.clone(), |mirror| mirror.failure_domain(&upstream).to_string())
    }
}

/// How reports and memory call an upstream.
pub fn upstream_name(name: &str) -> String {
    format!("{UPSTREAM}{name}")
}

/// Whether a source of this name is an upstream.
pub fn is_upstream_name(name: &str) -> bool {
    name.starts_with(UPSTREAM)
}
