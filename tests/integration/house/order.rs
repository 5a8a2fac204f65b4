//! A module uses only those above it: at every level, in every package, children that name their parent included.

use std::collections::BTreeMap;

use super::code::{File, PACKAGES, files, listed, paths};

/// A package as a tree of modules.
struct House {
    files: Vec<File>,
    /// By module: the modules that its face lists.
    order: BTreeMap<Vec<String>, Vec<String>>,
    /// By module: the names that its face hands on, with the child that has them.
    handed: BTreeMap<Vec<String>, BTreeMap<String, String>>,
}

impl House {
    fn read(package: &str) -> Self {
        let files = files(package);
        let (mut order, mut handed) = (BTreeMap::new(), BTreeMap::new());
        for face in files.iter().filter(|file| file.is_face()) {
            order.insert(face.module.clone(), listed(face));
            let named = face.code().replace("use self::", "use ").replace(" use ", " use super::");
            let of = |path: Vec<String>| Some((path.last()?.clone(), path.get(1).filter(|_| path.len() > 2)?.clone()));
            handed.insert(face.module.clone(), paths(&named).into_iter().filter_map(of).collect());
        }
        Self { files, order, handed }
    }

    /// The module that a path leads to, as far as there are modules; what a face hands on leads to where it is.
    fn target(&self, path: &[String], module: &[String]) -> Vec<String> {
        let ups = path.iter().take_while(|word| *word == "super").count();
        let mut at = if ups == 0 { Vec::new() } else { module[..module.len() - ups].to_vec() };
        for word in &path[ups.max(1)..] {
            let child = match self.order.get(&at) {
                Some(children) if children.contains(word) => word,
                Some(_) => match self.handed[&at].get(word) {
                    Some(child) => child,
                    None => break,
                },
                None => break,
            };
            at.push(child.clone());
        }
        at
    }

    /// What breaks the order, in words.
    fn upward(&self) -> Vec<String> {
        let mut found = Vec::new();
        for file in self.files.iter().filter(|file| !file.is_face()) {
            for path in paths(&file.code()) {
                let target = self.target(&path, &file.module);
                let shared = file.module.iter().zip(&target).take_while(|(one, other)| one == other).count();
                let (Some(own), Some(used)) = (file.module.get(shared), target.get(shared)) else { continue };
                let order = &self.order[&file.module[..shared]];
                let place = |name| order.iter().position(|listed| listed == name);
                if place(used) > place(own) {
                    found.push(format!("{} uses {}, which stands below it", file.path, path.join("::")));
                }
            }
        }
        found
    }
}

#[test]
fn a_module_uses_only_those_above_it() {
    for package in PACKAGES {
        assert_eq!(House::read(package).upward(), [""; 0], "{package}");
    }
}

#[test]
fn an_arrow_that_runs_back_up_is_found() {
    let file = |path: &str, module: &[&str], text: &str| File {
        path: path.to_owned(),
        module: module.iter().map(|word| (*word).to_owned()).collect(),
        text: text.to_owned(),
    };
    let house = |used: &str, own: &str| {
        let files = vec![
            file("src/lib.rs", &[], "pub mod a;\npub mod b;\n"),
            file("src/a/mod.rs", &["a"], "pub mod one;\npub mod two;\n\npub use two::Two;\n"),
            file("src/a/one.rs", &["a", "one"], own),
            file("src/a/two.rs", &["a", "two"], "use super::one::One;\n"),
            file("src/b/mod.rs", &["b"], "pub mod three;\n"),
            file("src/b/three.rs", &["b", "three"], used),
        ];
        let (mut order, mut handed) = (BTreeMap::new(), BTreeMap::new());
        for face in files.iter().filter(|file| file.is_face()) {
            order.insert(face.module.clone(), listed(face));
            handed.insert(face.module.clone(), BTreeMap::new());
        }
        handed.insert(vec!["a".to_owned()], BTreeMap::from([("Two".to_owned(), "two".to_owned())]));
        House { files, order, handed }.upward().len()
    };
    assert_eq!(house("use crate::a::Two;", ""), 0);
    for upward in ["use crate::b::three;", "use super::two::Two;", "use super::Two;", "use crate::a::{self, Two};"] {
        assert_eq!(house("", upward), 1, "{upward}");
    }
}
