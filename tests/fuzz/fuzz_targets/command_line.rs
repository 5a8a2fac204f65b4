//! pip's command line, a word in each line, read by the shim and by the machine's own pip: both see the same command,
//! the same index, the same files.
#![no_main]

use std::ffi::OsString;

use libfuzzer_sys::fuzz_target;
use mirror_fuzz::pip;
use pip_shim::command_line::{Word, invocation};
use serde_json::json;

const SCRIPT: &str = include_str!("../src/command_line.py");

fuzz_target!(|text: &str| {
    let words: Vec<&str> = text.split('\n').collect();
    if words.iter().any(|word| word.contains('\0')) {
        return;
    }
    let given: Vec<OsString> = words.iter().map(OsString::from).collect();
    let found = invocation::read(&given);
    assert_eq!(found, invocation::read(&given), "read twice it is the same");
    let answer = pip::ask(SCRIPT, &json!(words));
    if answer.is_null() {
        return;
    }
    let ours = found.map_or(json!({"command": null}), |found| {
        let parsed = &found.parsed;
        let all = |name| parsed.all(name).into_iter().map(Word::text).collect::<Vec<_>>();
        let last = |name| parsed.last(name).map(Word::text);
        json!({
            "command": found.command.name(),
            "index": last("--index-url"),
            "none": parsed.has("--no-index"),
            "extra": all("--extra-index-url"),
            "requirements": all("--requirement"),
            "constraints": all("--constraint"),
            "rest": parsed.rest.iter().map(Word::text).collect::<Vec<_>>(),
            // An empty one is pip's default, which says nothing.
            "proxy": last("--proxy").filter(|proxy| !proxy.is_empty()),
            "cert": last("--cert"),
        })
    });
    assert_eq!(ours, answer, "{words:?}");
});
