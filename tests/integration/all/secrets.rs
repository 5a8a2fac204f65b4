//! Planted secrets come out nowhere: every command of cargo's and pip's at its loudest, in every spelling a secret can have.

use std::{ffi::OsString, fs, os::unix::fs::symlink};

use mirror_tests::{CargoStage, IndexServer, Needs, Sandbox, SocksProxy, WheelStock, refused_url};

use super::planted::{Planted, canary, mirrors};

#[test]
fn cargo_gives_no_secret_away() {
    let stage = CargoStage::new(&["a", "b"]);
    let project = stage.locked_project("project", Needs::Handful);
    let socks = SocksProxy::start(&stage.mirror("b").web.url());
    let bare = |server: &str| server.trim_start_matches("sparse+").trim_end_matches("/").to_owned();
    let (a, b) = (bare(&stage.mirror("a").index()), bare(&stage.mirror("b").index()));
    let base = format!("[catalog]\nbuiltin = false\n[cargo]\nupstream = \"{}\"\n", stage.upstream.index());
    let plain = format!("[mirrors.d]\ncargo = \"{}\"\n", stage.mirror("a").index());
    let config = base + &mirrors("cargo", "/", &a, &b, &socks.url()) + &plain;
    let registry = canary("registry").in_address("https://crates.example/index/");
    let cargo_config = format!(
        "[http]\nproxy = \"\"\n[net]\nretry = 0\n[registries.corp]\nindex = \"sparse+{registry}\"\ntoken = '{}'\n",
        canary("token").password
    );
    let credentials = format!("[registry]\ntoken = '{}'\n", canary("token").password);
    for (case, more) in [
        ("well", String::new()),
        ("proxy", format!("[proxy]\nurl = \"{}\"\n", canary("proxy").in_address(&refused_url()))),
    ] {
        stage.forget();
        stage.fresh_cargo_home();
        let mut planted = Planted::in_sandbox(&stage.sandbox);
        planted.file(stage.sandbox.path("config/mirror/config.toml"), &format!("{config}{more}"));
        planted.file(stage.sandbox.path("cargo/config.toml"), &cargo_config);
        planted.file(stage.sandbox.path("cargo/credentials.toml"), &credentials);
        for line in [
            "list",
            "list --json",
            "run -- fetch --verbose",
            "probe cargo",
            "probe --json",
            "verify",
            "verify --json",
            "setup cargo --dry-run --mirror a",
            "setup cargo --yes --mirror b",
            "setup all --yes --auto",
            "use a",
            "use d",
            "use b",
            "status",
            "status --json",
            "doctor",
            "doctor --json",
            "off -- publish --dry-run",
            "pin --crates",
            "catalog --json",
            "ledger",
            "undo",
            "cache",
            "cache --json",
            "cache prune --all",
        ] {
            planted.mirror(case, &project, line);
        }
    }
}

#[test]
fn pip_gives_no_secret_away() {
    let stock = WheelStock::downloaded();
    let (upstream, a, b) = (IndexServer::start(&stock), IndexServer::start(&stock), IndexServer::start(&stock));
    let socks = SocksProxy::start(&b.web.url());
    let sandbox = Sandbox::new();
    let shim = sandbox.path("shim");
    fs::create_dir(&shim).expect("the sandbox is ours");
    symlink(sandbox.path("programs/pip-shim"), shim.join("pip")).expect("the sandbox is ours");
    let bare = |server: &IndexServer| server.index().trim_end_matches('/').to_owned();
    let own = canary("pip-upstream").in_address(&upstream.index());
    let config = format!("[catalog]\nbuiltin = false\n[pip]\nupstream = \"{own}\"\n");
    let config = config + &mirrors("pip", "/", &bare(&a), &bare(&b), &socks.url());
    let dead = canary("proxy").in_address(&refused_url());
    for (case, more, told) in [
        ("relay", String::new(), &[][..]),
        ("direct", "[mirrors.a]\n".to_owned(), &["PIP_INDEX_URL"]),
        ("proxy", format!("[proxy]\nurl = \"{dead}\"\n"), &["HTTP_PROXY", "HTTPS_PROXY"]),
    ] {
        let mut planted = Planted::in_sandbox(&sandbox);
        planted.told = told;
        let config =
            if case == "direct" { config.replace("[pip]\n", "[pip]\nrelay = false\n") } else { config.clone() + &more };
        planted.file(sandbox.path("config/mirror/config.toml"), &config);
        let index = canary("requirements").in_address("https://index.example/simple/");
        planted.file(sandbox.work().join("other.txt"), &format!("--index-url {index}\ncertifi\n"));
        for line in [
            "download -vvv --no-deps --no-cache-dir -d got certifi",
            "index versions -vvv certifi",
            "install --dry-run -vvv --no-deps --no-cache-dir nowhere-to-be-found",
            "config list",
        ] {
            let words: Vec<&str> = ["--disable-pip-version-check"].into_iter().chain(line.split(' ')).collect();
            let mut command = planted.command("pip", &words);
            let path = command.get_envs().find(|(name, _)| *name == "PATH").and_then(|(_, value)| value);
            let path: OsString = [shim.clone().into_os_string(), path.expect("set").to_owned()].join(":".as_ref());
            command.env("PATH", path);
            let ran = planted.run(&format!("{case}: {line}"), command);
            assert!(!ran.stderr.contains("panicked"), "{case}: {line}: {ran}");
        }
        for line in ["", "--json", "--json -- install x", "-- install -r other.txt", "-- index versions x"] {
            let words: Vec<&str> = line.split(' ').filter(|word| !word.is_empty()).collect();
            planted.run(&format!("{case}: pip-shim {line}"), planted.command("pip-shim", &words));
        }
        planted.variables.push(("PIP_INDEX_URL", canary("pip-index").in_address(&refused_url())));
        for line in ["", "--json", "-- download x"] {
            let words: Vec<&str> = line.split(' ').filter(|word| !word.is_empty()).collect();
            planted.run(&format!("{case}: pip-shim {line}"), planted.command("pip-shim", &words));
        }
        for line in
            ["probe pip --json", "pin --wheels got", "setup pip --yes", "status pip --json", "doctor", "undo pip"]
        {
            planted.mirror(case, &sandbox.work(), line);
        }
    }
}
