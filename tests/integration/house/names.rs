//! A name means one thing in a package: no two public types share one.

use std::collections::{BTreeMap, BTreeSet};

use super::code::{File, PACKAGES, assert_only_these, files};

/// The name of the type that a line makes public, to everybody or to its package.
fn public_type(line: &str) -> Option<&str> {
    let rest = line.trim_start();
    let rest = rest.strip_prefix("pub ").or_else(|| rest.strip_prefix("pub(crate) "))?;
    let (kind, rest) = rest.split_once(' ')?;
    let is_type = matches!(kind, "struct" | "enum" | "trait" | "type" | "union");
    is_type.then(|| rest.split(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or_default())
}

/// The names that more than one public type of these files has.
fn shared(files: &[File]) -> BTreeSet<String> {
    let mut count = BTreeMap::new();
    for file in files {
        for name in file.code().lines().filter_map(public_type) {
            *count.entry(name.to_owned()).or_insert(0) += 1;
        }
    }
    count.into_iter().filter(|(_, count)| *count > 1).map(|(name, _)| name).collect()
}

#[test]
fn a_public_type_has_its_name_for_itself() {
    for (package, listed) in PACKAGES.iter().zip([
        // Of reports and of contradictions; of an index and of the ledger; of the configuration and of those who are asked.
        &["Evidence", "Page", "Upstream"][..],
        &[],
        // cargo's and pip's text after its change; the command line's scope and the plan's.
        &["Edited", "Scope"],
        &[],
    ]) {
        assert_only_these(&format!("names of several public types of {package}"), &shared(&files(package)), listed);
    }
}

#[test]
fn a_shared_name_is_seen() {
    let file = |text: &str| File { path: String::new(), module: Vec::new(), text: text.to_owned() };
    for (one, other, is_shared) in [
        ("pub struct A;", "pub enum A {}", true),
        ("pub struct A<T>(T);", "pub(crate) type A = u8;", true),
        ("pub trait A {}", "mod b {\n    pub struct A;\n}", true),
        ("pub struct A;", "struct A;", false),
        ("pub struct A;", "pub(super) struct A;", false),
        ("pub struct A;", "pub struct Ab;", false),
        ("pub struct A;", "pub fn A() {}", false),
    ] {
        assert_eq!(!shared(&[file(one), file(other)]).is_empty(), is_shared, "{one} {other}");
    }
}
