//! Which index the requirements and constraints files of a command line name, and which hashes. Files are handed in,
//! nothing is opened.
//!
//! Rule: `pip._internal.req.req_file`. Only lines without a requirement set options; of a line that names another file
//! only that counts; what pip would refuse is skipped, since pip will say so.

use std::path::{Path, PathBuf};

use mirror_config::pip::Hashes;

use super::{
    hashes, shlex,
    text::{decode, logical_lines},
};
use crate::command_line::{IN_FILES, Word, optparse};

/// Files within files, at most; pip gives up on circles too.
const DEEPEST: usize = 50;

/// What the files say of where packages come from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Named {
    /// `--index-url`, the last one, which is the one that holds.
    pub index: Option<Place>,
    /// `--no-index`.
    pub no_index: Option<Place>,
    /// `--extra-index-url`.
    pub extra: Vec<Place>,
    /// `--find-links`: more places of files.
    pub links: Vec<Place>,
    /// `--trusted-host`: hosts whose certificates are not verified.
    pub trusted: Vec<Place>,
    /// `--hash`, by project.
    pub hashes: Hashes,
    /// Files that could not be looked into: they are at an address, or cannot be read.
    pub unread: Vec<String>,
}

/// Something a file says, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The address; empty for an option without value.
    pub url: String,
    /// The file as pip would name it.
    pub file: PathBuf,
    /// Its line, from 1.
    pub line: usize,
}

/// The world as requirements files see it.
pub trait World {
    /// A file's bytes, if it can be read.
    fn file(&self, path: &Path) -> Option<Vec<u8>>;
    /// A variable that is not empty.
    fn variable(&self, name: &str) -> Option<String>;
}

/// Reads files, each with all that it names, in pip's order: constraints before requirements.
pub fn read<'a>(world: &impl World, files: impl IntoIterator<Item = &'a Path>) -> Named {
    let mut named = Named::default();
    for file in files {
        read_one(world, file, &mut Vec::new(), &mut named);
    }
    named
}

fn read_one(world: &impl World, file: &Path, above: &mut Vec<PathBuf>, named: &mut Named) {
    if above.len() >= DEEPEST || above.iter().any(|upper| upper == file) {
        return;
    }
    let local = match scheme(file) {
        Some("file") => local_path(file),
        Some(_) => None,
        None => Some(file.to_owned()),
    };
    let Some(bytes) = local.as_deref().and_then(|local| world.file(local)) else {
        named.unread.push(file.display().to_string());
        return;
    };
    above.push(file.to_owned());
    for (line, text) in logical_lines(&decode(&bytes), |name| world.variable(name)) {
        let Some(options) = options_of(&text) else {
            if let Some((project, sums)) = hashes::of(&text) {
                named.hashes.entry(project).or_default().extend(sums);
            }
            continue;
        };
        if options.has("--editable") {
            continue;
        }
        if let Some(next) = nested(&options).first() {
            read_one(world, &beside(file, next), above, named);
            continue;
        }
        let place = |url: &Word| Place { url: url.text(), file: file.to_owned(), line };
        named.links.extend(options.all("--find-links").into_iter().map(place));
        named.trusted.extend(options.all("--trusted-host").into_iter().map(place));
        if options.has("--no-index") {
            named.no_index.get_or_insert_with(|| place(&Word::default()));
            named.index = None;
            named.extra.clear();
        }
        if named.no_index.is_some() {
            continue;
        }
        if let Some(url) = options.last("--index-url").filter(|url| !url.text().is_empty()) {
            named.index = Some(place(url));
            named.extra.clear();
        }
        named.extra.extend(options.all("--extra-index-url").into_iter().map(place));
    }
    above.pop();
}

/// A line's options; nothing when it has a requirement, or cannot be split.
fn options_of(line: &str) -> Option<optparse::Parsed> {
    if !line.starts_with('-') {
        return None;
    }
    let words = shlex::split(line)?;
    Some(optparse::parse(IN_FILES, words.iter().map(|word| Word::from(word.as_str())), true))
}

/// The first file of each kind that a line names, the one that counts in front.
fn nested(options: &optparse::Parsed) -> Vec<PathBuf> {
    ["--requirement", "--constraint"]
        .iter()
        .filter_map(|name| options.all(name).first().map(|word| word.path()))
        .collect()
}

/// A nested file is relative to the one that names it, unless it has an address of its own.
fn beside(file: &Path, next: &Path) -> PathBuf {
    match (scheme(file), scheme(next)) {
        (_, Some(_)) => next.to_owned(),
        (None, None) => file.parent().unwrap_or(Path::new("")).join(next),
        (Some(_), None) => {
            let joined = url::Url::parse(&file.to_string_lossy()).and_then(|base| base.join(&next.to_string_lossy()));
            joined.map_or_else(|_| next.to_owned(), |url| PathBuf::from(url.as_str()))
        }
    }
}

/// `http`, `https` or `file`, as pip tells addresses from paths.
fn scheme(file: &Path) -> Option<&'static str> {
    let text = file.to_string_lossy().to_ascii_lowercase();
    ["http", "https", "file"].into_iter().find(|name| text.strip_prefix(name).is_some_and(|rest| rest.starts_with(':')))
}

/// The path of a `file:` address on this machine.
fn local_path(address: &Path) -> Option<PathBuf> {
    url::Url::parse(address.to_str()?).ok()?.to_file_path().ok()
}
