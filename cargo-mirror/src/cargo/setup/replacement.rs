//! What stands in for crates-io, and whether that may be taken over. Pure.
//!
//! One question, whoever asks: a set-up before it writes, and every command that would tell names of this project's crates to
//! upstream or to mirrors. Only where crates-io itself, a known mirror or our own replacement is in force are all names
//! public; behind a company's registry or sources on this disk nobody knows that.

use mirror_config::{config::Config, message::redact, model::Address, select::upstream_name};

use super::levels::{Found, Level, as_variable};
use crate::cargo::config::{REPLACE, SOURCE};

/// How many names a chain of replacements may have.
const LONGEST: usize = 8;

/// The hosts of known mirrors, with the mirrors' names.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known(Vec<(String, String)>);

/// What a replacement is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ReplacedBy {
    /// Ours.
    Ours,
    /// A mirror of the catalog, by name: written by hand, or by a program that switches mirrors.
    Mirror(String),
    /// A registry that nobody knows: a company's own.
    Own,
    /// Files on this disk, or in a repository: vendored.
    Vendored,
    /// A name that no level defines.
    Undefined,
}

/// What stands in for crates-io.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Replacement {
    /// Where it is said.
    pub(crate) found: Found,
    /// The source at the end of the chain.
    pub(crate) source: String,
    /// Its address or folder.
    pub(crate) target: Option<String>,
    /// What that is.
    pub(crate) kind: ReplacedBy,
}

impl Replacement {
    /// Whether it may be overruled for one command: it is ours, or a mirror that everybody knows.
    pub(crate) fn is_public(&self) -> bool {
        matches!(self.kind, ReplacedBy::Ours | ReplacedBy::Mirror(_))
    }

    /// What it is, in words that stand behind "crates-io is replaced with".
    pub(crate) fn words(&self) -> String {
        let target = self.target.as_deref().map(|target| format!(" ({})", redact::secrets(target)));
        let what = match &self.kind {
            ReplacedBy::Ours => "our own",
            ReplacedBy::Mirror(_) => "a known mirror",
            ReplacedBy::Vendored => "sources on this disk",
            ReplacedBy::Own => "a registry that is no known mirror, such as a company's own",
            ReplacedBy::Undefined => "a source that no configuration defines",
        };
        format!("`{}`{}: {what}", self.source, target.unwrap_or_default())
    }
}

impl Known {
    /// Those of a configuration, of disabled mirrors too: what is disabled is still no company's registry. An upstream that
    /// the configuration names is known as well.
    pub(crate) fn of(config: &Config) -> Self {
        let upstream = config.cargo.upstream.as_ref().and_then(|upstream| host(&upstream.value));
        let hosts = |mirror: &mirror_config::model::Mirror| {
            // One's own server may have what nobody else has: it is a registry of one's own to cargo as well.
            if mirror.trusted {
                return Vec::new();
            }
            let addresses = [&mirror.cargo, &mirror.pypi, &mirror.rustup].into_iter().flatten();
            addresses.filter_map(host).map(|host| (host, mirror.name.clone())).collect::<Vec<_>>()
        };
        let upstream = upstream.map(|host| (host, upstream_name("cargo")));
        Self(config.known_mirrors().flat_map(hosts).chain(upstream).collect())
    }

    /// The mirror that has this index.
    pub(crate) fn mirror(&self, index: &str) -> Option<&str> {
        let address: Address = index.strip_prefix("sparse+").unwrap_or(index).parse().ok()?;
        let host = host(&address)?;
        self.0.iter().find(|(known, _)| *known == host).map(|(_, name)| name.as_str())
    }
}

/// With its port, since a company's registry may stand beside something else.
fn host(address: &Address) -> Option<String> {
    let url = address.expose();
    Some(format!("{}:{}", url.host_str()?, url.port_or_known_default().unwrap_or_default()))
}

/// What the first of these levels that says so puts in the place of crates-io; `all` define names.
pub(crate) fn in_force(levels: &[Level], all: &[Level], known: &Known) -> Option<Replacement> {
    let value = |levels: &[Level], key: &str| {
        levels.iter().flat_map(|level| &level.values).find(|found| found.key == key).cloned()
    };
    let found = value(levels, REPLACE)?;
    let mut source = found.text.clone();
    for _ in 0..LONGEST {
        match value(all, &format!("source.{source}.replace-with")) {
            Some(next) => source = next.text,
            None => break,
        }
    }
    let of = |key: &str| value(all, &format!("source.{source}.{key}")).map(|found| found.text);
    let files = of("directory").or_else(|| of("local-registry")).or_else(|| of("git"));
    let registry = |name: &str| value(all, &format!("registries.{name}.index")).map(|found| found.text);
    let index = of("registry").or_else(|| registry(&as_variable(&source))).or_else(|| registry(&source));
    let (kind, target) = match (files, index) {
        _ if source == SOURCE && found.text == SOURCE => (ReplacedBy::Ours, of("registry")),
        (Some(files), _) => (ReplacedBy::Vendored, Some(files)),
        (None, Some(index)) => {
            (known.mirror(&index).map_or(ReplacedBy::Own, |name| ReplacedBy::Mirror(name.to_owned())), Some(index))
        }
        (None, None) => (ReplacedBy::Undefined, None),
    };
    Some(Replacement { found, source, target, kind })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{Found, Known, Level, ReplacedBy, in_force};

    fn level(values: &[(&str, &str)]) -> Level {
        let file = PathBuf::from("/f");
        let found = |(line, (key, text)): (usize, &(&str, &str))| Found {
            key: (*key).to_owned(),
            text: (*text).to_owned(),
            file: file.clone(),
            line: line + 1,
        };
        let values = values.iter().enumerate().map(found).collect();
        Level { file: file.clone(), own: false, ignored: None, included: Vec::new(), values }
    }

    #[test]
    fn replacements_are_told_apart() {
        let known = Known(vec![("m.example:443".to_owned(), "campus".to_owned())]);
        for (values, kind) in [
            (&[("registry", "sparse+https://m.example/index/")][..], ReplacedBy::Mirror("campus".to_owned())),
            (&[("registry", "https://m.example/crates.io-index")], ReplacedBy::Mirror("campus".to_owned())),
            (&[("registry", "sparse+https://crates.corp.example/index/")], ReplacedBy::Own),
            (&[("registry", "sparse+https://m.example:8443/index/")], ReplacedBy::Own),
            (&[("directory", "vendor")], ReplacedBy::Vendored),
            (&[("local-registry", "/r")], ReplacedBy::Vendored),
            (&[], ReplacedBy::Undefined),
        ] {
            let source = values.iter().map(|(key, text)| (format!("source.x.{key}"), (*text).to_owned()));
            let all: Vec<(String, String)> =
                [("source.crates-io.replace-with".to_owned(), "x".to_owned())].into_iter().chain(source).collect();
            let all: Vec<(&str, &str)> = all.iter().map(|(key, text)| (key.as_str(), text.as_str())).collect();
            let levels = [level(&all)];
            let found = in_force(&levels, &levels, &known).expect("replaced");
            assert_eq!(found.kind, kind, "{values:?}");
        }
        assert_eq!(in_force(&[level(&[])], &[], &known), None);
    }

    #[test]
    fn chains_and_names_of_other_levels_are_followed() {
        let strong = level(&[("source.crates-io.replace-with", "a"), ("source.a.replace-with", "b")]);
        let weak = level(&[("registries.b.index", "sparse+https://corp.example/")]);
        let all = [strong.clone(), weak];
        let found = in_force(&all, &all, &Known::default()).expect("replaced");
        assert_eq!((found.source.as_str(), found.kind), ("b", ReplacedBy::Own));
        let strong = level(&[("source.crates-io.replace-with", "my-corp")]);
        let variable = level(&[("registries.MY_CORP.index", "sparse+https://corp.example/")]);
        let all = [variable, strong];
        assert_eq!(in_force(&all, &all, &Known::default()).map(|found| found.kind), Some(ReplacedBy::Own));
        let ours = [level(&[("source.crates-io.replace-with", "cargo-mirror")])];
        assert_eq!(in_force(&ours, &ours, &Known::default()).map(|found| found.kind), Some(ReplacedBy::Ours));
    }
}
