//! `cargo mirror pin`: writes what is believed now into mirror.lock.
//!
//! Repositories are cloned through `mirror::`, so that the helper decides whom to believe, and a later clone finds
//! everything in the store.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    path::{Path, PathBuf},
};

use mirror_config::{
    cargo::{Finding, Pinned, Registry, registry, verify},
    config::{Config, LazyConfig},
    errors::{Failure, Kind},
    fetch::Blobs,
    git::program::{git, isolated},
    model::{Oid, Ref, Repository, spelled},
    pip::{Hashes, Packages, simple},
    report::{Journal, Later},
    select::Select,
    system::{Environment, MIRROR_LOCK, MIRROR_REPORT, digest, state},
    trust::{
        Trust,
        pins::{self, GitPin, Pins, sha256tree},
    },
};
use similar::TextDiff;

use super::named::repository;
use crate::{
    cargo::{Origin, lock_file, outward, program, setup, workspace},
    change::ConfigFile,
    cli::PinFacts,
    git::{output, tree},
    pip,
    report::{self, Progress},
    system::programs,
};

pub(super) fn pin(env: &Environment, config: &LazyConfig<'_>, asked: &PinFacts) -> Result<(), Failure> {
    let config = config.get()?;
    let path = pins::place(env.cwd()).unwrap_or_else(|| env.cwd().join(pins::FILE));
    let before = if path.is_file() { Pins::read(&path)? } else { Pins::default() };
    let mut pins = before.clone();
    for repository in wanted(asked, config, &before, &path)? {
        pins.set_git(&repository, of_repository(env, config, &repository)?);
    }
    if asked.crates {
        pins.crates = of_crates(env, config)?;
    }
    if let Some(folder) = &asked.wheels {
        pins.wheels = of_wheels(env, config, &env.cwd().join(folder))?;
    }
    let text = |pins: &Pins| if *pins == Pins::default() { String::new() } else { pins.text() };
    let (old, new) = (text(&before), text(&pins));
    let diff = TextDiff::from_lines(&old, &new).unified_diff().context_radius(0).to_string();
    if diff.is_empty() {
        return report::line(&format!("{}: nothing has changed", path.display()));
    }
    report::diff(&format!("--- {0}\n+++ {0}\n{diff}", path.display()))?;
    if asked.dry_run {
        return Ok(());
    }
    let file = ConfigFile::at(&path)?;
    let mut changed = file.replacement()?;
    changed.stage(pins.text().as_bytes())?;
    changed.commit()
}

/// The repositories to fix.
fn wanted(asked: &PinFacts, config: &Config, before: &Pins, path: &Path) -> Result<Vec<Repository>, Failure> {
    if !asked.repositories.is_empty() {
        return asked.repositories.iter().map(|named| repository(named, config)).collect();
    }
    let known: Vec<Repository> = before.repositories().map(|(repository, _)| repository.clone()).collect();
    if known.is_empty() && !asked.crates && asked.wheels.is_none() {
        return Err(Failure::new(Kind::Usage, format!("{} names no repository yet", path.display()))
            .hint("cargo mirror pin OWNER/REPO"));
    }
    Ok(if asked.crates || asked.wheels.is_some() { Vec::new() } else { known })
}

/// Clones a repository, and looks what it is.
fn of_repository(env: &Environment, config: &Config, repository: &Repository) -> Result<GitPin, Failure> {
    if programs::helper(env).is_none() {
        return Err(Failure::new(Kind::Config, programs::HELPER_MISSING)
            .hint("cargo install --locked --path git-mirror-helper"));
    }
    let io = |error: std::io::Error| Failure::new(Kind::Io, format!("a temporary clone: {error}"));
    let folder = tempfile::tempdir().map_err(io)?;
    let (bare, told) = (folder.path().join("clone.git"), folder.path().join("report"));
    let mut command = git();
    command.args(["clone", "--quiet", "--bare", "--", &format!("mirror::{repository}")]).arg(&bare);
    // What is pinned already, and that only pins count, is what is about to change.
    command.env(MIRROR_LOCK, "none").env(MIRROR_REPORT, &told);
    if config.git.trust.value == Trust::Pinned {
        command.env("MIRROR_GIT__TRUST", Trust::Quorum.to_string());
    }
    let status = command.status().map_err(|error| Failure::new(Kind::Config, format!("git: {error}")))?;
    let last = fs::read_to_string(&told).unwrap_or_default();
    let last: serde_json::Value =
        last.lines().last().and_then(|line| serde_json::from_str(line).ok()).unwrap_or_default();
    if !status.success() {
        let kind = last["error"].as_str().and_then(Kind::of_word).unwrap_or(Kind::Exhausted);
        return Err(Failure::new(kind, format!("{repository} could not be cloned, so nothing was pinned")));
    }
    let said = last["verdict"].as_str().unwrap_or("upstream").to_owned();
    look(&bare, repository, said)
}

/// What a bare clone is.
fn look(bare: &Path, repository: &Repository, said: String) -> Result<GitPin, Failure> {
    // Names of refs are bytes.
    let git = |arguments: &[&str]| -> Result<String, Failure> {
        let bytes = output(isolated(bare).args(arguments))?;
        Ok(spelled(bytes.trim_ascii_end()))
    };
    let unborn = || {
        Failure::new(Kind::Usage, format!("{repository} has no commit at HEAD")).hint("pin it when it has a history")
    };
    let head = git(&["rev-parse", "--verify", "HEAD^{commit}"]).map_err(|_| unborn())?;
    let symref =
        git(&["symbolic-ref", "--quiet", "HEAD"]).map_or_else(|_| String::new(), |to| format!(" symref-target:{to}"));
    let format = "%(objectname) %(refname)%(if)%(*objectname)%(then) peeled:%(*objectname)%(end)";
    let listed = git(&["for-each-ref", &format!("--format={format}"), "refs/heads", "refs/tags"])?;
    let lines = std::iter::once(format!("{head} HEAD{symref}")).chain(listed.lines().map(str::to_owned));
    let refs: Option<Vec<Ref>> = lines.map(|line| Ref::parse(&line)).collect();
    let refs =
        refs.ok_or_else(|| Failure::new(Kind::Internal, format!("{repository}: a ref that git lists is none")))?;
    let roots = git(&["rev-list", "--max-parents=0", "HEAD"])?;
    Ok(GitPin {
        refs,
        roots: roots.lines().filter_map(|oid| oid.parse::<Oid>().ok()).collect(),
        sha256tree: sha256tree(tree::leaves(bare, &head)?),
        said: (said, state::now()),
    })
}

/// Every crate of the lock, once the authority has said the same.
fn of_crates(env: &Environment, config: &Config) -> Result<BTreeMap<(String, String), String>, Failure> {
    let cargo = program::program(env);
    let root = workspace::root(&cargo, None, env.cwd())?;
    if let Some(kept) = setup::kept_for(env, config, &root)? {
        let what = format!("{}: crates-io is replaced with {}", kept.found.place(), kept.words());
        return Err(Failure::new(Kind::Config, what)
            .hint("only that can say what its crates are: pin in a project that has its crates from crates-io"));
    }
    let select = Select::posing_as(config, env, &outward::of_program(env))?;
    let locked = lock_file::read(&root, select.config.cargo.upstream.as_ref().map(|index| &index.value))?;
    let registry = Registry::new(
        env,
        select.clone(),
        cache(env)?,
        registry::Checksums::new(),
        Journal::new("cargo", "pin", "crates"),
    );
    let pinned: Vec<Pinned> = locked
        .into_iter()
        .filter_map(|package| match package.origin {
            Origin::Registry(pinned) => Some(pinned),
            _ => None,
        })
        .collect();
    let progress = Progress::start(env, "comparing");
    let findings = verify::verify(&select, &registry, &pinned, &|done, of| progress.set("crates", done, of));
    drop(progress);
    let mut sums = BTreeMap::new();
    for (pinned, finding) in pinned.into_iter().zip(findings) {
        let what = format!("{} {}", pinned.name, pinned.version);
        match (finding, pinned.checksum) {
            (Finding::Right { .. }, Some(sum)) => {
                sums.insert((pinned.name, pinned.version), sum);
            }
            (Finding::Unheard(failure), _) => return Err(failure),
            (Finding::NoChecksum, _) | (_, None) => {
                return Err(Failure::new(Kind::Config, format!("{what}: Cargo.lock has no checksum of it"))
                    .hint("cargo generate-lockfile"));
            }
            (Finding::Differs { .. } | Finding::Unknown, _) => {
                return Err(Failure::new(Kind::LockPoison, format!("{what}: the authority says another checksum"))
                    .hint("cargo mirror verify"));
            }
        }
    }
    Ok(sums)
}

/// Every file of the folder, once the authority has said the same.
fn of_wheels(env: &Environment, config: &Config, folder: &Path) -> Result<BTreeMap<String, String>, Failure> {
    let io = |error: std::io::Error| Failure::new(Kind::Io, format!("{}: {error}", folder.display()));
    let pip = pip::real_pip(env, config);
    let upstream = pip.upstream.ok_or_else(|| {
        Failure::new(Kind::Config, "there is no pip here to say where its index is")
            .hint("set `pip.upstream` in the configuration")
    })?;
    let journal = Journal::new("pip", "pin", "pypi");
    let later = Later::of(&journal);
    let packages = Packages::new(
        Select::posing_as(config, env, &pip::outward(env, &pip.agent))?,
        upstream,
        cache(env)?,
        Hashes::new(),
        journal,
    );
    let mut sums = BTreeMap::new();
    let mut files: Vec<PathBuf> = fs::read_dir(folder).map_err(io)?.flatten().map(|entry| entry.path()).collect();
    files.sort();
    for path in files {
        let Some((name, project)) = path.file_name().and_then(|name| name.to_str()).and_then(named) else { continue };
        let sum = File::open(&path).and_then(digest::sha256).map_err(io)?;
        let page = packages.page(&project)?;
        let said = page.as_ref().and_then(|page| {
            let file = page.files.iter().find(|file| file.get("filename").and_then(|n| n.as_str()) == Some(&name))?;
            simple::sha256(file)
        });
        if said.as_ref() != Some(&sum) {
            let said = said.unwrap_or_else(|| "nothing of it".to_owned());
            return Err(Failure::new(Kind::Digest, format!("{name} is {sum}, the authority says {said}"))
                .hint("delete it and download it anew"));
        }
        sums.insert(name, sum);
    }
    later.warnings().iter().for_each(|warning| report::warn(warning));
    match sums.is_empty() {
        false => Ok(sums),
        true => Err(Failure::new(Kind::Usage, format!("{} has no wheel and no source archive", folder.display()))
            .hint(format!("pip download -d {} -r requirements.txt", folder.display()))),
    }
}

/// A file's name and its project: `NAME-VERSION-….whl` (binary distribution format) or `NAME-VERSION.tar.gz` (PEP 625).
fn named(name: &str) -> Option<(String, String)> {
    let project = match name.strip_suffix(".whl") {
        Some(wheel) => wheel.split('-').next(),
        None => [".tar.gz", ".zip"].iter().find_map(|end| name.strip_suffix(end)?.rsplit_once('-')).map(|(n, _)| n),
    };
    Some((name.to_owned(), simple::normalized(project?)))
}

fn cache(env: &Environment) -> Result<Blobs, Failure> {
    Blobs::open(env).map_err(|error| Failure::new(Kind::Io, format!("the cache: {error}")))
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn a_file_name_says_its_project() {
        for (name, project) in [
            ("requests-2.31.0-py3-none-any.whl", Some("requests")),
            ("Typing_Extensions-4.9.0-py3-none-any.whl", Some("typing-extensions")),
            ("zope.interface-6.1.tar.gz", Some("zope-interface")),
            ("python-dateutil-2.8.2.zip", Some("python-dateutil")),
            ("README.md", None),
        ] {
            assert_eq!(named(name).map(|(_, project)| project).as_deref(), project, "{name}");
        }
    }
}
