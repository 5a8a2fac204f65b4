//! The layers, seen from outside: files on disk and variables in, settings with their origins out.

use super::{
    schema::{self, Shape},
    settings::Config,
};
use crate::{errors::Failure, system::Environment, trust::Trust};

struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    fn file(&self, name: &str, text: &str) -> &Self {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().expect("below the home")).expect("a folder");
        std::fs::write(path, text).expect("a file");
        self
    }

    fn load(&self, variables: &[(&str, &str)]) -> Result<Config, Failure> {
        let home = self.0.path().to_str().expect("temporary folders have plain names");
        let all = [("HOME", home)].into_iter().chain(variables.iter().copied());
        Config::load(&Environment::of(all, self.0.path().join("project/deep")))
    }
}

const USER: &str = ".config/mirror/config.toml";
const PROJECT: &str = "project/.mirror.toml";

#[test]
fn defaults_alone_are_a_working_configuration() {
    let config = Home::new().load(&[]).expect("the defaults");
    assert_eq!((config.git.upstream.value.as_str(), config.git.upstream.origin.as_str()), ("github", "built in"));
    assert_eq!(config.git.store_limit.value, 5 << 30);
    assert!(config.mirrors.iter().any(|mirror| !mirror.git.is_empty()), "the catalog has git mirrors");
    assert!(config.mirrors.iter().any(|mirror| mirror.cargo.is_some() && mirror.pypi.is_some()));
}

#[test]
fn the_strongest_layer_wins_and_says_its_name() {
    let home = Home::new();
    home.file(USER, "[git]\ntrust = \"tofu\"\nconnections = 2\n").file(PROJECT, "[git]\n\ntrust = \"quorum\"\n");
    let config = home.load(&[("MIRROR_GIT__CONNECTIONS", "7")]).expect("a configuration");
    assert_eq!(config.git.trust.value, Trust::Quorum);
    assert!(config.git.trust.origin.ends_with("project/.mirror.toml:3"), "{}", config.git.trust.origin);
    assert_eq!(config.git.connections.value, 7);
    assert_eq!(config.git.connections.origin, "environment variable MIRROR_GIT__CONNECTIONS");
    assert_eq!(config.files.len(), 2);
}

#[test]
fn a_least_speed_has_the_forms_of_sizes_and_times_and_nothing_is_no_limit() {
    let home = Home::new();
    home.file(USER, "[net]\nlow-speed-limit = \"20 kB\"\nlow-speed-time = \"2min\"\n");
    let net = home.load(&[]).expect("a configuration").net;
    assert_eq!((net.low_speed_limit.value, net.low_speed_time.value.as_secs()), (20_000, 120));
    let off = [("MIRROR_NET__LOW_SPEED_LIMIT", "0"), ("MIRROR_NET__LOW_SPEED_TIME", "0")];
    let net = home.load(&off).expect("a configuration").net;
    assert_eq!((net.low_speed_limit.value, net.low_speed_time.value.as_secs()), (0, 0));
    for (key, value) in [("LIMIT", "fast"), ("LIMIT", "-1"), ("TIME", "30"), ("TIME", "")] {
        let failure = home.load(&[(&format!("MIRROR_NET__LOW_SPEED_{key}"), value)]).expect_err(value);
        assert!(failure.what.contains("must be a "), "{failure}");
    }
}

#[test]
fn mirror_config_replaces_the_users_file() {
    let home = Home::new();
    home.file(USER, "[git]\ntrust = \"tofu\"\n").file("other.toml", "[git]\nconnections = 3\n");
    let other = home.0.path().join("other.toml");
    let config = home.load(&[("MIRROR_CONFIG", other.to_str().expect("plain"))]).expect("a configuration");
    assert_eq!((config.git.trust.value, config.git.connections.value), (Trust::Quorum, 3));
}

#[test]
fn an_unknown_key_is_an_error_with_file_line_and_the_nearest_key() {
    for (text, line, wrong, hint) in [
        ("[git]\ntrusst = \"tofu\"\n", 2, "git.trusst", "git.trust"),
        ("\n\n[mirors.x]\nweight = 1\n", 3, "mirors", "mirrors"),
        ("mirrors.x.operater = \"a\"\n", 1, "mirrors.x.operater", "mirrors.x.operator"),
        ("[git]\nstore_limit = \"1 GiB\"\n", 2, "git.store_limit", "git.store-limit"),
    ] {
        let home = Home::new();
        let failure = home.file(USER, text).load(&[]).expect_err(text);
        assert!(failure.what.contains(&format!("config.toml:{line}: unknown key `{wrong}`")), "{failure}");
        assert!(failure.to_string().contains(hint), "{failure}");
    }
    let failure = Home::new().load(&[("MIRROR_GIT__TRUSST", "tofu")]).expect_err("a misspelled variable");
    assert!(failure.what.contains("MIRROR_GIT__TRUSST"), "{failure}");
}

#[test]
fn a_value_of_the_wrong_shape_names_its_line() {
    for (text, wanted) in [
        ("[git]\nconnections = \"4\"\n", ":2: `git.connections` must be a number above zero"),
        ("[git]\ntrust = \"maybe\"\n", ":2: `git.trust` must be one of"),
        ("[git]\nstore-limit = \"5 Gib\"\n", ":2: `git.store-limit` must be a size"),
        ("[git]\nupstream = \"nowhere\"\n", ":2: `git.upstream` is \"nowhere\""),
        ("[mirrors.x]\ngit = { nowhere = \"https://h.example/{repo}\" }\n", ":2: `mirrors.x.git.nowhere`"),
        ("[mirrors.x]\ngit = { github = \"ext::sh {repo}\" }\n", ":2: `ext` addresses are not allowed"),
        ("[mirrors.x]\ncargo = \"https://h.example/\"\n", ":2: `mirrors.x.cargo` must begin with `sparse+`"),
        (
            "[upstreams.x]\nurl = \"https://ada:sekrit@h.example/{repo}\"\n",
            ":2: `upstreams.x.url` has credentials in it",
        ),
        ("[git\n", ":1: "),
    ] {
        let home = Home::new();
        let failure = home.file(USER, text).load(&[]).expect_err(text);
        assert!(failure.what.contains(wanted), "{failure}");
    }
}

#[test]
fn a_project_may_only_tighten() {
    for (text, allowed) in [
        ("[git]\ntrust = \"upstream\"\n", true),
        ("[git]\ntrust = \"tofu\"\n", false),
        ("[git]\nprivate = [\"me/*\"]\n", true),
        ("[mirrors.ghfast]\nenabled = false\n", true),
        ("[mirrors.ghfast]\nenabled = true\n", false),
        ("[mirrors.evil]\nenabled = false\n", false),
        ("[mirrors.evil]\ngit = { github = \"https://evil.example/{repo}\" }\n", false),
        ("[mirrors.ghfast]\ntrusted = true\n", false),
        ("[proxy]\nurl = \"http://evil.example\"\n", false),
        ("[tls]\nca-file = \"evil.pem\"\n", false),
        ("[pip]\nstrict = true\n", true),
        ("[catalog]\nbuiltin = false\n", true),
    ] {
        let home = Home::new();
        let loaded = home.file(USER, "[git]\nprivate = [\"corp/*\"]\n").file(PROJECT, text).load(&[]);
        match loaded {
            Ok(config) => {
                assert!(allowed, "{text}");
                assert!(
                    config.git.private.value.contains(&"corp/*".to_owned()),
                    "the user's own patterns stay: {text}"
                );
            }
            Err(failure) => {
                assert!(!allowed, "{text}: {failure}");
                assert!(failure.what.contains(".mirror.toml:2: a project may not set"), "{failure}");
            }
        }
    }
}

#[test]
fn the_catalog_can_be_emptied_and_its_entries_changed() {
    let home = Home::new();
    home.file(USER, "[catalog]\nbuiltin = false\n[mirrors.own]\ngit = { github = \"https://h.example/{repo}\" }\n");
    let config = home.load(&[]).expect("a configuration");
    assert_eq!(config.mirrors.iter().map(|m| m.name.as_str()).collect::<Vec<_>>(), ["own"]);
    assert!(config.mirrors[0].origin.contains("config.toml:"), "{}", config.mirrors[0].origin);

    let home = Home::new();
    home.file(USER, "[mirrors.ghfast]\nweight = 3\n[mirrors.tuna]\nenabled = false\n[mirrors.odd]\nenabled = false\ncargo = \"nonsense\"\n");
    let config = home.load(&[]).expect("what is disabled need not be right");
    let ghfast = config.mirrors.iter().find(|m| m.name == "ghfast").expect("still there");
    assert!((ghfast.weight - 3.0).abs() < f64::EPSILON && ghfast.relays, "one field changed, the others kept");
    assert!(config.disabled["tuna"].by.ends_with("config.toml:4"), "{}", config.disabled["tuna"].by);
    assert!(config.mirrors.iter().all(|m| m.name != "tuna") && config.known_mirrors().any(|m| m.name == "tuna"));
    assert!(config.disabled.contains_key("odd") && config.known_mirrors().all(|m| m.name != "odd"));
}

#[test]
fn every_key_that_is_set_has_a_row() {
    let keys = || schema::KEYS.iter().filter(|(key, ..)| !key.contains('*'));
    let values: Vec<(String, String)> = keys()
        .map(|(key, shape, _)| {
            let value = match (*key, shape) {
                ("git.upstream", _) => "github",
                ("git.trust" | "cargo.trust" | "pip.trust", _) => "tofu",
                ("git.store-limit" | "net.low-speed-limit", _) => "7 GiB",
                ("git.max-age" | "net.low-speed-time", _) => "30 days",
                ("cargo.upstream", _) => "sparse+https://crates.corp.example/index/",
                ("pip.upstream", _) => "https://u:hunter2@pypi.corp.example/simple/",
                ("proxy.url", _) => "http://u:hunter2@proxy.example:3128",
                ("tls.ca-file", _) => "/etc/ssl/corp.pem",
                ("signatures.keys", _) => "",
                (_, Shape::Flag) => "true",
                (_, Shape::Count) => "3",
                (_, _) => "corp/*",
            };
            (format!("MIRROR_{}", key.to_uppercase().replace('-', "_").replace('.', "__")), value.to_owned())
        })
        .filter(|(_, value)| !value.is_empty())
        .collect();
    let variables: Vec<(&str, &str)> = values.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let config = Home::new().load(&variables).expect("a configuration");
    let shown: Vec<&str> = config.rows.iter().map(|row| row.key).collect();
    assert_eq!(shown, keys().map(|(key, ..)| *key).collect::<Vec<_>>());
    for row in config.rows.iter().filter(|row| row.key != "signatures.keys") {
        assert!(row.origin.contains("MIRROR_"), "{row:?}");
        assert!(!row.value.is_empty() && !row.value.contains("hunter2"), "{row:?}");
    }
}

/// Every key of the reference, those that are commented out as well, in the schema's form.
fn keys_of(reference: &str) -> Result<Vec<String>, String> {
    let is_key = |text: &str| {
        let (name, rest) = text.split_at(text.find(|c: char| !(c.is_ascii_lowercase() || c == '-')).unwrap_or(0));
        !name.is_empty() && rest.starts_with(" = ")
    };
    let bare = |line: &str| match line.strip_prefix("# ") {
        Some(off) if off.starts_with('[') || is_key(off) => off.to_owned(),
        _ => line.to_owned(),
    };
    let text = reference.lines().map(bare).collect::<Vec<_>>().join("\n");
    let table: toml_edit::DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| error.to_string())?;
    let (mut keys, mut waiting) = (Vec::new(), vec![(Vec::new(), table.as_item())]);
    while let Some((path, item)) = waiting.pop() {
        for (name, below) in item.as_table_like().into_iter().flat_map(toml_edit::TableLike::iter) {
            let path: Vec<&str> = path.iter().copied().chain([name]).collect();
            let known = schema::KEYS.iter().find(|(key, ..)| schema::fits(key, &path));
            match known {
                Some((key, ..)) => keys.push((*key).to_owned()),
                None if below.is_table_like() => waiting.push((path, below)),
                None => return Err(format!("there is no key {}", path.join("."))),
            }
        }
    }
    keys.sort();
    keys.dedup();
    Ok(keys)
}

#[test]
fn the_reference_has_the_keys_of_the_schema_and_no_others() {
    let mut known: Vec<&str> = schema::KEYS.iter().map(|(key, ..)| *key).collect();
    known.sort_unstable();
    assert_eq!(keys_of(super::origin::DEFAULTS).expect("known keys"), known);
    for (text, expected) in [
        ("[git]\ntrust = 1\n# a word = no key\n# strict = true  # really\n", Ok(&["git.strict", "git.trust"][..])),
        ("# [mirrors.x]\n# git = { y = 1 }\n# cargo = 1\n", Ok(&["mirrors.*.cargo", "mirrors.*.git.*"])),
        ("[cargo]\n# strict = true\n", Err("there is no key cargo.strict")),
        ("[git]\n[mirrors]\nx.y = 1\n", Err("there is no key mirrors.x.y")),
    ] {
        let keys = keys_of(text);
        let keys = keys.as_ref().map(|keys| keys.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(keys.as_deref().map_err(|error| error.as_str()), expected, "{text}");
    }
}

/// What a page names like a key, between backticks or in a block of TOML that begins with a section, and is none.
fn strange_keys(page: &str) -> Vec<String> {
    /// Files whose names begin like a section.
    const FILES: [&str; 2] = ["pip.conf", "mirrors.toml"];
    let names_key = |span: &&str| {
        let name = span.split(" = ").next().unwrap_or_default();
        let path: Vec<&str> = name.split('.').collect();
        let is_plain = path.iter().all(|part| part.chars().all(|c| c.is_ascii_lowercase() || c == '-'));
        let is_section = schema::KEYS.iter().any(|(key, ..)| key.split('.').next() == path.first().copied());
        is_plain && is_section && path.len() > 1 && !FILES.contains(&name) && schema::lookup(&path).is_none()
    };
    let lines = page.lines().flat_map(|line| line.split('`').skip(1).step_by(2));
    let blocks = page.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let blocks = blocks.filter(|block| block.starts_with('[')).filter_map(|block| keys_of(block).err());
    lines.filter(names_key).map(str::to_owned).chain(blocks).collect()
}

#[test]
fn pages_name_only_keys_that_exist() {
    let workspace = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace");
    for page in ["README.md", "SECURITY.md", "ARCHITECTURE.md"] {
        let text = std::fs::read_to_string(workspace.join(page)).expect(page);
        assert_eq!(strange_keys(&text), [""; 0], "{page}");
    }
    for (page, strange) in [
        ("see `git.trust`, `pip.strict = true`, `pip.conf` and `tls::ca`", 0),
        ("see `git.trusst`", 1),
        ("see `pip.strickt = true`", 1),
        ("```toml\n[signatures]\nkeys = []\nthreshold = 1\n```\n", 0),
        ("```toml\n[signatures]\nkey = []\n```\n", 1),
        ("```toml\nversion = 7\n```\n", 0),
    ] {
        assert_eq!(strange_keys(page).len(), strange, "{page}");
    }
}
