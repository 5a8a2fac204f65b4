//! The sources of the four packages, read as far as the rules need it: files, modules, and the paths that a file names.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// The packages with their own code.
pub(super) const PACKAGES: [&str; 4] = ["mirror-config", "git-mirror-helper", "cargo-mirror", "pip-shim"];

/// The folder of the workspace.
pub(super) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a package of the workspace").to_owned()
}

/// One file of a package.
pub(super) struct File {
    /// Below the workspace, with `/`.
    pub(super) path: String,
    /// Its module, from the root of the package.
    pub(super) module: Vec<String>,
    /// All of it.
    pub(super) text: String,
}

impl File {
    /// Whether it is the face of a folder, or of the package.
    pub(super) fn is_face(&self) -> bool {
        self.path.ends_with("/mod.rs") || self.path.ends_with("/lib.rs")
    }

    /// The code without comments, and without tests, which may use what they like.
    pub(super) fn code(&self) -> String {
        let code = self.text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
    }

    /// Whether it is a test and nothing else.
    pub(super) fn is_test(&self) -> bool {
        self.module.last().is_some_and(|name| name == "tests" || name.ends_with("_tests"))
    }

    /// What its `//!` says.
    pub(super) fn says(&self) -> String {
        self.text.lines().take_while(|line| line.starts_with("//!")).collect::<Vec<_>>().join(" ")
    }
}

/// All files of a package but its programs, which are one line each.
pub(super) fn files(package: &str) -> Vec<File> {
    let src = workspace().join(package).join("src");
    let mut found = Vec::new();
    collect(&src, &mut Vec::new(), &mut found, &format!("{package}/src"));
    assert!(found.len() > 10, "{package} has files");
    found
}

fn collect(folder: &Path, module: &mut Vec<String>, found: &mut Vec<File>, place: &str) {
    for entry in fs::read_dir(folder).expect("a folder of the workspace").flatten() {
        let name = entry.file_name().into_string().expect("UTF-8");
        let path = format!("{place}/{name}");
        if entry.path().is_dir() {
            if name != "bin" {
                module.push(name);
                collect(&entry.path(), module, found, &path);
                module.pop();
            }
        } else if let Some(stem) = name.strip_suffix(".rs") {
            let own = (!matches!(stem, "mod" | "lib")).then(|| stem.to_owned());
            let module = module.iter().cloned().chain(own).collect();
            let text = fs::read_to_string(entry.path()).expect("readable");
            found.push(File { path, module, text });
        }
    }
}

/// The modules that a face lists, in order.
pub(super) fn listed(face: &File) -> Vec<String> {
    let module = |line: &str| {
        let (_, rest) = line.split_once("mod ").filter(|(before, _)| before.is_empty() || before.starts_with("pub"))?;
        Some(rest.strip_suffix(';')?.to_owned())
    };
    face.text.lines().filter_map(module).collect()
}

/// Every path that a text begins with `crate::` or `super::`, brace lists taken apart.
pub(super) fn paths(code: &str) -> Vec<Vec<String>> {
    paths_from(&["crate", "super"], code)
}

/// Every path that a text begins with one of these words, brace lists taken apart.
pub(super) fn paths_from(roots: &[&str], code: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for root in roots {
        for (at, _) in code.match_indices(&format!("{root}::")) {
            let before = code[..at].chars().next_back();
            if before.is_none_or(|c| !(c.is_alphanumeric() || matches!(c, '_' | ':'))) {
                expand(&code[at..], &mut Vec::new(), &mut found);
            }
        }
    }
    found
}

/// Reads one tree of a `use`, or one path; returns how many bytes it has.
fn expand(text: &str, above: &mut Vec<String>, found: &mut Vec<Vec<String>>) -> usize {
    let (mut at, depth) = (0, above.len());
    loop {
        let word: String = text[at..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        at += word.len();
        if !word.is_empty() && word != "self" {
            above.push(word);
        }
        match text[at..].strip_prefix("::") {
            Some(rest) if rest.starts_with('{') => {
                at += 3;
                while let Some(next) = text[at..].chars().next().filter(|next| *next != '}') {
                    let is_word = next.is_alphanumeric() || next == '_';
                    at += if is_word { expand(&text[at..], above, found) } else { next.len_utf8() };
                }
                at += 1;
                break;
            }
            Some(_) => at += 2,
            None => {
                found.push(above.clone());
                break;
            }
        }
    }
    above.truncate(depth);
    at
}

/// Holds what was found against a list that may only shrink: neither may have what the other has not.
pub(super) fn assert_only_these(rule: &str, found: &BTreeSet<String>, listed: &[&str]) {
    let listed: BTreeSet<String> = listed.iter().map(|item| (*item).to_owned()).collect();
    let strangers: Vec<&String> = found.difference(&listed).collect();
    assert!(strangers.is_empty(), "{rule}: {strangers:?}");
    let gone: Vec<&String> = listed.difference(found).collect();
    assert!(gone.is_empty(), "{rule}: the list may shrink by {gone:?}");
}

#[test]
fn trees_of_use_are_taken_apart() {
    let words = |path: &str| path.split("::").map(str::to_owned).collect::<Vec<_>>();
    let read =
        paths("use crate::{\n    a::{self, B},\n    c,\n};\nuse super::d::E;\nlet x = crate::f::g();\nmycrate::no();");
    assert_eq!(read, ["crate::a", "crate::a::B", "crate::c", "crate::f::g", "super::d::E"].map(words));
}
