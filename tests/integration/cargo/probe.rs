//! `cargo mirror probe cargo`, `probe pip` and `probe` tell mirrors apart as a user would want them told apart.

use std::{fs, os::unix::fs::PermissionsExt};

use mirror_tests::{CargoStage, CrateServer, Fault, IndexServer, Ran, Sandbox, Tamper, WheelStock, refused_url};
use serde_json::Value;

fn probe(sandbox: &Sandbox, arguments: &[&str]) -> Ran {
    let mut command = sandbox.command("cargo-mirror");
    command.args(["mirror", "probe"]).args(arguments);
    sandbox.run(command)
}

fn rows(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("no JSON: {error} in {ran}"))
}

fn row<'a>(rows: &'a Value, name: &str) -> &'a Value {
    let list = rows.as_array().expect("a list");
    list.iter().find(|row| row["mirror"] == name).unwrap_or_else(|| panic!("no row for {name} in {rows}"))
}

/// Status, freshness and files.
fn shown(row: &Value) -> [&str; 3] {
    ["status", "freshness", "files"].map(|key| row[key].as_str().expect("a text"))
}

#[test]
fn each_mirror_of_crates_is_shown_as_what_it_is_within_five_seconds() {
    let stage = CargoStage::new(&["alone", "behind", "fresh", "liar", "portal", "silent", "swapped", "wall"]);
    stage.mirror("alone").index_only();
    stage.mirror("behind").stale("libc");
    stage.mirror("liar").tamper("libc", Tamper::Both);
    stage.mirror("swapped").tamper("libc", Tamper::File);
    stage.mirror("portal").web.set(Fault::captive_portal());
    stage.mirror("silent").web.set(Fault::BlackHole);
    stage.mirror("wall").web.refuse_agent("cargo/");
    stage.configure(&format!("[mirrors.dead]\noperator = \"nobody\"\ncargo = \"sparse+{}/\"\n", refused_url()));
    let ran = probe(&stage.sandbox, &["cargo", "--json"]).ok();
    assert!(ran.seconds < 6.0, "{ran}");
    let rows = rows(&ran);
    for (name, expected) in [
        ("upstream:cargo", ["200", "", "yes"]),
        ("fresh", ["200", "up to date", "yes"]),
        ("alone", ["200", "up to date", "index only"]),
        ("liar", ["corrupt", "has what upstream does not know", "yes"]),
        ("swapped", ["200", "up to date", "failed"]),
        ("portal", ["not-a-mirror", "", ""]),
        ("silent", ["timeout", "", ""]),
        ("dead", ["refused", "", ""]),
        ("wall", ["403", "", ""]),
    ] {
        let row = row(&rows, name);
        assert_eq!(shown(row), expected, "{name}: {row}");
        assert_eq!(row["throughput"].is_number(), expected[2] == "yes", "{name}: {row}");
    }
    assert_eq!(row(&rows, "behind")["freshness"], "1 version behind");
    assert_eq!(row(&rows, "dead")["operator"], "nobody");
    let asked = stage.mirror("fresh").web.log();
    assert!(asked.iter().all(|seen| seen.user_agent().starts_with("cargo/1.")), "{:?}", asked[0]);
    let file = asked.iter().find(|seen| CrateServer::is_file(seen)).expect("a file is asked for");
    assert_eq!(file.header("Range"), Some("bytes=0-1048575"));
    let table = probe(&stage.sandbox, &["cargo"]).ok().stdout;
    assert!(table.contains("index only") && table.contains("1 version behind"), "{table}");
    assert!(!table.contains('\u{1b}'), "{table}");
}

#[test]
fn an_index_that_names_upstreams_files_has_the_index_only() {
    let mut stage = CargoStage::new(&["mirror"]);
    // Its pages are upstream's own, `dl` included.
    let front = CrateServer::start(&stage.stock);
    let upstream = stage.upstream.web.url();
    front.web.set_where(
        |seen| seen.path == "/config.json",
        Fault::Status {
            code: 200,
            headers: vec![("Content-Type".to_owned(), "application/json".to_owned())],
            body: format!("{{\"dl\":\"{upstream}/files\"}}").into_bytes(),
        },
    );
    stage.set_address("mirror", &front.web.url());
    let rows = rows(&probe(&stage.sandbox, &["cargo", "--json"]).ok());
    assert_eq!(shown(row(&rows, "mirror")), ["200", "up to date", "index only"]);
    assert!(row(&rows, "mirror")["note"].as_str().is_some_and(|note| note.contains("127.0.0.1")), "{rows}");
}

#[test]
fn what_was_measured_is_remembered_for_the_next_choice() {
    let stage = CargoStage::new(&["alone", "whole"]);
    stage.mirror("alone").index_only();
    probe(&stage.sandbox, &["cargo"]).ok();
    let health = fs::read_to_string(stage.sandbox.path("state/mirror/health.json")).expect("it is remembered");
    let health = &serde_json::from_str::<Value>(&health).expect("JSON")["facts"];
    let (whole, alone) = (&health["whole crates"], &health["alone crates"]);
    assert!(whole["goodput"].is_number() && whole["faults"] == 0, "{health}");
    assert!(alone["goodput"].is_null() && alone["faults"] == 1, "{health}");
    assert_eq!(health["alone cargo-index"]["faults"], 0, "its index is well: {health}");
}

#[test]
fn without_a_tool_all_three_are_probed() {
    let stage = CargoStage::new(&["near"]);
    stage.configure(&format!("[upstreams.github]\nurl = \"{}/{{repo}}.git\"\n", refused_url()));
    no_pip(&stage.sandbox);
    let ran = probe(&stage.sandbox, &["--json"]).ok();
    let report = rows(&ran);
    assert_eq!(row(&report["git"], "upstream:github")["status"], "refused");
    assert_eq!(row(&report["cargo"], "near")["status"], "200");
    assert_eq!(report["pip"], Value::Array(Vec::new()));
    let tables = probe(&stage.sandbox, &[]).ok().stdout;
    for heading in ["git\nmirror", "cargo\nmirror", "pip\nmirror"] {
        assert!(tables.contains(heading), "{tables}");
    }
}

/// Puts Pythons without pip in front of the machine's.
fn no_pip(sandbox: &Sandbox) {
    for name in ["python3", "python"] {
        python(sandbox, name, "exit 1");
    }
}

fn python(sandbox: &Sandbox, name: &str, script: &str) {
    let path = sandbox.path("bin").join(name);
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("the folder is ours");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("the file is ours");
}

#[test]
fn each_mirror_of_python_packages_is_shown_as_what_it_is() {
    let stock = WheelStock::downloaded();
    let names = ["alone", "behind", "fresh", "liar", "plain", "portal", "wall"];
    let servers: Vec<IndexServer> = names.iter().map(|_| IndexServer::start(&stock)).collect();
    let upstream = IndexServer::start(&stock);
    let server = |name: &str| &servers[names.iter().position(|one| *one == name).expect("one of them")];
    server("alone").index_only();
    server("behind").stale("certifi");
    server("liar").tamper("certifi", Tamper::Both);
    server("plain").html_only();
    server("portal").web.set(Fault::captive_portal());
    server("wall").web.refuse_agent("pip/");
    let sandbox = Sandbox::new();
    let mut config = "[catalog]\nbuiltin = false\n".to_owned();
    for name in names {
        config += &format!("[mirrors.{name}]\npypi = \"{}\"\n", server(name).index());
    }
    sandbox.mirror_config(&config);
    // The index that is built into pip is asked for, never written down.
    python(&sandbox, "python3", &format!("printf '23.2.1\\n{}\\n'", upstream.index()));
    let ran = probe(&sandbox, &["pip", "--json"]).ok();
    assert!(ran.seconds < 6.0, "{ran}");
    let rows = rows(&ran);
    for (name, expected) in [
        ("upstream:pip", ["200", "", "yes"]),
        ("fresh", ["200", "up to date", "yes"]),
        ("plain", ["200", "up to date", "yes"]),
        ("alone", ["200", "up to date", "index only"]),
        ("behind", ["200", "1 version behind", "yes"]),
        ("portal", ["not-a-mirror", "", ""]),
        ("wall", ["403", "", ""]),
    ] {
        assert_eq!(shown(row(&rows, name)), expected, "{name}: {rows}");
    }
    assert_eq!(row(&rows, "liar")["status"], "corrupt", "{rows}");
    assert_eq!((&row(&rows, "plain")["hashes"], &row(&rows, "wall")["hashes"]), (&Value::Bool(true), &Value::Null));
    assert!(server("fresh").web.log().iter().all(|seen| seen.user_agent() == "pip/23.2.1"));
    let table = probe(&sandbox, &["pip"]).ok().stdout;
    assert!(table.contains("hashes") && table.contains("403") && !table.contains('\u{1b}'), "{table}");
}
