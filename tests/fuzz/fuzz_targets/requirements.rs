//! Requirements files, read by the shim and by the machine's own pip: both find the same indexes.
#![no_main]

use std::{
    collections::BTreeMap,
    path::{Component, Path, PathBuf},
};

use libfuzzer_sys::fuzz_target;
use mirror_fuzz::pip;
use pip_shim::requirements::{World, read};
use serde_json::json;

const SCRIPT: &str = include_str!("../src/requirements.py");
const NAMES: [&str; 4] = ["r.txt", "n.txt", "m.txt", "d/n.txt"];

struct Made(BTreeMap<String, Vec<u8>>);

impl World for Made {
    fn file(&self, path: &Path) -> Option<Vec<u8>> {
        let parts: Option<Vec<&str>> = path
            .components()
            .filter(|part| *part != Component::CurDir)
            .map(|part| match part {
                Component::Normal(name) => name.to_str(),
                _ => None,
            })
            .collect();
        self.0.get(&parts?.join("/")).cloned()
    }

    fn variable(&self, name: &str) -> Option<String> {
        pip::VARIABLES.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    }
}

fuzz_target!(|data: &[u8]| {
    let mut files = BTreeMap::new();
    let mut rest = Some(data);
    for name in NAMES {
        let Some(bytes) = rest else { break };
        let cut = bytes.windows(4).position(|four| four == b"\n%%\n");
        files.insert(name.to_owned(), bytes[..cut.unwrap_or(bytes.len())].to_vec());
        rest = cut.map(|at| &bytes[at + 4..]);
    }
    let question = files.iter().map(|(name, bytes)| (name.clone(), json!(bytes))).collect();
    let named = read::read(&Made(files), [Path::new(NAMES[0])]);
    assert!(named.no_index.is_none() || (named.index.is_none() && named.extra.is_empty()));
    let places = named.index.iter().chain(&named.extra).chain(&named.no_index);
    places.for_each(|place| assert!(place.line > 0 && place.file != PathBuf::new()));

    let answer = pip::ask(SCRIPT, &serde_json::Value::Object(question));
    if answer.is_null() {
        return;
    }
    let main = named.index.map_or("default".to_owned(), |place| place.url);
    let extra = named.extra.into_iter().map(|place| place.url);
    let ours: Vec<String> =
        if named.no_index.is_some() { Vec::new() } else { [main].into_iter().chain(extra).collect() };
    assert_eq!(json!(ours), answer, "{}", String::from_utf8_lossy(data));
});
