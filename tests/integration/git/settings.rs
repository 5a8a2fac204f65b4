//! git's own settings for upstream: plain git beside ours, by name and by the rule; and that no mirror hears of them.

use std::fs;

use super::privacy::note_arguments;
use mirror_tests::{Certificate, Fault, GitServer, History, NAME, Ran, Seen, Stage, TlsFront, refused_url};

/// What is in a header, a cookie, a name or a password, and nobody else's to hear.
pub(super) const SECRET: &str = "sekrit";

/// What is said to git: settings on the command line, and variables.
pub(super) type Said<'a> = (&'a [(&'a str, &'a str)], &'a [(&'a str, &'a str)]);

pub(super) fn run(stage: &Stage, (settings, variables): Said<'_>, arguments: &[&str]) -> Ran {
    let mut command = stage.sandbox.command("git");
    for (key, value) in settings {
        command.arg("-c").arg(format!("{key}={value}"));
    }
    command.envs(variables.iter().copied()).args(arguments);
    stage.sandbox.run(command)
}

pub(super) fn refs(stage: &Stage, target: &str) -> String {
    let all = ["for-each-ref", "--format=%(refname) %(objectname) %(symref)"];
    stage.sandbox.git_in(stage.work(target), all).ok().stdout
}

/// Clones with plain git, by name, and by a rule for upstream's address: with the same code, and the same refs. Whether it
/// worked; the logs of mirrors and upstream are then those of ours.
#[track_caller]
pub(super) fn assert_as_plain_git(stage: &Stage, case: &str, base: &str, said: Said<'_>) -> bool {
    let url = format!("{base}/{NAME}.git");
    let target = |kind: &str| format!("{}-{kind}", case.replace(|c: char| !c.is_ascii_alphanumeric(), "-"));
    let plain = run(stage, said, &["clone", "-q", &url, &target("plain")]);
    stage.origin.forget_log();
    let rule = (format!("url.mirror::{base}/.insteadOf"), format!("{base}/"));
    let ruled: Vec<(&str, &str)> = said.0.iter().copied().chain([(rule.0.as_str(), rule.1.as_str())]).collect();
    for (kind, settings, address) in [("name", said.0, "mirror::owner/small"), ("rule", &ruled, url.as_str())] {
        stage.forget();
        let ours = run(stage, (settings, said.1), &["clone", "-q", address, &target(kind)]);
        assert_eq!(ours.code, plain.code, "{case} {kind}: {ours}\nplain: {plain}");
        if plain.code == 0 {
            assert_eq!(refs(stage, &target(kind)), refs(stage, &target("plain")), "{case} {kind}");
        }
    }
    for mirror in &stage.mirrors {
        for seen in mirror.server.log() {
            let all = format!("{seen:?} {}", String::from_utf8_lossy(&seen.body));
            assert!(!all.contains(SECRET) && !all.contains("odd/1"), "{case}: {} heard {all}", mirror.name);
            assert_eq!((seen.header("Cookie"), seen.header("Authorization")), (None, None), "{case}");
        }
    }
    plain.code == 0
}

pub(super) fn mirrors_heard(stage: &Stage) -> usize {
    let heard = stage.mirrors.iter().map(|mirror| mirror.server.log().len()).sum();
    stage.mirrors.iter().for_each(|mirror| mirror.server.forget_log());
    heard
}

#[test]
fn git_is_asked_for_its_configuration_once_and_once_more_for_sections_of_addresses() {
    let stage = Stage::new(&History::small(), &["a", "b"]);
    let arguments = note_arguments(&stage);
    let exec = stage.sandbox.path("exec");
    let exec = exec.to_str().expect("plain names");
    let own = format!("http.{}/.proxy", stage.origin.url());
    for (case, settings, asked, helpers) in [
        ("nothing", &[][..], 1, 0),
        ("a proxy of none", &[("http.proxy", "")][..], 1, 0),
        ("what does not matter", &[("http.http://h.example/.postBuffer", "1")], 1, 0),
        ("a section", &[(own.as_str(), "")], 2, 0),
        ("what only git has", &[("http.version", "HTTP/1.1")], 1, 1),
    ] {
        let _ = fs::remove_file(&arguments);
        stage.forget();
        run(&stage, (settings, &[("GIT_EXEC_PATH", exec)]), &["clone", "-q", "mirror::owner/small", case]).ok();
        let text = fs::read_to_string(&arguments).expect("they are noted");
        let count = |words: &str| text.lines().filter(|line| line.contains(words)).count();
        assert_eq!((count("config "), count("remote-https ")), (asked, helpers), "{case}: {text}");
    }
}

#[test]
fn the_way_to_upstream_is_gits() {
    let stage = Stage::new(&History::small(), &["a", "b"]);
    let (base, dead) = (stage.origin.url(), refused_url());
    // A server that is asked for whole addresses, as proxies are.
    let proxy = GitServer::start(stage.sandbox.path("upstream"));
    let live = proxy.url();
    let own = format!("http.{base}/owner.proxy");
    let around = [("no_proxy", "127.0.0.1")];
    let environment = [("http_proxy", dead.as_str()), ("NO_PROXY", "elsewhere.example")];
    let without_scheme = live.trim_start_matches("http://");
    for (case, settings, variables, by_proxy) in [
        ("a live one, and the environment's dead", &[("http.proxy", live.as_str())][..], &environment[..], true),
        ("a dead one, and an exception", &[("http.proxy", &dead)], &around, false),
        ("none, and the environment's dead", &[("http.proxy", "")], &environment, false),
        ("none for the address", &[("http.proxy", &dead), (&own, "")], &[], false),
        ("one for the address", &[("http.proxy", &dead), (&own, &live)], &[], true),
        ("one for the remote", &[("http.proxy", &dead), ("remote.origin.proxy", &live)], &[], true),
        ("one without a scheme", &[("http.proxy", without_scheme)], &environment, true),
        ("one with a way to sign in", &[("http.proxy", &live), ("http.proxyAuthMethod", "basic")], &[], true),
        ("a live one, and exceptions for others", &[("http.proxy", &live)], &[("no_proxy", ".example")], true),
    ] {
        proxy.forget_log();
        assert!(assert_as_plain_git(&stage, case, &base, (settings, variables)), "{case}");
        assert_eq!(!proxy.log().is_empty(), by_proxy, "{case}");
        assert_eq!(stage.origin.log().is_empty(), by_proxy, "{case}");
        let ours = if by_proxy { &proxy } else { &stage.origin };
        // Mirrors do not go by git's proxy, and where the environment's is dead they cannot be reached.
        let carried = variables.iter().all(|(name, _)| *name != "http_proxy");
        assert_eq!(mirrors_heard(&stage) > 0, carried, "{case}");
        assert!(!carried || ours.fetched() < stage.upstream.pack_bytes() * 2, "{case}: mirrors carried");
    }
}

#[test]
fn our_own_proxy_stays_in_front_and_leads_gits_own_helper_too() {
    let stage = Stage::new(&History::small(), &["a", "b"]);
    let (proxy, dead) = (GitServer::start(stage.sandbox.path("upstream")), refused_url());
    let exceptions = |url: &str, hosts: &str| {
        stage.configure(&format!("[proxy]\nurl = \"{url}\"\nno-proxy = [\"{hosts}\"]\n"));
    };
    for (case, hosts, settings, variables, by_proxy) in [
        ("by our client", "h.example", &[("http.proxy", dead.as_str())][..], &[][..], true),
        ("by our client, in a way of git's", "h.example", &[("http.proxyAuthMethod", "ntlm")], &[], true),
        ("by git", "h.example", &[("http.userAgent", "odd/1")], &[("http_proxy", dead.as_str())], true),
        ("by git, and an exception", "127.0.0.1", &[("http.userAgent", "odd/1")], &[("http_proxy", &dead)], false),
    ] {
        exceptions(&proxy.url(), hosts);
        stage.forget();
        proxy.forget_log();
        stage.origin.forget_log();
        run(&stage, (settings, variables), &["clone", "-q", "mirror::owner/small", &case.replace(' ', "-")]).ok();
        let path = format!("{}/{NAME}.git/info/refs", stage.origin.url());
        assert_eq!(proxy.log().iter().any(|seen| seen.path.starts_with(&path)), by_proxy, "{case}");
        assert_eq!(stage.origin.log().is_empty(), by_proxy, "{case}");
    }
    // With a password it is our client's alone.
    exceptions(&proxy.url().replace("http://", "http://someone:sekrit@"), "h.example");
    stage.forget();
    proxy.forget_log();
    run(&stage, (&[("http.userAgent", "odd/1")], &[]), &["clone", "-q", "mirror::owner/small", "with-password"]).ok();
    assert!(!proxy.log().is_empty() && proxy.log().iter().all(|seen| seen.user_agent() != "odd/1"));
}

#[test]
fn a_proxy_that_asks_for_a_password_gets_it_from_git() {
    let stage = Stage::new(&History::small(), &["a", "b"]);
    let proxy = GitServer::start(stage.sandbox.path("upstream"));
    // Base64 of the name and password below.
    proxy.show_only_to("Proxy-Authorization", "c29tZW9uZTpzZWtyaXQ", None);
    let helper = format!("!f() {{ echo username=someone; echo password={SECRET}; }}; f");
    stage.sandbox.git_config("credential.helper", &helper);
    let (base, live) = (stage.origin.url(), proxy.url());
    let own = format!("http.{base}/.proxy");
    let (named, whole) =
        ["someone", "someone:sekrit"].map(|who| live.replace("http://", &format!("http://{who}@"))).into();
    for (case, setting) in [
        ("a name", ("http.proxy", named.as_str())),
        ("a name for the address", (own.as_str(), named.as_str())),
        ("a name for the remote", ("remote.origin.proxy", named.as_str())),
        ("a name and a password", ("http.proxy", whole.as_str())),
    ] {
        proxy.forget_log();
        assert!(assert_as_plain_git(&stage, case, &base, (&[setting], &[])), "{case}");
        assert!(stage.origin.log().is_empty() && !proxy.log().is_empty(), "{case}");
    }
}

#[test]
fn what_our_client_does_not_have_is_asked_by_git_and_mirrors_carry() {
    let stage = Stage::new(&History::small(), &["a", "b"]);
    let base = stage.origin.url();
    let (own, other) = (format!("http.{base}.userAgent"), "http.http://127.0.0.1:1.userAgent".to_owned());
    let stars = "http.http://*.0.0.1.userAgent".to_owned();
    for (case, settings, variables, agent) in [
        ("a name", &[("http.userAgent", "odd/1")][..], &[][..], true),
        ("a name for the address", &[(own.as_str(), "odd/1")], &[], true),
        ("a name for another address", &[(other.as_str(), "odd/1")], &[], false),
        ("a name for a pattern that is none", &[(stars.as_str(), "odd/1")], &[], false),
        ("a name by a variable", &[], &[("GIT_HTTP_USER_AGENT", "odd/1")], true),
        (
            "a name that is counted",
            &[],
            &[("GIT_CONFIG_COUNT", "1"), ("GIT_CONFIG_KEY_0", "http.userAgent"), ("GIT_CONFIG_VALUE_0", "odd/1")],
            true,
        ),
        ("a version", &[("http.version", "HTTP/1.1")], &[], false),
        ("a least speed", &[("http.lowSpeedLimit", "1"), ("http.lowSpeedTime", "60")], &[], false),
        ("redirects", &[("http.followRedirects", "true")], &[], false),
        ("another address resolved", &[("http.curloptResolve", "elsewhere.example:443:127.0.0.1")], &[], false),
    ] {
        assert!(assert_as_plain_git(&stage, case, &base, (settings, variables)), "{case}");
        let log = stage.origin.log();
        assert!(!log.is_empty() && log.iter().all(|seen| (seen.user_agent() == "odd/1") == agent), "{case}: {log:?}");
        assert!(!log.iter().any(Seen::is_fetch), "{case}: mirrors carried all");
        assert!(mirrors_heard(&stage) > 0, "{case}");
    }
    // Included, for this folder alone.
    let more = stage.sandbox.path("more");
    fs::write(&more, "[http]\n\tuserAgent = odd/1\n").expect("the sandbox is ours");
    stage.sandbox.git_config("include.path", more.to_str().expect("plain names"));
    assert!(assert_as_plain_git(&stage, "included", &base, (&[], &[])));
    assert!(stage.origin.log().iter().all(|seen| seen.user_agent() == "odd/1"));
}

#[test]
fn an_authority_or_an_address_that_only_git_knows_leads_to_upstream() {
    let mut stage = Stage::new(&History::small(), &["a", "b"]);
    let plain = TlsFront::start(&stage.origin.url(), Certificate::Good);
    let named = TlsFront::named(&stage.origin.url(), Certificate::Good, "up.invalid");
    let both = stage.sandbox.path("ca.pem");
    fs::write(&both, [&plain, &named].map(TlsFront::authority).concat()).expect("the sandbox is ours");
    let both = both.to_str().expect("plain names").to_owned();
    let (at_plain, at_named) = (plain.url(), format!("https://up.invalid:{}", named.port()));
    let resolve = format!("up.invalid:{}:127.0.0.1", named.port());
    let own = format!("http.{at_named}/.curloptResolve");
    let ca = ("http.sslCAInfo", both.as_str());
    for (case, base, settings, variables, works) in [
        ("an authority", &at_plain, &[ca][..], &[][..], true),
        ("an authority by a variable", &at_plain, &[], &[("GIT_SSL_CAINFO", both.as_str())], true),
        ("no verification", &at_plain, &[("http.sslVerify", "false")], &[], true),
        ("no verification by a variable", &at_plain, &[], &[("GIT_SSL_NO_VERIFY", "1")], true),
        ("an address resolved", &at_named, &[ca, ("http.curloptResolve", &resolve)], &[], true),
        ("an address resolved for itself", &at_named, &[ca, (&own, &resolve)], &[], true),
        ("a pin that fits nobody", &at_plain, &[ca, ("http.pinnedPubkey", "sha256//AAAA")], &[], false),
    ] {
        let text = stage.configuration("").replace(&format!("\"{}/", stage.origin.url()), &format!("\"{base}/"));
        stage.sandbox.mirror_config(&text);
        if works {
            assert!(assert_as_plain_git(&stage, case, base, (settings, variables)), "{case}");
            assert!(!stage.origin.log().iter().any(Seen::is_fetch) && mirrors_heard(&stage) > 0, "{case}");
        } else {
            let url = format!("{base}/{NAME}.git");
            assert_eq!(run(&stage, (settings, variables), &["clone", "-q", &url, "pinned"]).code, 128, "{case}");
            stage.forget();
            let ours = run(&stage, (settings, variables), &["clone", "-q", "mirror::owner/small", "by-others"]).ok();
            assert!(ours.stderr.contains("upstream"), "{case}: mirrors speak in its place, and that is said: {ours}");
        }
    }
    stage.upstream_goes_away();
}

#[test]
fn an_upstream_that_says_nothing_is_not_waited_for_where_others_speak() {
    let stage = Stage::new(&History::small(), &["a", "b"]);
    let said: Said<'_> = (&[("http.userAgent", "odd/1")], &[]);
    stage.origin.set(Fault::BlackHole);
    let ran = run(&stage, said, &["clone", "-q", "mirror::owner/small", "ours"]).ok();
    assert!(ran.stderr.contains("no answer in time") && ran.seconds < 30.0, "{ran}");
    assert!(mirrors_heard(&stage) > 0);
}

#[test]
fn a_family_of_addresses_is_everybodys() {
    let stage = Stage::new(&History::small(), &["a", "b"]);
    let url = stage.origin.repo_url(NAME);
    for (option, code) in [("-4", 0), ("-6", 128), ("-q", 0)] {
        stage.forget();
        mirrors_heard(&stage);
        let plain = run(&stage, (&[], &[]), &["clone", "-q", option, &url, &format!("plain{option}")]);
        let heard = mirrors_heard(&stage);
        let ours = run(&stage, (&[], &[]), &["clone", "-q", option, "mirror::owner/small", &format!("ours{option}")]);
        assert_eq!((heard, plain.code, ours.code), (0, code, code), "{option}: {ours}");
        assert_eq!(mirrors_heard(&stage) > 0, code == 0, "{option}: all of them are reached by IPv4 alone");
        // By git's own helper it is the same.
        let said: Said<'_> = (&[("http.userAgent", "odd/1")], &[]);
        stage.forget();
        let ours = run(&stage, said, &["clone", "-q", option, "mirror::owner/small", &format!("by-git{option}")]);
        assert_eq!(ours.code, code, "{option}: {ours}");
    }
}
