//! The ways to a mirror: TLS that is believed or not, and proxies.

use mirror_tests::{Certificate, GitServer, History, SocksProxy, Stage, TlsFront, assert_same_repository_but};

/// A stage whose mirrors are `extra`, given as configuration; the good one carries what the others do not.
fn clone_with(stage: &Stage, extra: &str, target: &str) -> mirror_tests::Ran {
    stage.configure(extra);
    let ran = stage.clone(&["-q"], target).ok();
    assert_same_repository_but(&stage.work("plain"), &stage.work(target), "refs/none");
    stage.sandbox.git_in(stage.work(target), ["fsck", "--strict"]).ok();
    ran
}

fn stage() -> (Stage, GitServer) {
    let stage = Stage::new(&History::small(), &[]);
    stage.plain_clone(&["-q"], "plain").ok();
    stage.upstream.copy_to(stage.sandbox.path("copy"));
    let server = GitServer::start(stage.sandbox.path("copy"));
    (stage, server)
}

#[test]
fn only_certificates_of_known_authorities_for_this_host_and_time_are_believed() {
    let (stage, server) = stage();
    for (case, certificate, known, outcome) in [
        ("good", Certificate::Good, true, "behind-tls ok"),
        ("unknown-issuer", Certificate::Good, false, "behind-tls tls"),
        ("expired", Certificate::Expired, true, "behind-tls tls"),
        ("wrong-name", Certificate::WrongName, true, "behind-tls tls"),
    ] {
        let front = TlsFront::start(&server.url(), certificate);
        let file = stage.sandbox.path("authority.pem");
        std::fs::write(&file, front.authority()).expect("a sandbox takes files");
        let tls = if known { format!("[tls]\nca-file = \"{}\"\n", file.display()) } else { String::new() };
        let mirror = format!("[mirrors.behind-tls]\ngit = {{ github = \"{}/{{repo}}.git\" }}\n{tls}", front.url());
        stage.sandbox.forget_reports();
        // A store of its own for each case.
        let _ = std::fs::remove_dir_all(stage.sandbox.path("cache/mirror"));
        clone_with(&stage, &mirror, case);
        assert!(stage.outcomes().contains(&outcome.to_owned()), "{case}: {:?}", stage.outcomes());
    }
}

#[test]
fn a_mirror_behind_its_own_proxy_is_found_by_a_name_only_the_proxy_knows() {
    let (stage, server) = stage();
    let proxy = SocksProxy::start(&server.url());
    let mirror = format!(
        "[mirrors.far]\ninsecure = true\nproxy = \"{}\"\ngit = {{ github = \"http://far.invalid/{{repo}}.git\" }}\n",
        proxy.url()
    );
    let ran = clone_with(&stage, &mirror, "far");
    assert_eq!(stage.outcomes(), ["far ok"]);
    assert!(proxy.asked().iter().all(|name| name == "far.invalid") && !proxy.asked().is_empty());
    assert!(ran.stderr.contains("far is reached without TLS"), "plain http is said on every use: {ran}");
}

#[test]
fn a_proxy_that_is_dead_is_named_and_upstream_serves() {
    let (stage, _server) = stage();
    let proxy = mirror_tests::refused_url().replace("http://", "http://ada:sekrit@");
    let mirror = format!(
        "[mirrors.far]\ninsecure = true\nproxy = \"{proxy}\"\ngit = {{ github = \"http://far.invalid/{{repo}}.git\" }}\n"
    );
    let ran = clone_with(&stage, &mirror, "far");
    let outcomes = stage.outcomes();
    assert!(outcomes.contains(&"far proxy".to_owned()) || outcomes.contains(&"far refused".to_owned()), "{outcomes:?}");
    assert!(outcomes.contains(&"upstream:github ok".to_owned()), "{outcomes:?}");
    assert!(!ran.stderr.contains("sekrit"), "{ran}");
}

#[test]
fn authorities_of_ours_reach_git_s_own_helper() {
    let stage = Stage::new(&History::small(), &[]);
    stage.origin.require_auth("somebody", "sekrit");
    stage.sandbox.git_config("credential.helper", "!f() { echo username=somebody; echo password=sekrit; }; f");
    let front = TlsFront::start(&stage.origin.url(), Certificate::Good);
    stage.configure_behind(&front);
    stage.clone(&["-q"], "copy").ok();
    // What git itself is told stays in force.
    let other = stage.sandbox.path("other.pem");
    std::fs::write(&other, TlsFront::start(&stage.origin.url(), Certificate::Good).authority()).expect("ours");
    stage.sandbox.git_config("http.sslCAInfo", other.to_str().expect("plain names"));
    stage.clone(&["-q"], "again").fails();
}
