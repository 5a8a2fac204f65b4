//! TLS to mirrors: which certificates are believed, what is said of the others, and that nothing turns it off.

use std::{fs, time::Duration};

use mirror_tests::{
    CargoStage, Certificate, Fault, GitServer, History, IndexServer, Needs, Ran, Sandbox, Stage, TlsFront, WheelStock,
};

/// One way to a mirror.
struct Case {
    name: &'static str,
    certificate: Certificate,
    /// Whether its authority is in `tls.ca-file`.
    known: bool,
    /// Whether it leads on to plain http.
    downgrade: bool,
    /// How reports call what happens.
    outcome: &'static str,
    /// What people are told.
    words: &'static str,
}

const CASES: &[Case] = &[
    Case { name: "good", certificate: Certificate::Good, known: true, downgrade: false, outcome: "ok", words: "" },
    Case {
        name: "unknown issuer",
        certificate: Certificate::Good,
        known: false,
        downgrade: false,
        outcome: "tls",
        words: "127.0.0.1: no authority that is known here has issued it",
    },
    Case {
        name: "expired",
        certificate: Certificate::Expired,
        known: true,
        downgrade: false,
        outcome: "tls",
        words: "127.0.0.1: it expired on 2002-01-01",
    },
    Case {
        name: "wrong name",
        certificate: Certificate::WrongName,
        known: true,
        downgrade: false,
        outcome: "tls",
        words: "127.0.0.1: it is for elsewhere.example, not for 127.0.0.1",
    },
    Case {
        name: "downgrade",
        certificate: Certificate::Good,
        known: true,
        downgrade: true,
        outcome: "redirect",
        words: "redirects to http://127.0.0.1",
    },
];

/// The configuration's `[tls]` for a case.
fn tls(sandbox: &Sandbox, front: &TlsFront, case: &Case) -> String {
    let file = sandbox.path("authority.pem");
    fs::write(&file, front.authority()).expect("a sandbox takes files");
    if case.known { format!("[tls]\nca-file = \"{}\"\n", file.display()) } else { String::new() }
}

/// What became of a mirror in all reports.
fn outcomes(sandbox: &Sandbox, mirror: &str) -> Vec<String> {
    let reports = sandbox.report();
    let sources = reports.iter().filter_map(|report| report["sources"].as_array()).flatten();
    let of_mirror = sources.filter(|source| source["name"] == mirror);
    of_mirror.filter_map(|source| Some(source["outcome"].as_str()?.to_owned())).collect()
}

#[track_caller]
fn assert_outcome(sandbox: &Sandbox, case: &Case, ran: &Ran) {
    let all = outcomes(sandbox, "behind");
    let fits = !all.is_empty() && all.iter().all(|one| one == case.outcome);
    assert!(fits, "{}: {all:?} in {:?}: {ran}", case.name, sandbox.report());
}

#[test]
fn git_takes_nothing_over_a_connection_that_is_not_to_be_believed_and_says_why() {
    let stage = Stage::new(&History::small(), &[]);
    stage.plain_clone(&["-q"], "plain").ok();
    stage.upstream.copy_to(stage.sandbox.path("copy"));
    for case in CASES {
        let server = GitServer::start(stage.sandbox.path("copy"));
        let front = TlsFront::start(&server.url(), case.certificate);
        if case.downgrade {
            server.set(Fault::Redirect(server.url()));
        }
        let mirror = format!(
            "[mirrors.behind]\ntrusted = true\ngit = {{ github = \"{}/{{repo}}.git\" }}\n{}",
            front.url(),
            tls(&stage.sandbox, &front, case)
        );
        stage.configure(&mirror);
        stage.forget();
        let target = format!("{} with upstream", case.name);
        let ran = stage.clone(&["-q"], &target).ok();
        assert_outcome(&stage.sandbox, case, &ran);
        // Alone, it is refused by name.
        stage.forget();
        let alone = stage.configuration(&mirror).replace(&stage.origin.url(), &mirror_tests::refused_url());
        stage.sandbox.mirror_config(&alone);
        let ran = stage.clone(&["-q"], case.name);
        assert_eq!(ran.code == 0, case.outcome == "ok", "{}: {ran}", case.name);
        assert!(case.outcome == "ok" || ran.stderr.contains(case.words), "{}: {ran}", case.name);
        assert_eq!(stage.work(case.name).exists(), case.outcome == "ok", "{}", case.name);
    }
}

#[test]
fn an_upstream_that_is_not_to_be_believed_is_refused_with_the_kind_of_what_is_wrong() {
    let stage = Stage::new(&History::small(), &[]);
    for case in CASES {
        let server = GitServer::start(stage.sandbox.path("upstream"));
        let front = TlsFront::start(&server.url(), case.certificate);
        if case.downgrade {
            server.set(Fault::Redirect(stage.origin.url()));
        }
        let tls = tls(&stage.sandbox, &front, case);
        stage.sandbox.mirror_config(&format!(
            "[catalog]\nbuiltin = false\n[upstreams.github]\nurl = \"{}/{{repo}}.git\"\n{tls}",
            front.url(),
        ));
        stage.forget();
        let ran = stage.clone(&["-q"], case.name);
        assert_eq!(ran.code == 0, case.outcome == "ok", "{}: {ran}", case.name);
        assert_eq!(stage.work(case.name).exists(), case.outcome == "ok", "{}", case.name);
        let kind = match case.outcome {
            "ok" => continue,
            "tls" => "mirror: error[E-TLS]: ",
            _ => "mirror: error[E-REDIRECT]: ",
        };
        assert!(ran.stderr.contains(kind) && ran.stderr.contains(case.words), "{}: {ran}", case.name);
    }
}

#[test]
fn cargo_gets_nothing_over_a_connection_that_is_not_to_be_believed() {
    let mut stage = CargoStage::new(&["behind"]);
    let project = stage.project("project", Needs::Handful);
    for case in CASES {
        let plain = stage.mirror("behind").web.url();
        stage.mirror("behind").web.heal();
        if case.downgrade {
            stage.mirror("behind").web.set(Fault::Redirect(plain.clone()));
        }
        let front = TlsFront::start(&plain, case.certificate);
        stage.set_address("behind", &front.url());
        stage.configure(&tls(&stage.sandbox, &front, case));
        stage.forget();
        stage.fresh_cargo_home();
        let mut command = stage.sandbox.command("cargo-mirror");
        command.current_dir(&project).args(["run", "--", "fetch"]);
        let ran = stage.sandbox.run(command).ok();
        assert_outcome(&stage.sandbox, case, &ran);
    }
}

#[cfg(unix)]
#[test]
fn pip_gets_nothing_over_a_connection_that_is_not_to_be_believed_whatever_it_was_told_to_trust() {
    if std::process::Command::new("python3")
        .args(["-m", "pip", "--version"])
        .output()
        .map_or(true, |o| !o.status.success())
    {
        eprintln!("there is no python3 with pip, and nothing is seen here");
        return;
    }
    let stock = WheelStock::downloaded();
    let sandbox = Sandbox::new();
    let shim = sandbox.path("shim");
    fs::create_dir(&shim).expect("the sandbox is ours");
    std::os::unix::fs::symlink(sandbox.path("programs/pip-shim"), shim.join("pip")).expect("the sandbox is ours");
    let upstream = IndexServer::start(&stock);
    // Else it may be faster than a mirror's handshake.
    upstream.web.set_where(|seen| !IndexServer::is_page(seen), Fault::Delay(Duration::from_millis(1500)));
    for case in CASES {
        let server = IndexServer::start(&stock);
        if case.downgrade {
            server.web.set(Fault::Redirect(server.web.url()));
        }
        let front = TlsFront::start(&server.web.url(), case.certificate);
        sandbox.mirror_config(&format!(
            "[catalog]\nbuiltin = false\n[pip]\nupstream = \"{}\"\n[mirrors.behind]\npypi = \"{}/simple/\"\n{}",
            upstream.index(),
            front.url(),
            tls(&sandbox, &front, case)
        ));
        for folder in ["state", "cache"] {
            let folder = sandbox.path(folder);
            fs::remove_dir_all(&folder).and_then(|()| fs::create_dir(&folder)).expect("the folder is ours");
        }
        sandbox.forget_reports();
        let mut command = sandbox.command(shim.join("pip"));
        command.args([
            "--disable-pip-version-check",
            "download",
            "--no-cache-dir",
            "--no-deps",
            "-d",
            case.name,
            "certifi",
        ]);
        command.env("PIP_TRUSTED_HOST", "127.0.0.1");
        let ran = sandbox.run(command).ok();
        assert_outcome(&sandbox, case, &ran);
    }
}

#[test]
fn what_turns_verification_off_for_git_does_not_reach_mirrors() {
    let stage = Stage::new(&History::small(), &[]);
    stage.upstream.copy_to(stage.sandbox.path("copy"));
    let server = GitServer::start(stage.sandbox.path("copy"));
    let front = TlsFront::start(&server.url(), Certificate::Expired);
    stage.configure(&format!("[mirrors.behind]\ngit = {{ github = \"{}/{{repo}}.git\" }}\n", front.url()));
    stage.sandbox.git_config("http.sslVerify", "false");
    stage.sandbox.git_config(&format!("http.{}/.sslVerify", front.url()), "false");
    let mut command = stage.sandbox.command("git");
    command.args(["-c", "http.sslVerify=false", "clone", "-q", "mirror::owner/small", "ours"]);
    command.env("GIT_SSL_NO_VERIFY", "1");
    for (name, value) in [("COUNT", "1"), ("KEY_0", "http.sslVerify"), ("VALUE_0", "false")] {
        command.env(format!("GIT_CONFIG_{name}"), value);
    }
    let ran = stage.sandbox.run(command).ok();
    assert_eq!(outcomes(&stage.sandbox, "behind"), ["tls"], "{ran}");
    assert!(server.log().is_empty(), "the mirror was told nothing");
    let mut doctor = stage.sandbox.command("cargo-mirror");
    doctor.args(["doctor", "--json"]).env("GIT_SSL_NO_VERIFY", "1").env("PIP_TRUSTED_HOST", "m.example");
    doctor.env("GIT_CONFIG_COUNT", "1").env("GIT_CONFIG_KEY_0", "http.sslVerify").env("GIT_CONFIG_VALUE_0", "false");
    doctor.env("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem");
    let said = stage.sandbox.run(doctor).stdout;
    for word in [
        "GIT_SSL_NO_VERIFY is set",
        "PIP_TRUSTED_HOST: m.example trusted without certificates",
        "/nowhere/ca.pem",
        "unset GIT_CONFIG_COUNT",
    ] {
        assert!(said.contains(word), "{word}: {said}");
    }
    assert!(said.to_lowercase().contains(&format!("http.{}/.sslverify is off", front.url())), "{said}");
}

#[test]
fn a_probe_shows_every_certificate_with_the_verdict_on_it() {
    let sandbox = Sandbox::new();
    let plain = mirror_tests::FileServer::start();
    let (mut config, mut authorities) = ("[catalog]\nbuiltin = false\n".to_owned(), String::new());
    let fronts: Vec<TlsFront> = CASES.iter().map(|case| TlsFront::start(&plain.web.url(), case.certificate)).collect();
    for (case, front) in CASES.iter().zip(&fronts) {
        let name = case.name.replace(' ', "-");
        config += &format!("[mirrors.{name}]\npypi = \"{}/simple/\"\n", front.url());
        if case.known {
            authorities += front.authority();
        }
    }
    config += &format!("[mirrors.plain]\npypi = \"{}/simple/\"\n", plain.web.url());
    config +=
        &format!("[mirrors.dead]\npypi = \"{}/simple/\"\n", mirror_tests::refused_url().replace("http:", "https:"));
    fs::write(sandbox.path("ca.pem"), authorities).expect("the sandbox is ours");
    sandbox.mirror_config(&format!("{config}[tls]\nca-file = \"{}\"\n", sandbox.path("ca.pem").display()));
    let probe = |options: &[&str]| {
        let mut command = sandbox.command("cargo-mirror");
        command.args(["probe", "--tls"]).args(options);
        sandbox.run(command).ok().stdout
    };
    let rows: serde_json::Value = serde_json::from_str(&probe(&["--json"])).expect("JSON");
    let rows = rows.as_array().expect("a list");
    let row = |name: &str| rows.iter().find(|row| row["mirrors"][0] == name).unwrap_or_else(|| panic!("{name}"));
    for (name, verdict, names, expired) in [
        ("good", "ok", Some("127.0.0.1"), false),
        ("unknown-issuer", "unknown-issuer", Some("127.0.0.1"), false),
        ("expired", "expired", Some("127.0.0.1"), true),
        ("wrong-name", "wrong-name", Some("elsewhere.example"), false),
        ("plain", "no-tls", None, false),
        ("dead", "refused", None, false),
    ] {
        let row = row(name);
        assert_eq!(row["verdict"], verdict, "{row}");
        assert_eq!(row["names"][0].as_str(), names, "{row}");
        assert_eq!(row["issuer"].as_str().is_some_and(|who| who.contains("an authority of a test")), names.is_some());
        assert_eq!(row["days_left"].as_i64().is_some_and(|days| days < 0), expired, "{row}");
    }
    let table = probe(&[]);
    assert!(table.contains("elsewhere.example") && table.contains("it expired on 2002-01-01"), "{table}");
}
