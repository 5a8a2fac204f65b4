//! `cargo mirror catalog`: which lists of mirrors are taken, what they change, and what they never can.

use std::{fs, process::Command};

use minisign::KeyPair;
use mirror_tests::{FileServer, GitServer, History, NAME, Ran, Sandbox};

/// A publisher with a key of minisign's, and somebody who trusts it.
struct World {
    sandbox: Sandbox,
    server: FileServer,
    key: KeyPair,
}

const FOREVER: &str = "expires = 2999-12-31";

fn signature(key: &KeyPair, text: &str) -> String {
    minisign::sign(Some(&key.pk), &key.sk, text.as_bytes(), None, None).expect("a signature").to_string()
}

impl World {
    fn new() -> Self {
        let key = KeyPair::generate_unencrypted_keypair().expect("a key");
        let world = Self { sandbox: Sandbox::new(), server: FileServer::start(), key };
        world.configure("");
        world
    }

    fn configure(&self, more: &str) {
        let key = self.key.pk.to_base64();
        self.sandbox.mirror_config(&format!("[signatures]\nkeys = [\"{key}\"]\n{more}"));
    }

    fn publish(&self, text: &str) {
        self.server.put("list.toml", text);
        self.server.put("list.toml.minisig", signature(&self.key, text));
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let mut command: Command = self.sandbox.command("cargo-mirror");
        command.args(arguments);
        self.sandbox.run(command)
    }

    fn update(&self, more: &[&str]) -> Ran {
        let address = self.server.address("list.toml");
        self.run(&[&["catalog", "update", &address], more].concat())
    }

    fn json(&self, arguments: &[&str]) -> serde_json::Value {
        serde_json::from_str(&self.run(arguments).ok().stdout).expect("JSON")
    }

    fn version(&self) -> Option<u64> {
        self.json(&["catalog", "--json"])["list"]["version"].as_u64()
    }

    fn mirror(&self, name: &str) -> serde_json::Value {
        let rows = self.json(&["list", "--json"]);
        rows.as_array().expect("a list").iter().find(|row| row["name"] == name).cloned().unwrap_or_default()
    }
}

fn list(version: u64, expires: &str, mirrors: &str) -> String {
    format!("version = {version}\n{expires}\n{mirrors}")
}

const FRESH: &str = "[mirrors.fresh]\noperator = \"fresh\"\npypi = \"https://fresh.example/simple/\"\n\
                     announced = \"https://fresh.example/help\"\n[mirrors.tuna]\nweight = 2.0\n";

#[test]
fn a_newer_signed_list_is_taken_and_shown() {
    let world = World::new();
    assert_eq!(world.version(), None);
    world.publish(&list(3, FOREVER, FRESH));
    let tried = world.update(&["--dry-run"]).ok();
    assert!(tried.stdout.contains("version 3 would be taken"), "{tried}");
    assert_eq!(world.version(), None, "a dry run changes nothing");
    let ran = world.update(&[]).ok();
    assert!(ran.stdout.contains("version 3 is in force now") && ran.stdout.contains("signed by minisign"), "{ran}");
    assert_eq!(world.version(), Some(3));
    let fresh = world.mirror("fresh");
    assert_eq!(
        (fresh["origin"].as_str(), fresh["announced"].as_str()),
        (Some("mirror list version 3"), Some("https://fresh.example/help"))
    );
    assert_eq!(world.mirror("tuna")["operator"], "tsinghua", "what a list does not name stays as it was");
    assert!(world.update(&[]).ok().stdout.contains("is in force already"));
    world.publish(&list(4, FOREVER, ""));
    let json: serde_json::Value = serde_json::from_str(&world.update(&["--json"]).ok().stdout).expect("JSON");
    assert_eq!(
        (json["version"].as_u64(), json["before"].as_u64(), json["taken"].as_bool()),
        (Some(4), Some(3), Some(true))
    );
    assert_eq!(world.mirror("fresh"), serde_json::Value::Null, "the newer list is the whole list");
    let shown = world.run(&["catalog"]).ok().stdout;
    assert!(shown.contains("version 4 of ") && shown.contains("expires 2999-12-31"), "{shown}");
}

#[test]
fn lists_that_do_not_count_change_nothing() {
    let world = World::new();
    world.publish(&list(3, FOREVER, FRESH));
    world.update(&[]).ok();
    let kept = fs::read(world.sandbox.path("state/mirror/catalog.json")).expect("it was taken");
    let stranger = KeyPair::generate_unencrypted_keypair().expect("a key");
    let newer = list(4, FOREVER, "");
    type Change = Box<dyn Fn(&World)>;
    let published = |text: String| -> Change { Box::new(move |world: &World| world.publish(&text)) };
    let cases: Vec<(&str, Change, &str, u8)> = vec![
        ("older", published(list(2, FOREVER, FRESH)), "E-ROLLBACK", 77),
        ("the same version, other content", published(list(3, FOREVER, "")), "E-ROLLBACK", 77),
        ("expired", published(list(4, "expires = 2020-01-01", "")), "E-EXPIRED", 77),
        ("no version", published(format!("{FOREVER}\n")), "E-CONFIG", 78),
        ("no end", published("version = 4\n".to_owned()), "E-CONFIG", 78),
        ("trusted", published(list(4, FOREVER, "[mirrors.fresh]\ntrusted = true\n")), "E-CONFIG", 78),
        (
            "without TLS",
            published(list(4, FOREVER, "[mirrors.x]\npypi = \"http://x.example/simple/\"\n")),
            "E-TRANSPORT",
            77,
        ),
        (
            "credentials",
            published(list(4, FOREVER, "[mirrors.x]\npypi = \"https://u:p@x.example/s/\"\n")),
            "E-CONFIG",
            78,
        ),
        ("no signature", Box::new(|world| world.server.take("list.toml.minisig")), "E-SIG", 77),
        ("no list", Box::new(|world| world.server.take("list.toml")), "E-EXHAUSTED", 69),
        (
            "another key",
            Box::new(move |world| world.server.put("list.toml.minisig", signature(&stranger, &newer))),
            "E-SIG",
            77,
        ),
        (
            "changed behind the signature",
            Box::new(|world| world.server.put("list.toml", list(4, FOREVER, "[mirrors.evil]\n"))),
            "E-SIG",
            77,
        ),
    ];
    for (case, change, word, code) in cases {
        world.publish(&list(4, FOREVER, ""));
        change(&world);
        let ran = world.update(&[]);
        assert!(ran.stderr.contains(&format!("error[{word}]")), "{case}: {ran}");
        assert_eq!(ran.code, i32::from(code), "{case}: {ran}");
        assert!(!ran.stderr.contains("u:p@"), "{case}: {ran}");
        let now = fs::read(world.sandbox.path("state/mirror/catalog.json")).expect("it is still there");
        assert_eq!(now, kept, "{case}: what was taken stays");
    }
    for address in ["http://list.example/list.toml", "file:///etc/passwd", "ssh://list.example/x"] {
        let ran = world.run(&["catalog", "update", address]);
        assert!(ran.stderr.contains("error[E-TRANSPORT]"), "{address}: {ran}");
    }
    world.sandbox.mirror_config("");
    let ran = world.update(&[]);
    assert!(ran.stderr.contains("error[E-SIG]") && ran.stderr.contains("[signatures]"), "no keys: {ran}");
}

#[test]
fn so_many_signers_as_asked_have_to_sign_and_a_project_may_ask_for_more() {
    let world = World::new();
    let second = KeyPair::generate_unencrypted_keypair().expect("a key");
    let keys = format!("[signatures]\nkeys = [\"{}\", \"{}\"]\n", world.key.pk.to_base64(), second.pk.to_base64());
    world.sandbox.mirror_config(&keys);
    let text = list(1, FOREVER, FRESH);
    world.publish(&text);
    let project = world.sandbox.work().join(".mirror.toml");
    fs::write(&project, "[signatures]\nthreshold = 2\n").expect("the sandbox is ours");
    assert!(world.update(&[]).stderr.contains("error[E-SIG]"), "one of two");
    world.server.put("list.toml.2.minisig", signature(&world.key, &text));
    assert!(world.update(&[]).stderr.contains("error[E-SIG]"), "one twice");
    world.server.put("list.toml.2.minisig", signature(&second, &text));
    world.update(&[]).ok();
    assert_eq!(world.version(), Some(1));
    for refused in ["[signatures]\nkeys = []\n", "[signatures]\nthreshold = 1\n"] {
        world.sandbox.mirror_config(&format!("{keys}threshold = 2\n"));
        fs::write(&project, refused).expect("the sandbox is ours");
        assert!(world.run(&["catalog"]).stderr.contains("error[E-CONFIG]"), "{refused}");
    }
}

#[test]
fn signatures_of_ssh_keygen_count_as_well() {
    let world = World::new();
    let key = world.sandbox.path("key");
    let keygen = |arguments: &[&str]| {
        let mut command = world.sandbox.command("ssh-keygen");
        command.args(arguments);
        world.sandbox.run(command)
    };
    if std::process::Command::new("ssh-keygen").arg("-?").output().is_err() {
        eprintln!("there is no ssh-keygen, and nothing is seen here");
        return;
    }
    let path = key.to_str().expect("plain names");
    keygen(&["-q", "-t", "ed25519", "-N", "", "-C", "ada@example.org", "-f", path]).ok();
    let public = fs::read_to_string(key.with_extension("pub")).expect("a public key");
    world.sandbox.mirror_config(&format!("[signatures]\nkeys = [\"{}\"]\n", public.trim()));
    let file = world.sandbox.path("list.toml");
    fs::write(&file, list(1, FOREVER, FRESH)).expect("the sandbox is ours");
    for (namespace, taken) in [("file", false), ("mirror", true)] {
        let signature = world.sandbox.path("list.toml.sig");
        // An error means that there is none yet.
        let _ = fs::remove_file(&signature);
        keygen(&["-q", "-Y", "sign", "-n", namespace, "-f", path, file.to_str().expect("plain names")]).ok();
        world.server.put("list.toml", fs::read(&file).expect("it is there"));
        world.server.put("list.toml.sig", fs::read(&signature).expect("it was made"));
        let ran = world.update(&[]);
        assert_eq!(ran.code == 0, taken, "{namespace}: {ran}");
        assert_eq!(ran.stdout.contains("ada@example.org"), taken, "{namespace}: {ran}");
    }
}

#[test]
fn a_list_says_nothing_of_a_mirror_that_the_user_trusts() {
    let world = World::new();
    world.publish(&list(1, FOREVER, "[mirrors.campus]\npypi = \"https://evil.example/simple/\"\n"));
    world.update(&[]).ok();
    assert_eq!(world.mirror("campus")["pypi"], "https://evil.example/simple/");
    world.configure("[mirrors.campus]\ntrusted = true\ncargo = \"sparse+https://campus.example/\"\n");
    let campus = world.mirror("campus");
    assert_eq!((campus["trusted"].as_bool(), campus["pypi"].as_str()), (Some(true), None), "{campus}");
}

#[test]
fn a_list_that_no_longer_counts_costs_a_note_and_nothing_else() {
    let world = World::new();
    world.publish(&list(1, FOREVER, FRESH));
    world.update(&[]).ok();
    let file = world.sandbox.path("state/mirror/catalog.json");
    let kept = fs::read_to_string(&file).expect("it was taken");
    let facts = serde_json::from_str::<serde_json::Value>(&kept).expect("JSON")["facts"].to_string();
    let stored = |text: &str| {
        let json = serde_json::json!({
            "text": text, "signatures": [signature(&world.key, text)], "source": "https://list.example/list.toml", "taken": 1,
        });
        json.to_string()
    };
    for (case, content, note) in [
        ("damaged", "{".to_owned(), "damaged"),
        ("changed", kept.replace("fresh.example", "other.example"), "damaged"),
        ("changed by who knows how", facts.replace("fresh.example", "other.example"), "signed by none"),
        ("expired", stored(&list(2, "expires = 2020-01-01", FRESH)), "has expired"),
    ] {
        fs::write(&file, content).expect("the sandbox is ours");
        let ran = world.run(&["list"]).ok();
        assert!(ran.stdout.contains("tuna") && !ran.stdout.contains("fresh"), "{case}: {ran}");
        assert!(ran.stderr.contains("mirror: warning: ") && ran.stderr.contains(note), "{case}: {ran}");
        assert_eq!(world.version(), None, "{case}");
    }
    // What has expired is not taken back all the same.
    world.publish(&list(1, FOREVER, FRESH));
    assert!(world.update(&[]).stderr.contains("error[E-ROLLBACK]"));
    fs::write(&file, kept).expect("the sandbox is ours");
    world.configure("[catalog]\nbuiltin = false\n");
    assert_eq!((world.version(), world.mirror("fresh")), (None, serde_json::Value::Null), "no catalog, no list");
}

#[test]
fn a_clone_says_that_the_list_no_longer_counts_and_goes_on() {
    let world = World::new();
    world.publish(&list(1, FOREVER, FRESH));
    world.update(&[]).ok();
    History::small().write(world.sandbox.path("upstream"), NAME);
    let server = GitServer::start(world.sandbox.path("upstream"));
    // No built-in mirror carries an upstream of this name, so nobody outside is asked.
    world.configure(&format!("[git]\nupstream = \"own\"\n[upstreams.own]\nurl = \"{}/{{repo}}.git\"\n", server.url()));
    let warned = |target: &str| {
        let ran = world.sandbox.git(["clone", &format!("mirror::{NAME}"), target]).ok();
        ran.stderr.contains("mirror: warning: ") && ran.stderr.contains("the built-in one is used")
    };
    assert!(!warned("before"));
    fs::write(world.sandbox.path("state/mirror/catalog.json"), "{").expect("the sandbox is ours");
    assert!(warned("after"));
}
