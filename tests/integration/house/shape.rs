//! Folders, faces and files: nothing loose, nothing hidden, nothing too long; what is pure says so and is.

use std::fs;

use super::code::{File, PACKAGES, files, workspace};

/// Longest file, in lines. A longer one has a second responsibility.
const LONGEST: usize = 400;
/// Longest map of the house, in lines.
const LONGEST_MAP: usize = 120;
/// What nothing pure may name.
const WORLD: [&str; 8] =
    ["std::fs", "fs::", "process::", "std::net", "thread::", "Instant::now", "SystemTime::now", "tracing::"];

/// What is pure, so that tables and simulations can try it: folders and files of the programs.
const PURE: [&str; 6] = [
    "mirror-config/src/model/",
    "mirror-config/src/trust/",
    "mirror-config/src/fetch/lateness.rs",
    "mirror-config/src/fetch/segment_plan.rs",
    "git-mirror-helper/src/answer/plan.rs",
    "git-mirror-helper/src/transfer/schedule/",
];
/// What in these folders keeps files.
const KEEPERS: [&str; 4] = [
    "mirror-config/src/trust/contradiction.rs",
    "mirror-config/src/trust/ledger.rs",
    "mirror-config/src/trust/pins/",
    "mirror-config/src/trust/signature.rs",
];

/// Whether a file begins with what it is for.
fn says(text: &str) -> bool {
    text.starts_with("//! ")
}

#[test]
fn a_face_only_lists_and_hands_on() {
    for file in PACKAGES.iter().flat_map(|package| files(package)).filter(|file| file.path.ends_with("/mod.rs")) {
        for line in file.code().lines() {
            let line = line.trim_start_matches("pub ").trim_start_matches("pub(crate) ");
            let hides = ["fn ", "struct ", "enum ", "impl", "const ", "static ", "trait ", "type "];
            assert!(!hides.iter().any(|begin| line.starts_with(begin)), "{} has `{line}`", file.path);
        }
    }
}

#[test]
fn every_file_stands_in_a_folder_and_has_one_responsibility() {
    for package in PACKAGES {
        for file in files(package) {
            assert!(file.module.len() != 1 || file.is_face(), "{} is loose", file.path);
            let named = file.module.iter().rev().take(2).collect::<Vec<_>>();
            assert!(named.len() < 2 || named[0] != named[1], "{} has its folder's name", file.path);
            let lines = file.text.lines().count();
            assert!(lines <= LONGEST, "{} has {lines} lines", file.path);
        }
    }
}

/// Files that no face above them lists: the compiler never reads those.
fn unlisted(files: &[File]) -> Vec<&str> {
    let lists =
        |face: &File, name: &str| face.text.lines().any(|line| line.trim_end().ends_with(&format!("mod {name};")));
    let above = |file: &File| {
        let (name, folder) = file.module.split_last()?;
        files.iter().find(|face| face.module == folder).map(|face| lists(face, name))
    };
    let lonely = files.iter().filter(|file| !file.module.is_empty() && above(file) != Some(true));
    lonely.map(|file| file.path.as_str()).collect()
}

#[test]
fn every_file_is_listed_by_the_face_of_its_folder() {
    for package in PACKAGES {
        let files = files(package);
        assert_eq!(unlisted(&files), [""; 0], "nobody uses these");
    }
    let file = |path: &str, module: &[&str], text: &str| File {
        path: path.to_owned(),
        module: module.iter().map(|name| (*name).to_owned()).collect(),
        text: text.to_owned(),
    };
    let some = [
        file("src/lib.rs", &[], "pub mod a;\n"),
        file("src/a/mod.rs", &["a"], "//! A.\n\nmod b;\npub use b::mod_c;\n"),
        file("src/a/b.rs", &["a", "b"], ""),
        file("src/a/c.rs", &["a", "c"], ""),
        file("src/d/mod.rs", &["d"], ""),
    ];
    assert_eq!(unlisted(&some), ["src/a/c.rs", "src/d/mod.rs"]);
}

#[test]
fn every_file_says_what_it_is_for() {
    let (mut waiting, mut seen) = (vec![workspace()], 0);
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the workspace").flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            let is_ours = !["target", "."].iter().any(|begin| name.to_string_lossy().starts_with(begin));
            if path.is_dir() && is_ours {
                waiting.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                seen += 1;
                assert!(says(&fs::read_to_string(&path).expect("readable")), "{} says nothing", path.display());
            }
        }
    }
    assert!(seen > 300, "{seen} files");
    for (text, expected) in
        [("//! Why.\nuse x;", true), ("use x;\n//! Why.", false), ("// Why.", false), ("//!\n", false)]
    {
        assert_eq!(says(text), expected, "{text}");
    }
}

#[test]
fn what_calls_itself_pure_is() {
    let mut pure = 0;
    for file in PACKAGES.iter().flat_map(|package| files(package)) {
        if file.says().contains("Pure") && !file.is_face() {
            pure += 1;
            let code = file.code();
            let named: Vec<&&str> = WORLD.iter().filter(|word| code.contains(**word)).collect();
            assert!(named.is_empty(), "{} names {named:?}", file.path);
        }
    }
    assert!(pure > 20, "{pure} files call themselves pure");
}

#[test]
fn what_must_be_pure_says_so() {
    let is_in = |path: &str, places: &[&str]| places.iter().any(|place| path.starts_with(place));
    for file in PACKAGES.iter().flat_map(|package| files(package)).filter(|file| !file.is_face() && !file.is_test()) {
        if is_in(&file.path, &PURE) && !is_in(&file.path, &KEEPERS) {
            assert!(file.says().contains("Pure"), "{} does not say that it is", file.path);
        }
    }
}

#[test]
fn the_map_shows_every_folder() {
    let map = fs::read_to_string(workspace().join("ARCHITECTURE.md")).expect("the map");
    assert!(map.lines().count() <= LONGEST_MAP, "{} lines", map.lines().count());
    for package in PACKAGES {
        let begins = format!("    {package}/src  ");
        let line = map.lines().find(|line| line.starts_with(&begins)).unwrap_or_else(|| panic!("no line of {package}"));
        let root = files(package).into_iter().find(|file| file.path.ends_with("/lib.rs")).expect("a root");
        assert_eq!(
            line[begins.len()..].split_whitespace().collect::<Vec<_>>(),
            super::code::listed(&root),
            "{package}"
        );
    }
}
