//! Planted secrets come out nowhere: git's own commands through `mirror::`, and ours about git, at their loudest.

use std::{fs, os::unix::fs::PermissionsExt};

use mirror_tests::{Canary, Certificate, Fault, History, SocksProxy, Stage, TlsFront, refused_url};

use crate::all::{Planted, canary, mirrors};

/// git's own settings for the stage: an authority that is known, and a helper with the credentials of upstream.
fn credentials(stage: &Stage) {
    let upstream = canary("upstream");
    let helper = stage.sandbox.path("bin/credentials");
    let text = format!("#!/bin/sh\necho 'username={}'\necho 'password={}'\n", upstream.user, upstream.password);
    fs::write(&helper, text).expect("the sandbox is ours");
    fs::set_permissions(&helper, fs::Permissions::from_mode(0o755)).expect("the file is ours");
    stage.sandbox.git_config("credential.helper", helper.to_str().expect("plain names"));
}

#[test]
fn git_gives_no_secret_away() {
    let mut stage = Stage::new(&History::small(), &["a", "b"]);
    let socks = SocksProxy::start(&stage.mirror("b").server.url());
    let (a, b) = (stage.mirror("a").server.url(), stage.mirror("b").server.url());
    let base =
        format!("[catalog]\nbuiltin = false\n[upstreams.github]\nurl = \"{}/{{repo}}.git\"\n", stage.origin.url());
    let config = base + &mirrors("git", "/{repo}.git", &a, &b, &socks.url());
    let sandbox_config = stage.sandbox.path("config/mirror/config.toml");
    let header = format!("Authorization: Bearer {}", canary("header").password);
    stage.sandbox.git_config("http.https://h.example/.extraHeader", &header);
    credentials(&stage);
    let gitconfig = stage.sandbox.path("gitconfig");

    for (case, spoil) in [
        ("well", None),
        ("flip", Some(Fault::FlipByteAt(0.5.into()))),
        ("portal", Some(Fault::captive_portal())),
        ("401", Some(Fault::unauthorized())),
        ("redirect", Some(Fault::Redirect(canary("mirror").in_address(&refused_url())))),
        ("private", None),
        ("away", None),
        ("proxy", None),
    ] {
        set_the_stage(&mut stage, case, spoil);
        let dead = canary("proxy").in_address(&refused_url());
        let more = if case == "proxy" { format!("[proxy]\nurl = \"{dead}\"\n") } else { String::new() };
        if case == "proxy" {
            stage.sandbox.git_config("http.proxy", &canary("git-proxy").in_address(&refused_url()));
        }
        let mut planted = Planted::in_sandbox(&stage.sandbox);
        planted.file(sandbox_config.clone(), &format!("{config}{more}"));
        planted.keep(gitconfig.clone());
        let clone = planted.run(case, planted.command("git", &["clone", "-v", "mirror::owner/small", case]));
        assert_eq!(clone.code == 0, case != "proxy", "{case}: {clone}");
        if clone.code == 0 {
            for arguments in [["fetch", "-v"], ["push", "-v"], ["fetch", "--depth=1"]] {
                let mut command = planted.command("git", &arguments);
                command.current_dir(stage.work(case));
                planted.run(case, command);
            }
        }
        planted.run(case, planted.command("git", &["ls-remote", "mirror::owner/small"]));
        for line in [
            "probe git owner/small",
            "probe git --json",
            "status git",
            "status git --json",
            "list --json",
            "cache verify",
        ] {
            planted.mirror(case, &stage.sandbox.work(), line);
        }
    }
}

/// Nothing is remembered; mirrors are spoiled like this, and upstream as the case is called.
fn set_the_stage(stage: &mut Stage, case: &str, spoil: Option<Fault>) {
    stage.forget();
    let Canary { user, password } = canary("upstream");
    match case {
        "private" => stage.origin.require_auth(&user, &password),
        "away" => stage.upstream_goes_away(),
        _ => {}
    }
    for name in ["a", "b"] {
        stage.mirror(name).server.heal();
        if let Some(fault) = &spoil {
            stage.mirror(name).server.set(fault.clone());
        }
    }
}

#[test]
fn git_gives_no_secret_away_over_https() {
    let mut stage = Stage::new(&History::small(), &["a", "b"]);
    credentials(&stage);
    let front = |url: &str| TlsFront::start(url, Certificate::Good);
    let own = front(&stage.origin.url());
    let a = front(&stage.mirror("a").server.url());
    let behind = stage.mirror("b").server.url();
    let (b, wrong) =
        (TlsFront::named(&behind, Certificate::Good, "localhost"), TlsFront::start(&behind, Certificate::WrongName));
    let authorities = stage.sandbox.path("ca.pem");
    fs::write(&authorities, [&own, &a, &b, &wrong].map(TlsFront::authority).concat()).expect("the sandbox is ours");
    let authorities = authorities.to_str().expect("plain names");
    stage.sandbox.git_config("http.sslCAInfo", authorities);
    let gitconfig = stage.sandbox.path("gitconfig");
    for (case, spoil) in [
        ("well", None),
        ("flip", Some(Fault::FlipByteAt(0.5.into()))),
        ("401", Some(Fault::unauthorized())),
        ("wrong name", None),
        ("private", None),
        ("away", None),
    ] {
        set_the_stage(&mut stage, case, spoil);
        let second = if case == "wrong name" { &wrong } else { &b };
        let socks = SocksProxy::start(&second.url().replace("https", "http"));
        let base = format!(
            "[catalog]\nbuiltin = false\n[tls]\nca-file = \"{authorities}\"\n[upstreams.github]\nurl = \"{}/{{repo}}.git\"\n",
            own.url()
        );
        let mut planted = Planted::in_sandbox(&stage.sandbox);
        // Everything here is https, and nobody goes through the proxy of the variables, but all could tell of it.
        planted.variables.extend([("NO_PROXY", "127.0.0.1".to_owned()), ("GIT_TRACE", "1".to_owned())]);
        planted.variables.extend([("GIT_CURL_VERBOSE", "1".to_owned()), ("GIT_TRACE_PACKET", "1".to_owned())]);
        let config = base + &mirrors("git", "/{repo}.git", &a.url(), &second.url(), &socks.url());
        planted.file(stage.sandbox.path("config/mirror/config.toml"), &config);
        planted.keep(gitconfig.clone());
        planted.run(case, planted.command("git", &["clone", "-v", "mirror::owner/small", case])).ok();
        for arguments in [["fetch", "-v"], ["push", "-v"], ["fetch", "--depth=1"]] {
            let mut command = planted.command("git", &arguments);
            command.current_dir(stage.work(case));
            planted.run(case, command);
        }
        for line in [
            "probe git owner/small",
            "probe git --tls --json",
            "doctor",
            "setup git --dry-run",
            "setup git --transparent --yes",
            "status git --json",
            "undo git",
            "pin owner/small",
            "recheck --repository owner/small .",
            "ledger --json",
        ] {
            planted.mirror(case, &stage.work(case), line);
        }
    }
    assert!(["a", "b"].iter().all(|name| !stage.mirror(name).server.log().is_empty()), "both could have told");
}

#[test]
fn a_secret_that_was_typed_is_not_repeated() {
    let stage = Stage::new(&History::small(), &["a"]);
    let mut planted = Planted::in_sandbox(&stage.sandbox);
    planted.typed = true;
    let Canary { user, password } = canary("typed");
    let encoded = canary("typed").userinfo();
    for address in [
        format!("https://{encoded}@github.example/owner/small.git"),
        format!("https://{user}:{password}@h:x/owner/small"),
        format!("{encoded}@github.example:owner/small"),
        format!("ssh://{encoded}@h/owner/small"),
        format!("htps://{user}:{}@h/a", password.replace('/', "")),
        format!("ext::sh -c {password}"),
        canary("typed").in_address(&stage.origin.repo_url("owner/small")),
    ] {
        let words = ["clone".into(), "-v".into(), format!("mirror::{address}")];
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        // git itself shows what was typed, so its helper is asked.
        let mut command = planted.command("git-remote-mirror", &["origin", &address]);
        command.env("GIT_DIR", stage.sandbox.path("upstream/owner/small.git"));
        let ran = planted.run(&address, command);
        assert!(ran.stderr.contains("mirror: error[E-"), "{words:?}: {ran}");
    }
    for address in [canary("typed").in_address(&refused_url()), format!("https://{encoded}@h:x/list")] {
        let ran = planted.run(&address, planted.command("cargo-mirror", &["catalog", "update", &address]));
        assert!(ran.stderr.contains("error"), "{ran}");
    }
    let file = stage.sandbox.path("config/mirror/config.toml");
    for text in [
        format!("[mirrors.x]\npypi = \"https://{user}:{}@h:x/\"\n", password.replace('"', "")),
        format!("[mirrors.x]\ngit = {{ github = \"http://{encoded}@h.example/{{repo}}\" }}\n"),
        format!("[mirrors.x]\ngit = {{ github = \"https://{encoded}@h.example/\" }}\n"),
        format!("[mirrors.x]\ncargo = \"https://{encoded}@h.example/\"\n"),
        format!("[mirrors.x]\nproxy = \"gopher://{encoded}@h.example/\"\n"),
        format!("[proxy]\nurl = \"https://{encoded}@h.example:x/\"\n"),
        format!("[upstreams.x]\nurl = \"https://{encoded}@h.example/{{repo}}\"\n"),
        format!("[mirrors.x]\npypi = \"https://{encoded}@h.example/\n"),
        format!("[proxy]\nurl = [\"https://{encoded}@h.example/\"]\n"),
        format!("\"https://{encoded}@h.example/\" = 1\n"),
    ] {
        planted.file(file.clone(), &text);
        for line in ["list", "doctor", "status --json"] {
            planted.mirror(&text, &stage.sandbox.work(), line);
        }
    }
}
