//! git's global configuration: what should stand there, the plan of the change, making it, and taking it back.
//!
//! Shows nothing and asks nothing; that is the commands' matter. Measured with git 2.47.3 and git-lfs 3.3.0:
//!
//! - Submodules need `protocol.mirror.allow=always`.
//! - Without the `pushInsteadOf` of a prefix to itself, push goes to `mirror::` as well. With it push goes to the plain
//!   address and the helper is not started. A `remote.*.pushurl` of the user's own obeys `insteadOf` only, so such a push
//!   meets the helper, which passes it to the upstream.
//! - Each address is rewritten once, so nothing recurses; of two rules with equally long prefixes the first wins.
//! - git-lfs obeys `pushInsteadOf` for uploads. Its downloads obey `insteadOf`, and so do `lfs.url` and
//!   `remote.*.lfsurl`, so that a plain address there becomes `mirror::` again; a shorthand such as `github-direct:`,
//!   which another rule rewrites to the plain address, does not. A second rule with the same prefix is no way out:
//!   git-lfs warns and picks either.

use std::path::PathBuf;

use mirror_config::{
    config::Config,
    environment::Environment,
    failure::{Failure, Kind},
};
use similar::TextDiff;

use crate::{
    config_file::ConfigFile,
    git_config::{self, Copy, Entry, Found},
    undo_record::{self, Content, Record, Way},
};

/// Lets submodules, which git asks for by itself, use `mirror::` addresses.
const ALLOW: &str = "protocol.mirror.allow";
/// The tool's name in undo records.
const TOOL: &str = "git";

/// The plain addresses of an upstream, for rules that rewrite them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prefix {
    /// The upstream's name in the configuration.
    pub upstream: String,
    /// What its addresses begin with, such as `https://git.example/`.
    pub address: String,
}

impl Prefix {
    /// That of `git.upstream`: its template before `{repo}`.
    ///
    /// # Errors
    ///
    /// [`Kind::Config`] when the template holds credentials, which do not belong into rules.
    pub fn of(config: &Config) -> Result<Self, Failure> {
        let upstream = &config.git_upstream.value;
        // As it is shown, which leaves credentials out.
        let shown = config.upstreams.get(upstream).map(|known| known.url.to_string()).unwrap_or_default();
        match shown.split_once("{repo}") {
            Some((address, _)) if !address.contains("***@") => {
                Ok(Self { upstream: upstream.clone(), address: address.to_owned() })
            }
            _ => Err(Failure::new(
                Kind::Config,
                format!("`upstreams.{upstream}.url` names a user, so no rule of git can stand for it"),
            )
            .hint("set up without `--transparent` and use `mirror::owner/repo`")),
        }
    }

    /// A spelling that always means the upstream itself, `NAME-direct:owner/repo`.
    pub fn direct(&self) -> String {
        format!("{}-direct:", self.upstream)
    }
}

/// What should stand in the file: for `mirror::` addresses, and with a prefix for plain ones too. Pure.
///
/// `rules` are the rewriting rules in force. A `pushInsteadOf` of the user's that already rules pushes stays in charge.
///
/// # Errors
///
/// [`Kind::Config`] when a rule of the user's own rewrites the same addresses, and would win.
pub fn wanted(transparent: Option<&Prefix>, rules: &[Found]) -> Result<Vec<Entry>, Failure> {
    let mut wanted = vec![Entry::new(ALLOW, "always")];
    let Some(prefix) = transparent else { return Ok(wanted) };
    let address = &prefix.address;
    let mirror = format!("mirror::{address}");
    let rival = rules.iter().find(|rule| {
        rule.entry.url_base("insteadOf").is_some_and(|base| base != mirror) && rule.entry.value == *address
    });
    if let Some(rival) = rival {
        return Err(Failure::new(
            Kind::Config,
            format!(
                "{}: `{}` already rewrites {address}, so mirrors would not be asked",
                rival.origin, rival.entry.key
            ),
        )
        .hint("remove that rule, or set up without `--transparent` and use `mirror::owner/repo`"));
    }
    wanted.push(Entry::new(format!("url.{mirror}.insteadOf"), address));
    let push_is_ruled = rules.iter().any(|rule| {
        rule.entry.url_base("pushInsteadOf").is_some_and(|base| base != address)
            && address.starts_with(&rule.entry.value)
    });
    if !push_is_ruled {
        wanted.push(Entry::new(format!("url.{address}.pushInsteadOf"), address));
    }
    wanted.push(Entry::new(format!("url.{address}.insteadOf"), prefix.direct()));
    Ok(wanted)
}

/// The rewriting rules of the system's and the user's configuration; a repository's own do not count.
///
/// # Errors
///
/// [`Kind::Config`] when git cannot be started or cannot read its configuration.
pub fn rules(env: &Environment) -> Result<Vec<Found>, Failure> {
    let home = env.home().unwrap_or_else(|| env.cwd().to_owned());
    let mut rules = git_config::in_force(r"^url\..*\.(push)?insteadof$", &home)?;
    rules.retain(|rule| matches!(rule.scope.as_str(), "system" | "global"));
    Ok(rules)
}

/// A change of one file, not made yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The file.
    pub file: PathBuf,
    /// Its contents now; nothing when there is no such file.
    pub before: Option<Vec<u8>>,
    /// Its contents then.
    pub after: Vec<u8>,
    /// What is added.
    pub added: Vec<Entry>,
}

impl Plan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty()
    }

    /// The change as a unified diff without context, so that it shows nothing else of the file.
    pub fn diff(&self) -> String {
        // git ends a last line that had no end; the line may hold a secret and does not change otherwise.
        let lines = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes).into_owned();
            if text.is_empty() || text.ends_with('\n') { text } else { text + "\n" }
        };
        let (before, after) = (lines(self.before.as_deref().unwrap_or_default()), lines(&self.after));
        let name = self.file.display().to_string();
        let old = if self.before.is_some() { name.clone() } else { "/dev/null".to_owned() };
        TextDiff::from_lines(&before, &after).unified_diff().context_radius(0).header(&old, &name).to_string()
    }
}

/// Plans to add what is missing of `wanted`. Changes nothing.
///
/// # Errors
///
/// [`Kind::Io`] or [`Kind::Permission`] when the file cannot be read, [`Kind::Config`] when git does not understand it.
pub fn plan(env: &Environment, wanted: &[Entry]) -> Result<Plan, Failure> {
    let file = ConfigFile::global(env)?;
    let before = file.read()?;
    let copy = Copy::new(before.as_deref().unwrap_or_default(), file.path())?;
    let added = missing(wanted, &copy.entries()?);
    for entry in &added {
        copy.add(entry)?;
    }
    Ok(Plan { file: file.path().to_owned(), after: copy.bytes()?, before, added })
}

/// Makes the planned change, after recording how to undo it.
///
/// # Errors
///
/// [`Kind::Busy`] when the file changed since it was planned, or is locked; [`Kind::Config`] when an earlier set-up
/// changed another file and was not undone; [`Kind::Io`] or [`Kind::Permission`] when something cannot be written.
pub fn apply(env: &Environment, plan: &Plan) -> Result<(), Failure> {
    let file = ConfigFile::at(&plan.file)?;
    let lock = file.lock()?;
    let now = file.read()?;
    if now != plan.before {
        return Err(Failure::new(Kind::Busy, format!("{} was changed by somebody else just now", plan.file.display()))
            .hint("cargo mirror setup git"));
    }
    let place = undo_record::place(env, TOOL)?;
    let record = match undo_record::load(&place)? {
        Some(record) if record.file != plan.file => {
            return Err(Failure::new(
                Kind::Config,
                format!("an earlier set-up changed {}, and is not undone yet", record.file.display()),
            )
            .hint("cargo mirror undo git"));
        }
        Some(record) if record.way(now.as_deref()) != Way::Already => {
            record.and(now.as_deref(), &plan.after, &plan.added)
        }
        // None, or one that somebody has already undone by hand.
        _ => Record {
            file: plan.file.clone(),
            before: now.as_deref().map(Content::new),
            after: Content::new(&plan.after),
            edited: false,
            added: plan.added.clone(),
        },
    };
    // First the record: a change without one could not be undone, a record without one says so when it is undone.
    undo_record::save(&place, &record)?;
    lock.replace(&plan.after)
}

/// What an undo did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undone {
    /// There was no set-up to undo.
    Nothing,
    /// The file was already without it.
    Already(PathBuf),
    /// The file has its bytes from before the first set-up.
    Restored(PathBuf),
    /// There was no file before the first set-up, and there is none now.
    Removed(PathBuf),
    /// The file was changed by others since, so only what the set-ups added went.
    Keys {
        /// The file.
        file: PathBuf,
        /// What went.
        removed: Vec<Entry>,
    },
}

/// Takes all set-ups back.
///
/// # Errors
///
/// As [`apply`]; the record stays until the file is done.
pub fn undo(env: &Environment) -> Result<Undone, Failure> {
    let place = undo_record::place(env, TOOL)?;
    let Some(record) = undo_record::load(&place)? else { return Ok(Undone::Nothing) };
    let file = ConfigFile::at(&record.file)?;
    let path = record.file.clone();
    let Some(now) = file.read()? else {
        undo_record::forget(&place)?;
        return Ok(Undone::Already(path));
    };
    let lock = file.lock()?;
    // Again, now that nobody else writes.
    let now = file.read()?.unwrap_or(now);
    let done = match (record.way(Some(&now)), &record.before) {
        (Way::Already, _) => Undone::Already(path),
        (Way::Bytes, Some(before)) => {
            lock.replace(before.bytes())?;
            Undone::Restored(path)
        }
        (Way::Bytes, None) => {
            lock.remove()?;
            Undone::Removed(path)
        }
        (Way::Keys, before) => {
            let (left, removed) = without(&now, &record, &file)?;
            if left.is_empty() && before.is_none() {
                lock.remove()?;
            } else if left != now {
                lock.replace(&left)?;
            }
            Undone::Keys { file: path, removed }
        }
    };
    undo_record::forget(&place)?;
    Ok(done)
}

/// The contents without what the record says was added, and what of that was still there.
fn without(now: &[u8], record: &Record, file: &ConfigFile) -> Result<(Vec<u8>, Vec<Entry>), Failure> {
    let copy = Copy::new(now, file.path())?;
    let present = copy.entries()?;
    let ours = |entry: &&Entry| present.iter().any(|p| p.has_key(&entry.key) && p.value == entry.value);
    let removed: Vec<Entry> = record.added.iter().filter(ours).cloned().collect();
    for entry in &removed {
        copy.remove(entry)?;
    }
    Ok((copy.bytes()?, removed))
}

/// What of `wanted` is not there yet. Of `protocol.mirror.allow` the last value counts; rules are added up by git.
fn missing(wanted: &[Entry], present: &[Entry]) -> Vec<Entry> {
    let there = |entry: &&Entry| {
        let mut values = present.iter().filter(|p| p.has_key(&entry.key)).map(|p| &p.value);
        if entry.has_key(ALLOW) { values.next_back() == Some(&entry.value) } else { values.any(|v| *v == entry.value) }
    };
    wanted.iter().filter(|entry| !there(entry)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use mirror_config::failure::Kind;

    use super::{Entry, Found, Plan, Prefix, missing, wanted};

    fn prefix() -> Prefix {
        Prefix { upstream: "github".to_owned(), address: "https://h.example/".to_owned() }
    }

    fn rule(key: &str, value: &str) -> Found {
        Found { entry: Entry::new(key, value), scope: "global".to_owned(), origin: "/f".to_owned() }
    }

    fn keys(rules: &[Found]) -> Vec<(String, String)> {
        let wanted = wanted(Some(&prefix()), rules).expect("no rival");
        wanted.into_iter().skip(1).map(|entry| (entry.key, entry.value)).collect()
    }

    #[test]
    fn plain_set_up_wants_one_key() {
        assert_eq!(wanted(None, &[]).expect("no rival"), [Entry::new("protocol.mirror.allow", "always")]);
    }

    #[test]
    fn transparent_set_up_keeps_push_and_lfs_right() {
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(
            keys(&[]),
            [
                pair("url.mirror::https://h.example/.insteadOf", "https://h.example/"),
                pair("url.https://h.example/.pushInsteadOf", "https://h.example/"),
                pair("url.https://h.example/.insteadOf", "github-direct:"),
            ]
        );
    }

    #[test]
    fn rules_of_the_user_are_respected() {
        for (key, value, refused, push) in [
            ("url.git@h.example:.insteadof", "https://h.example/", true, true),
            ("url.git@h.example:.pushinsteadof", "https://h.example/", false, false),
            ("url.git@h.example:.pushinsteadof", "https://", false, false),
            ("url.git@h.example:.insteadof", "https://h.example/mycorp/", false, true),
            ("url.git@h.example:.pushinsteadof", "https://h.example/mycorp/", false, true),
            ("url.https://h.example/.insteadof", "h:", false, true),
            ("url.mirror::https://h.example/.insteadof", "https://h.example/", false, true),
            ("url.https://h.example/.pushinsteadof", "https://h.example/", false, true),
        ] {
            let rules = [rule(key, value)];
            let result = wanted(Some(&prefix()), &rules);
            assert_eq!(result.as_ref().err().map(|f| f.kind), refused.then_some(Kind::Config), "{key} {value}");
            if let Ok(wanted) = result {
                assert_eq!(wanted.iter().any(|e| e.key.ends_with("pushInsteadOf")), push, "{key} {value}");
            }
        }
    }

    #[test]
    fn what_is_there_is_not_added_again() {
        let all = wanted(Some(&prefix()), &[]).expect("no rival");
        let as_git_lists = |entry: &Entry| Entry::new(entry.key.replace("InsteadOf", "insteadof"), entry.value.clone());
        let present: Vec<Entry> = all.iter().map(as_git_lists).collect();
        assert_eq!(missing(&all, &present), []);
        let later = Entry::new("protocol.mirror.allow", "user");
        let overruled: Vec<Entry> = present.into_iter().chain([later]).collect();
        assert_eq!(missing(&all, &overruled), [Entry::new("protocol.mirror.allow", "always")]);
    }

    #[test]
    fn the_diff_shows_nothing_but_the_change() {
        let before = b"[http]\n\textraHeader = secret".to_vec();
        let after = b"[http]\n\textraHeader = secret\n[protocol \"mirror\"]\n\tallow = always\n".to_vec();
        let plan = Plan { file: PathBuf::from("/h/.gitconfig"), before: Some(before), after, added: Vec::new() };
        assert_eq!(
            plan.diff(),
            "--- /h/.gitconfig\n+++ /h/.gitconfig\n@@ -2,0 +3,2 @@\n+[protocol \"mirror\"]\n+\tallow = always\n"
        );
    }
}
