//! What cargo keeps of a sparse index: reading its cache files, and where a crate's file stands in an index.
//!
//! Reads only. The format is cargo's own (`sources/registry/index/cache.rs`): a version byte, the index's schema as four bytes,
//! then NUL-terminated pieces: a validator, and versions by turns with their lines.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The version of the format that is read: cargo's since 1.55.
const FORMAT: u8 = 3;
/// The version byte and the schema.
const HEAD: usize = 5;

/// A version of a crate as the index has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IndexLine {
    pub(crate) version: String,
    /// The line, as the registry wrote it.
    pub(crate) json: String,
}

/// Where a crate's file stands below an index: the registry index format in The Cargo Book. Lower case, as cargo asks.
pub(crate) fn index_path(name: &str) -> String {
    let name = name.to_ascii_lowercase();
    match name.len() {
        1 | 2 => format!("{}/{name}", name.len()),
        3 => format!("3/{}/{name}", &name[..1]),
        _ => format!("{}/{}/{name}", &name[..2], &name[2..4]),
    }
}

/// The lines of a cache file, in the registry's order; nothing when it is of another format.
pub(crate) fn parse(bytes: &[u8]) -> Option<Vec<IndexLine>> {
    if bytes.first() != Some(&FORMAT) {
        return None;
    }
    let mut pieces =
        bytes.get(HEAD..)?.split(|byte| *byte == 0).map(|piece| String::from_utf8_lossy(piece).into_owned());
    pieces.next()?;
    let mut lines = Vec::new();
    while let (Some(version), Some(json)) = (pieces.next(), pieces.next()) {
        lines.push(IndexLine { version, json });
    }
    Some(lines)
}

/// A crate's lines in each of the indexes that cargo has asked; those it was never asked for are not among them.
pub(crate) fn cached(cargo_home: &Path, name: &str) -> Vec<Vec<IndexLine>> {
    let files = folders(&cargo_home.join("registry/index"));
    let files = files.into_iter().map(|index| index.join(".cache").join(index_path(name)));
    files.filter_map(|file| parse(&fs::read(file).ok()?)).collect()
}

/// The crate's file in one of the registries that cargo has asked.
pub(crate) fn cached_file(cargo_home: &Path, name: &str, version: &str) -> Option<PathBuf> {
    let caches = folders(&cargo_home.join("registry/cache")).into_iter();
    caches.map(|cache| cache.join(format!("{name}-{version}.crate"))).find(|file| file.is_file())
}

fn folders(parent: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(parent) else { return Vec::new() };
    let mut folders: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    folders.sort();
    folders
}

#[cfg(test)]
mod tests {
    use super::{IndexLine, index_path, parse};

    #[test]
    fn files_of_an_index_are_where_the_cargo_book_says() {
        for (name, path) in
            [("a", "1/a"), ("ab", "2/ab"), ("abc", "3/a/abc"), ("abcd", "ab/cd/abcd"), ("Inflector", "in/fl/inflector")]
        {
            assert_eq!(index_path(name), path);
        }
    }

    #[test]
    fn a_cache_file_gives_its_lines_and_another_format_none() {
        let line = |version: &str, json: &str| IndexLine { version: version.to_owned(), json: json.to_owned() };
        let file = b"\x03\x02\0\0\0etag: \"x\"\x000.1.0\0{\"a\":1}\x000.2.0\0{}\0";
        assert_eq!(parse(file), Some(vec![line("0.1.0", "{\"a\":1}"), line("0.2.0", "{}")]));
        assert_eq!(parse(b"\x03\x02\0\0\0Unknown\0"), Some(Vec::new()));
        assert_eq!(parse(b"\x02\x02\0\0\0etag: \"x\"\x000.1.0\0{}\0"), None);
        assert_eq!(parse(b""), None);
    }
}
