//! What the user, the machine and the project want: five layers merged, every value with the place it comes from.
//!
//! defaults < system < user < project < environment < flags. Reading only; nothing here writes configuration.

mod layer;
mod project;
mod read;
mod schema;
pub mod signed_list;
mod signers;
mod trust;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use config::{Config as Merged, Map, Value, ValueKind};

use crate::{
    environment::{Environment, MIRROR_CONFIG},
    failure::{Failure, Kind},
    mirror::{Mirror, OwnProxy},
    redact::Address,
    signature::Policy,
    upstream::{Repo, Template, Upstream, check_address},
};
use layer::Layer;
use project::{project_file, tightened};
pub use read::bytes;
use read::{
    check_name, first_origin, flag, inner, list, names, number, parsed, placed, required, section, switch, text,
};
pub use trust::Trust;

const DEFAULTS: &str = include_str!("../../data/default-config.toml");
const CATALOG: &str = include_str!("../../data/mirrors.toml");
const SYSTEM_FILE: &str = "/etc/mirror/config.toml";
const BUILT_IN: &str = "built in";

/// A value and where it was set: `FILE:LINE`, a variable, a flag, or `built in`.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting<T> {
    /// What holds.
    pub value: T,
    /// Who said so.
    pub origin: String,
}

/// The configuration in force.
#[derive(Debug, Clone)]
pub struct Config {
    /// What `mirror::owner/repo` means.
    pub git_upstream: Setting<String>,
    /// Least evidence accepted for refs.
    pub git_trust: Setting<Trust>,
    /// Connections to one mirror, at most.
    pub git_connections: Setting<u32>,
    /// Size limit of the object store in bytes.
    pub git_store_limit: Setting<u64>,
    /// How old the newest evidence may be where only mirrors speak.
    pub git_max_age: Setting<Duration>,
    /// Whether older evidence is refused, or warned of.
    pub git_strict: Setting<bool>,
    /// Patterns of names that only upstream and trusted mirrors hear.
    pub git_private: Setting<Vec<String>>,
    /// The upstreams by name.
    pub upstreams: BTreeMap<String, Upstream>,
    /// The enabled mirrors, sorted by name.
    pub mirrors: Vec<Mirror>,
    /// The disabled mirrors: their names and who disabled them.
    pub disabled: BTreeMap<String, String>,
    /// The authority on crates; absent: the official index.
    pub cargo_upstream: Option<Setting<Address>>,
    /// Least evidence accepted for checksums of crates.
    pub cargo_trust: Setting<Trust>,
    /// The authority on Python packages; absent: the real pip's own.
    pub pip_upstream: Option<Setting<Address>>,
    /// Least evidence accepted for hashes of Python packages.
    pub pip_trust: Setting<Trust>,
    /// Patterns of names of Python packages that only upstream and trusted mirrors hear.
    pub pip_private: Setting<Vec<String>>,
    /// Whether pip gets its packages through the relay.
    pub pip_relay: Setting<bool>,
    /// Whether a requirements file may not name another index.
    pub pip_strict: Setting<bool>,
    /// The proxy for all that has none of its own.
    pub proxy: Option<Setting<Address>>,
    /// What `proxy` does not serve.
    pub no_proxy: Setting<Vec<String>>,
    /// Whose signatures count on lists of mirrors and on pins.
    pub signatures: Policy,
    /// Whether pins count only when they are signed.
    pub signed_pins: Setting<bool>,
    /// The list of mirrors that was taken on top of the built-in one.
    pub list: signed_list::Standing,
    /// A certificate authority beside the platform's.
    pub ca_file: Option<Setting<PathBuf>>,
    /// The files that were read, weakest first.
    pub files: Vec<PathBuf>,
}

impl Config {
    /// Reads all layers as this process sees them; `flags` are `key = value` pairs of the command line.
    ///
    /// # Errors
    ///
    /// [`Kind::Config`] names file, line and key; [`Kind::Transport`] an address whose scheme is not allowed.
    pub fn load(env: &Environment, flags: &[(&str, &str)]) -> Result<Self, Failure> {
        let mut files = Vec::new();
        let mut base = vec![Layer::from_toml(DEFAULTS, BUILT_IN, false)?];
        let mut own = Vec::new();
        match env.var_os(MIRROR_CONFIG) {
            Some(path) => {
                let path = Path::new(path);
                let text = read(path)?.ok_or_else(|| {
                    Failure::new(
                        Kind::Config,
                        format!("{MIRROR_CONFIG} names {}, which does not exist", path.display()),
                    )
                })?;
                own.push(Layer::from_toml(&text, &path.display().to_string(), true)?);
                files.push(path.to_owned());
            }
            None => {
                let user = env.config_dir().map(|dir| dir.join("config.toml"));
                for path in [Some(PathBuf::from(SYSTEM_FILE)), user].into_iter().flatten() {
                    if let Some(text) = read(&path)? {
                        own.push(Layer::from_toml(&text, &path.display().to_string(), true)?);
                        files.push(path);
                    }
                }
            }
        }
        let variables = Layer::from_variables(env.overrides())?;
        let project = project_file(env.cwd());
        let project = match &project {
            Some(path) => match read(path)? {
                Some(text) => {
                    files.push(path.clone());
                    Layer::from_toml(&text, &path.display().to_string(), true)?
                }
                None => Layer::default(),
            },
            None => Layer::default(),
        };
        // Whether the catalog takes part is itself configured, so that key is looked at first.
        let builtin =
            own.iter().chain([&project, &variables]).flat_map(|layer| &layer.0).rfind(|e| e.key() == "catalog.builtin");
        let mut list = signed_list::Standing::default();
        if !builtin.is_some_and(|entry| entry.value == ValueKind::Boolean(false)) {
            base.insert(0, Layer::from_toml(CATALOG, BUILT_IN, false)?);
            if let Some(stored) = signed_list::stored(env) {
                let above: Vec<&Layer> = own.iter().chain([&project, &variables]).collect();
                let all: Vec<Layer> = base.iter().chain(above.iter().copied()).cloned().collect();
                let (standing, layer) = stored.stand(&signers::policy(&merge(&all)?)?, &base, &above);
                base.insert(1, layer);
                list = standing;
            }
        }
        base.extend(own);
        let project = tightened(project, &merge(&base)?)?;
        base.push(project);
        base.push(variables);
        base.push(Layer::from_variables_of_flags(flags)?);
        Self::from_merged(&merge(&base)?, files, list)
    }

    fn from_merged(merged: &Value, files: Vec<PathBuf>, standing: signed_list::Standing) -> Result<Self, Failure> {
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
                    disabled.insert(name.clone(), enabled.origin);
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
        let store_limit = required(merged, "git", "store-limit")?;
        let max_age = required(merged, "git", "max-age")?;
        Ok(Self {
            git_trust: parsed(required(merged, "git", "trust")?, "git.trust")?,
            git_connections: number(merged, "git", "connections"),
            git_store_limit: Setting {
                value: bytes(&store_limit.value).ok_or_else(|| {
                    Failure::new(
                        Kind::Config,
                        format!("{}: `git.store-limit` must be a size such as \"5 GiB\"", store_limit.origin),
                    )
                })?,
                origin: store_limit.origin,
            },
            git_max_age: Setting {
                value: humantime::parse_duration(&max_age.value).map_err(|_| {
                    Failure::new(
                        Kind::Config,
                        format!("{}: `git.max-age` must be a time such as \"90 days\"", max_age.origin),
                    )
                })?,
                origin: max_age.origin,
            },
            git_strict: switch(merged, "git", "strict"),
            git_private: private(merged)?,
            git_upstream,
            cargo_upstream: index(merged, "cargo", "sparse+")?,
            cargo_trust: parsed(required(merged, "cargo", "trust")?, "cargo.trust")?,
            pip_upstream: index(merged, "pip", "")?,
            pip_trust: parsed(required(merged, "pip", "trust")?, "pip.trust")?,
            pip_private: list(merged, "pip", "private"),
            pip_relay: switch(merged, "pip", "relay"),
            pip_strict: switch(merged, "pip", "strict"),
            upstreams,
            mirrors,
            disabled,
            proxy,
            no_proxy: list(merged, "proxy", "no-proxy"),
            signatures: signers::policy(merged)?,
            signed_pins: switch(merged, "signatures", "pins"),
            list: standing,
            ca_file: ca_file.map(|s| Setting { value: PathBuf::from(s.value), origin: s.origin }),
            files,
        })
    }

    /// Whether this name may be told only to upstream and trusted mirrors.
    pub fn is_private(&self, repo: &Repo) -> bool {
        self.git_private.value.iter().any(|pattern| repo.matches(pattern))
    }
}

impl Layer {
    fn from_variables_of_flags(flags: &[(&str, &str)]) -> Result<Self, Failure> {
        let named: Vec<(String, &str)> = flags
            .iter()
            .map(|(key, value)| (format!("MIRROR_{}", key.to_uppercase().replace('.', "__")), *value))
            .collect();
        let mut layer = Self::from_variables(named.iter().map(|(key, value)| (key.as_str(), *value)))?;
        for (entry, (key, _)) in layer.0.iter_mut().zip(flags) {
            entry.origin = format!("flag for {key}");
        }
        Ok(layer)
    }
}

fn merge(layers: &[Layer]) -> Result<Value, Failure> {
    let mut builder = Merged::builder();
    for layer in layers {
        builder = builder.add_source(layer.clone());
    }
    let merged = builder.build().map_err(|error| Failure::new(Kind::Config, error.to_string()))?;
    Ok(merged.cache)
}

fn mirror(name: &str, table: &Map<String, Value>, upstreams: &BTreeMap<String, Upstream>) -> Result<Mirror, Failure> {
    let insecure = flag(table, "insecure").is_some_and(|s| s.value);
    let address = |key: &str, prefix: &str| -> Result<Option<Address>, Failure> {
        text(table, key)?
            .map(|s| {
                let bare = s.value.strip_prefix(prefix).ok_or_else(|| {
                    Failure::new(
                        Kind::Config,
                        format!("{}: `mirrors.{name}.{key}` must begin with `{prefix}`", s.origin),
                    )
                })?;
                placed(&s, check_address(bare, insecure))
            })
            .transpose()
    };
    let mut git = BTreeMap::new();
    for (upstream, value) in table.get("git").into_iter().flat_map(inner) {
        let setting = Setting { value: value.to_string(), origin: value.origin().unwrap_or(BUILT_IN).to_owned() };
        if !upstreams.contains_key(upstream) {
            return Err(Failure::new(
                Kind::Config,
                format!(
                    "{}: `mirrors.{name}.git.{upstream}` is for an upstream that no `[upstreams.{upstream}]` defines",
                    setting.origin
                ),
            ));
        }
        git.insert(upstream.clone(), placed(&setting, Template::parse(&setting.value, insecure))?);
    }
    let proxy = text(table, "proxy")?
        .map(|s| if s.value == "direct" { Ok(OwnProxy::Direct) } else { proxy_address(&s).map(OwnProxy::Through) })
        .transpose()?;
    Ok(Mirror {
        name: name.to_owned(),
        operator: text(table, "operator")?.map_or_else(|| name.to_owned(), |s| s.value),
        relays: flag(table, "relays").is_some_and(|s| s.value),
        trusted: flag(table, "trusted").is_some_and(|s| s.value),
        weight: table.get("weight").and_then(|v| v.clone().into_float().ok()).unwrap_or(1.0),
        insecure,
        proxy,
        git,
        cargo: address("cargo", "sparse+")?,
        pypi: address("pypi", "")?,
        rustup: address("rustup", "")?,
        announced: address("announced", "")?,
        origin: first_origin(table),
    })
}

/// An index that is an authority of the user's own.
fn index(merged: &Value, tool: &str, prefix: &str) -> Result<Option<Setting<Address>>, Failure> {
    let Some(setting) = section(merged, tool).map_or(Ok(None), |table| text(table, "upstream"))? else {
        return Ok(None);
    };
    let bare = setting.value.strip_prefix(prefix).ok_or_else(|| {
        Failure::new(Kind::Config, format!("{}: `{tool}.upstream` must begin with `{prefix}`", setting.origin))
    })?;
    let value = placed(&setting, check_address(bare, false))?;
    Ok(Some(Setting { value, origin: setting.origin }))
}

fn private(merged: &Value) -> Result<Setting<Vec<String>>, Failure> {
    let patterns = list(merged, "git", "private");
    match patterns.value.iter().find(|p| {
        p.split('/').count() != 2 || p.split('/').any(|part| part.is_empty() || part.matches('*').count() > 1)
    }) {
        Some(odd) => Err(Failure::new(Kind::Config, format!("{}: `git.private` has \"{odd}\"", patterns.origin))
            .hint("a pattern is owner/name with at most one `*` in each part, such as \"mycorp/*\"")),
        None => Ok(patterns),
    }
}

fn proxy_address(setting: &Setting<String>) -> Result<Address, Failure> {
    let refused = |why: String| {
        Failure::new(Kind::Config, format!("{}: {why}", setting.origin))
            .hint("a proxy is an address such as \"socks5h://127.0.0.1:1080\"")
    };
    let address: Address =
        setting.value.parse().map_err(|error| refused(format!("the proxy is not an address: {error}")))?;
    match address.expose().scheme() {
        "http" | "https" | "socks5" | "socks5h" => Ok(address),
        scheme => Err(refused(format!("proxies of kind `{scheme}` are not supported"))),
    }
}

/// A file's text, or nothing when there is no such file.
fn read(path: &Path) -> Result<Option<String>, Failure> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(Failure::new(Kind::Config, format!("{}: {error}", path.display()))),
    }
}

#[cfg(test)]
mod tests;
