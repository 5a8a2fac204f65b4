//! What stands behind the three programs: how many packages, with which features, and under which licenses.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use super::code::{assert_only_these, workspace};

/// The packages of the programs.
const PROGRAMS: [&str; 3] = ["cargo-mirror", "git-mirror-helper", "pip-shim"];
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

/// The packages of a tree with one fact of each, as `cargo tree` writes it. A package may stand there with several.
type Tree = BTreeMap<String, BTreeSet<String>>;

/// Asks cargo for the packages behind these (`-p NAME`, `--workspace`), each with what the letter stands for: `l` is its
/// license, `f` its features.
fn tree(fact: &str, kinds: &str, of: &[&str]) -> Tree {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(workspace()).args(["tree", "--offline", "--locked", "--prefix", "none"]);
    cargo.args(["--edges", kinds, "--format", &format!("{{p}}|{{{fact}}}")]).args(of);
    let output = cargo.output().expect("cargo runs us");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    read(&String::from_utf8_lossy(&output.stdout))
}

/// Reads lines `PACKAGE|FACT`, without cargo's marks.
fn read(text: &str) -> Tree {
    let mut tree = Tree::new();
    for (package, fact) in text.lines().filter_map(|line| line.split_once('|')) {
        let package = package.trim_end_matches(" (proc-macro)").to_owned();
        tree.entry(package).or_default().insert(fact.trim_end_matches(" (*)").to_owned());
    }
    tree
}

/// The packages of a tree that have other features there than in the whole.
fn differing(tree: &Tree, whole: &Tree) -> Vec<String> {
    let other = |(package, features): &(&String, &BTreeSet<String>)| whole.get(*package) != Some(*features);
    tree.iter().filter(other).map(|(package, features)| format!("{package} {features:?}")).collect()
}

#[test]
fn packages_are_few_and_their_licenses_known() {
    let packages = tree("l", "normal,build", &PROGRAMS.map(|program| ["-p", program]).concat());
    assert!(packages.len() <= MOST, "{} packages", packages.len());
    assert!(packages.len() > MOST / 2, "only {} packages: is that all?", packages.len());
    if cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        let licenses = packages.values().flatten().map(|written| license(written)).collect();
        assert_only_these("licenses of packages", &licenses, LICENSES);
    }
}

#[test]
fn a_program_alone_resolves_like_all_together() {
    // Else cargo builds what differs, and all that rests on it, once for each: see Cargo.toml.
    let whole = tree("f", "normal,build,dev", &["--workspace"]);
    for program in PROGRAMS {
        assert_eq!(differing(&tree("f", "normal,build", &["-p", program]), &whole), [""; 0], "{program}");
    }
}

#[test]
fn a_tree_is_read() {
    let text = "a v1.0.0|std\nb v2.0.0 (proc-macro)|\n\na v1.0.0|std (*)\nc v0.1.0 (/c)|x,y\n";
    let whole = read(text);
    let shown: Vec<String> = whole.iter().map(|(package, facts)| format!("{package}: {facts:?}")).collect();
    assert_eq!(shown, ["a v1.0.0: {\"std\"}", "b v2.0.0: {\"\"}", "c v0.1.0 (/c): {\"x,y\"}"]);
    for (text, expected) in [
        ("a v1.0.0|std\nb v2.0.0 (proc-macro)|\n", &[][..]),
        ("a v1.0.0|\n", &["a v1.0.0 {\"\"}"]),
        ("a v1.0.0|std\na v1.0.0|\n", &["a v1.0.0 {\"\", \"std\"}"]),
        ("c v0.1.0 (/c)|x\n", &["c v0.1.0 (/c) {\"x\"}"]),
    ] {
        assert_eq!(differing(&read(text), &whole), expected, "{text}");
    }
}

#[test]
fn a_license_has_one_spelling() {
    for (written, shown) in [
        ("MIT", "MIT"),
        ("MIT OR Apache-2.0", "Apache-2.0 OR MIT"),
        ("GPL-3.0 / MIT", "GPL-3.0 OR MIT"),
        ("Unlicense/MIT", "MIT OR Unlicense"),
        ("(MIT OR Apache-2.0) AND Unicode-3.0", "(MIT OR Apache-2.0) AND Unicode-3.0"),
    ] {
        assert_eq!(license(written), shown);
    }
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

/// The sections of a manifest that are about the profile of tests, but for comments and blank lines.
fn test_profile(manifest: &str) -> Vec<&str> {
    let mut inside = false;
    let lines = manifest.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .filter(|line| {
            inside = if line.starts_with('[') { line.starts_with("[profile.dev") } else { inside };
            inside
        })
        .collect()
}

#[test]
fn what_is_built_for_tests_serves_the_fuzz_targets_too() {
    let read = |path: &str| std::fs::read_to_string(workspace().join(path)).expect(path);
    let (own, fuzz) = (read("Cargo.toml"), read("tests/fuzz/Cargo.toml"));
    assert!(!test_profile(&own).is_empty());
    assert_eq!(test_profile(&own), test_profile(&fuzz), "another profile builds every dependency once more");
}
