//! Signed commits and tags, where an upstream asks for them: with real GPG and real ssh-keygen, through every way that a
//! fetch can take. Where one of the two programs is not here, these tests say so and see nothing of it.

use std::{fs, path::PathBuf, process::Command};

use mirror_tests::{History, NAME, Ran, Repository, Sandbox, Stage, plain_git, run};
use tempfile::TempDir;

/// Keys of GPG and SSH in a home of their own.
struct Keys {
    home: TempDir,
    has_gpg: bool,
    has_ssh: bool,
}

impl Keys {
    fn new() -> Self {
        let home = tempfile::Builder::new().prefix("keys").tempdir().expect("a temporary folder");
        let starts = |program: &str, word: &str| Command::new(program).arg(word).output().is_ok();
        Self { home, has_gpg: starts("gpg", "--version"), has_ssh: starts("ssh-keygen", "-?") }
    }

    fn path(&self, name: &str) -> String {
        self.home.path().join(name).to_str().expect("plain names").to_owned()
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Ran {
        let mut command = Command::new(program);
        command.env("GNUPGHOME", self.home.path()).env("HOME", self.home.path()).args(arguments);
        run(command, mirror_tests::PATIENCE).ok()
    }

    /// A new key of GPG's; its fingerprint.
    fn gpg(&self, name: &str) -> String {
        let user = format!("{name} <{name}@example.org>");
        self.run("gpg", &["--batch", "--passphrase", "", "--quick-generate-key", &user, "ed25519", "sign", "never"]);
        let listed = self.run("gpg", &["--batch", "--with-colons", "--list-keys", &user]).stdout;
        let line = listed.lines().find(|line| line.starts_with("fpr:")).expect("a key has a fingerprint");
        line.split(':').nth(9).expect("it is the tenth field").to_owned()
    }

    /// Public keys, in a file.
    fn keyring(&self, fingerprints: &[&str]) -> String {
        let file = self.path("keyring.gpg");
        // An error means that there is none yet.
        let _ = fs::remove_file(&file);
        self.run("gpg", &[&["--batch", "--output", &file, "--export"], fingerprints].concat());
        file
    }

    /// A new key of SSH's; its file and its fingerprint.
    fn ssh(&self, name: &str) -> (String, String) {
        let file = self.path(name);
        self.run("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", &file]);
        let listed = self.run("ssh-keygen", &["-lf", &file]).stdout;
        (file, listed.split(' ').nth(1).expect("it is the second word").to_owned())
    }

    fn git(&self, repository: &Repository, arguments: &[&str]) -> String {
        let mut command = plain_git(&repository.path());
        command.env("GNUPGHOME", self.home.path()).args(["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]);
        command.args(arguments);
        run(command, mirror_tests::PATIENCE).ok().stdout.trim().to_owned()
    }

    /// Moves `main` on by a commit, signed with these settings and options.
    fn commit(&self, repository: &Repository, text: &str, settings: &[&str], options: &[&str]) -> String {
        let tree = ["commit-tree", "-p", "main", "-m", text];
        let id = self.git(repository, &[settings, &tree, options, &["main^{tree}"]].concat());
        repository.set_ref("refs/heads/main", &id);
        id
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        if self.has_gpg {
            // Its agent would go with the folder, but later.
            let mut command = Command::new("gpgconf");
            let _ = command.env("GNUPGHOME", self.home.path()).args(["--kill", "all"]).output();
        }
    }
}

fn ssh_settings(key: &str) -> Vec<String> {
    vec!["-c".to_owned(), "gpg.format=ssh".to_owned(), "-c".to_owned(), format!("user.signingKey={key}")]
}

/// An upstream whose only ref is `main`, with two mirrors.
fn stage() -> Stage {
    stage_of(&History::small())
}

fn stage_of(history: &History) -> Stage {
    let write = |root: PathBuf| {
        let repository = history.write(root, NAME);
        for name in repository.refs("refs").iter().filter(|name| *name != "refs/heads/main") {
            repository.delete_ref(name);
        }
        repository
    };
    Stage::with(Sandbox::new(), write, &["a", "b"])
}

/// Mirrors have what upstream has.
fn spread(stage: &Stage) {
    stage.mirrors.iter().for_each(|mirror| mirror.repository.become_copy_of(&stage.upstream));
}

fn policy(stage: &Stage, signers: &[&str], keyring: Option<&str>, allowed: Option<&str>) {
    let file = |key: &str, file: Option<&str>| file.map(|file| format!("{key} = \"{file}\"\n")).unwrap_or_default();
    let signers: Vec<String> = signers.iter().map(|signer| format!("\"{signer}\"")).collect();
    let keys =
        format!("signers = [{}]\n{}{}", signers.join(", "), file("keyring", keyring), file("allowed-signers", allowed));
    // The table of the upstream stands before those of the mirrors.
    stage.sandbox.mirror_config(&stage.configuration("").replace("[mirrors.a]", &format!("{keys}[mirrors.a]")));
}

#[track_caller]
fn assert_refused(stage: &Stage, case: &str, ran: &Ran, why: &str) {
    assert_eq!(ran.code, 128, "{case}: {ran}");
    assert!(ran.stderr.contains("mirror: error[E-SIG]: ") && ran.stderr.contains(why), "{case}: {ran}");
    assert!(ran.stderr.contains("\nmirror: hint: "), "{case}: {ran}");
    assert!(!stage.work("refused").exists(), "{case}: no target is left");
}

#[test]
fn commits_signed_by_a_listed_key_come_and_no_others() {
    let keys = Keys::new();
    if !keys.has_gpg {
        eprintln!("there is no gpg, and nothing is seen here");
        return;
    }
    let (ada, eve, old) = (keys.gpg("ada"), keys.gpg("eve"), keys.gpg("old"));
    let by = |key: &str| format!("-S{key}");
    let stage = stage();
    keys.commit(&stage.upstream, "signed", &[], &[&by(&ada)]);
    let keyring = keys.keyring(&[&ada, &eve]);
    policy(&stage, &[&ada], Some(&keyring), None);
    spread(&stage);
    stage.clone(&["-q"], "ours").ok();
    for (case, options) in [("depth", &["-q", "--depth=1"][..]), ("partial", &["-q", "--filter=blob:none"])] {
        stage.clone(options, case).ok();
        assert!(stage.work(case).join(".git").exists(), "{case}");
    }
    let good = stage.upstream.tip();
    // Signed with a key that has expired since.
    let late = {
        let id = keys.commit(&stage.upstream, "late", &[], &[&by(&old)]);
        keys.run("gpg", &["--batch", "--passphrase", "", "--quick-set-expire", &old, "seconds=1"]);
        std::thread::sleep(std::time::Duration::from_secs(2));
        stage.upstream.set_ref("refs/heads/main", &good);
        id
    };
    let keyring = keys.keyring(&[&ada, &eve, &old]);
    let tampered = {
        let object = stage.upstream.git(&["cat-file", "commit", &good]).stdout.replace("signed\n", "signed?\n");
        let file = keys.path("tampered");
        fs::write(&file, object).expect("the folder is ours");
        keys.git(&stage.upstream, &["hash-object", "-w", "-t", "commit", &file])
    };
    let strange = keys.commit(&stage.upstream, "strange", &[], &[&by(&eve)]);
    stage.upstream.set_ref("refs/heads/main", &good);
    let bare = keys.commit(&stage.upstream, "bare", &[], &[]);
    stage.upstream.set_ref("refs/heads/main", &good);
    for (case, tip, signers, keyring, why) in [
        ("unsigned", &bare, &[ada.as_str()][..], &keyring, "it is not signed"),
        ("another key of the keyring", &strange, &[&ada], &keyring, "which is not listed"),
        ("a key outside the keyring", &strange, &[&ada, &eve], &keys.path("ada.gpg"), "not in the keyring"),
        ("an expired key", &late, &[&ada, &old], &keyring, "has expired"),
        ("tampered with", &tampered, &[&ada], &keyring, "not over this content"),
    ] {
        if case == "a key outside the keyring" {
            keys.run("gpg", &["--batch", "--output", keyring, "--export", &ada]);
        }
        policy(&stage, signers, Some(keyring), None);
        stage.upstream.set_ref("refs/heads/main", tip);
        spread(&stage);
        assert_refused(&stage, case, &stage.clone(&["-q"], "refused"), why);
        let before = stage.sandbox.git_in(stage.work("ours"), ["rev-parse", "origin/main"]).ok().stdout;
        let ran = stage.sandbox.git_in(stage.work("ours"), ["fetch"]).fails();
        assert!(ran.stderr.contains("error[E-SIG]") && ran.stderr.contains(why), "{case}: {ran}");
        let after = stage.sandbox.git_in(stage.work("ours"), ["rev-parse", "origin/main"]).ok().stdout;
        assert_eq!(before, after, "{case}: no ref moves");
        let there = stage.sandbox.git_in(stage.work("ours"), ["cat-file", "-e", tip]);
        assert_ne!(there.code, 0, "{case}: nothing was delivered");
    }
    policy(&stage, &[&eve], Some(&keyring), None);
    stage.upstream.set_ref("refs/heads/main", &strange);
    stage.sandbox.git_in(stage.work("ours"), ["fetch", "-q"]).ok();
    let moved = stage.sandbox.git_in(stage.work("ours"), ["rev-parse", "origin/main"]).ok().stdout;
    assert_eq!(moved.trim(), strange, "who lists the other key gets its commits");
}

#[test]
fn it_does_not_matter_who_speaks_and_who_carries() {
    let keys = Keys::new();
    if !keys.has_gpg {
        eprintln!("there is no gpg, and nothing is seen here");
        return;
    }
    let ada = keys.gpg("ada");
    let mut stage = stage();
    keys.commit(&stage.upstream, "signed", &[], &[&format!("-S{ada}")]);
    spread(&stage);
    let keyring = keys.keyring(&[&ada]);
    policy(&stage, &[&ada], Some(&keyring), None);
    stage.upstream_goes_away();
    let ran = stage.clone(&["-q"], "ours").ok();
    assert!(ran.stderr.contains("quorum"), "{ran}");
    // Both mirrors agree on a commit that nobody has signed.
    let before = stage.mirror("a").repository.tip();
    for mirror in &stage.mirrors {
        mirror.repository.add_commit("main", "evil", "evil");
    }
    let evil = stage.mirror("a").repository.tip();
    assert_ne!(before, evil);
    assert_refused(&stage, "quorum", &stage.clone(&["-q"], "refused"), "it is not signed");
    let ran = stage.sandbox.git_in(stage.work("ours"), ["fetch"]).fails();
    assert!(ran.stderr.contains("error[E-SIG]") && ran.stderr.contains(&evil), "{ran}");
}

#[test]
fn repositories_that_use_sha256_are_no_exception() {
    let keys = Keys::new();
    if !keys.has_gpg {
        eprintln!("there is no gpg, and nothing is seen here");
        return;
    }
    let ada = keys.gpg("ada");
    let stage = stage_of(&History::small().sha256());
    let keyring = keys.keyring(&[&ada]);
    policy(&stage, &[&ada], Some(&keyring), None);
    assert_refused(&stage, "unsigned", &stage.clone(&["-q"], "refused"), "it is not signed");
    keys.commit(&stage.upstream, "signed", &[], &[&format!("-S{ada}")]);
    spread(&stage);
    stage.clone(&["-q"], "ours").ok();
}

#[test]
fn tags_are_looked_at_and_the_old_protocol_is_refused() {
    let keys = Keys::new();
    if !keys.has_gpg {
        eprintln!("there is no gpg, and nothing is seen here");
        return;
    }
    let ada = keys.gpg("ada");
    let stage = stage();
    keys.commit(&stage.upstream, "signed", &[], &[&format!("-S{ada}")]);
    keys.git(&stage.upstream, &["-c", &format!("user.signingKey={ada}"), "tag", "-s", "-m", "good", "good", "main"]);
    let keyring = keys.keyring(&[&ada]);
    policy(&stage, &[&ada], Some(&keyring), None);
    stage.clone(&["-q"], "ours").ok();
    let tags = stage.sandbox.git_in(stage.work("ours"), ["tag"]).ok().stdout;
    assert_eq!(tags.trim(), "good");
    keys.git(&stage.upstream, &["tag", "-a", "-m", "bad", "bad", "main"]);
    assert_refused(&stage, "a tag", &stage.clone(&["-q"], "refused"), "refs/tags/bad");
    let ran = stage.clone(&["-q", "--single-branch"], "refused");
    assert_refused(&stage, "a tag that comes along", &ran, "refs/tags/bad");
    stage.clone(&["-q", "--single-branch", "--no-tags"], "branch").ok();
    let ran = stage.sandbox.git_in(stage.work("ours"), ["fetch", "-q"]);
    let tags = stage.sandbox.git_in(stage.work("ours"), ["tag"]).ok().stdout;
    assert_eq!(tags.trim(), "good", "{ran}");
    stage.upstream.delete_ref("refs/tags/bad");
    let old = ["-c", "protocol.version=0", "clone", "-q", "mirror::owner/small", "refused"];
    assert_refused(&stage, "protocol v0", &stage.sandbox.git(old), "older protocol");
}

#[test]
fn signatures_of_ssh_count_by_their_fingerprint() {
    let keys = Keys::new();
    if !keys.has_ssh {
        eprintln!("there is no ssh-keygen, and nothing is seen here");
        return;
    }
    let ((ada, ada_print), (eve, eve_print)) = (keys.ssh("ada"), keys.ssh("eve"));
    let public = |file: &str| fs::read_to_string(format!("{file}.pub")).expect("a public key");
    let allowed = keys.path("allowed");
    let lines = format!("ada@example.org {}eve@example.org {}", public(&ada), public(&eve));
    fs::write(&allowed, &lines).expect("the folder is ours");
    let stage = stage();
    let settings = ssh_settings(&ada);
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    keys.commit(&stage.upstream, "signed", &settings, &["-S"]);
    spread(&stage);
    for (case, signers, lines, why) in [
        ("the key", &[ada_print.as_str()][..], lines.clone(), None),
        ("another key that is allowed", &[&eve_print], lines.clone(), Some("which is not listed")),
        ("listed, not allowed", &[&ada_print], format!("eve@example.org {}", public(&eve)), Some("not allowed")),
        (
            "not allowed any more",
            &[&ada_print],
            format!("ada@example.org valid-before=\"20200101\" {}", public(&ada)),
            Some("not allowed any more"),
        ),
    ] {
        fs::write(&allowed, lines).expect("the folder is ours");
        policy(&stage, signers, None, Some(&allowed));
        stage.forget();
        match why {
            None => drop(stage.clone(&["-q"], "ours").ok()),
            Some(why) => assert_refused(&stage, case, &stage.clone(&["-q"], "refused"), why),
        }
    }
}

#[test]
fn a_policy_that_cannot_hold_is_an_error_of_the_configuration() {
    let stage = stage();
    let full = "8F7A6C1E2B3D4F5061728394A5B6C7D8E9F00112";
    for (case, signers, keyring, word) in [
        ("a short fingerprint", "A5B6C7D8E9F00112", Some("/nowhere"), "not a full fingerprint"),
        ("no keyring", full, None, "upstreams.github.keyring"),
        ("a keyring that is not there", full, Some("/nowhere/keys.gpg"), "there is no such file of keys"),
    ] {
        policy(&stage, &[signers], keyring, None);
        let ran = stage.clone(&["-q"], "refused");
        assert_eq!(ran.code, 128, "{case}: {ran}");
        assert!(ran.stderr.contains("error[E-CONFIG]") && ran.stderr.contains(word), "{case}: {ran}");
    }
}
