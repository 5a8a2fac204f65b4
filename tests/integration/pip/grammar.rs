//! The shim reads command lines and requirements files as the machine's own pip and the newest one do.
//!
//! pip's own parser is asked about each case of a table, in one process. Cases that it refuses say nothing.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use mirror_tests::{Pip, Sandbox};
use pip_shim::{
    command_line::{Word, invocation},
    requirements::{World, read},
};
use serde_json::{Value, json};

use super::world::pips;

/// Runs a script with the Python of each pip there is, with the cases as JSON.
pub(crate) fn ask_pips(sandbox: &Sandbox, script: &str, cases: &Value) -> Vec<(Pip, Vec<Value>)> {
    let file = sandbox.work().join("cases.json");
    fs::write(&file, cases.to_string()).expect("the sandbox is ours");
    let ask = |pip: Pip| {
        let mut python = sandbox.command(pip.python());
        python.args(["-c", script]).arg(&file);
        python.env("_PIP_RUNNING_IN_SUBPROCESS", "1").env("HOST", "h.example").env("EMPTY", "");
        let ran = sandbox.run(python).ok();
        let answers: Vec<Value> = serde_json::from_str(ran.stdout.trim()).expect("the script prints JSON");
        assert_eq!(Some(answers.len()), cases.as_array().map(Vec::len), "an answer for each case");
        (pip, answers)
    };
    pips().into_iter().map(ask).collect()
}

const ARGUMENTS: &str = r#"
import contextlib, io, json, sys
from pip._internal.cli.main_parser import parse_command
from pip._internal.commands import create_command
answers = []
for words in json.load(open(sys.argv[1])):
    answer = None
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        try:
            name, rest = parse_command(words)
            command = create_command(name, isolated="--isolated" in rest)
            options, positional = command.parser.parse_args(rest)
            default = command.parser.get_default_values()
            if hasattr(options, "index_url"):
                given = lambda key: getattr(options, key) if getattr(options, key) != getattr(default, key) else None
                answer = dict(command=name, index=given("index_url"), none=options.no_index,
                    extra=options.extra_index_urls, requirements=getattr(options, "requirements", []),
                    constraints=getattr(options, "constraints", []), rest=positional, proxy=given("proxy"),
                    cert=given("cert"), timeout=options.timeout != default.timeout,
                    retries=options.retries != default.retries)
            else:
                answer = dict(command=None)
        except SystemExit as end:
            answer = dict(command=None) if not end.code else None
        except Exception:
            pass
    answers.append(answer)
print(json.dumps(answers))
"#;

/// What comes before the command, what the command is, what comes behind it: every pair of the last two, each with one
/// of the first.
const BEFORE: &[&str] =
    &["", "-q", "--log install", "--timeout 7 -vv", "--isolated", "--proxy=P --retr 9", "--", "--cert C"];
const COMMANDS: &[&str] = &["install", "download", "wheel", "list", "index"];
const BEHIND: &[&str] = &[
    "x",
    "x -i U",
    "-iU x",
    "-qiU x",
    "-qqqUiU",
    "-i=U",
    "--index-url U",
    "--index-url=U=V x",
    "--index-url=",
    "--pypi-url U",
    "--pyp U",
    "--ind U",
    "--index U x y",
    "--in U",
    "--i U",
    "--no-index",
    "--no-ind -f d",
    "--no-i",
    "--extra-index-url U --extra V",
    "-f U x",
    "-r f -c g -r h",
    "-rf -cg",
    "--requirement=f --constraint g",
    "--req f",
    "--requirem f",
    "--cons f",
    "--con f",
    "-t -i x",
    "-d -i x",
    "-w-i x",
    "-- -i U",
    "x -- --no-index",
    "- x",
    "-i -- x",
    "-i -U x",
    "--proxy Q --cert D --timeout=8 --retries 3",
    "--def 9 --so",
    "--no-binary :all: -i U",
    "--trusted-host h --python-version 3.9",
    "--help -i U",
    "--version x",
    "-V -i U",
    "--unknown -i U",
    "--no-index=1",
    "-i",
    "--isolated -i U",
    "--debug --no-in --no-color",
    "--platform p --abi a --implementation cp -i U",
    "-e . -i U",
    "-C a=b -iU",
    "--config-settings a=b -i U",
    "-o -u -i U",
    "--format json -i U",
    "--path p --exclude e -iU",
    "--default-timeout 9",
];
const OTHERS: &[&str] = &[
    "",
    "--version",
    "-V install",
    "help install",
    "config list",
    "debug",
    "freeze -r f",
    "hash x",
    "-h",
    "--log a.b check",
];

#[test]
fn command_lines_are_read_as_pip_reads_them() {
    let sandbox = Sandbox::new();
    let split = |line: String| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let mut lines: Vec<Vec<String>> = OTHERS.iter().map(|line| split((*line).to_owned())).collect();
    for (m, command) in COMMANDS.iter().enumerate() {
        for (n, behind) in BEHIND.iter().enumerate() {
            lines.push(split(format!("{} {command} {behind}", BEFORE[(n + m) % BEFORE.len()])));
        }
    }
    lines.push(["install", "-i", "", "x y", "--extra-index-url", " "].map(str::to_owned).to_vec());
    for (pip, answers) in ask_pips(&sandbox, ARGUMENTS, &json!(lines)) {
        let mut accepted = 0;
        for (line, answer) in lines.iter().zip(answers) {
            let words: Vec<OsString> = line.iter().map(OsString::from).collect();
            let found = invocation::read(&words);
            if answer.is_null() {
                continue;
            }
            accepted += 1;
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
                    "proxy": last("--proxy"),
                    "cert": last("--cert"),
                    "timeout": parsed.has("--timeout"),
                    "retries": parsed.has("--retries"),
                })
            });
            assert_eq!(ours, answer, "{line:?}, {pip:?}");
        }
        assert!(accepted >= 150, "{pip:?} accepted only {accepted} of {} lines", lines.len());
    }
}

const REQUIREMENTS: &str = r#"
import json, os, sys
from pip._internal.models.format_control import FormatControl
from pip._internal.models.search_scope import SearchScope
from pip._internal.req.req_file import parse_requirements
class Finder:
    def __init__(self):
        self.format_control = FormatControl()
        self.release_control = None
        try:
            self.search_scope = SearchScope(find_links=[], index_urls=["default"], no_index=False)
        except TypeError:
            self.old = True
            self.search_scope = SearchScope(find_links=[], index_urls=["default"])
    find_links = property(lambda self: self.search_scope.find_links)
    index_urls = property(lambda self: self.search_scope.index_urls)
    def set_allow_all_prereleases(self): pass
    def set_prefer_binary(self): pass
    def set_release_control(self, control): pass
answers = []
for folder in json.load(open(sys.argv[1])):
    os.chdir(folder)
    finder = Finder()
    try:
        list(parse_requirements("r.txt", session=None, finder=finder))
        # Before pip 22.3 an index behind --no-index counted again.
        if hasattr(finder, "old") and any(b"--no-i" in open(f, "rb").read() for f in os.listdir(".") if f != "d"):
            raise ValueError
        answers.append(finder.search_scope.index_urls)
    except Exception:
        answers.append(None)
print(json.dumps(answers))
"#;

/// What requirements files see: the files of a folder, and one variable.
struct Folder(PathBuf);

impl World for Folder {
    fn file(&self, path: &Path) -> Option<Vec<u8>> {
        fs::read(self.0.join(path)).ok()
    }

    fn variable(&self, name: &str) -> Option<String> {
        (name == "HOST").then(|| "h.example".to_owned())
    }
}

/// Ways to write that the index is `https://h.example/s`, and lines that do not say so though they look like it.
const SAYINGS: &[&str] = &[
    "-i https://h.example/s",
    "-ihttps://h.example/s",
    "--index-url=https://h.example/s",
    "--index-url https://h.example/s",
    "--pypi-url https://h.example/s",
    "--ind https://h.example/s",
    "-i 'https://h.example/s'",
    "-i \"https://h.example/s\" --pre",
    "-i https://${HOST}/s",
    "-i https://${host}/s/${EMPTY}${UNSET}$HOST",
    "--extra-index-url https://h.example/s",
    "--extra-index-url a -i b --extra-index-url c",
    "--no-index",
    "requests -i https://h.example/s",
    "requests --hash=sha256:0 --no-index",
    "-e . -i https://h.example/s",
    "-f https://h.example/s",
    "--trusted-host h.example",
    "requests # -i x",
    "-i x#y #z",
    "--no-ind",
    "--no-i",
    "-i",
    "-i 'x",
    "-i x\\ y",
    "--unknown -i x",
    "-i \"\" --extra-index-url ''",
];

/// Surroundings of a saying: `@` is it. Several files: `NAME: text` after `%%`.
const SETTINGS: &[&str] = &[
    "@",
    "@\n",
    "# c\n\n  @  \nrequests\n",
    "requests\r\n@\r\n",
    "requests \\\n@\n",
    "# x \\\n@",
    "a\\\n# x\n@",
    "-i first\n@",
    "@\n-i last",
    "--no-index\n@",
    "-r n.txt%%n.txt: @",
    "-c d/n.txt%%d/n.txt: -r ../m.txt%%m.txt: @",
    "-r n.txt -i other%%n.txt: @",
    "requests -r n.txt%%n.txt: @",
    "a\u{c}@\u{2028}b",
];

#[test]
fn requirements_files_are_read_as_pip_reads_them() {
    let sandbox = Sandbox::new();
    let mut cases: Vec<Vec<(&str, Vec<u8>)>> = Vec::new();
    for setting in SETTINGS {
        for saying in SAYINGS {
            let mut parts = setting.split("%%");
            let first = parts.next().unwrap_or_default();
            let text = |text: &str| text.replace('@', saying).into_bytes();
            let nested = parts.filter_map(|part| part.split_once(": ")).map(|(name, part)| (name, text(part)));
            cases.push([("r.txt", text(first))].into_iter().chain(nested).collect());
        }
    }
    for saying in SAYINGS {
        let plain = saying.as_bytes().to_vec();
        let wide: Vec<u8> = saying.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let narrow: Vec<u8> = saying.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for (mark, text) in [
            (&b"\xef\xbb\xbf"[..], &plain),
            (b"\xff\xfe", &wide),
            (b"\xfe\xff", &narrow),
            (b"# -*- coding: latin-1 -*-\n# \xe4\n", &plain),
            (b"#!x\n# vim: set fileencoding=gbk :\n# \xc4\xe3\n", &plain),
            (b"# \xc3\xa4\n", &plain),
        ] {
            cases.push(vec![("r.txt", [mark, text.as_slice()].concat())]);
        }
    }
    let folders: Vec<PathBuf> = (0..cases.len()).map(|n| sandbox.path(format!("cases/{n}"))).collect();
    for (folder, files) in folders.iter().zip(&cases) {
        fs::create_dir_all(folder.join("d")).expect("the sandbox is ours");
        files.iter().for_each(|(name, bytes)| fs::write(folder.join(name), bytes).expect("the sandbox is ours"));
    }
    for (pip, answers) in ask_pips(&sandbox, REQUIREMENTS, &json!(folders)) {
        let mut accepted = 0;
        for ((folder, files), answer) in folders.iter().zip(&cases).zip(answers) {
            let named = read::read(&Folder(folder.clone()), [Path::new("r.txt")]);
            if answer.is_null() {
                continue;
            }
            accepted += 1;
            let main = named.index.map_or("default".to_owned(), |place| place.url);
            let extra = named.extra.into_iter().map(|place| place.url);
            let ours: Vec<String> =
                if named.no_index.is_some() { Vec::new() } else { [main].into_iter().chain(extra).collect() };
            let shown: Vec<_> = files.iter().map(|(name, bytes)| (name, String::from_utf8_lossy(bytes))).collect();
            assert_eq!(json!(ours), answer, "{shown:?}, {pip:?}");
        }
        assert!(accepted >= 300, "{pip:?} accepted only {accepted} of {} files", cases.len());
    }
}

const HASHES: &str = r#"
import json, os, sys
from pip._internal.req.req_file import parse_requirements
answers = []
for folder in json.load(open(sys.argv[1])):
    os.chdir(folder)
    try:
        found = list(parse_requirements("r.txt", session=None))
        answers.append(sorted({sum.lower() for one in found for sum in (one.options or {}).get("hashes", {}).get("sha256", [])}))
    except Exception:
        answers.append(None)
print(json.dumps(answers))
"#;

/// Ways to write hashes; `%%` as above, and `A`, `B` for hashes.
const HASHED: &[&str] = &[
    "x==1 --hash=sha256:A",
    "x==1 --hash sha256:A --hash=sha256:B",
    "x==1 \\\n    --hash=sha256:A \\\n    --hash=sha256:B\ny==2 --hash=md5:00",
    "x[e]>=1,<2; python_version > '3' --hash=sha256:A",
    "x==1 --hash='sha256:A'",
    "x==1 --hash=sha512:A --hash=sha384:B",
    "x==1 --has sha256:A",
    "x==1 --hash=sha256:A # --hash=sha256:B",
    "# x==1 --hash=sha256:A",
    "x==1",
    "x==1 --config-settings a=b --hash=sha256:A",
    "x==1 --hash sha256:${HOST}",
    "-r n.txt%%n.txt: x==1 --hash=sha256:A",
    "-c n.txt\nx%%n.txt: x==1 --hash=sha256:A",
    "\u{feff}x==1 --hash=sha256:A",
    "x==1\t--hash=sha256:A",
    "x==1   --hash=sha256:A",
];

#[test]
fn hashes_are_read_as_pip_reads_them() {
    let sandbox = Sandbox::new();
    let folders: Vec<PathBuf> = (0..HASHED.len()).map(|n| sandbox.path(format!("cases/{n}"))).collect();
    for (folder, case) in folders.iter().zip(HASHED) {
        fs::create_dir_all(folder).expect("the sandbox is ours");
        let text = case.replace(":A", &format!(":{}", "a".repeat(64))).replace(":B", &format!(":{}", "B".repeat(64)));
        let mut parts = text.split("%%");
        fs::write(folder.join("r.txt"), parts.next().unwrap_or_default()).expect("the sandbox is ours");
        for (name, part) in parts.filter_map(|part| part.split_once(": ")) {
            fs::write(folder.join(name), part).expect("the sandbox is ours");
        }
    }
    for (pip, answers) in ask_pips(&sandbox, HASHES, &json!(folders)) {
        let answered = answers.iter().filter(|answer| !answer.is_null()).count();
        assert!(answered + 3 >= HASHED.len(), "{pip:?}: {answers:?}");
        for ((folder, case), answer) in folders.iter().zip(HASHED).zip(answers) {
            if answer.is_null() {
                continue;
            }
            let named = read::read(&Folder(folder.clone()), [Path::new("r.txt")]);
            let mut ours: Vec<String> = named.hashes.into_values().flatten().collect();
            ours.sort();
            assert_eq!(json!(ours), answer, "{case:?}, {pip:?}");
        }
    }
}
