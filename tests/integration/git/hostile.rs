//! Addresses made by an enemy are refused before anybody sees them: no server, no shell, no option parser.

use std::fs;

use mirror_tests::{History, Ran, Stage};

/// Refused with one of these words; no server was asked, no file made.
fn assert_refused(stage: &Stage, case: &str, ran: &Ran, words: &[&str]) {
    assert_eq!(ran.code, 128, "{case}: {ran}");
    let refused = words.iter().any(|word| ran.stderr.contains(&format!("mirror: error[{word}]: ")));
    assert!(refused, "{case}, one of {words:?}: {ran}");
    assert!(ran.stderr.len() < 2000, "{case}: a long address does not fill the screen");
    assert!(!ran.stderr.contains('\u{1b}'), "{case}");
    let asked = stage.mirrors.iter().map(|mirror| mirror.server.log().len()).sum::<usize>();
    assert_eq!((stage.origin.log().len(), asked), (0, 0), "{case}: nobody was asked");
    for folder in [stage.sandbox.work(), stage.sandbox.path("home")] {
        let made: Vec<_> = fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path()).collect();
        assert!(made.is_empty(), "{case}: {made:?}");
    }
}

fn long() -> String {
    "x/".repeat(2500)
}

#[test]
fn hostile_addresses_on_the_command_line_are_refused() {
    let stage = Stage::new(&History::small(), &["a"]);
    for address in [
        "--config=evil",
        "--upload-pack=touch x",
        "-u./x",
        "a/../b",
        "../../etc/passwd",
        "owner/small\nfetch x",
        "owner/small\u{1b}]0;owned\u{7}",
        &long(),
        "ext::sh -c touch% x",
        "file:///etc/passwd",
        "file:///{repo}",
        "ssh://-oProxyCommand=touch%20x/a/b",
        "ssh://127.0.0.1/a/b",
        "mirror::mirror::owner/small",
        "github:--upload-pack=x/y",
        "https://127.0.0.1/owner/small.git",
    ] {
        let ran = stage.sandbox.git(["clone", "-q", &format!("mirror::{address}"), "target"]);
        assert_refused(&stage, address, &ran, &["E-NAME", "E-TRANSPORT"]);
    }
}

#[test]
fn hostile_addresses_in_the_configuration_are_refused() {
    let stage = Stage::new(&History::small(), &["a"]);
    for address in [
        "--config=evil",
        "--upload-pack=touch x {repo}",
        "a/../{repo}",
        "https://127.0.0.1/a\\n/{repo}\\u001b",
        &format!("https://127.0.0.1/{}", long()),
        "ext::sh -c touch% x {repo}",
        "file:///etc/passwd",
        "ssh://-oProxyCommand=touch%20x/{repo}",
        "ssh://-oProxyCommand=touch%20x@127.0.0.1/{repo}",
        "git://127.0.0.1/{repo}",
        "http://example.org/{repo}",
        "https://{repo}/",
    ] {
        for entry in [
            format!("[upstreams.x]\nurl = \"{address}\"\n"),
            format!("[mirrors.x]\ngit = {{ github = \"{address}\" }}\n"),
        ] {
            stage.configure(&entry);
            for name in ["owner/small", "x:owner/small"] {
                let ran = stage.sandbox.git(["clone", "-q", &format!("mirror::{name}"), "target"]);
                assert_refused(&stage, &entry, &ran, &["E-CONFIG", "E-TRANSPORT"]);
            }
        }
    }
}
