//! What stands behind the three programs: how many packages, and under which licenses.

use std::{collections::BTreeSet, process::Command};

use super::code::{assert_only_these, workspace};

/// Most packages behind the three programs together, on one platform, our own included.
const MOST: usize = 260;
/// Their licenses, as [`license`] writes them.
const LICENSES: &[&str] = &[
    "(Apache-2.0 OR MIT) AND BSD-3-Clause",
    "(Apache-2.0 OR MIT) AND Unicode-3.0",
    "(MIT OR Apache-2.0) AND Unicode-3.0",
    "0BSD OR Apache-2.0 OR MIT",
    "Apache-2.0",
    "Apache-2.0 AND ISC",
    "Apache-2.0 OR Apache-2.0 WITH LLVM-exception OR MIT",
    "Apache-2.0 OR ISC OR MIT",
    "Apache-2.0 OR MIT",
    "Apache-2.0 OR MIT OR Zlib",
    "BSD-3-Clause",
    "ISC",
    "MIT",
    "MIT OR Unlicense",
    "Zlib",
];

/// A license as its package writes it, in one spelling: alternatives by the alphabet, the old `/` between them as ` OR `.
fn license(written: &str) -> String {
    let written = written.replace(" / ", "/").replace('/', " OR ");
    if written.contains(['(', ')']) || written.contains(" AND ") {
        return written;
    }
    let mut alternatives: Vec<&str> = written.split(" OR ").collect();
    alternatives.sort_unstable();
    alternatives.join(" OR ")
}

/// Reads `cargo tree --prefix none --format '{p}|{l}'`: the packages, without marks, and their licenses.
fn read(tree: &str) -> (BTreeSet<&str>, BTreeSet<String>) {
    let lines = tree.lines().filter_map(|line| line.split_once('|'));
    let without_mark = |text: &str| text.trim_end_matches(" (*)").to_owned();
    lines.map(|(package, written)| (package.trim_end_matches(" (proc-macro)"), license(&without_mark(written)))).unzip()
}

#[test]
fn packages_are_few_and_their_licenses_known() {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(workspace()).args(["tree", "--offline", "--locked", "-e", "normal,build"]);
    cargo.args(["--prefix", "none", "--format", "{p}|{l}"]);
    for program in ["cargo-mirror", "git-mirror-helper", "pip-shim"] {
        cargo.args(["-p", program]);
    }
    let output = cargo.output().expect("cargo runs us");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8_lossy(&output.stdout);
    let (packages, licenses) = read(&tree);
    assert!(packages.len() <= MOST, "{} packages", packages.len());
    assert!(packages.len() > MOST / 2, "only {} packages: is that all?", packages.len());
    if cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        assert_only_these("licenses of packages", &licenses, LICENSES);
    }
}

#[test]
fn a_tree_is_read() {
    let tree = "a v1.0.0|MIT\nb v2.0.0 (proc-macro)|MIT OR Apache-2.0\n\na v1.0.0|MIT (*)\nc v0.1.0 (/c)|GPL-3.0 / MIT";
    let (packages, licenses) = read(tree);
    assert_eq!(packages.into_iter().collect::<Vec<_>>(), ["a v1.0.0", "b v2.0.0", "c v0.1.0 (/c)"]);
    assert_eq!(licenses.into_iter().collect::<Vec<_>>(), ["Apache-2.0 OR MIT", "GPL-3.0 OR MIT", "MIT"]);
}

#[test]
#[should_panic(expected = "strangers: [\"GPL-3.0\"]")]
fn a_stranger_is_refused() {
    assert_only_these("strangers", &BTreeSet::from(["GPL-3.0".to_owned()]), &[]);
}

#[test]
#[should_panic(expected = "the list may shrink by [\"ISC\"]")]
fn what_is_gone_leaves_the_list() {
    assert_only_these("licenses", &BTreeSet::new(), &["ISC"]);
}
