//! One case from beginning to end: the earlier run, the lies, what the user does, and what came of it.

use std::{
    any::Any,
    collections::BTreeMap,
    fs,
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::Duration,
};

use super::{
    case::{Case, Fill, LOCK, PIN, Source, TRUTH, Tool, UPSTREAM},
    ground::{GitGround, Ground, WebGround},
    lies::Lies,
    packages::{Crates, Wheels},
    trace::{self, Snapshot},
};
use crate::{
    wire::{Certificate, TlsFront, refused_url},
    world::{Ended, Ran, Sandbox, sandbox},
};

/// The longest that anything may take where the case says nothing.
const PATIENCE: u64 = 60;
/// Stands for every reason, also one that only the tool itself gives.
const ANY: &str = "any";
/// Where nobody listens.
const NOBODY: &str = "nobody";
/// Folders of the sandbox that are looked through, and those that a refusal leaves as they were. The others hold
/// programs, and the report, which names what was refused.
const SEARCHED: &[&str] = &["home", "config", "state", "cache", "data", "cargo", "tmp", "work"];
const UNCHANGED: &[&str] = &["home", "work"];
/// What another machine does not have.
const ELSEWHERE: &[&str] = &["home", "state", "cache", "data", "cargo", "tmp"];
/// What the tool itself writes before it asks for what is refused then: git empties a file, and cargo notes in its lock
/// what it is about to fetch. That must be true as well, and is looked through.
const OWN: [&str; 3] = [".git/FETCH_HEAD", "project/Cargo.lock", ""];

/// Who is tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Client {
    /// The suite's own programs.
    Suite,
    /// A command for `sh`, which learns from its environment what to do.
    Command(String),
    /// The running program, which is the suite's programs under their names.
    Itself,
}

impl Client {
    fn is_ours(&self) -> bool {
        !matches!(self, Self::Command(_))
    }
}

/// What came of a case.
#[derive(Debug)]
pub struct Played {
    /// What was said, and the exit code.
    pub ran: Ran,
    /// The kinds of errors that were named, such as `E-QUORUM`.
    pub kinds: Vec<String>,
    /// What is not as the case wants it; nothing when all is.
    pub wrong: Vec<String>,
    /// What is left of a lie, of a refusal, or of work that nobody finished; nothing when all is well.
    pub traces: Vec<String>,
    /// How far what the user has is true.
    pub got: Got,
}

/// How far what the user has is true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Got {
    /// All of it, and it is the newest.
    Right,
    /// True, but older, or without what was in dispute.
    Less,
    /// Nothing: it was refused.
    Nothing,
    /// Something that is not true.
    Lie,
}

/// Plays a case.
///
/// # Errors
///
/// When the case cannot be played: it says what cannot be, or the machine lacks something.
pub fn play(case: &Case, client: &Client) -> Result<Played, String> {
    let mut scene = Scene::set(case, client)?;
    scene.before()?;
    scene.spoil()?;
    let folders = |names: &[&str]| names.iter().map(|name| scene.sandbox.path(name)).collect::<Vec<PathBuf>>();
    let before = Snapshot::of(&folders(UNCHANGED));
    let heard: BTreeMap<&str, usize> =
        case.sources().into_iter().map(|(name, _)| (name, scene.ground.log(name))).collect();
    let within = Duration::from_secs(case.expect.within.unwrap_or(PATIENCE));
    let (ran, late) = match scene.act(&case.action, false, within) {
        Ended::Itself(ran) => (ran, false),
        Ended::Killed(ran) => (ran, true),
    };
    let kinds = kinds(&ran.stderr);
    let done = ran.code == 0 && !late;
    let (mut wrong, mut traces) = (Vec::new(), Vec::new());
    if late {
        wrong.push(format!("it was not over after {within:?}"));
    }
    let believed = case.expect.same_as.as_deref().unwrap_or(TRUTH);
    let difference = if done { scene.differs(believed) } else { None };
    let got = match difference {
        _ if !done => Got::Nothing,
        None => Got::Right,
        Some(_) => scene.is_part_of_truth(),
    };
    match &case.expect.same_as {
        Some(_) if !done => wrong.push(format!("it failed with {kinds:?}")),
        Some(_) => wrong.extend(difference),
        None if done => wrong.push(format!("it was not refused, and what the user has is {got:?}")),
        None => {
            let listed = |kind: &str| case.expect.refused.iter().any(|listed| listed == kind);
            let named = listed(ANY) || kinds.iter().any(|kind| listed(kind));
            if !named && client.is_ours() {
                wrong.push(format!("it was refused with {kinds:?}, not with one of {:?}", case.expect.refused));
            }
            let own = OWN[case.tool as usize];
            let changes = Snapshot::of(&folders(UNCHANGED)).changes_since(&before);
            let changes = changes.into_iter().filter(|path| own.is_empty() || !path.ends_with(own));
            traces.extend(changes.map(|path| format!("changed: {path}")));
        }
    }
    let believed = case.expect.believed.as_deref().unwrap_or(believed);
    let lies = case.sources().into_iter().map(|(name, _)| scene.ground.said(name)).fold(Lies::default(), Lies::and);
    let lies = lies.but(&scene.ground.said(TRUTH)).but(&scene.ground.said(believed));
    traces.extend(trace::found(&folders(SEARCHED), &lies));
    for name in &case.expect.unheard {
        let more = scene.ground.log(name) - heard.get(name.as_str()).copied().unwrap_or_default();
        if more > 0 {
            wrong.push(format!("{name} was asked {more} times"));
        }
    }
    if client.is_ours() {
        let missed = case.expect.told.iter().filter(|words| !ran.stderr.contains(*words));
        wrong.extend(missed.map(|words| format!("nothing was said of `{words}`")));
        if ran.stderr.contains('\u{1b}') || ran.stderr.contains('\u{7}') {
            wrong.push("the terminal was spoken to".to_owned());
        }
    }
    Ok(Played { ran, kinds, wrong, traces, got })
}

/// Everything that a case needs.
struct Scene<'a> {
    case: &'a Case,
    client: &'a Client,
    sandbox: Sandbox,
    ground: Box<dyn Ground>,
    fronts: BTreeMap<&'static str, TlsFront>,
    nobody: String,
}

impl<'a> Scene<'a> {
    fn set(case: &'a Case, client: &'a Client) -> Result<Self, String> {
        let ground: Box<dyn Ground> = match case.tool {
            Tool::Git => Box::new(GitGround::new(case)?),
            Tool::Cargo => Box::new(WebGround::<Crates>::new(case)?),
            Tool::Pip => Box::new(WebGround::<Wheels>::new(case)?),
        };
        let mut fronts = BTreeMap::new();
        let mut roots = String::new();
        for ((name, source), (_, base)) in case.sources().into_iter().zip(ground.bases()) {
            let certificate = match source.tls.as_deref() {
                None => continue,
                Some("good" | "unknown") => Certificate::Good,
                Some("expired") => Certificate::Expired,
                Some("wrong-name") => Certificate::WrongName,
                Some(other) => return Err(format!("`tls = \"{other}\"` means nothing")),
            };
            let front = TlsFront::start(&base, certificate);
            if source.tls.as_deref() != Some("unknown") {
                roots += front.authority();
            }
            fronts.insert(name, front);
        }
        let sandbox = Sandbox::new();
        if *client == Client::Itself {
            let this = std::env::current_exe().map_err(|error| error.to_string())?;
            sandbox::NAMES.iter().for_each(|name| sandbox.add_program(name, &this));
        }
        fs::write(sandbox.path("ca.pem"), roots).map_err(|error| error.to_string())?;
        let scene = Self { case, client, sandbox, ground, fronts, nobody: refused_url() };
        scene.ground.prepare(&scene.sandbox, case)?;
        scene.configure(case);
        Ok(scene)
    }

    /// Where a source is, as the client is told. One that was never there is where nobody listens.
    fn base(&self, name: &str) -> String {
        if self.case.is_never_there(name) {
            return self.nobody.clone();
        }
        if let Some(front) = self.fronts.get(name) {
            return front.url();
        }
        self.ground.bases().into_iter().find(|(own, _)| *own == name).map_or_else(|| self.nobody.clone(), |(_, b)| b)
    }

    fn source(&self, name: &str) -> Option<&Source> {
        self.case.sources().into_iter().find(|(own, _)| *own == name).map(|(_, source)| source)
    }

    fn configure(&self, case: &Case) {
        let place = |name: &str| {
            let source = self.source(name).cloned().unwrap_or_default();
            let mut keys = String::new();
            if let Some(operator) = &source.operator {
                keys += &format!("operator = \"{operator}\"\n");
            }
            for (key, _) in [("trusted", source.trusted), ("relays", source.relays)].iter().filter(|(_, is)| *is) {
                keys += &format!("{key} = true\n");
            }
            (self.base(name), keys)
        };
        let mut text = "[catalog]\nbuiltin = false\n".to_owned();
        if !self.fronts.is_empty() {
            text += &format!("[tls]\nca-file = \"{}\"\n", self.sandbox.path("ca.pem").display());
        }
        self.sandbox.mirror_config(&(text + &self.ground.configuration(case, &place)));
    }

    /// The earlier run.
    fn before(&self) -> Result<(), String> {
        let Some(before) = &self.case.before else { return Ok(()) };
        if before.action == LOCK {
            return Ok(());
        }
        self.configure(&self.case.earlier());
        let ran = self.act(&before.action, true, Duration::from_secs(PATIENCE)).ran();
        self.configure(self.case);
        if ran.code != 0 {
            return Err(format!("the earlier run failed: {ran}"));
        }
        let target = self.ground.target(&self.sandbox);
        if before.action == PIN {
            return self.elsewhere(&target.join("Cargo.lock"));
        }
        // The next clone goes where nothing is.
        if self.case.tool == Tool::Git && self.case.action.starts_with("clone") {
            fs::rename(&target, target.with_file_name("earlier")).map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    /// What was pinned was pinned on another machine, and what is known from there is what stands in the working folder, but
    /// for cargo's own lock.
    fn elsewhere(&self, lock: &Path) -> Result<(), String> {
        for folder in ELSEWHERE.iter().map(|name| self.sandbox.path(name)) {
            fs::remove_dir_all(&folder).and_then(|()| fs::create_dir(&folder)).map_err(|error| error.to_string())?;
        }
        // An error means that there is none.
        let _ = fs::remove_file(lock);
        Ok(())
    }

    fn spoil(&mut self) -> Result<(), String> {
        let mut bases: BTreeMap<String, String> =
            self.ground.bases().into_iter().map(|(name, base)| (name.to_owned(), base)).collect();
        bases.insert(NOBODY.to_owned(), self.nobody.clone());
        let fill: Fill = Arc::new(move |text| {
            bases.iter().fold(text.to_owned(), |text, (name, base)| text.replace(&format!("{{{name}}}"), base))
        });
        self.ground.spoil(self.case, &fill)?;
        for (name, source) in self.case.sources() {
            if !source.reachable {
                self.ground.stop(name);
            }
        }
        Ok(())
    }

    fn act(&self, action: &str, before: bool, within: Duration) -> Ended {
        match self.client {
            Client::Suite | Client::Itself => self.ground.act(&self.sandbox, action, before, within),
            Client::Command(line) => {
                self.ground.beside(before);
                let mut command = self.sandbox.command("sh");
                command.arg("-c").arg(line);
                self.tell(&mut command, action, before);
                self.sandbox.run_until(command, |elapsed| elapsed > within)
            }
        }
    }

    /// What a client that is not ours has to know.
    fn tell(&self, command: &mut Command, action: &str, before: bool) {
        let case = if before { self.case.earlier() } else { self.case.clone() };
        let Case { tool, policy, mirrors, .. } = &case;
        command.env("TOOL", tool.to_string()).env("DO", action).env("TRUST", &policy.trust);
        command.env("MOST", policy.most.map_or_else(String::new, |most| most.to_string()));
        command.env("FRESH", policy.fresh.map_or_else(String::new, |days| days.to_string()));
        command.env("PRIVATE", if policy.private { "1" } else { "" });
        command
            .env("TARGET", self.ground.target(&self.sandbox))
            .env("MIRRORS", mirrors.iter().filter(|mirror| mirror.listed).count().to_string());
        command.env("UPSTREAM", self.ground.address(&self.base(UPSTREAM)));
        command.env("SIGNERS", self.ground.signers().unwrap_or_default());
        if !self.fronts.is_empty() {
            command.env("CA_FILE", self.sandbox.path("ca.pem"));
        }
        for (number, (name, source)) in
            self.case.sources().into_iter().enumerate().skip(1).filter(|(_, (_, s))| s.listed)
        {
            let flag = |is: bool| if is { "1" } else { "" };
            command.env(format!("MIRROR_{number}"), self.ground.address(&self.base(name)));
            command.env(format!("MIRROR_{number}_OPERATOR"), source.operator.as_deref().unwrap_or(name));
            command.env(format!("MIRROR_{number}_TRUSTED"), flag(source.trusted));
            command.env(format!("MIRROR_{number}_RELAYS"), flag(source.relays));
        }
    }

    /// How far something that is not what it should be is true.
    fn is_part_of_truth(&self) -> Got {
        let looked = panic::catch_unwind(AssertUnwindSafe(|| self.ground.is_part_of_truth(&self.sandbox, self.case)));
        if matches!(looked, Ok(Ok(()))) { Got::Less } else { Got::Lie }
    }

    /// In what the user's result is not what a source has.
    fn differs(&self, source: &str) -> Option<String> {
        let compared = panic::catch_unwind(AssertUnwindSafe(|| self.ground.compare(&self.sandbox, source, self.case)));
        let difference = compared.unwrap_or_else(|why| Err(panicked(&*why)));
        difference.err().map(|why| format!("it is not what {source} has: {why}"))
    }
}

/// What a panic said.
pub(super) fn panicked(why: &(dyn Any + Send)) -> String {
    let text = why.downcast_ref::<String>().cloned();
    text.or_else(|| why.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}

/// The kinds of errors in what was said.
fn kinds(said: &str) -> Vec<String> {
    let mut kinds: Vec<String> = said
        .split("error[")
        .skip(1)
        .filter_map(|rest| Some(rest.split_once(']')?.0.to_owned()).filter(|kind| kind.starts_with("E-")))
        .collect();
    kinds.dedup();
    kinds
}

#[cfg(test)]
mod tests {
    use super::kinds;

    #[test]
    fn kinds_are_found_wherever_a_tool_shows_them() {
        let said = "Caused by:\n  mirror: error[E-QUORUM]: x\nerror[E0432]: y\nmirror: error[E-QUORUM]: x\n";
        assert_eq!(kinds(said), ["E-QUORUM"]);
    }
}
