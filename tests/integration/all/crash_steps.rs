//! Our programs killed before each write, rename, link, removal and sync: what is on disk is old or new, and the next run
//! needs no help.
//!
//! `strace` kills at a call that is counted, of each thread on its own; step after step, until nobody gets that far. Where
//! there is no `strace`, or it may not trace, the tests say so and see nothing. `MIRROR_TEST_STEPS=N` takes only so many
//! steps of each command, spread over all of them.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use mirror_tests::{
    History, NAME, Ran, Sandbox, Stage, assert_fsck_clean, assert_same_repository, assert_whole_store, search_path,
};

/// What is counted.
const CALLS: &str = "write,writev,pwrite64,rename,renameat,renameat2,link,linkat,unlink,unlinkat,fsync,fdatasync,ftruncate,mkdir,mkdirat";
/// Steps that a command takes in a normal run, at most.
const STEPS: usize = 24;
/// More calls than any thread of ours makes here.
const MOST: usize = 4096;
/// Why a test says nothing.
const NO_STRACE: &str = "skipped: there is no strace that may trace here";

#[expect(clippy::disallowed_methods, reason = "a switch for whoever runs the tests, not for the programs")]
fn steps() -> usize {
    let Ok(text) = std::env::var("MIRROR_TEST_STEPS") else { return STEPS };
    text.parse().unwrap_or_else(|error| panic!("MIRROR_TEST_STEPS={text}: {error}"))
}

/// Has a program of ours run under strace, which kills it at its `step`th call; at 0 it counts, and kills nobody.
///
/// The program alone is traced, not what it starts: those are others' programs.
fn tracer(sandbox: &Sandbox, program: &str, step: usize) -> Option<PathBuf> {
    let strace =
        std::env::split_paths(&search_path()).map(|folder| folder.join("strace")).find(|file| file.is_file())?;
    let counts = sandbox.path("calls");
    let what = match step {
        0 => format!("-f -o '{}' -e trace={CALLS}", counts.display()),
        step => format!("-f -o /dev/null -e trace={CALLS} -e inject={CALLS}:signal=KILL:when={step}"),
    };
    // Following only threads is not among strace's options: a child is another program once it calls exec, and detached.
    let text = format!(
        "#!/bin/sh\nexec '{}' -b execve {what} '{}' \"$@\"\n",
        strace.display(),
        sandbox.path("programs").join(program).display()
    );
    let file = sandbox.path("bin").join(program);
    fs::write(&file, text).expect("the sandbox is ours");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("the file is ours");
    Some(file)
}

/// Takes the tracer away again.
fn untraced(sandbox: &Sandbox, program: &str) {
    fs::remove_file(sandbox.path("bin").join(program)).expect("it was there");
}

/// The steps to take for a command that was counted: all of the thread that made the most calls, or some of them.
fn chosen(sandbox: &Sandbox) -> Vec<usize> {
    let text = fs::read_to_string(sandbox.path("calls")).unwrap_or_default();
    let mut by_thread = std::collections::BTreeMap::new();
    for line in text.lines().filter(|line| line.contains('(') && !line.contains("resumed>")) {
        *by_thread.entry(line.split(' ').next().unwrap_or_default().to_owned()).or_insert(0_usize) += 1;
    }
    let most = by_thread.values().copied().max().unwrap_or_default().min(MOST);
    let count = steps().min(most);
    // The first steps and the last are where files change; between them a few stand for many.
    let mut all: Vec<usize> = (1..=count).map(|n| n * most / count.max(1)).map(|step| step.max(1)).collect();
    all.extend((1..=most).take(count / 4));
    all.sort_unstable();
    all.dedup();
    all
}

/// Runs a command step by step. `prepare` makes the state before it, `check` looks at what the kill has left.
fn each_step(
    sandbox: &Sandbox,
    program: &str,
    prepare: impl Fn(),
    run: impl Fn() -> Ran,
    check: impl Fn(usize, &Ran),
) -> Option<usize> {
    tracer(sandbox, program, 0)?;
    prepare();
    let counted = run();
    if counted.stderr.contains("strace:") || !sandbox.path("calls").exists() {
        return None;
    }
    assert_eq!(counted.code, 0, "nobody is killed: {counted}");
    untraced(sandbox, program);
    let chosen = chosen(sandbox);
    assert!(chosen.len() >= 4, "it writes: {chosen:?}");
    let mut killed = 0;
    for step in chosen {
        prepare();
        tracer(sandbox, program, step)?;
        let ran = run();
        untraced(sandbox, program);
        killed += usize::from(ran.code != 0);
        check(step, &ran);
    }
    Some(killed)
}

/// All files below a folder, with their bytes.
fn snapshot(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            match entry.path() {
                path if path.is_dir() => folders.push(path),
                path => files.push((path.clone(), fs::read(&path).unwrap_or_default())),
            }
        }
    }
    files.sort();
    files
}

/// Makes what a killed process left unfinished two minutes old: from then on nobody can still be at it.
fn age(folder: &Path) {
    let then = SystemTime::now() - Duration::from_secs(120);
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().contains(".cargo-mirror-") {
            let file = fs::File::options().write(true).open(entry.path());
            file.and_then(|file| file.set_modified(then)).expect("the file is ours");
        }
    }
}

/// Empties the folders in which our programs keep things.
fn forget(sandbox: &Sandbox) {
    for folder in ["state", "cache"] {
        let folder = sandbox.path(folder);
        fs::remove_dir_all(&folder).and_then(|()| fs::create_dir(&folder)).expect("the folder is ours");
    }
}

#[test]
fn a_set_up_of_cargo_is_made_or_not_at_any_moment() {
    let sandbox = Sandbox::new();
    sandbox.mirror_config("[mirrors.campus]\ncargo = \"sparse+https://crates.campus.example/index/\"\n");
    let before = "# mine\n[net]\nretry = 3 # often\n";
    let home = sandbox.path("cargo");
    let ask = |words: &[&str]| {
        let mut command = sandbox.command("cargo-mirror");
        command.args(words);
        sandbox.run(command)
    };
    let set_up = || ask(&["setup", "cargo", "--mirror", "campus", "--yes"]);
    let prepare = || {
        forget(&sandbox);
        fs::remove_dir_all(&home).and_then(|()| fs::create_dir(&home)).expect("the folder is ours");
        fs::write(home.join("config.toml"), before).expect("the folder is ours");
    };
    prepare();
    set_up().ok();
    let after = snapshot(&home);
    let text = |name: &str| fs::read_to_string(home.join(name)).unwrap_or_default();
    let after_text = text("config.toml");
    assert_ne!(before, after_text);
    let check = |step: usize, ran: &Ran| {
        let now = text("config.toml");
        assert!(now == before || now == after_text, "step {step}: half a file: {now:?} {ran}");
        age(&home);
        let again = set_up();
        assert_eq!(again.code, 0, "step {step}: {again}");
        assert_eq!(snapshot(&home), after, "step {step}: the next run makes it whole");
        let undo = ask(&["undo", "cargo"]);
        assert_eq!(undo.code, 0, "step {step}: {undo}");
        assert_eq!(text("config.toml"), before, "step {step}: and it can be undone");
        assert_eq!(snapshot(&home).len(), 1, "step {step}: nothing is left");
    };
    match each_step(&sandbox, "cargo-mirror", prepare, set_up, check) {
        Some(killed) => assert!(killed >= 4, "killed {killed} times"),
        None => eprintln!("{NO_STRACE}"),
    }
}

#[test]
fn a_set_up_of_git_is_made_or_undone_or_not_at_any_moment() {
    let sandbox = Sandbox::new();
    let file = sandbox.path("gitconfig");
    let before = fs::read_to_string(&file).expect("a sandbox has one");
    let ask = |words: &[&str]| {
        let mut command = sandbox.command("cargo-mirror");
        command.args(words);
        sandbox.run(command)
    };
    let set_up = || ask(&["setup", "git", "--transparent", "--yes"]);
    let undo = || ask(&["undo", "git"]);
    let text = || fs::read_to_string(&file).expect("it is there");
    let prepare = || {
        forget(&sandbox);
        fs::write(&file, &before).expect("the file is ours");
    };
    prepare();
    set_up().ok();
    let after = text();
    assert_ne!(before, after);
    let check = |step: usize, ran: &Ran| {
        let now = text();
        assert!(now == before || now == after, "step {step}: half a file: {now:?} {ran}");
        age(file.parent().expect("in the sandbox"));
        let again = set_up();
        assert_eq!((again.code, text()), (0, after.clone()), "step {step}: {again}");
        let undone = undo();
        assert_eq!((undone.code, text()), (0, before.clone()), "step {step}: {undone}");
    };
    let Some(killed) = each_step(&sandbox, "cargo-mirror", prepare, set_up, check) else {
        eprintln!("{NO_STRACE}");
        return;
    };
    assert!(killed >= 4, "killed {killed} times");
    let prepare = || {
        forget(&sandbox);
        fs::write(&file, &before).expect("the file is ours");
        set_up().ok();
    };
    let check = |step: usize, ran: &Ran| {
        let now = text();
        assert!(now == before || now == after, "step {step}: half a file: {now:?} {ran}");
        let again = undo();
        assert_eq!((again.code, text()), (0, before.clone()), "step {step}: {again}");
    };
    each_step(&sandbox, "cargo-mirror", prepare, undo, check);
}

#[test]
fn a_fetch_and_its_ledger_are_whole_at_any_moment() {
    let stage = Stage::new(&History::small(), &["a", "b"]);
    let clone = || stage.clone(&["-q", "--mirror"], "copy");
    let target = stage.work("copy");
    let prepare = || {
        stage.forget();
        // An error means that there is none.
        let _ = fs::remove_dir_all(&target);
    };
    let check = |step: usize, ran: &Ran| {
        if ran.code == 0 {
            assert_same_repository(&stage.upstream.path(), &target);
        } else {
            assert!(!target.exists(), "step {step}: git leaves nothing: {ran}");
        }
        stage.stores().iter().for_each(|store| assert_whole_store(store));
        for (path, bytes) in snapshot(&stage.sandbox.path("state")) {
            let is_json = path.extension().is_some_and(|end| end == "json");
            let whole = serde_json::from_slice::<serde_json::Value>(&bytes).is_ok();
            assert!(!is_json || whole, "step {step}: half of {}: {bytes:?}", path.display());
        }
        let _ = fs::remove_dir_all(&target);
        let again = clone();
        assert_eq!(again.code, 0, "step {step}: the next one needs no help: {again}");
        assert_same_repository(&stage.upstream.path(), &target);
        assert_fsck_clean(&target);
        for store in stage.stores() {
            let left = fs::read_dir(store.join("incoming")).map_or(0, Iterator::count);
            assert_eq!(left, 0, "step {step}: what the killed one left goes");
        }
    };
    match each_step(&stage.sandbox, "git-remote-mirror", prepare, clone, check) {
        Some(killed) => assert!(killed >= 4, "killed {killed} times"),
        None => eprintln!("{NO_STRACE}"),
    }
}

#[test]
fn pins_are_written_or_not_at_any_moment() {
    let stage = Stage::new(&History::small(), &["a"]);
    let pin = || {
        let mut command = stage.sandbox.command("cargo-mirror");
        command.args(["mirror", "pin", NAME]);
        stage.sandbox.run(command)
    };
    let lock = stage.work("mirror.lock");
    pin().ok();
    let old = fs::read_to_string(&lock).expect("it was written");
    stage.upstream.add_commit("main", "new.txt", "new");
    let refs =
        |text: &str| text.lines().filter(|line| line.starts_with("\"refs/")).map(str::to_owned).collect::<Vec<_>>();
    let prepare = || fs::write(&lock, &old).expect("the file is ours");
    let check = |step: usize, ran: &Ran| {
        let now = fs::read_to_string(&lock).expect("there is always one");
        assert!(now == old || refs(&now) != refs(&old) && now.ends_with('\n'), "step {step}: {now}");
        assert!(ran.code != 0 || now != old, "step {step}: it was done: {ran}");
        pin().ok();
        assert!(
            refs(&fs::read_to_string(&lock).expect("there")) != refs(&old),
            "step {step}: the next one needs no help"
        );
        let names = fs::read_dir(stage.work("")).expect("ours").flatten().map(|entry| entry.file_name());
        assert_eq!(names.collect::<Vec<_>>(), ["mirror.lock"], "step {step}: nothing is left");
    };
    match each_step(&stage.sandbox, "cargo-mirror", prepare, pin, check) {
        Some(killed) => assert!(killed >= 4, "killed {killed} times"),
        None => eprintln!("{NO_STRACE}"),
    }
}
