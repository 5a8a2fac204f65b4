//! The house stays as ARCHITECTURE.md draws it: modules use only those above them, and each heavy package has one door.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a package of the workspace").to_owned()
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder of the workspace").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found
}

/// What a file names behind `crate::`, brace lists included.
fn uses(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    for rest in code.split("crate::").skip(1) {
        let names = match rest.strip_prefix('{') {
            None => vec![rest],
            Some(list) => {
                let (mut depth, mut begin, mut parts) = (0, 0, Vec::new());
                for (at, c) in list.char_indices() {
                    match c {
                        '{' => depth += 1,
                        '}' if depth == 0 => {
                            parts.push(&list[begin..at]);
                            break;
                        }
                        '}' => depth -= 1,
                        ',' if depth == 0 => {
                            parts.push(&list[begin..at]);
                            begin = at + 1;
                        }
                        _ => {}
                    }
                }
                parts
            }
        };
        for name in names {
            let word: String = name.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if !word.is_empty() {
                found.insert(word);
            }
        }
    }
    found
}

/// The modules of a library in the order in which `lib.rs` lists them.
fn order(library: &str) -> Vec<String> {
    let text = fs::read_to_string(workspace().join(library).join("src/lib.rs")).expect("a library");
    text.lines().filter_map(|line| Some(line.strip_prefix("pub mod ")?.strip_suffix(';')?.to_owned())).collect()
}

#[test]
fn a_module_uses_only_those_above_it() {
    for library in ["mirror-config", "git-mirror-helper", "pip-shim"] {
        let order = order(library);
        assert!(order.len() > 5, "{library} lists its modules");
        let src = workspace().join(library).join("src");
        for file in sources(&src) {
            let below = file.strip_prefix(&src).expect("below it");
            let first = below.iter().next().expect("a name").to_str().expect("UTF-8");
            let Some(own) = order.iter().position(|name| *name == first.trim_end_matches(".rs")) else { continue };
            for used in uses(&fs::read_to_string(&file).expect("readable")) {
                let place = order.iter().position(|name| *name == used).unwrap_or_else(|| panic!("{used} in {file:?}"));
                assert!(place <= own, "{library}: {} uses {used}, which stands below it", order[own]);
            }
        }
    }
}

#[test]
fn each_heavy_package_has_one_door() {
    for (package, doors) in [
        ("reqwest", &["mirror-config/src/transport/http/"][..]),
        ("tokio", &["mirror-config/src/transport/http/", "mirror-config/src/relay/"]),
        ("hyper", &["mirror-config/src/relay/"]),
        ("tame_index", &["mirror-config/src/cargo/index.rs"]),
        ("cargo_lock", &["cargo-mirror/src/cargo/lock_file.rs"]),
        ("cargo_metadata", &["cargo-mirror/src/cargo/workspace.rs"]),
        ("html5gum", &["mirror-config/src/pip/simple/"]),
        ("rustls", &["mirror-config/src/transport/http/"]),
        ("rustls_platform_verifier", &["mirror-config/src/transport/http/"]),
        ("der", &["mirror-config/src/transport/http/"]),
        ("minisign_verify", &["mirror-config/src/trust/signature.rs"]),
        ("ring", &["mirror-config/src/trust/signature.rs"]),
        ("ssh_key", &["mirror-config/src/trust/signature.rs"]),
        ("config", &["mirror-config/src/config/"]),
        (
            "toml_edit",
            &[
                "mirror-config/src/config/",
                "mirror-config/src/trust/pins/",
                "cargo-mirror/src/cargo/lock_file.rs",
                "cargo-mirror/src/cargo/config/",
            ],
        ),
        ("gix_packetline", &["mirror-config/src/git/pkt_line.rs"]),
        ("gix", &["git-mirror-helper/src/objects/"]),
        ("gix_pack", &["git-mirror-helper/src/objects/"]),
        ("clap", &["cargo-mirror/src/cli/"]),
        ("dialoguer", &["cargo-mirror/src/terminal/prompt.rs"]),
        ("which", &["cargo-mirror/src/system/programs.rs", "pip-shim/src/real_pip/"]),
    ] {
        let mut users = BTreeSet::new();
        for library in ["mirror-config", "git-mirror-helper", "cargo-mirror", "pip-shim"] {
            for file in sources(&workspace().join(library).join("src")) {
                let text = fs::read_to_string(&file).expect("readable");
                let named = |line: &str| {
                    let line = line.trim_start();
                    let path = format!("{package}::");
                    line.starts_with(&format!("use {path}"))
                        || line.match_indices(&path).any(|(at, _)| {
                            !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':')
                                && !line.starts_with("//")
                        })
                };
                // `mirror_config::config::settings` is imported by name where its module is meant.
                let own_module = package == "config" && !text.contains("use config::");
                if !own_module && text.lines().any(named) {
                    let file = file.strip_prefix(workspace()).expect("of the workspace");
                    users.insert(file.to_str().expect("UTF-8").replace('\\', "/"));
                }
            }
        }
        assert!(!users.is_empty(), "{package} is not used at all");
        let strangers: Vec<&String> =
            users.iter().filter(|user| !doors.iter().any(|door| user.starts_with(door))).collect();
        assert!(strangers.is_empty(), "{package} is used by {strangers:?}");
    }
}
