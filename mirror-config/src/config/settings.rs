//! The configuration in force, read out of the merged layers.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use config::Value;

use super::{
    mirror::{index, mirror, private, proxy_address},
    origin::Setting,
    read::{check_name, flag, list, names, number, parsed, placed, required, section, size, switch, text, time},
    rows::{Row, rows},
    signers,
    standing::ListState,
};
use crate::{
    errors::{Failure, Kind},
    model::{Address, Mirror, Repo, Repository, Template, Upstream, located},
    trust::{Policy, Trust, age},
};

/// What is configured for git.
#[derive(Debug, Clone)]
pub struct Git {
    /// What `mirror::owner/repo` means.
    pub upstream: Setting<String>,
    /// Least evidence accepted for refs.
    pub trust: Setting<Trust>,
    /// Connections to one mirror, at most.
    pub connections: Setting<u32>,
    /// Size limit of the object store in bytes.
    pub store_limit: Setting<u64>,
    /// How old the newest evidence may be where only mirrors speak.
    pub max_age: Setting<Duration>,
    /// Whether older evidence is refused, or warned of.
    pub strict: Setting<bool>,
    /// Patterns of names that only upstream and trusted mirrors hear.
    pub private: Setting<Vec<String>>,
}

/// What is configured for cargo.
#[derive(Debug, Clone)]
pub struct Cargo {
    /// The authority on crates; absent: the official index.
    pub upstream: Option<Setting<Address>>,
    /// Least evidence accepted for checksums of crates.
    pub trust: Setting<Trust>,
}

/// What is configured for pip.
#[derive(Debug, Clone)]
pub struct Pip {
    /// The authority on Python packages; absent: the real pip's own.
    pub upstream: Option<Setting<Address>>,
    /// Least evidence accepted for hashes of Python packages.
    pub trust: Setting<Trust>,
    /// Patterns of names of Python packages that only upstream and trusted mirrors hear.
    pub private: Setting<Vec<String>>,
    /// Whether pip gets its packages through the relay.
    pub relay: Setting<bool>,
    /// Whether a requirements file may not name another index.
    pub strict: Setting<bool>,
}

/// What is configured for all that goes over the network.
#[derive(Debug, Clone)]
pub struct Net {
    /// Bytes a second that all who are waited for must bring together; 0 for no limit.
    pub low_speed_limit: Setting<u64>,
    /// For how long they may bring less; zero for no limit.
    pub low_speed_time: Setting<Duration>,
}

/// A mirror that is not asked.
#[derive(Debug, Clone)]
pub struct Disabled {
    /// Who disabled it: a file with line, a variable.
    pub by: String,
    /// What is said of it, where that can be read; nobody need mend what is not used.
    pub mirror: Option<Mirror>,
}

/// The configuration in force.
#[derive(Debug, Clone)]
pub struct Config {
    /// `[git]`.
    pub git: Git,
    /// `[cargo]`.
    pub cargo: Cargo,
    /// `[pip]`.
    pub pip: Pip,
    /// `[net]`.
    pub net: Net,
    /// The upstreams by name.
    pub upstreams: BTreeMap<String, Upstream>,
    /// The enabled mirrors, sorted by name.
    pub mirrors: Vec<Mirror>,
    /// The disabled mirrors, by name.
    pub disabled: BTreeMap<String, Disabled>,
    /// The proxy for all that has none of its own.
    pub proxy: Option<Setting<Address>>,
    /// What `proxy` does not serve.
    pub no_proxy: Setting<Vec<String>>,
    /// Whose signatures count on lists of mirrors and on pins.
    pub signatures: Policy,
    /// Whether pins count only when they are signed.
    pub signed_pins: Setting<bool>,
    /// The list of mirrors that was taken on top of the built-in one.
    pub list: ListState,
    /// A certificate authority beside the platform's.
    pub ca_file: Option<Setting<PathBuf>>,
    /// Every key that is set and stands in no table of the user's own names, in the schema's order, as `status` shows it.
    pub rows: Vec<Row>,
    /// The files that were read, weakest first.
    pub files: Vec<PathBuf>,
}

impl Config {
    pub(super) fn from_merged(merged: &Value, files: Vec<PathBuf>, standing: ListState) -> Result<Self, Failure> {
        let upstreams = names(merged, "upstreams")
            .map(|(name, table)| {
                check_name("upstreams", name, table)?;
                let url = text(table, "url")?
                    .ok_or_else(|| Failure::new(Kind::Config, format!("`upstreams.{name}` has no `url`")))?;
                let template = placed(&url, Template::parse(&url.value, false))?;
                if template.carries_credentials() {
                    // It would stand in the command line of git's own helper, for everyone on this machine to read.
                    return Err(Failure::new(
                        Kind::Config,
                        format!("{}: `upstreams.{name}.url` has credentials in it", url.origin),
                    )
                    .hint("leave them to git: `git config --global credential.helper store`, or another helper"));
                }
                let signers = signers::of_upstream(name, table)?;
                Ok((name.clone(), Upstream { name: name.clone(), url: template, signers }))
            })
            .collect::<Result<BTreeMap<_, _>, Failure>>()?;
        let mut mirrors = Vec::new();
        let mut disabled = BTreeMap::new();
        for (name, table) in names(merged, "mirrors") {
            check_name("mirrors", name, table)?;
            match flag(table, "enabled") {
                Some(enabled) if !enabled.value => {
                    let mirror = mirror(name, table, &upstreams).ok();
                    disabled.insert(name.clone(), Disabled { by: enabled.origin, mirror });
                }
                _ => mirrors.push(mirror(name, table, &upstreams)?),
            }
        }
        mirrors.sort_by(|a, b| a.name.cmp(&b.name));
        let git_upstream = required(merged, "git", "upstream")?;
        if !upstreams.contains_key(&git_upstream.value) {
            return Err(Failure::new(
                Kind::Config,
                format!(
                    "{}: `git.upstream` is \"{}\", which no `[upstreams.…]` defines",
                    git_upstream.origin, git_upstream.value
                ),
            ));
        }
        let proxy = section(merged, "proxy").map_or(Ok(None), |table| text(table, "url"))?;
        let proxy = proxy.map(|url| Ok(Setting { value: proxy_address(&url)?, origin: url.origin })).transpose()?;
        let ca_file = section(merged, "tls").map_or(Ok(None), |table| text(table, "ca-file"))?;
        Ok(Self {
            git: Git {
                trust: parsed(required(merged, "git", "trust")?, "git.trust")?,
                connections: number(merged, "git", "connections"),
                store_limit: size(merged, "git", "store-limit", "5 GiB")?,
                max_age: time(merged, "git", "max-age", "90 days")?,
                strict: switch(merged, "git", "strict"),
                private: private(merged)?,
                upstream: git_upstream,
            },
            cargo: Cargo {
                upstream: index(merged, "cargo", "sparse+")?,
                trust: parsed(required(merged, "cargo", "trust")?, "cargo.trust")?,
            },
            pip: Pip {
                upstream: index(merged, "pip", "")?,
                trust: parsed(required(merged, "pip", "trust")?, "pip.trust")?,
                private: list(merged, "pip", "private"),
                relay: switch(merged, "pip", "relay"),
                strict: switch(merged, "pip", "strict"),
            },
            net: Net {
                low_speed_limit: size(merged, "net", "low-speed-limit", "1 kB")?,
                low_speed_time: time(merged, "net", "low-speed-time", "30 s")?,
            },
            upstreams,
            mirrors,
            disabled,
            proxy,
            no_proxy: list(merged, "proxy", "no-proxy"),
            signatures: signers::policy(merged)?,
            signed_pins: switch(merged, "signatures", "pins"),
            list: standing,
            ca_file: ca_file.map(|s| Setting { value: PathBuf::from(s.value), origin: s.origin }),
            rows: rows(merged),
            files,
        })
    }

    /// The mirrors that are asked, and those that are not.
    pub fn known_mirrors(&self) -> impl Iterator<Item = &Mirror> {
        self.mirrors.iter().chain(self.disabled.values().filter_map(|disabled| disabled.mirror.as_ref()))
    }

    /// How old evidence may be where only mirrors speak.
    pub fn age_limit(&self) -> age::Limit<'_> {
        age::Limit { most: self.git.max_age.value, origin: &self.git.max_age.origin, strict: self.git.strict.value }
    }

    /// Whose signatures pins need, where they need any.
    pub fn pins_policy(&self) -> Option<&Policy> {
        self.signed_pins.value.then_some(&self.signatures)
    }

    /// A repository of an upstream by its name, as people write it.
    ///
    /// # Errors
    ///
    /// [`Kind::Name`] for a name outside the grammar.
    pub fn repository(&self, upstream: &str, name: &str) -> Result<Repository, Failure> {
        let repo: Repo = name.parse()?;
        match self.upstreams.get(upstream) {
            Some(known) => known.repository(repo),
            None => Ok(Repository { upstream: upstream.to_owned(), repo }),
        }
    }

    /// The repository at an address, if it is one of a known upstream.
    pub fn repository_at(&self, address: &str) -> Option<Repository> {
        let address: Address = address.parse().ok()?;
        let (upstream, name) = located(self.upstreams.values(), &self.git.upstream.value, address.expose())?;
        upstream.repository(Repo::of_path(name).ok()?).ok()
    }

    /// Whether this name may be told only to upstream and trusted mirrors.
    pub fn is_private(&self, repo: &Repo) -> bool {
        self.git.private.value.iter().any(|pattern| repo.matches(pattern))
    }
}
