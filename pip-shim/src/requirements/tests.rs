//! Tables for [`read`], on files made up.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::read::{Named, World, read};

struct Made(BTreeMap<PathBuf, &'static str>);

impl World for Made {
    fn file(&self, path: &Path) -> Option<Vec<u8>> {
        self.0.get(path).map(|text| text.as_bytes().to_vec())
    }

    fn variable(&self, name: &str) -> Option<String> {
        (name == "HOST").then(|| "h.example".to_owned())
    }
}

fn named(files: &[(&str, &'static str)]) -> Named {
    let world = Made(files.iter().map(|(name, text)| (PathBuf::from(name), *text)).collect());
    read(&world, [Path::new(files[0].0)])
}

fn shown(named: &Named) -> String {
    let place = |p: &super::read::Place| format!("{}:{} {}", p.file.display(), p.line, p.url);
    let mut parts: Vec<String> = named.index.iter().map(|p| format!("index {}", place(p))).collect();
    parts.extend(named.no_index.iter().map(|p| format!("none {}", place(p).trim_end())));
    parts.extend(named.extra.iter().map(|p| format!("extra {}", place(p))));
    parts.extend(named.unread.iter().map(|file| format!("unread {file}")));
    parts.join(", ")
}

#[test]
fn only_lines_without_a_requirement_choose_an_index() {
    for (text, found) in [
        ("requests\n-i U\n", "index r:2 U"),
        ("--index-url=https://${HOST}/simple", "index r:1 https://h.example/simple"),
        ("-i A\n-i B", "index r:2 B"),
        ("-i A --extra-index-url B", "index r:1 A, extra r:1 B"),
        ("--extra-index-url B\n-i A", "index r:2 A"),
        ("--extra-index-url B", "extra r:1 B"),
        ("-i A\n--no-index\n-i B", "none r:2"),
        ("requests -i U", ""),
        ("-e . -i U", ""),
        ("-f https://x.example", ""),
        ("--trusted-host x", ""),
        ("-i 'U", ""),
        ("-i \"\"", ""),
        ("# -i U", ""),
        ("--index \\\n  U", "index r:1 U"),
    ] {
        assert_eq!(shown(&named(&[("r", text)])), found, "{text:?}");
    }
}

#[test]
fn files_in_files_are_relative_to_the_one_that_names_them() {
    for (files, found) in [
        (&[("d/r", "-r n/a"), ("d/n/a", "-c ../b"), ("d/n/../b", "-i U")][..], "index d/n/../b:1 U"),
        (&[("d/r", "-r /a"), ("/a", "-i U")], "index /a:1 U"),
        (&[("r", "-r a -i V"), ("a", "")], ""),
        (&[("r", "-c a -r b"), ("a", "-i U"), ("b", "-i V")], "index b:1 V"),
        (&[("r", "-r a\n-i V"), ("a", "-r r\n-i U")], "index r:2 V"),
        (&[("r", "-r missing")], "unread missing"),
        (&[("r", "-r https://h.example/r.txt")], "unread https://h.example/r.txt"),
        (&[("r", "-r file:///a/b"), ("/a/b", "-r c"), ("/a/c", "-i U")], "index file:///a/c:1 U"),
    ] {
        assert_eq!(shown(&named(files)), found, "{files:?}");
    }
}

#[test]
fn hashes_are_those_of_requirements_also_in_files_within_files() {
    for (files, found) in [
        (&[("r", "A.b==1 --hash=sha256:AA --hash sha256:bb")][..], "a-b aa bb"),
        (&[("r", "x ; python_version > '3' \\\n    --hash=sha256:aa \\\n    --hash='sha256:bb'\ny")], "x aa bb"),
        (&[("r", "x --hash=md5:aa --hash=sha512:bb")], ""),
        (&[("r", "x[e]>=1 --hash=sha256:aa\nX --hash=sha256:bb")], "x aa bb"),
        (&[("r", "-r n\n-c c"), ("n", "x --hash=sha256:aa"), ("c", "y --hash=sha256:bb")], "x aa, y bb"),
        (&[("r", "--hash=sha256:aa\n-e x --hash=sha256:aa\n./x --hash=sha256:aa # x\n# x --hash=sha256:aa")], ""),
    ] {
        let sorted: std::collections::BTreeMap<_, _> = named(files).hashes.into_iter().collect();
        let shown = sorted.into_iter().map(|(project, sums)| {
            let sums: std::collections::BTreeSet<_> = sums.into_iter().collect();
            [project].into_iter().chain(sums).collect::<Vec<_>>().join(" ")
        });
        assert_eq!(shown.collect::<Vec<_>>().join(", "), found, "{files:?}");
    }
}
