//! Who is shown more by upstream than everybody, by a header, a cookie, a certificate or an address, is shown it through
//! `mirror::` as well; and no mirror hears of that.

use std::{fs, path::Path};

use super::settings::{SECRET, Said, assert_as_plain_git, mirrors_heard, refs, run};
use mirror_tests::{Fault, GitServer, History, NAME, Seen, Stage, TlsFront};

/// A ref that upstream does not show to everybody.
const HIDDEN: &str = "refs/heads/hidden";
/// A stage whose upstream has a branch that is shown only to requests with this in a header; mirrors have it not.
fn with_a_hidden_branch(header: &str) -> Stage {
    let stage = Stage::new(&History::small(), &["a", "b"]);
    stage.upstream.set_ref(HIDDEN, &stage.upstream.tip());
    stage.upstream.add_commit("hidden", "plan", "secret\n");
    stage.origin.show_only_to(header, SECRET, Some(HIDDEN));
    stage
}

/// A file of cookies as browsers wrote it.
fn cookies(stage: &Stage) -> String {
    let file = stage.sandbox.path("cookies");
    let text = format!("# Netscape HTTP Cookie File\n127.0.0.1\tFALSE\t/\tFALSE\t0\tsession\t{SECRET}\n");
    fs::write(&file, text).expect("the sandbox is ours");
    file.to_str().expect("plain names").to_owned()
}

#[test]
fn who_has_a_header_or_a_cookie_is_shown_what_plain_git_is_shown() {
    for (case, header) in [("a header", "X-Member"), ("an authorization", "Authorization"), ("a cookie", "Cookie")] {
        let stage = with_a_hidden_branch(header);
        let base = stage.origin.url();
        let (file, line) = (cookies(&stage), format!("{header}: {SECRET}"));
        let own = format!("http.{base}/owner/.extraHeader");
        let variables =
            [("GIT_CONFIG_COUNT", "1"), ("GIT_CONFIG_KEY_0", "http.extraHeader"), ("GIT_CONFIG_VALUE_0", &line)];
        let ways: &[Said<'_>] = match case {
            "a cookie" => &[(&[("http.cookieFile", &file)], &[])],
            _ => &[
                (&[("http.extraHeader", &line)], &[]),
                (&[("http.extraHeader", "X-Other: 1"), (&own, &line)], &[]),
                (&[], &variables),
            ],
        };
        for (number, said) in ways.iter().enumerate() {
            let case = format!("{case} {number}");
            assert!(assert_as_plain_git(&stage, &case, &base, *said), "{case}");
            let clone = format!("{}-name", case.replace(' ', "-"));
            assert!(refs(&stage, &clone).contains("hidden"), "{case}: {}", refs(&stage, &clone));
            assert_eq!(mirrors_heard(&stage), 0, "{case}: no mirror hears the name");
            // In a clone of plain git's, and from ours to plain git.
            let rule = format!("url.mirror::{base}/.insteadOf");
            let own = [(rule.as_str(), format!("{base}/"))];
            let ruled: Vec<_> =
                said.0.iter().copied().chain(own.iter().map(|(key, value)| (*key, value.as_str()))).collect();
            let plain = clone.replace("-name", "-plain");
            let folder = stage.work(&plain);
            let folder = folder.to_str().expect("plain names");
            run(&stage, (&ruled, said.1), &["-C", folder, "fetch", "-q", "--prune"]).ok();
            assert!(refs(&stage, &plain).contains("hidden"), "{case}: pruned");
            assert_eq!(mirrors_heard(&stage), 0, "{case}");
        }
        // In the repository's own configuration, as actions/checkout has it.
        if case != "a cookie" {
            let folder = stage.work(&format!("{}-0-name", case.replace(' ', "-")));
            stage.sandbox.git_in(&folder, ["config", &format!("http.{base}/.extraheader"), &line]).ok();
            stage.sandbox.git_in(&folder, ["fetch", "-q", "--prune"]).ok();
            assert_eq!(mirrors_heard(&stage), 0, "{case}: local");
            stage.sandbox.git_in(&folder, ["rev-parse", "-q", "--verify", "origin/hidden"]).ok();
        }
    }
}

#[test]
fn a_header_that_nobody_needs_costs_no_mirror() {
    let stage = Stage::new(&History::small(), &["a", "b"]);
    let base = stage.origin.url();
    let line = format!("Authorization: basic {SECRET}");
    let own = format!("http.{base}/.extraheader");
    let file = cookies(&stage);
    for (case, settings) in [
        ("a header", ("http.extraHeader", line.as_str())),
        ("a header for the address", (own.as_str(), line.as_str())),
        ("a cookie", ("http.cookieFile", file.as_str())),
    ] {
        assert!(assert_as_plain_git(&stage, case, &base, (&[settings], &[])), "{case}");
        assert!(stage.origin.log().iter().any(|seen| format!("{:?}", seen.headers).contains(SECRET)), "{case}");
        assert!(mirrors_heard(&stage) > 0, "{case}: it is public");
        assert!(!stage.origin.log().iter().any(Seen::is_fetch), "{case}: mirrors carried all");
    }
}

#[test]
fn who_is_let_in_by_a_header_a_certificate_or_a_rewritten_address_is_private() {
    let mut stage = Stage::new(&History::small(), &["a", "b"]);
    let (front, member) = TlsFront::for_members(&stage.origin.url());
    let write = |name: &str, text: &str| {
        let path = stage.sandbox.path(name);
        fs::write(&path, text).expect("the sandbox is ours");
        path.to_str().expect("plain names").to_owned()
    };
    let (ca, member) = (write("ca.pem", front.authority()), write("member.pem", &member));
    let (at, by_tls) = (stage.origin.url(), front.url());
    let line = format!("X-Member: {SECRET}");
    let token = at.replace("http://", &format!("http://someone:{SECRET}@"));
    let elsewhere = GitServer::start(stage.sandbox.path("upstream"));
    let rule = |to: &str| format!("url.{to}/.insteadOf");
    let (to_token, to_elsewhere, from) = (rule(&token), rule(&elsewhere.url()), format!("{at}/"));
    let certificate = [("http.sslCAInfo", ca.as_str()), ("http.sslCert", &member), ("http.sslKey", &member)];
    let variables = [("GIT_SSL_CAINFO", ca.as_str()), ("GIT_SSL_CERT", &member), ("GIT_SSL_KEY", &member)];
    for (case, base, said) in [
        ("a header", &at, (&[("http.extraHeader", line.as_str())][..], &[][..])),
        ("a certificate", &by_tls, (&certificate[..], &[][..])),
        ("a certificate by variables", &by_tls, (&[][..], &variables[..])),
        ("a token", &at, (&[(to_token.as_str(), from.as_str())][..], &[][..])),
        ("elsewhere", &at, (&[(to_elsewhere.as_str(), from.as_str())][..], &[][..])),
    ] {
        let gate = if case == "a header" { ("X-Member", SECRET) } else { ("User-Agent", "") };
        stage.origin.show_only_to(gate.0, gate.1, None);
        if case == "a token" {
            stage.origin.require_auth("someone", SECRET);
        }
        let text = stage.configuration("").replace(&format!("\"{at}/"), &format!("\"{base}/"));
        stage.sandbox.mirror_config(&text);
        // Two rules for one address are git's to choose from, so those cases go by name alone.
        let base = if case == "a token" || case == "elsewhere" { "http://127.0.0.1:1" } else { base };
        match base {
            "http://127.0.0.1:1" => {
                let plain = run(&stage, said, &["clone", "-q", &format!("{at}/{NAME}.git"), &format!("{case}-plain")]);
                let (_, ours) = (plain.ok(), run(&stage, said, &["clone", "-q", "mirror::owner/small", case]).ok());
                assert!(!ours.stderr.contains(SECRET), "{ours}");
                assert_eq!(refs(&stage, case), refs(&stage, &format!("{case}-plain")), "{case}");
            }
            base => assert!(assert_as_plain_git(&stage, case, base, said), "{case}"),
        }
        assert_eq!(mirrors_heard(&stage), 0, "{case}: no mirror hears the name");
    }
    assert!(!elsewhere.log().is_empty());
    // Nor when upstream is away, or shuts its door.
    let said: Said<'_> = (&[("http.extraHeader", "X-Member: wrong")], &[]);
    stage.configure("");
    stage.origin.show_only_to("X-Member", SECRET, None);
    for case in ["shut", "busy", "away"] {
        stage.forget();
        match case {
            "busy" => stage.origin.set(Fault::status(500)),
            "away" => stage.upstream_goes_away(),
            _ => {}
        }
        assert_eq!(run(&stage, said, &["clone", "-q", "mirror::owner/small", case]).code, 128, "{case}");
        assert!(!Path::new(&stage.work(case)).exists(), "{case}: no target is left");
        assert_eq!(mirrors_heard(&stage), 0, "{case}");
    }
}
