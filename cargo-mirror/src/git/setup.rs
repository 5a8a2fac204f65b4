//! git's global configuration: what should stand there, and the plan of the change. `change` makes it and takes it back.
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

use mirror_config::{
    config::Config,
    errors::{Failure, Kind},
    system::Environment,
};

use super::config::{self, Copy, InForce};
use crate::change::{ConfigFile, Edit, Entry, FileRecord, Tool, turn};

/// Lets submodules, which git asks for by itself, use `mirror::` addresses.
const ALLOW: &str = "protocol.mirror.allow";
/// git, to those who change files and undo it.
pub(crate) const TOOL: Tool = Tool { name: "git", own_lock: false, without };

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
        let upstream = &config.git.upstream.value;
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
pub(crate) fn wanted(transparent: Option<&Prefix>, rules: &[InForce]) -> Result<Vec<Entry>, Failure> {
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
pub(crate) fn rules(env: &Environment) -> Result<Vec<InForce>, Failure> {
    let home = env.home().unwrap_or_else(|| env.cwd().to_owned());
    let mut rules = config::in_force(r"^url\..*\.(push)?insteadof$", &home)?;
    rules.retain(|rule| matches!(rule.scope.as_str(), "system" | "global"));
    Ok(rules)
}

/// Plans to add what is missing of `wanted`. Changes nothing.
///
/// # Errors
///
/// [`Kind::Io`] or [`Kind::Permission`] when the file cannot be read, [`Kind::Config`] when git does not understand it,
/// or when an earlier set-up changed another file and is not undone.
pub(crate) fn plan(env: &Environment, wanted: &[Entry]) -> Result<Edit, Failure> {
    let file = ConfigFile::global(env)?;
    let before = file.read()?;
    let copy = Copy::new(before.as_deref().unwrap_or_default(), file.path())?;
    let added = missing(wanted, &copy.entries()?);
    for entry in &added {
        copy.add(entry)?;
    }
    if let Some(other) = turn::changed(env, &TOOL)?.into_iter().find(|other| other != file.path()) {
        return Err(Failure::new(
            Kind::Config,
            format!("an earlier set-up changed {}, and is not undone yet", other.display()),
        )
        .hint("cargo mirror undo git"));
    }
    Ok(Edit { file: file.path().to_owned(), after: copy.bytes()?, before, added, replaced: Vec::new() })
}

/// The contents without what the record says was added, and what of that was still there.
fn without(now: &[u8], record: &FileRecord) -> Result<(Vec<u8>, Vec<Entry>), Failure> {
    let copy = Copy::new(now, &record.file)?;
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
    use mirror_config::errors::Kind;

    use super::{Entry, InForce, Prefix, missing, wanted};

    fn prefix() -> Prefix {
        Prefix { upstream: "github".to_owned(), address: "https://h.example/".to_owned() }
    }

    fn rule(key: &str, value: &str) -> InForce {
        InForce { entry: Entry::new(key, value), scope: "global".to_owned(), origin: "/f".to_owned() }
    }

    fn keys(rules: &[InForce]) -> Vec<(String, String)> {
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
}
