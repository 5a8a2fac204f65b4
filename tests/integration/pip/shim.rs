//! What the real pip is given: the same arguments, streams and signals, and an index only where nobody has chosen one.

use std::{
    ffi::OsString,
    io::{Read, Write},
    net::TcpListener,
    os::unix::{ffi::OsStringExt, process::ExitStatusExt},
    process::Stdio,
    sync::{Arc, Mutex},
    thread,
};

use mirror_tests::Sandbox;

use super::stage::{MIRROR, PipStage};

/// Argument lists that a shell script, a parser or a careless shim would change.
const ODD: &[&[&[u8]]] = &[
    &[],
    &[b""],
    &[b"", b""],
    &[b" "],
    &[b"install"],
    &[b"install", b""],
    &[b"install", b"a b", b" c "],
    &[b"install", b"\xff\xfe"],
    &[b"install", b"-r", b"\xff.txt"],
    &[b"\xffinstall"],
    &[b"install", b"a\nb"],
    &[b"install", b"\n"],
    &[b"install", b"\t"],
    &[b"install", b"'"],
    &[b"install", b"\""],
    &[b"install", b"\\"],
    &[b"install", b"$HOME"],
    &[b"install", b"`id`"],
    &[b"install", b"*"],
    &[b"install", b"requests>=2,<3"],
    &[b"install", b"requests[socks] ; python_version < '4'"],
    &[b"install", b"-i"],
    &[b"install", b"-iU"],
    &[b"install", b"-i="],
    &[b"install", b"--index-url="],
    &[b"install", b"--index-url", b""],
    &[b"install", b"--"],
    &[b"install", b"--", b"--"],
    &[b"--", b"install", b"-i", b"U"],
    &[b"-"],
    &[b"--"],
    &[b"---"],
    &[b"--=x"],
    &[b"-="],
    &[b"-\xff"],
    &[b"--\xff=\xfe"],
    &[b"--log", b"install", b"install"],
    &[b"-vvvqqq", b"install", b"x"],
    &[b"--unknown", b"install", b"x"],
    &[b"list", b"-o"],
    &[b"index", b"versions", b"x"],
    &[b"lock", b"-r", b"missing"],
    &[b"wheel", b"-w", b"-i", b"."],
    &[b"download", b"-d", b"", b"x"],
    &[b"config", b"set", b"global.index-url", b"U"],
    &[b"freeze", b">", b"x"],
    &[b"help", b"install"],
    &[b"--version"],
    &[b"-h"],
    &[b"install", "\u{e4}\u{4f60}\u{1f4a9}".as_bytes()],
    &[b"install", b"@file"],
    &[b"install", b"a=b", b"A=B"],
    &[b"install", b"%PATH%", b"^", b"&", b"|", b";"],
    &[b"install", b"--hash=sha256:0", b"x", b"x", b"x"],
    &[b"--json"],
    &[b"--help"],
];

#[test]
fn arguments_arrive_byte_for_byte() {
    let stage = PipStage::new(MIRROR);
    assert!(ODD.len() >= 50);
    for list in ODD {
        let words: Vec<OsString> = list.iter().map(|word| OsString::from_vec(word.to_vec())).collect();
        let ran = stage.sandbox.run(stage.pip(&words)).ok();
        assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""), "nothing is said when all is well");
        assert_eq!(stage.arguments(), Some(words));
    }
    let long: Vec<OsString> = (0..2000).map(|n| format!("package-{n}=={n}").into()).collect();
    stage.sandbox.run(stage.pip(&long)).ok();
    assert_eq!(stage.arguments(), Some(long));
}

#[test]
fn an_index_is_given_only_where_nobody_has_chosen_one() {
    let stage = PipStage::new(MIRROR);
    stage.file("named.txt", "-i https://other.example/simple\n");
    stage.file("plain.txt", "requests\n");
    stage.file("own.conf", "[install]\nindex-url = https://own.example/simple\n");
    let own = stage.sandbox.work().join("own.conf").display().to_string();
    for (line, variables, given) in [
        ("install x", &[][..], true),
        ("install -r plain.txt -f links --extra-index-url https://e.example x", &[("PIP_FIND_LINKS", "x")], true),
        ("install x", &[("PIP_INDEX_URL", "")], true),
        ("download x", &[("PIP_CONFIG_FILE", &own)], true),
        ("list -o", &[], true),
        ("index versions x", &[], true),
        ("wheel .", &[], true),
        ("lock x", &[], true),
        ("install -iU x", &[], false),
        ("install --no-index x", &[], false),
        ("install --isolated x", &[], false),
        ("install -r named.txt", &[], false),
        ("install x", &[("PIP_REQUIREMENT", "named.txt")], false),
        ("install x", &[("PIP_CONSTRAINT", "plain.txt named.txt")], false),
        ("install x", &[("PIP_CONFIG_FILE", &own)], false),
        ("install x", &[("PIP_NO_INDEX", "1")], false),
        ("install x", &[("PIP_AUTO_COMPLETE", "1")], false),
        ("config list", &[], false),
        ("debug", &[], false),
        ("freeze", &[], false),
        ("install --help", &[], false),
        ("--version", &[], false),
    ] {
        let mut command = stage.pip(line.split(' '));
        command.envs(variables.iter().copied());
        let ran = stage.sandbox.run(command).ok();
        assert_eq!(ran.stderr, "", "{line}");
        let seen = stage.variables();
        let index = seen.get("PIP_INDEX_URL").filter(|value| !value.is_empty());
        assert_eq!(index.map(String::as_str), given.then_some("https://m.example/simple/"), "{line} {variables:?}");
        for (name, value) in seen.iter().filter(|(name, _)| name.starts_with("PIP_")) {
            let ours = given && ["PIP_INDEX_URL", "PIP_DEFAULT_TIMEOUT", "PIP_RETRIES"].contains(&name.as_str());
            assert!(ours || variables.contains(&(name, value)), "{line}: {name}={value}");
        }
    }
}

#[test]
fn a_chosen_index_is_left_alone_wherever_it_stands() {
    let stage = PipStage::new(MIRROR);
    let mut command = stage.pip(["install", "x"]);
    command.env("PIP_INDEX_URL", "https://own.example/simple");
    stage.sandbox.run(command).ok();
    assert_eq!(stage.variables()["PIP_INDEX_URL"], "https://own.example/simple");
    for place in ["home/.pip", "config/pip", "venv"] {
        let stage = PipStage::new(MIRROR);
        stage.recorder("venv/bin/pip");
        let folder = stage.sandbox.path(place);
        std::fs::create_dir_all(&folder).expect("the sandbox is ours");
        let mut command = stage.pip(["install", "x"]);
        command.env("VIRTUAL_ENV", stage.sandbox.path("venv"));
        stage.sandbox.run(command).ok();
        assert!(stage.variables().contains_key("PIP_INDEX_URL"), "{place} is empty");
        std::fs::write(folder.join("pip.conf"), "[global]\nindex-url = https://own.example/\n").expect("ours");
        let mut command = stage.pip(["install", "x"]);
        command.env("VIRTUAL_ENV", stage.sandbox.path("venv"));
        stage.sandbox.run(command).ok();
        assert!(!stage.variables().contains_key("PIP_INDEX_URL"), "{place} has chosen");
    }
}

#[test]
fn a_file_that_moves_pip_elsewhere_is_refused_or_told_of() {
    let stage = PipStage::new(&format!("{MIRROR}[pip]\nstrict = true\n"));
    stage.file("r.txt", "-c c.txt\n");
    stage.file("c.txt", "\n--extra-index-url https://u:secret@other.example/simple\n");
    for (line, strict, ci, code) in [
        ("install -r r.txt", "true", "", 78),
        ("install -r r.txt -i https://own.example/", "true", "", 78),
        ("install -r r.txt --extra-index-url https://u:secret@other.example/simple/", "true", "1", 0),
        ("install -r r.txt --no-index", "true", "1", 0),
        ("install -r https://r.example/r.txt", "true", "", 78),
        ("install -r r.txt", "false", "1", 0),
        ("install -r r.txt", "false", "", 0),
        ("install x", "true", "1", 0),
        ("uninstall -r r.txt", "true", "1", 0),
    ] {
        let mut command = stage.pip(line.split(' '));
        command.env("MIRROR_PIP__STRICT", strict).env("CI", ci);
        let ran = stage.sandbox.run(command);
        assert_eq!(ran.code, code, "{line}: {ran}");
        assert_eq!(stage.arguments().is_some(), code == 0, "pip runs only when nothing is refused");
        assert!(!ran.stderr.contains("secret"), "{ran}");
        let warned = ran.stderr == "mirror: warning: c.txt:2 moves pip to https://***@other.example/simple\n";
        assert_eq!(warned, strict == "false" && ci == "1", "{line}: {ran}");
        assert_eq!(ran.stderr.contains("mirror: error[E-INDEX-OVERRIDE]: "), code == 78, "{line}: {ran}");
        assert!(code != 0 || warned || ran.stderr.is_empty(), "{line}: {ran}");
    }
    let errors: Vec<_> = stage.sandbox.report().iter().map(|line| line["error"].clone()).collect();
    assert_eq!(errors.iter().filter(|error| *error == "E-INDEX-OVERRIDE").count(), 3);
}

#[test]
fn configuration_is_read_only_where_an_index_is_needed() {
    let stage = PipStage::new("nonsense = true\n");
    for (line, code) in [("--version", 0), ("config list", 0), ("install -i U x", 0), ("install x", 78)] {
        let ran = stage.sandbox.run(stage.pip(line.split(' ')));
        assert_eq!(ran.code, code, "{line}: {ran}");
        assert_eq!(ran.stderr.contains("E-CONFIG"), code == 78, "{line}: {ran}");
    }
}

#[test]
fn only_mirrors_that_pip_may_use_directly_are_given() {
    let mirror =
        |address: &str, more: &str| format!("[catalog]\nbuiltin = false\n[mirrors.m]\npypi = \"{address}\"\n{more}");
    let upstream = "[pip]\nupstream = \"https://up.example/simple/\"\n";
    let plain = "https://m.example/simple/";
    for (config, given) in [
        (mirror(plain, ""), Some(plain)),
        (mirror("https://u:p@m.example/simple/", ""), None),
        (mirror("http://m.example/simple/", "insecure = true\n"), None),
        (mirror("http://127.0.0.1:9/simple/", ""), Some("http://127.0.0.1:9/simple/")),
        (mirror(plain, "enabled = false\n"), None),
        (mirror(plain, upstream), Some("https://up.example/simple/")),
        (mirror(plain, &format!("trusted = true\n{upstream}")), Some(plain)),
        (mirror(plain, "[pip]\ntrust = \"upstream\"\n"), None),
    ] {
        let stage = PipStage::new(&config);
        stage.sandbox.run(stage.pip(["install", "x"])).ok();
        assert_eq!(stage.variables().get("PIP_INDEX_URL").map(String::as_str), given, "{config}");
    }
}

#[test]
fn a_mirror_whose_certificate_pip_would_not_verify_is_not_given() {
    let mirrors = format!("{MIRROR}[mirrors.n]\npypi = \"https://n.example:444/simple/\"\nweight = 0.001\n");
    for (hosts, line, given) in [
        (None, "install x", true),
        (Some("other.example"), "install x", true),
        (Some("m.example n.example:444"), "install x", false),
        (Some("M.example:443 n.example"), "install x", false),
        (Some("n.example"), "install --trusted-host m.example x", false),
        (Some("n.example:444"), "install x", true),
    ] {
        let stage = PipStage::new(&mirrors);
        let mut command = stage.pip(line.split(' '));
        command.envs(hosts.map(|hosts| ("PIP_TRUSTED_HOST", hosts)));
        stage.sandbox.run(command).ok();
        let index = stage.variables().get("PIP_INDEX_URL").cloned();
        assert_eq!(index.is_some(), given, "{hosts:?} {line}: {index:?}");
        assert!(hosts != Some("n.example:444") || index.is_some_and(|index| index.contains("m.example")));
    }
}

#[test]
fn streams_signals_folder_and_exit_code_are_pip_s_own() {
    let stage = PipStage::new(MIRROR);
    for code in [0, 1, 2, 23, 255] {
        let mut command = stage.pip(["install", "x"]);
        command.env("CODE", code.to_string());
        assert_eq!(stage.sandbox.run(command).code, code);
    }
    assert_eq!(stage.recorded("folder"), stage.sandbox.work().display().to_string());
    stage.program("real/pip", "#!/bin/sh\ncat\necho $$ >&2\nkill -TERM $$\n");
    let mut command = stage.pip(["install", "x"]);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
    child.stdin.take().expect("piped").write_all(b"in\0out").expect("cat reads");
    let id = child.id();
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.stdout, b"in\0out");
    assert_eq!(String::from_utf8_lossy(&output.stderr).trim(), id.to_string(), "the same process");
    assert_eq!(output.status.signal(), Some(15));
}

#[test]
fn under_its_own_name_it_says_what_it_would_do() {
    let stage = PipStage::new(&format!("{MIRROR}[proxy]\nurl = \"http://u:secret@proxy.example:3128\"\n"));
    stage.link("shim/pip-shim");
    let say = |words: &[&str]| {
        let mut command = stage.sandbox.command(stage.sandbox.path("shim/pip-shim"));
        command.args(words).env("PATH", format!("{0}/shim:{0}/real", stage.root()));
        stage.sandbox.run(command)
    };
    let real = stage.sandbox.path("real/pip").display().to_string();
    let text = say(&[]).ok().stdout;
    assert!(text.starts_with(&format!("pip is {real}\nindex: m at https://m.example/simple/ (")), "{text}");
    assert!(text.contains("  HTTPS_PROXY=http://***@proxy.example:3128\n") && !text.contains("secret"), "{text}");
    let object = |words: &[&str]| -> serde_json::Value { serde_json::from_str(&say(words).ok().stdout).expect("JSON") };
    let found = object(&["--json"]);
    assert_eq!((&found["pip"], &found["command"], &found["injects"]), (&real.into(), &"install".into(), &true.into()));
    assert_eq!(found["index"]["name"], "m");
    assert_eq!(found["environment"]["PIP_INDEX_URL"], "https://m.example/simple/");
    let aside = object(&["--json", "--", "install", "-i", "U"]);
    assert_eq!(
        (&aside["injects"], &aside["why"]),
        (&false.into(), &"`--index-url` says where packages come from".into())
    );
    assert_eq!(object(&["--json", "--", "freeze"])["why"], "this command reads no index");
    assert!(say(&["--help"]).ok().stdout.contains("Usage: pip-shim"));
    assert_eq!(say(&["--nonsense"]).code, 64);
    assert_eq!(stage.arguments(), None, "pip is not started");
}

#[test]
fn a_report_has_a_line_for_each_command_that_needs_an_index() {
    let stage = PipStage::new(MIRROR);
    for line in ["install x", "freeze", "download -i U x"] {
        stage.sandbox.run(stage.pip(line.split(' '))).ok();
    }
    let lines = stage.sandbox.report();
    let shown: Vec<_> = lines.iter().map(|line| (line["tool"].as_str(), line["operation"].as_str())).collect();
    assert_eq!(shown, [(Some("pip"), Some("install")), (Some("pip"), Some("download"))]);
    assert_eq!((&lines[0]["evidence"][0]["who"], &lines[1]["evidence"][0]["who"]), (&"m".into(), &"user".into()));
}

#[test]
fn without_the_relay_the_machine_s_pip_asks_the_mirror() {
    let probe = Sandbox::new();
    let mut python = probe.command("sh");
    python.args(["-c", "pip --version && pip config list"]);
    let plain = probe.run(python);
    if plain.code != 0 {
        eprintln!("skipped: there is no pip here");
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = format!("http://{}/simple/", listener.local_addr().expect("bound"));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&seen);
    thread::spawn(move || {
        for mut connection in listener.incoming().flatten() {
            let mut head = [0; 4096];
            let read = connection.read(&mut head).unwrap_or(0);
            heard.lock().expect("not poisoned").push(String::from_utf8_lossy(&head[..read]).into_owned());
            let _ = connection.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
    });
    let stage = PipStage::new(&format!(
        "[catalog]\nbuiltin = false\n[pip]\nrelay = false\n[mirrors.m]\npypi = \"{address}\"\n"
    ));
    std::fs::remove_file(stage.sandbox.path("real/pip")).expect("the sandbox is ours");
    let machine = mirror_tests::search_path().into_string().expect("plain names");
    let run = |words: &[&str]| {
        let mut command = stage.pip_on(&format!("@shim:{machine}"));
        command.args(words);
        stage.sandbox.run(command)
    };
    assert_eq!(run(&["--version"]).ok().stdout + &run(&["config", "list"]).ok().stdout, plain.stdout);
    let ran = run(&["download", "--disable-pip-version-check", "demo-package"]);
    assert_eq!(ran.code, 1, "{ran}");
    let requests = seen.lock().expect("not poisoned").clone();
    assert!(requests.iter().any(|head| head.starts_with("GET /simple/demo-package/ ")), "{ran}\n{requests:?}");
}

#[test]
fn every_door_by_which_a_file_moves_pip_is_seen_and_the_authority_s_own_index_is_none() {
    let stage =
        PipStage::new(&format!("{MIRROR}[pip]\nstrict = true\nupstream = \"https://pypi.corp.example/simple/\"\n"));
    for (text, refused) in [
        ("-i https://pypi.corp.example/simple\nx\n", None),
        ("--index-url=https://PYPI.corp.example/simple/\nx\n", None),
        ("--extra-index-url https://pypi.corp.example/simple/\nx\n", None),
        ("-i https://other.example/simple/\nx\n", Some("moves pip to")),
        ("--extra-index-url https://other.example/simple/\nx\n", Some("moves pip to")),
        ("--find-links https://other.example/wheels/\nx\n", Some("look for packages at")),
        ("-f ./wheels\nx\n", Some("look for packages at")),
        ("--trusted-host pypi.corp.example\nx\n", Some("verify no certificate")),
        ("--no-index\n-f ./wheels\nx\n", Some("look for packages at")),
        ("x\n", None),
    ] {
        stage.file("r.txt", text);
        let ran = stage.sandbox.run(stage.pip(["install", "-r", "r.txt"]));
        match refused {
            None => assert_eq!(ran.code, 0, "{text}: {ran}"),
            Some(why) => {
                assert!(
                    ran.code == 78 && ran.stderr.contains("E-INDEX-OVERRIDE") && ran.stderr.contains(why),
                    "{text}: {ran}"
                );
            }
        }
    }
    // What the user has told pip of the authority itself is no other choice.
    let mut command = stage.sandbox.command(stage.shim());
    command
        .args(["--json", "--", "install", "x"])
        .env("PIP_CONFIG_FILE", "/dev/null")
        .env("PIP_INDEX_URL", "https://pypi.corp.example/simple");
    let ran = stage.sandbox.run(command).ok();
    assert!(!ran.stdout.contains("says where packages come from"), "{ran}");
}
