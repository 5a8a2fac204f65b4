//! Games with PATH: the shim never finds itself, never runs what lies in the working folder, and always ends.

use std::{fs, os::unix::fs::symlink};

use super::stage::{MIRROR, PipStage};

/// The shim in all its disguises, and a pip in the working folder that must never run.
fn stage() -> PipStage {
    let stage = PipStage::new(MIRROR);
    for folder in ["hard", "copy", "twice", "circle", "empty"] {
        fs::create_dir(stage.sandbox.path(folder)).expect("the sandbox is ours");
    }
    let at = |below: &str| stage.sandbox.path(below);
    fs::hard_link(stage.shim(), at("hard/pip")).expect("the sandbox is ours");
    fs::copy(stage.shim(), at("copy/pip")).expect("the sandbox is ours");
    symlink(at("shim/pip"), at("twice/pip")).expect("the sandbox is ours");
    symlink(at("circle/pip"), at("circle/pip")).expect("the sandbox is ours");
    stage.program("work/pip", "#!/bin/sh\necho evil\n");
    stage
}

#[test]
fn the_next_pip_on_path_runs_whatever_stands_between() {
    let stage = stage();
    stage.recorder("venv/bin/pip");
    for (path, venv, program) in [
        ("@shim:@real", "", "real/pip"),
        ("@shim:@hard:@copy:@twice:@circle:@empty:@real", "", "real/pip"),
        ("@shim:@shim:@real:@shim", "", "real/pip"),
        (":@shim:.::work:@real:", "", "real/pip"),
        ("@shim:@real", "venv", "venv/bin/pip"),
        ("@shim:@real:@venv/bin", "venv", "real/pip"),
        ("@shim:@venv/bin:@real", "venv", "venv/bin/pip"),
    ] {
        let mut command = stage.pip_on(&format!("{path}:/usr/bin:/bin"));
        command.arg("--version").env("VIRTUAL_ENV", if venv.is_empty() { "".into() } else { stage.sandbox.path(venv) });
        let ran = stage.sandbox.run(command).ok();
        assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""), "{path}");
        assert_eq!(stage.recorded("program"), stage.sandbox.path(program).display().to_string(), "{path}");
    }
}

#[test]
fn without_another_pip_it_says_so() {
    let stage = stage();
    let mut quickest = f64::INFINITY;
    for path in ["@shim", "", ".", ":", "@shim:@hard:@copy:@twice:@circle:.", "work:./:../work"] {
        for words in [&["--version"][..], &["install", "x"]] {
            let mut command = stage.pip_on(path);
            command.args(words);
            let ran = stage.sandbox.run(command);
            assert_eq!((ran.code, ran.stdout.as_str()), (127, ""), "{path}: {ran}");
            assert!(
                ran.stderr.starts_with("mirror: error[E-CONFIG]: there is no `pip` on PATH but this shim\n"),
                "{ran}"
            );
            assert!(ran.stderr.contains("\nmirror: hint: "), "{ran}");
            quickest = quickest.min(ran.seconds);
        }
    }
    assert!(quickest < 1.0, "{quickest} s");
}

#[test]
fn a_wrapper_that_leads_back_comes_to_the_next_pip_or_to_an_end() {
    let stage = stage();
    // As pyenv does when its version is the system's: it becomes whatever pip comes first on PATH but its own.
    let becomes = format!("#!/bin/sh\nexec '{}' \"$@\"\n", stage.sandbox.path("shim/pip").display());
    stage.program("wrapper/pip", &becomes);
    let mut command = stage.pip_on("@shim:@wrapper:@real:/usr/bin:/bin");
    command.args(["install", "a b"]);
    stage.sandbox.run(command).ok();
    assert_eq!(stage.arguments(), Some(["install", "a b"].map(Into::into).to_vec()));
    let mut command = stage.pip_on("@shim:@wrapper");
    command.arg("--version");
    let ran = stage.sandbox.run(command);
    assert_eq!(ran.code, 127, "{ran}");
    assert!(ran.stderr.contains("wrapper/pip leads back to the shim"), "{ran}");
    stage.program("wrapper/pip", &becomes.replace("exec ", ""));
    let mut command = stage.pip_on("@shim:@wrapper");
    command.arg("--version");
    let ran = stage.sandbox.run(command);
    assert_eq!(ran.code, 127, "{ran}");
    assert!(ran.stderr.contains("the pip shim leads back to itself"), "{ran}");
}

#[test]
fn a_pip_that_a_pip_starts_is_the_same_one() {
    let stage = stage();
    let shim = stage.sandbox.path("shim/pip").display().to_string();
    stage.program("outer/pip", &format!("#!/bin/sh\n[ \"$1\" = inner ] && echo inner && exit 5\n'{shim}' inner\n"));
    let mut command = stage.pip_on("@shim:@outer:@real:/usr/bin:/bin");
    command.args(["install", "x"]);
    let ran = stage.sandbox.run(command);
    assert_eq!((ran.code, ran.stdout.as_str()), (5, "inner\n"), "{ran}");
}

#[test]
fn each_name_finds_its_own_pip() {
    let stage = stage();
    for name in ["pip3", "pip3.12"] {
        stage.link(&format!("shim/{name}"));
        stage.recorder(&format!("real/{name}"));
        let mut command = stage.sandbox.command(stage.sandbox.path("shim").join(name));
        let path = format!("{0}/shim:{0}/real:/usr/bin:/bin", stage.root());
        command.env("PATH", path).env("RECORD", stage.sandbox.path("record")).arg("--version");
        stage.sandbox.run(command).ok();
        assert_eq!(stage.recorded("program"), stage.sandbox.path("real").join(name).display().to_string());
    }
}

#[test]
fn pips_of_pyenv_and_of_the_distribution_run_as_they_do_without_the_shim() {
    let stage = stage();
    fs::remove_file(stage.sandbox.path("real/pip")).expect("the sandbox is ours");
    let machine = mirror_tests::search_path().into_string().expect("plain names");
    let folders: Vec<_> = std::env::split_paths(&machine).filter(|folder| folder.join("pip").is_file()).collect();
    if folders.is_empty() {
        eprintln!("skipped: there is no pip here");
    }
    for folder in folders {
        let folder = folder.display();
        let version = |path: &str| {
            let mut command = stage.pip_on(path);
            command.arg("--version");
            stage.sandbox.run(command)
        };
        let mut plain = stage.sandbox.command(format!("{folder}/pip"));
        plain.env("PATH", format!("{folder}:{machine}")).arg("--version");
        let plain = stage.sandbox.run(plain);
        let through = version(&format!("@shim:{folder}:{machine}"));
        assert_eq!(
            (through.code, through.stdout, through.stderr),
            (plain.code, plain.stdout, plain.stderr),
            "{folder}"
        );
    }
}

#[test]
fn a_conda_environment_s_pip_runs_with_that_environment_s_configuration() {
    let stage = stage();
    stage.recorder("conda/envs/x/bin/pip");
    stage.recorder("conda/bin/pip");
    let run = || {
        let mut command = stage.pip_on("@shim:@conda/envs/x/bin:@conda/condabin:@conda/bin:@real:/usr/bin:/bin");
        command.args(["install", "x"]).env("CONDA_PREFIX", stage.sandbox.path("conda/envs/x"));
        stage.sandbox.run(command).ok();
        let program = stage.sandbox.path("conda/envs/x/bin/pip").display().to_string();
        assert_eq!(stage.recorded("program"), program);
        stage.variables().contains_key("PIP_INDEX_URL")
    };
    assert!(run(), "nobody has chosen an index");
    let chosen = "[global]\nindex-url = https://own.example/\n";
    fs::write(stage.sandbox.path("conda/envs/x/pip.conf"), chosen).expect("the sandbox is ours");
    assert!(!run(), "the environment has");
}

#[test]
fn links_that_lead_to_each_other_and_many_shims_come_to_an_end() {
    let stage = stage();
    for (from, to) in [("loop-a", "loop-b"), ("loop-b", "loop-a")] {
        fs::create_dir(stage.sandbox.path(from)).expect("the sandbox is ours");
        symlink(stage.sandbox.path(to).join("pip"), stage.sandbox.path(from).join("pip")).expect("the sandbox is ours");
    }
    symlink(stage.sandbox.path("twice/pip"), stage.sandbox.path("empty/pip")).expect("the sandbox is ours");
    let mut command =
        stage.pip_on(&format!("{}@loop-a:@loop-b:@real:/usr/bin:/bin", "@shim:@empty:@twice:@hard:".repeat(50)));
    command.arg("--version");
    stage.sandbox.run(command).ok();
    assert_eq!(stage.recorded("program"), stage.sandbox.path("real/pip").display().to_string());
    // Named by a path, it is the same shim.
    let mut command = stage.sandbox.command("./pip");
    fs::remove_file(stage.sandbox.path("work/pip")).expect("the sandbox is ours");
    symlink(stage.shim(), stage.sandbox.path("work/pip")).expect("the sandbox is ours");
    let path = format!(".:{0}/shim:{0}/real:/usr/bin:/bin", stage.root());
    command.env("PATH", path).env("RECORD", stage.sandbox.path("record")).arg("--version");
    stage.sandbox.run(command).ok();
    assert_eq!(stage.recorded("program"), stage.sandbox.path("real/pip").display().to_string());
}
