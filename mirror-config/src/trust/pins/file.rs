//! `mirror.lock`: facts that a person has fixed, for a project and everyone who works on it.
//!
//! Which commit each ref of a repository is at, what its files hash to, and the SHA-256 of crates and wheels. Looked for
//! from the working directory upwards, like the project's configuration; it can only tighten, so it needs no owner.
//! Written by `cargo mirror pin`, by nobody else.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    fs, io,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::{
    errors::{Failure, Kind},
    model::{Oid, Ref, Repo, Repository},
    system::{Environment, MIRROR_LOCK},
    trust::{Policy, signature},
};

/// The file's name.
pub const FILE: &str = "mirror.lock";
/// The form of the file.
const VERSION: u32 = 1;
/// What it begins with.
const HEAD: &str = "\
# Written by `cargo mirror pin`. `mirror::` addresses, `cargo mirror run` and pip behind the shim deliver exactly this.
";

/// What is fixed of one repository.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GitPin {
    /// Its refs, `HEAD` among them, sorted by name. There are no others.
    pub refs: Vec<Ref>,
    /// The root commits of its history: what it is, whatever it is called.
    pub roots: BTreeSet<Oid>,
    /// [`sha256tree`](super::tree::sha256tree()) of the commit that `HEAD` is at.
    pub sha256tree: String,
    /// On whose word it was fixed, and when, in seconds since 1970.
    pub said: (String, u64),
}

impl GitPin {
    /// The commit that `HEAD` is at.
    pub fn head(&self) -> Option<&Oid> {
        self.refs.iter().find(|found| found.name == "HEAD")?.oid.as_ref()
    }
}

/// All that a file fixes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pins {
    /// Where it stands; empty for one that is not written yet.
    pub path: PathBuf,
    /// Repositories, as they were spelled when they were pinned.
    git: BTreeMap<Repository, GitPin>,
    /// SHA-256 of crates, by name and version.
    pub crates: BTreeMap<(String, String), String>,
    /// SHA-256 of wheels and source archives, by file name.
    pub wheels: BTreeMap<String, String>,
}

impl Pins {
    /// The nearest file upwards from the working directory, or the one that `MIRROR_LOCK` names; `none` in that variable
    /// means that no pin counts. `policy` says whose signatures it needs, where it needs any.
    ///
    /// # Errors
    ///
    /// Those of [`Pins::read`]: who pinned something does not want to go without. [`Kind::Signature`] where pins have to
    /// be signed, and these are not.
    pub fn find(env: &Environment, policy: Option<&Policy>) -> Result<Option<Self>, Failure> {
        let path = match env.var_os(MIRROR_LOCK) {
            Some(none) if none == "none" => return Ok(None),
            Some(path) => Some(env.cwd().join(path)),
            None => place(env.cwd()),
        };
        let Some(path) = path else { return Ok(None) };
        let pins = Self::read(&path)?;
        if let Some(policy) = policy {
            check(&path, policy)?;
        }
        Ok(Some(pins))
    }

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// [`Kind::Config`] for one that cannot be read or understood.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let shown = path.display();
        let text = fs::read_to_string(path).map_err(|error| Failure::new(Kind::Config, format!("{shown}: {error}")))?;
        let pins = parse(&text).map_err(|why| {
            Failure::new(Kind::Config, format!("{shown}: {}", why.trim()))
                .hint("write it anew from what is believed now: cargo mirror pin")
        })?;
        Ok(Self { path: path.to_owned(), ..pins })
    }

    /// What is fixed of a repository.
    pub fn git(&self, repository: &Repository) -> Option<&GitPin> {
        self.git.iter().find(|(known, _)| repository.is_spelled(known)).map(|(_, pin)| pin)
    }

    /// Fixes a repository; what was fixed of it before goes.
    pub fn set_git(&mut self, repository: &Repository, mut pin: GitPin) {
        pin.refs.sort_by(|a, b| a.name.cmp(&b.name));
        self.git.retain(|known, _| !repository.is_spelled(known));
        self.git.insert(repository.clone(), pin);
    }

    /// The repositories that are fixed.
    pub fn repositories(&self) -> impl Iterator<Item = (&Repository, &GitPin)> {
        self.git.iter()
    }

    /// The file's text: the same pins give the same text.
    pub fn text(&self) -> String {
        let mut text = format!("{HEAD}version = {VERSION}\n");
        let mut line = |line: String| writeln!(text, "{line}").expect("a string takes what is written");
        for (repository, pin) in &self.git {
            line(format!("\n[git.\"{repository}\"]"));
            let roots: Vec<String> = pin.roots.iter().map(|root| format!("\"{root}\"")).collect();
            line(format!("roots = [{}]", roots.join(", ")));
            line(format!("sha256tree = \"{}\"", pin.sha256tree));
            line(format!("said = \"{}\"", pin.said.0));
            line(format!("at = {}", pin.said.1));
            line(format!("\n[git.\"{repository}\".refs]"));
            for found in &pin.refs {
                let (_, rest) =
                    found.to_string().split_once(' ').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap_or_default();
                let attributes = rest.strip_prefix(&found.name).unwrap_or_default();
                let oid = found.oid.as_ref().map_or("unborn", Oid::as_str);
                line(format!("{} = {}", quoted(&found.name), quoted(&format!("{oid}{attributes}"))));
            }
        }
        if !self.crates.is_empty() {
            line("\n[crates]".to_owned());
            self.crates.iter().for_each(|((name, version), sum)| line(format!("\"{name} {version}\" = \"{sum}\"")));
        }
        if !self.wheels.is_empty() {
            line("\n[wheels]".to_owned());
            self.wheels.iter().for_each(|(name, sum)| line(format!("\"{name}\" = \"{sum}\"")));
        }
        text
    }
}

/// Whether enough of the user's keys have signed the file.
fn check(path: &Path, policy: &Policy) -> Result<(), Failure> {
    let shown = path.display();
    let failed = |error: io::Error| Failure::new(Kind::Io, format!("{shown}: {error}"));
    let signatures = signature::beside_path(path).map_err(failed)?;
    let content = fs::read(path).map_err(failed)?;
    signature::check(&content, &signatures, policy).map(drop).map_err(|failure| {
        Failure::new(failure.kind, format!("{shown}: {}", failure.what)).hint(format!(
            "ssh-keygen -Y sign -n {} -f KEY {shown}, by those whose keys stand in `signatures.keys`",
            signature::NAMESPACE
        ))
    })
}

/// The nearest file upwards from a folder.
pub fn place(folder: &Path) -> Option<PathBuf> {
    let folders = folder.ancestors().filter(|folder| !folder.as_os_str().is_empty());
    folders.map(|folder| folder.join(FILE)).find(|path| path.is_file())
}

/// The pins of a text, without their path.
///
/// # Errors
///
/// What is wrong with it, in a sentence.
pub fn parse(text: &str) -> Result<Pins, String> {
    let file: File = toml_edit::de::from_str(text).map_err(|error| error.to_string())?;
    if file.version != VERSION {
        return Err(format!("version {} of this file is not known here", file.version));
    }
    let mut pins = Pins::default();
    for (name, entry) in file.git {
        let repository =
            repository(&name).ok_or_else(|| format!("`{name}` is no repository, such as github:owner/repo"))?;
        let parse = |(name, value): (&String, &String)| {
            let (oid, attributes) = value.split_once(' ').map_or((value.as_str(), ""), |(a, b)| (a, b));
            let line = format!("{oid} {name}{}{attributes}", if attributes.is_empty() { "" } else { " " });
            Ref::parse(&line).ok_or_else(|| format!("`{name} = {value}` is no ref"))
        };
        let refs = entry.refs.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
        let sha256tree = sha256(&entry.sha256tree)?;
        let pin = GitPin { refs, roots: entry.roots, sha256tree, said: (entry.said, entry.at) };
        if pin.head().is_none() {
            return Err(format!("`{name}` has no HEAD"));
        }
        pins.set_git(&repository, pin);
    }
    for (name, sum) in file.crates {
        let (name, version) = name.split_once(' ').ok_or_else(|| format!("`{name}` is no crate with its version"))?;
        pins.crates.insert((name.to_owned(), version.to_owned()), sha256(&sum)?);
    }
    for (name, sum) in file.wheels {
        pins.wheels.insert(name, sha256(&sum)?);
    }
    Ok(pins)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    #[serde(default)]
    git: BTreeMap<String, Entry>,
    #[serde(default)]
    crates: BTreeMap<String, String>,
    #[serde(default)]
    wheels: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    roots: BTreeSet<Oid>,
    sha256tree: String,
    said: String,
    at: u64,
    refs: BTreeMap<String, String>,
}

/// A basic string of TOML, in which a backslash spells a byte of a name and a quotation mark may stand.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn repository(text: &str) -> Option<Repository> {
    let (upstream, repo) = text.split_once(':')?;
    Some(Repository { upstream: upstream.to_owned(), repo: repo.parse::<Repo>().ok()? })
}

fn sha256(text: &str) -> Result<String, String> {
    match text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        true => Ok(text.to_ascii_lowercase()),
        false => Err(format!("`{text}` is no SHA-256 in hex")),
    }
}

#[cfg(test)]
mod tests {
    use super::{GitPin, Pins, parse, place};
    use crate::model::{Ref, Repository};

    fn pins() -> Pins {
        let oid = "7e1785e08e1fca2908ba6aefc65ce6b1adba7431";
        let lines = [
            format!("{oid} HEAD symref-target:refs/heads/main"),
            format!("{oid} refs/heads/main"),
            format!("{oid} refs/tags/v1 peeled:{oid}"),
            format!(r"{oid} refs/tags/\xb9\xa6"),
            format!(r"{oid} refs/tags/\xb9\xa7"),
            format!(r#"{oid} refs/tags/功"能""#),
        ];
        let mut pins = Pins::default();
        pins.set_git(
            &Repository { upstream: "github".into(), repo: "openglm/Open-AutoGLM".parse().expect("a name") },
            GitPin {
                refs: lines.iter().map(|line| Ref::parse(line).expect("a ref")).collect(),
                roots: [oid.parse().expect("an id")].into(),
                sha256tree: "a".repeat(64),
                said: ("upstream".into(), 7),
            },
        );
        pins.crates.insert(("serde".into(), "1.0.0+meta".into()), "b".repeat(64));
        pins.wheels.insert("requests-2.31.0-py3-none-any.whl".into(), "c".repeat(64));
        pins
    }

    #[test]
    fn what_is_written_is_read_again() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join(super::FILE);
        std::fs::write(&path, pins().text()).expect("writable");
        assert_eq!(Pins::read(&path).expect("as written"), Pins { path: path.clone(), ..pins() });
        assert_eq!(place(&dir.path().join("deep/er")), Some(path));
        let other = Repository { upstream: "github".into(), repo: "OpenGLM/open-autoglm".parse().expect("a name") };
        assert_eq!(pins().git(&other), None, "case counts");
        let same = Repository { repo: other.repo.in_any_case(), ..other };
        assert!(pins().git(&same).is_some(), "where the host does not tell names apart by case");
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let text = pins().text();
        for (what, by) in [
            ("version = 1", "version = 2"),
            ("roots", "rots"),
            ("7e1785", "main"),
            ("\"HEAD\"", "\"refs/heads/..\""),
            ("HEAD", "refs/heads/x"),
            ("github:openglm", "github:../x/openglm"),
            ("sha256tree = \"a", "sha256tree = \""),
            ("serde 1.0.0", "serde-1.0.0"),
            ("ccc", "zzz"),
            ("[crates]", "[crate]"),
        ] {
            assert!(parse(&text.replacen(what, by, 1)).is_err(), "{what} -> {by}");
        }
        assert!(parse(&text).is_ok());
    }
}
