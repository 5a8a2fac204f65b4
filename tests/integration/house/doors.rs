//! Each heavy package has one door: the file or folder that alone names it. So has git, the program.

use std::collections::BTreeSet;

use super::code::{File, PACKAGES, assert_only_these, files};

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
        ("hyper_util", &["mirror-config/src/relay/"]),
        ("bytes", &["mirror-config/src/transport/http/", "mirror-config/src/relay/"]),
        ("humantime", &["mirror-config/src/config/", "mirror-config/src/system/state.rs"]),
        ("strsim", &["mirror-config/src/config/"]),
        ("ipnet", &["mirror-config/src/transport/route.rs"]),
        ("rustix", &["mirror-config/src/system/child.rs"]),
        ("signal_hook", &["mirror-config/src/system/child.rs"]),
        ("tracing_subscriber", &["mirror-config/src/report/log.rs"]),
        ("encoding_rs", &["pip-shim/src/requirements/"]),
        ("indicatif", &["git-mirror-helper/src/terminal/", "cargo-mirror/src/report/progress.rs"]),
        ("similar", &["cargo-mirror/src/change/turn.rs", "cargo-mirror/src/commands/pin.rs"]),
        ("comfy_table", &["cargo-mirror/src/report/print.rs"]),
        ("clap", &["cargo-mirror/src/cli/"]),
        ("clap_complete", &["cargo-mirror/src/cli/"]),
        ("clap_mangen", &["cargo-mirror/src/cli/"]),
        ("dialoguer", &["cargo-mirror/src/terminal/prompt.rs"]),
        ("which", &["cargo-mirror/src/system/programs.rs", "pip-shim/src/real_pip/"]),
    ] {
        let mut users = BTreeSet::new();
        for package_of_ours in PACKAGES {
            for file in files(package_of_ours) {
                let text = file.code();
                let named = |line: &str| {
                    let line = line.trim_start();
                    let path = format!("{package}::");
                    line.starts_with(&format!("use {path}"))
                        || line
                            .match_indices(&path)
                            .any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':'))
                };
                // `mirror_config::config` is imported by name where its module is meant.
                let own_module = package == "config" && (file.is_face() || !text.contains("\nuse config::"));
                if !own_module && text.lines().any(named) {
                    users.insert(file.path.clone());
                }
            }
        }
        assert!(!users.is_empty(), "{package} is not used at all");
        let strangers: Vec<&String> =
            users.iter().filter(|user| !doors.iter().any(|door| user.starts_with(door))).collect();
        assert!(strangers.is_empty(), "{package} is used by {strangers:?}");
    }
}

/// Whether code starts git.
fn starts_git(code: &str) -> bool {
    let code: String = code.split_whitespace().collect();
    ["Command::new(", "command("].iter().any(|begin| code.contains(&format!("{begin}\"git\"")))
}

#[test]
fn git_has_one_starter() {
    let of_package = |package: &&str| files(package).into_iter().filter(|file: &File| !file.is_test());
    let starters = PACKAGES.iter().flat_map(of_package).filter(|file| starts_git(&file.code())).map(|file| file.path);
    assert_only_these(
        "files that start git",
        &starters.collect(),
        &[
            "mirror-config/src/git/program.rs",
            // With variables of its own and no others, as it starts gpg.
            "git-mirror-helper/src/authority/signers/verify.rs",
        ],
    );
}

#[test]
fn a_start_of_git_is_seen() {
    for (code, starts) in [
        ("Command::new(\"git\").arg(\"x\")", true),
        ("std::process::Command::new(\n    \"git\",\n)", true),
        ("desk.command(\"git\")", true),
        ("Command::new(\"gpg\")", false),
        ("Command::new(program)", false),
        ("Report::new(\"git\", \"fetch\")", false),
        ("program::git().arg(\"x\")", false),
    ] {
        assert_eq!(starts_git(code), starts, "{code}");
    }
}

#[test]
fn the_configuration_is_read_at_one_place_of_each_program() {
    let reads = |text: &str| ["Config::load(", "LazyConfig::new("].iter().any(|call| text.contains(call));
    let all = PACKAGES.iter().flat_map(|package| files(package));
    let places: BTreeSet<String> = all.filter(|file| reads(&file.code())).map(|file| file.path).collect();
    let programs = ["git-mirror-helper", "cargo-mirror", "pip-shim"].map(|program| format!("{program}/src/lib.rs"));
    let ours = ["lazy", "tests"].map(|file| format!("mirror-config/src/config/{file}.rs"));
    assert_eq!(places, programs.into_iter().chain(ours).collect());
}
