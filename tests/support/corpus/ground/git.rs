//! What a case about git stands on: `owner/small`, its copies, and their servers.

use std::{fs, path::PathBuf, time::Duration};

use tempfile::TempDir;

use super::places::{Ground, Told};
use crate::{
    corpus::{
        case::{Case, EARLIER, Fill, Lie, PIN, TRUTH, UPSTREAM},
        flaws,
        lies::{self, Lies},
        signing::Signing,
        trace,
    },
    git::{Forgery, GitServer, NAME},
    history::{Change, History, Import, Repository, assert_fsck_clean, assert_same_repository_but},
    world::{Ended, PATIENCE, Sandbox, plain_git, run},
};

/// The folder of the clone that git alone makes of the truth, where an earlier run has made one.
const PLAIN: &str = "plain";
/// Hours of a year, and how far ahead a commit of a case is anyway.
const YEAR: u64 = 24 * 366;
const LATER: u64 = 10_000;

/// The places of a case about git.
pub(crate) struct GitGround {
    root: TempDir,
    signing: Signing,
    /// The file of keys that the user has listed, and the fingerprint of the one in it.
    listed: Option<(PathBuf, String)>,
    truth: Repository,
    earlier: Repository,
    places: Vec<(&'static str, Repository, GitServer)>,
}

impl GitGround {
    /// Everybody has the truth.
    pub(crate) fn new(case: &Case) -> Result<Self, String> {
        let root = tempfile::Builder::new().prefix("corpus-").tempdir().map_err(|error| error.to_string())?;
        let signing = Signing::at(root.path().join("keys"));
        let sha256 = case.world.contains(&Lie::Sha256);
        let history = if sha256 { History::small().sha256() } else { History::small() };
        let truth = history.write(root.path().join(TRUTH), NAME);
        for lie in case.world.iter().filter(|lie| **lie != Lie::Sha256) {
            tell(&truth, lie, &signing)?;
        }
        let listed = case.policy.signed.then(|| signing.listed()).transpose()?;
        let earlier = truth.copy_to(root.path().join(EARLIER));
        let place = |name: &'static str| {
            let copy = truth.copy_to(root.path().join(name));
            (name, copy, GitServer::start(root.path().join(name)))
        };
        let places = case.sources().into_iter().map(|(name, _)| place(name)).collect();
        Ok(Self { root, signing, listed, truth, earlier, places })
    }

    fn repository(&self, name: &str) -> Result<&Repository, String> {
        if [TRUTH, EARLIER].contains(&name) {
            return Ok(if name == TRUTH { &self.truth } else { &self.earlier });
        }
        let found = self.places.iter().find(|(own, _, _)| *own == name);
        found.map(|(_, repository, _)| repository).ok_or_else(|| format!("there is no source {name}"))
    }
}

impl Ground for GitGround {
    fn bases(&self) -> Vec<(&'static str, String)> {
        self.places.iter().map(|(name, _, server)| (*name, server.url())).collect()
    }

    fn address(&self, base: &str) -> String {
        format!("{base}/{NAME}.git")
    }

    fn stop(&mut self, name: &str) {
        self.places.iter_mut().filter(|(own, _, _)| *own == name).for_each(|(_, _, server)| server.stop());
    }

    fn spoil(&mut self, case: &Case, fill: &Fill) -> Result<(), String> {
        let then = case.before.iter().flat_map(|before| &before.then);
        for lie in then {
            tell(&self.truth, lie, &self.signing)?;
        }
        for ((_, source), (_, repository, server)) in case.sources().into_iter().zip(&self.places) {
            repository.become_copy_of(&self.truth);
            let mut forgery = Forgery::default();
            for lie in &source.lies {
                forge(&mut forgery, &self.truth, lie)?;
                tell(repository, lie, &self.signing)?;
            }
            server.forge(forgery);
            for flaw in &source.faults {
                flaws::on_git(server, flaw, &**fill)?;
            }
        }
        Ok(())
    }

    fn configuration(&self, case: &Case, place: &Told<'_>) -> String {
        let private = if case.policy.private { "private = [\"owner/*\"]\n" } else { "" };
        let fresh = case.policy.fresh;
        let fresh = fresh.map_or_else(String::new, |days| format!("max-age = \"{days} days\"\nstrict = true\n"));
        let most = case.policy.most.map_or_else(String::new, |most| format!("store-limit = \"{most} MiB\"\n"));
        let mut text = format!(
            "[git]\ntrust = \"{}\"\n{private}{most}{fresh}[upstreams.github]\nurl = \"{}/{{repo}}.git\"\n",
            case.policy.trust,
            place(UPSTREAM).0
        );
        if let Some((file, fingerprint)) = &self.listed {
            text += &format!("signers = [\"{fingerprint}\"]\nallowed-signers = \"{}\"\n", file.display());
        }
        for (name, _, _) in &self.places[1..] {
            let (base, keys) = place(name);
            text += &format!("[mirrors.{name}]\ngit = {{ github = \"{base}/{{repo}}.git\" }}\n{keys}");
        }
        text
    }

    fn signers(&self) -> Option<PathBuf> {
        self.listed.as_ref().map(|(file, _)| file.clone())
    }

    fn prepare(&self, _: &Sandbox, _: &Case) -> Result<(), String> {
        Ok(())
    }

    fn target(&self, sandbox: &Sandbox) -> PathBuf {
        sandbox.work().join("target")
    }

    /// Git alone clones the truth.
    fn beside(&self, before: bool) {
        if before {
            clone_plainly(&self.truth, &self.root.path().join(PLAIN), &[]);
        }
    }

    fn act(&self, sandbox: &Sandbox, action: &str, before: bool, within: Duration) -> Ended {
        self.beside(before);
        let (word, options) = words(action);
        let mut command = sandbox.command(if word == PIN { "cargo-mirror" } else { "git" });
        match word {
            PIN => command.args([word, NAME]),
            "fetch" => command.args(["fetch", "-q"]).args(options).current_dir(self.target(sandbox)),
            _ => command.args([word, "-q"]).args(options).arg(format!("mirror::{NAME}")).arg(self.target(sandbox)),
        };
        sandbox.run_until(command, |elapsed| elapsed > within)
    }

    fn log(&self, name: &str) -> usize {
        self.places.iter().find(|(own, _, _)| *own == name).map_or(0, |(_, _, server)| server.log().len())
    }

    fn said(&self, name: &str) -> Lies {
        let path = match self.repository(name) {
            Ok(repository) if repository.path().is_dir() => repository.path(),
            _ => return Lies::default(),
        };
        Lies { objects: trace::objects(&path), ..Lies::default() }
    }

    /// What git alone gets from that source's repository, objects and refs, and whole.
    fn compare(&self, sandbox: &Sandbox, source: &str, case: &Case) -> Result<(), String> {
        let repository = self.repository(source)?;
        let (word, options) = words(&case.action);
        let plain = self.root.path().join(PLAIN);
        if word == "fetch" {
            let mut command = plain_git(&plain);
            command.args(["fetch", "-q"]).args(&options).args([&repository.file_url()]);
            command.args(["+refs/heads/*:refs/remotes/origin/*"]);
            run(command, PATIENCE).ok();
        } else {
            // An error means that there is none.
            let _ = fs::remove_dir_all(&plain);
            clone_plainly(repository, &plain, &options);
        }
        let target = self.target(sandbox);
        assert_same_repository_but(&plain, &target, "refs/none");
        assert_fsck_clean(&target);
        let edge = |folder: &PathBuf| fs::read_to_string(folder.join(".git/shallow")).unwrap_or_default();
        if edge(&plain) == edge(&target) { Ok(()) } else { Err("history ends elsewhere".to_owned()) }
    }

    /// Every object and every branch and tag is true, though some may be older or missing; `HEAD` is the true branch.
    fn is_part_of_truth(&self, sandbox: &Sandbox, _: &Case) -> Result<(), String> {
        let target = self.target(sandbox);
        let known = trace::objects(&self.truth.path());
        if let Some(lie) = trace::objects(&target).iter().find(|id| !known.contains(*id)) {
            return Err(format!("the truth has no object {lie}"));
        }
        let list = |folder: &PathBuf, below: &str| -> Vec<(String, String)> {
            let mut command = plain_git(folder);
            command.args(["for-each-ref", "--format=%(objectname) %(refname)", below]);
            let lines = run(command, PATIENCE).ok().stdout;
            let pairs = lines.lines().filter_map(|line| line.split_once(' '));
            pairs.map(|(id, name)| (id.to_owned(), name.replace("refs/remotes/origin/", "refs/heads/"))).collect()
        };
        let true_refs = list(&self.truth.path(), "refs");
        for (id, name) in list(&target, "refs").into_iter().filter(|(_, name)| !name.ends_with("/HEAD")) {
            let Some((now, _)) = true_refs.iter().find(|(_, known)| *known == name) else {
                return Err(format!("the truth has no {name}"));
            };
            let is_branch = name.starts_with("refs/heads/");
            let mut command = plain_git(&self.truth.path());
            command.args(["merge-base", "--is-ancestor", &id, now]);
            if id != *now && !(is_branch && run(command, PATIENCE).code == 0) {
                return Err(format!("{name} was never at {id}"));
            }
        }
        let head = |folder: &PathBuf| {
            let mut command = plain_git(folder);
            command.args(["symbolic-ref", "HEAD"]);
            run(command, PATIENCE).stdout
        };
        match head(&target) == head(&self.truth.path()) {
            true => Ok(()),
            false => Err(format!("HEAD is {}", head(&target).trim())),
        }
    }
}

fn words(action: &str) -> (&str, Vec<&str>) {
    let mut words = action.split_whitespace();
    (words.next().unwrap_or_default(), words.collect())
}

fn clone_plainly(repository: &Repository, to: &std::path::Path, options: &[&str]) {
    let mut command = plain_git(repository.root());
    command.args(["clone", "-q"]).args(options).arg(repository.file_url()).arg(to);
    run(command, PATIENCE).ok();
}

/// What a server does with its copy so that it lies.
fn forge(forgery: &mut Forgery, truth: &Repository, lie: &Lie) -> Result<(), String> {
    match lie {
        Lie::LeaveOut(filter) => forgery.filter = Some(filter.clone()),
        Lie::Instead { of, send } => forgery.instead = Some((truth.id(of), truth.id(send))),
        Lie::RefLine(line) => {
            let (start, rest) = line.split_once('{').unwrap_or((line, ""));
            let (revision, end) = rest.split_once('}').ok_or("a line of refs begins with `{REVISION}`")?;
            forgery.lines.push(format!("{start}{}{end}", truth.id(revision)));
        }
        _ => {}
    }
    Ok(())
}

/// Changes a repository.
fn tell(repository: &Repository, lie: &Lie, signing: &Signing) -> Result<(), String> {
    match lie {
        Lie::Commit { on, text, years_ahead, signed_by } => {
            let hours = LATER + years_ahead * YEAR;
            repository.add_commit_later(on, &format!("{text}.txt"), &lies::text(on, text), hours);
            if let Some(signer) = signed_by {
                signing.sign(repository, on, signer)?;
            }
        }
        Lie::Set { r#ref, to } => repository.set_ref(r#ref, to),
        Lie::Delete(reference) => repository.delete_ref(reference),
        Lie::Head(branch) => drop(repository.git(&["symbolic-ref", "HEAD", branch])),
        Lie::Symref { r#ref, to } => drop(repository.git(&["symbolic-ref", r#ref, to])),
        Lie::Stale(commits) => repository.truncate_by(*commits),
        Lie::Parentless(revision) => repository.deny_parents_of(revision),
        Lie::ManyRefs(count) => {
            let tip = repository.tip();
            repository.import(|out| {
                let mut import = Import::new(out, 0);
                (0..*count).try_for_each(|number| import.point(&format!("refs/tags/many/{number}"), &tip))?;
                import.done()
            });
            repository.git(&["pack-refs", "--all"]);
        }
        Lie::OtherHistory(text) => other_history(repository, "sha1", text),
        Lie::Sha256 => other_history(repository, "sha256", "sha256"),
        Lie::Nothing => repository.remove(),
        Lie::LeaveOut(_) | Lie::Instead { .. } | Lie::RefLine(_) => {}
        other => return Err(format!("{other:?} is no lie about repositories")),
    }
    Ok(())
}

/// Makes it another repository with the names of the usual one's refs.
fn other_history(repository: &Repository, format: &str, text: &str) {
    repository.remove();
    let repository = repository.clone().init(format);
    repository.import(|out| {
        let mut import = Import::new(out, 0);
        let file = |number: u32| [(format!("{number}.txt"), Change::File(lies::text("all", text).into_bytes()))];
        let first = import.commit("main", &[], &format!("Start {text}"), &file(1))?;
        import.light_tag("v0.1", first)?;
        let second = import.commit("main", &[first], &format!("Go on {text}"), &file(2))?;
        import.light_tag("v0.2", second)?;
        import.commit("topic", &[second], &format!("Try {text}"), &file(3))?;
        import.done()
    });
}
