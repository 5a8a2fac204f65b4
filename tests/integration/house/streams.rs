//! Who speaks: the standard streams belong to those who hold the conversation, show, or report.

use std::collections::BTreeSet;

use super::code::{File, PACKAGES, assert_only_these, files, paths, paths_from};

/// Folders of a package that may use the standard streams.
const SPEAKERS: [&str; 3] = ["terminal", "conversation", "report"];
/// The file that asks whether standard error is a terminal.
const ASKS: &str = "mirror-config/src/system/environment.rs";
/// Folders of git-mirror-helper that do the work, and say nothing.
const SILENT: [&str; 3] = ["objects", "authority", "transfer"];

/// Whether code reaches for a standard stream, by whatever path.
fn uses_streams(code: &str) -> bool {
    let is_stream = |pair: &[String]| pair[0] == "io" && matches!(pair[1].as_str(), "stdin" | "stdout" | "stderr");
    paths_from(&["std", "io"], code).iter().any(|path| path.windows(2).any(is_stream)) || code.contains("io as ")
}

/// Whether code of a package uses that package's own `terminal`.
fn uses_terminal(code: &str) -> bool {
    let first = |path: &Vec<String>| path.iter().find(|word| *word != "crate" && *word != "super").cloned();
    paths(code).iter().any(|path| first(path).is_some_and(|word| word == "terminal"))
}

/// Who speaks and should not.
fn strangers(files: &[File]) -> BTreeSet<String> {
    let may =
        |file: &File| file.path == ASKS || file.module.first().is_some_and(|top| SPEAKERS.contains(&top.as_str()));
    let speaks = |file: &&File| !may(file) && !file.is_test() && uses_streams(&file.code());
    files.iter().filter(speaks).map(|file| file.path.clone()).collect()
}

#[test]
fn standard_streams_are_used_by_those_who_speak() {
    for package in PACKAGES {
        assert_only_these("files that use standard streams", &strangers(&files(package)), &[]);
    }
}

#[test]
fn those_who_do_the_work_say_nothing() {
    let silent = |file: &File| file.module.first().is_some_and(|top| SILENT.contains(&top.as_str()));
    let files = files("git-mirror-helper").into_iter().filter(silent);
    let found = files.filter(|file| uses_terminal(&file.code())).map(|file| file.path).collect();
    assert_only_these("silent folders with files that use `terminal`", &found, &[]);
}

#[test]
fn a_stream_is_seen_however_it_is_named() {
    for (code, speaks) in [
        ("io::stdout().lock()", true),
        ("let e = std::io::stderr();", true),
        ("use std::io::{Read, stdin};", true),
        ("use std::{\n    fs,\n    io::{self, stdout},\n};", true),
        ("use std::io as world;", true),
        ("layer.with_writer(std::io::stderr)", true),
        ("use std::{io, path::Path};\nio::copy(&mut a, &mut b)", false),
        ("command.stdin(Stdio::null()).stdout(Stdio::piped())", false),
        ("let stdout = child.stdout.take();", false),
    ] {
        assert_eq!(uses_streams(code), speaks, "{code}");
        for (folder, path) in [("plan", "plan/decide.rs"), ("terminal", "terminal/lines.rs"), ("plan", ASKS)] {
            let module = vec![folder.to_owned(), "x".to_owned()];
            let file = File { path: path.to_owned(), module, text: code.to_owned() };
            assert_eq!(strangers(&[file]).len(), usize::from(speaks && path == "plan/decide.rs"), "{path}: {code}");
        }
    }
}

#[test]
fn a_use_of_terminal_is_seen() {
    for (code, uses) in [
        ("use crate::{objects::store::Store, terminal::warn};", true),
        ("crate::terminal::say(\"x\")", true),
        ("use super::super::terminal;", true),
        ("use crate::run::terminal;", false),
        ("let terminal = 1;", false),
    ] {
        assert_eq!(uses_terminal(code), uses, "{code}");
    }
}
