//! A company's registry, a local one and vendored sources in the place of crates-io: they stay in force, and nobody else
//! hears the names of such a project's crates. Only known mirrors and our own replacement are overruled.

use std::{fs, path::PathBuf};

use mirror_tests::{CargoStage, CrateServer, Needs, Ran, Tamper};

/// A crate of the small project. The company has another one of that name and version.
const NAME: &str = "strsim";

struct World {
    stage: CargoStage,
    corp: CrateServer,
    project: PathBuf,
}

impl World {
    fn new() -> Self {
        let stage = CargoStage::new(&["ash", "birch"]);
        let corp = CrateServer::start(&stage.stock);
        corp.tamper(NAME, Tamper::Both);
        let project = stage.project("project", Needs::Handful);
        Self { stage, corp, project }
    }

    /// Nothing was heard, kept or configured yet.
    fn begin(&self) {
        self.stage.forget();
        self.stage.fresh_cargo_home();
        let servers = self.stage.mirrors.iter().map(|mirror| &mirror.server).chain([&self.stage.upstream, &self.corp]);
        servers.for_each(|server| server.web.forget_log());
        let _ = fs::remove_file(self.project.join("Cargo.lock"));
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.stage.sandbox.path(path);
        fs::create_dir_all(path.parent().expect("it has one")).expect("the sandbox is ours");
        fs::write(path, text).expect("the sandbox is ours");
    }

    fn panel(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
        let mut command = self.stage.sandbox.panel(arguments);
        command.current_dir(&self.project).envs(variables.iter().copied());
        self.stage.sandbox.run(command)
    }

    /// Whether upstream and the mirrors heard nothing at all.
    #[track_caller]
    fn assert_unheard(&self, case: &str) {
        let servers = self.stage.mirrors.iter().map(|mirror| &mirror.server).chain([&self.stage.upstream]);
        let heard: Vec<String> = servers.flat_map(|server| server.web.log()).map(|seen| seen.path).collect();
        assert!(heard.is_empty(), "{case}: {heard:?}");
    }

    fn lock(&self) -> String {
        fs::read_to_string(self.project.join("Cargo.lock")).expect("cargo wrote it")
    }
}

#[test]
fn a_company_s_registry_stays_in_force_wherever_it_is_named() {
    let replace = "[source.crates-io]\nreplace-with = \"corp\"\n";
    type Case<'a> = (&'a str, &'a [(&'a str, String)], &'a [(&'a str, String)], &'a [String]);
    let world = World::new();
    let source = format!("[source.corp]\nregistry = \"{}\"\n", world.corp.index());
    let registry = format!("[registries.corp]\nindex = \"{}\"\n", world.corp.index());
    let variable = [("CARGO_REGISTRIES_CORP_INDEX", world.corp.index())];
    let chain = "[source.crates-io]\nreplace-with = \"a\"\n[source.a]\nregistry = \"sparse+https://h.example/\"\nreplace-with = \"corp\"\n".to_owned();
    let given = [
        "--config".to_owned(),
        "source.crates-io.replace-with=\"corp\"".to_owned(),
        "--config".to_owned(),
        format!("source.corp.registry=\"{}\"", world.corp.index()),
    ];
    let cases: &[Case<'_>] = &[
        ("in cargo's folder", &[("cargo/config.toml", format!("{replace}{source}"))], &[], &[]),
        ("in the project", &[("work/project/.cargo/config.toml", format!("{replace}{source}"))], &[], &[]),
        ("above the project", &[("work/.cargo/config", format!("{replace}{registry}"))], &[], &[]),
        (
            "at two levels",
            &[("cargo/config.toml", source.clone()), ("work/project/.cargo/config.toml", replace.to_owned())],
            &[],
            &[],
        ),
        ("by a variable", &[("work/project/.cargo/config.toml", replace.to_owned())], &variable, &[]),
        ("by a chain", &[("cargo/config.toml", format!("{chain}{source}"))], &[], &[]),
        (
            "by a file that is included",
            &[
                ("cargo/config.toml", "include = [\"corp.toml\"]\n".to_owned()),
                ("cargo/corp.toml", format!("{replace}{source}")),
            ],
            &[],
            &[],
        ),
        ("on the command line", &[], &[], &given),
    ];
    for (case, files, variables, options) in cases {
        world.begin();
        for file in ["work/.cargo/config", "work/project/.cargo/config.toml"] {
            let _ = fs::remove_file(world.stage.sandbox.path(file));
        }
        files.iter().for_each(|(path, text)| world.write(path, text));
        let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let words: Vec<&str> = ["run", "--", "fetch"].into_iter().chain(options.iter().map(String::as_str)).collect();
        let fetched = world.panel(&words, &variables);
        assert_eq!(fetched.code, 0, "{case}: {fetched}");
        assert!(fetched.stderr.contains("stays in force"), "{case}: {fetched}");
        assert!(world.lock().contains(&world.corp.tampered_checksum(NAME)), "{case}: {}", world.lock());
        world.assert_unheard(case);
        if !options.is_empty() {
            continue;
        }
        let verified = world.panel(&["verify"], &variables);
        assert_eq!(verified.code, 0, "{case}: {verified}");
        assert!(verified.stdout.contains("not checked") && !verified.to_string().contains("POISON"), "{verified}");
        let pinned = world.panel(&["pin", "--crates"], &variables);
        assert!(pinned.code == 78 && pinned.stderr.contains("corp"), "{case}: {pinned}");
        world.assert_unheard(case);
        let probed = world.panel(&["probe", "cargo"], &variables).ok();
        assert!(probed.stderr.contains("asks none of these here"), "{case}: {probed}");
    }
}

#[test]
fn what_is_on_this_disk_stays_in_force() {
    let world = World::new();
    world
        .stage
        .cargo_through(&world.stage.upstream.index(), &world.project, ["vendor", "--respect-source-config", "v"])
        .ok();
    let replace = "[source.crates-io]\nreplace-with = \"here\"\n[source.here]\n";
    world.write("work/project/.cargo/config.toml", &format!("{replace}directory = \"v\"\n"));
    world.begin();
    let built = world.panel(&["run", "--", "metadata", "--format-version", "1"], &[]).ok();
    assert!(built.stdout.contains("project/v/strsim"), "{built}");
    world.assert_unheard("vendored");
    for (case, definition) in [("local", "local-registry = \"nowhere\"\n"), ("undefined", "")] {
        world.write("work/project/.cargo/config.toml", &format!("{replace}{definition}"));
        let failed = world.panel(&["run", "--", "fetch"], &[]).fails();
        assert_eq!(failed.code, 101, "{case}: cargo's own word: {failed}");
        world.assert_unheard(case);
    }
}

#[test]
fn a_trusted_server_of_one_s_own_is_a_company_s_registry_and_a_public_mirror_is_not() {
    let mut world = World::new();
    let ash = world.stage.mirror("ash").index();
    world.write(
        "cargo/config.toml",
        &format!("[source.crates-io]\nreplace-with = \"theirs\"\n[source.theirs]\nregistry = \"{ash}\"\n"),
    );
    let fetched = world.panel(&["run", "--", "fetch"], &[]).ok();
    assert!(!fetched.stderr.contains("stays in force"), "{fetched}");
    assert!(!world.stage.upstream.web.log().is_empty(), "upstream said what is true");

    let configuration = fs::read_to_string(world.stage.sandbox.path("cargo/config.toml")).expect("it is there");
    world.stage.set_keys("ash", "trusted = true");
    world.begin();
    world.write("cargo/config.toml", &configuration);
    let fetched = world.panel(&["run", "--", "fetch"], &[]).ok();
    assert!(fetched.stderr.contains("stays in force"), "{fetched}");
    let others = [&world.stage.upstream, world.stage.mirror("birch")];
    assert!(others.iter().all(|server| server.web.log().is_empty()), "its names are its own");
}
