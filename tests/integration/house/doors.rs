//! Each heavy package has one door: the file or folder that alone names it. So has git, the program.

use std::collections::BTreeSet;

use super::code::{File, PACKAGES, assert_only_these, files, listed, paths_from, workspace};

/// The files and folders that may name a package, by package.
const DOORS: &[(&str, &[&str])] = &[
    ("reqwest", &["mirror-config/src/transport/http/"]),
    ("tokio", &["mirror-config/src/transport/http/", "mirror-config/src/relay/"]),
    ("hyper", &["mirror-config/src/relay/"]),
    ("tame_index", &["mirror-config/src/cargo/index.rs", "mirror-config/src/cargo/meaning.rs"]),
    ("cargo_lock", &["cargo-mirror/src/cargo/lock_file.rs"]),
    ("cargo_metadata", &["cargo-mirror/src/cargo/workspace.rs"]),
    ("html5gum", &["mirror-config/src/pip/simple/"]),
    ("rustls", &["mirror-config/src/transport/http/"]),
    ("rustls_platform_verifier", &["mirror-config/src/transport/http/"]),
    ("der", &["mirror-config/src/transport/http/"]),
    ("minisign_verify", &["mirror-config/src/trust/signature.rs"]),
    ("ring", &["mirror-config/src/trust/signature.rs"]),
    ("ssh_key", &["mirror-config/src/trust/signature.rs"]),
    ("config", &["mirror-config/src/config/"]),
    (
        "toml_edit",
        &[
            "mirror-config/src/config/",
            "mirror-config/src/trust/pins/",
            "cargo-mirror/src/cargo/lock_file.rs",
            "cargo-mirror/src/cargo/config/",
        ],
    ),
    ("gix_packetline", &["mirror-config/src/git/pkt_line.rs"]),
    ("gix", &["git-mirror-helper/src/objects/"]),
    ("gix_pack", &["git-mirror-helper/src/objects/"]),
    ("crc32fast", &["git-mirror-helper/src/objects/pack/idx.rs"]),
    ("hyper_util", &["mirror-config/src/relay/"]),
    ("bytes", &["mirror-config/src/transport/http/", "mirror-config/src/relay/"]),
    ("humantime", &["mirror-config/src/config/", "mirror-config/src/system/state.rs"]),
    ("strsim", &["mirror-config/src/config/"]),
    ("ipnet", &["mirror-config/src/transport/route.rs"]),
    ("rustix", &["mirror-config/src/system/child.rs"]),
    ("base64", &["mirror-config/src/relay/forward.rs"]),
    ("tower_service", &["mirror-config/src/relay/forward.rs"]),
    ("percent_encoding", &["mirror-config/src/relay/", "mirror-config/src/pip/simple/"]),
    ("zlib_rs", &["mirror-config/src/fetch/damage.rs"]),
    ("semver", &["mirror-config/src/cargo/meaning.rs"]),
    ("openssl_probe", &["mirror-config/src/transport/passed_on.rs"]),
    ("signal_hook", &["mirror-config/src/system/child.rs"]),
    ("tracing_subscriber", &["mirror-config/src/report/log.rs"]),
    ("encoding_rs", &["pip-shim/src/requirements/"]),
    ("indicatif", &["git-mirror-helper/src/terminal/", "cargo-mirror/src/report/progress.rs"]),
    ("similar", &["cargo-mirror/src/change/turn.rs", "cargo-mirror/src/commands/pin.rs"]),
    ("comfy_table", &["cargo-mirror/src/report/print.rs"]),
    ("clap", &["cargo-mirror/src/cli/"]),
    ("clap_complete", &["cargo-mirror/src/cli/"]),
    ("clap_mangen", &["cargo-mirror/src/cli/"]),
    ("dialoguer", &["cargo-mirror/src/terminal/prompt.rs"]),
    ("which", &["cargo-mirror/src/system/programs.rs", "pip-shim/src/real_pip/"]),
];
/// What everybody may name.
const EVERYWHERE: [&str; 7] = ["serde", "serde_json", "sha2", "tempfile", "thiserror", "tracing", "url"];
/// What is in Cargo.toml for its version or its features; nobody names it.
const NOWHERE: [&str; 8] =
    ["bstr", "camino", "console", "digest", "gix_error", "hashbrown", "idna_adapter", "smallvec"];
/// What only tests use, and our own.
const OTHERS: [&str; 10] = [
    "aho_corasick",
    "cargo_mirror",
    "flate2",
    "git_mirror_helper",
    "httparse",
    "minisign",
    "mirror_config",
    "pip_shim",
    "rcgen",
    "sha1",
];

/// Whether a file names a package by a path, and does not mean a module of ours with that name.
fn names(file: &File, package: &str) -> bool {
    let path = format!("{package}::");
    if !file.text.contains(&path) {
        return false;
    }
    let code = file.code();
    let is_ours = match file.is_face() {
        true => listed(file).iter().any(|module| module == package),
        false => paths_from(&["crate", "super", "mirror_config"], &code)
            .iter()
            .any(|path| path.last().is_some_and(|last| last == package)),
    };
    let begins = |text: &str| {
        let free = |at: usize| !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
        text.match_indices(&path).any(|(at, _)| free(at))
    };
    !is_ours && code.split(';').any(|statement| begins(without_tree(statement)))
}

/// A statement; of a `use` no more than where its paths begin, since what stands in braces belongs to that.
fn without_tree(statement: &str) -> &str {
    let is_use =
        |before: &str| before.lines().next_back().is_none_or(|line| line.trim_start_matches("pub").trim().is_empty());
    match statement.match_indices("use ").find(|(at, _)| is_use(&statement[..*at])) {
        Some((at, _)) => match statement[at..].find("::{") {
            Some(tree) if !statement[at..].starts_with("use {") => &statement[..at + tree + "::".len()],
            _ => statement,
        },
        None => statement,
    }
}

#[test]
fn each_heavy_package_has_one_door() {
    let files: Vec<File> = PACKAGES.iter().flat_map(|package| files(package)).collect();
    for (package, doors) in DOORS {
        let users = files.iter().filter(|file| names(file, package)).map(|file| &file.path);
        let (at_home, strangers): (Vec<_>, Vec<_>) =
            users.partition(|user| doors.iter().any(|door| user.starts_with(door)));
        assert!(!at_home.is_empty(), "{package} is not used at all");
        assert!(strangers.is_empty(), "{package} is used by {strangers:?}");
    }
}

#[test]
fn every_package_has_its_place() {
    let text = std::fs::read_to_string(workspace().join("Cargo.toml")).expect("a workspace");
    let manifest: toml_edit::DocumentMut = text.parse().expect("cargo reads it");
    let named = manifest["workspace"]["dependencies"].as_table().expect("packages").iter();
    let named = named.map(|(package, _)| package.replace('-', "_")).collect();
    let doors: Vec<&str> = DOORS.iter().map(|(package, _)| *package).collect();
    assert_only_these("packages without a place", &named, &[&doors[..], &EVERYWHERE, &NOWHERE, &OTHERS].concat());
    for file in PACKAGES.iter().flat_map(|package| files(package)) {
        let used: Vec<&&str> = NOWHERE.iter().filter(|package| names(&file, package)).collect();
        assert!(used.is_empty(), "{} names {used:?}, which is there for its features", file.path);
    }
}

#[test]
fn a_name_of_a_package_is_seen() {
    for (path, text, named) in [
        ("a/b.rs", "use bstr::ByteSlice;", true),
        ("a/b.rs", "use {\n    bstr::{self, BString},\n};", true),
        ("a/b.rs", "use bstr::{\n    BString,\n};", true),
        ("a/b.rs", "use crate::{\n    bstr::Ours,\n};", false),
        ("a/b.rs", "    let x = bstr::BString::new();", true),
        ("a/mod.rs", "pub mod b;\npub use bstr::BString;", true),
        ("a/mod.rs", "pub mod bstr;\npub use bstr::Ours;", false),
        ("a/b.rs", "use crate::system::{bstr, state};\nbstr::ours();", false),
        ("a/b.rs", "gix::bstr::BString::new()", false),
        ("a/b.rs", "my_bstr::new()", false),
        ("a/b.rs", "let bstr = 1; // bstr", false),
    ] {
        let file = File { path: path.to_owned(), module: Vec::new(), text: text.to_owned() };
        assert_eq!(names(&file, "bstr"), named, "{text}");
    }
}

/// Whether code starts git.
fn starts_git(code: &str) -> bool {
    let code: String = code.split_whitespace().collect();
    ["Command::new(", "command("].iter().any(|begin| code.contains(&format!("{begin}\"git\"")))
}

#[test]
fn git_has_one_starter() {
    let of_package = |package: &&str| files(package).into_iter().filter(|file: &File| !file.is_test());
    let starters = PACKAGES.iter().flat_map(of_package).filter(|file| starts_git(&file.code())).map(|file| file.path);
    assert_only_these(
        "files that start git",
        &starters.collect(),
        &[
            "mirror-config/src/git/program.rs",
            // With variables of its own and no others, as it starts gpg.
            "git-mirror-helper/src/authority/signers/verify.rs",
        ],
    );
}

#[test]
fn a_start_of_git_is_seen() {
    for (code, starts) in [
        ("Command::new(\"git\").arg(\"x\")", true),
        ("std::process::Command::new(\n    \"git\",\n)", true),
        ("desk.command(\"git\")", true),
        ("Command::new(\"gpg\")", false),
        ("Command::new(program)", false),
        ("Report::new(\"git\", \"fetch\")", false),
        ("program::git().arg(\"x\")", false),
    ] {
        assert_eq!(starts_git(code), starts, "{code}");
    }
}

#[test]
fn the_configuration_is_read_at_one_place_of_each_program() {
    let reads = |text: &str| ["Config::load(", "LazyConfig::new("].iter().any(|call| text.contains(call));
    let all = PACKAGES.iter().flat_map(|package| files(package));
    let places: BTreeSet<String> = all.filter(|file| reads(&file.code())).map(|file| file.path).collect();
    let programs = ["git-mirror-helper", "cargo-mirror", "pip-shim"].map(|program| format!("{program}/src/lib.rs"));
    let ours = ["lazy", "tests"].map(|file| format!("mirror-config/src/config/{file}.rs"));
    assert_eq!(places, programs.into_iter().chain(ours).collect());
}
