//! The grammar of a case: what `case.toml` may say. `tests/corpus/README.md` explains it to people.
//!
//! What a word means for git, cargo or pip is done by `ground::git`, `packages::crates` and `packages::wheels`.

use std::{
    collections::BTreeMap,
    fmt, fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::Deserialize;

/// What mirrors are called, in the order of a case.
pub const NAMES: [&str; 5] = ["ash", "birch", "cedar", "date", "elm"];
/// How the upstream is called where a source is named.
pub const UPSTREAM: &str = "upstream";
/// What all would be if nobody lied.
pub const TRUTH: &str = "truth";
/// What the truth was in the earlier run.
pub(super) const EARLIER: &str = "earlier";
/// The earlier run that writes a true `Cargo.lock`, with cargo alone.
pub(super) const LOCK: &str = "lock";
/// The earlier run that fixes what is true then.
pub(super) const PIN: &str = "pin";

/// Puts addresses where a case names places, as in `{ash}`.
pub(super) type Fill = Arc<dyn Fn(&str) -> String + Send + Sync>;

/// The tool that a case is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Tool {
    Git,
    Cargo,
    Pip,
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Git => "git",
            Self::Cargo => "cargo",
            Self::Pip => "pip",
        })
    }
}

/// A case.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Case {
    /// The name of its folder.
    #[serde(skip)]
    pub name: String,
    /// What it shows, in one sentence.
    pub claim: String,
    /// The tool.
    pub tool: Tool,
    /// What the user does.
    #[serde(rename = "do")]
    pub action: String,
    /// What the user accepts.
    #[serde(default)]
    pub policy: Policy,
    /// What everybody has, beyond the usual.
    #[serde(default)]
    pub world: Vec<Lie>,
    /// What happened before.
    pub before: Option<Before>,
    /// Files of the user's, by name. `{sha256 demo 1.1}` is a true hash.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// The authority.
    #[serde(default)]
    pub upstream: Source,
    /// The mirrors.
    #[serde(rename = "mirror")]
    pub mirrors: Vec<Source>,
    /// What must come of it.
    pub expect: Expect,
}

/// What the user accepts.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Policy {
    /// The least evidence: `upstream`, `quorum` or `tofu`.
    pub trust: String,
    /// Mirrors that are not trusted must not hear the name.
    pub private: bool,
    /// The most that one download may have, in MiB.
    pub most: Option<u64>,
    /// How many days old the newest evidence may be where only mirrors speak; older evidence is refused.
    pub fresh: Option<u64>,
    /// What the key of `ada` has signed, and nothing else.
    pub signed: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self { trust: "quorum".to_owned(), private: false, most: None, fresh: None, signed: false }
    }
}

/// An earlier run, when everybody told the truth.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Before {
    /// What was done.
    #[serde(rename = "do")]
    pub action: String,
    /// Who could not be reached then, as now; all others could.
    #[serde(default)]
    pub away: Vec<String>,
    /// What the user accepted then, if it was something else.
    pub policy: Option<Policy>,
    /// How the truth has changed since.
    #[serde(default)]
    pub then: Vec<Lie>,
}

/// The upstream or a mirror.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Source {
    /// Who runs it; itself, if nothing is said.
    pub operator: Option<String>,
    /// The user calls it an authority of its own.
    pub trusted: bool,
    /// It reads through to the upstream.
    pub relays: bool,
    /// Whether anybody listens there.
    pub reachable: bool,
    /// Whether the client is told of it as a mirror; else only the user's files know it. Such come last.
    pub listed: bool,
    /// Its certificate, where it is reached over https: `good`, `expired`, `wrong-name` or `unknown`.
    pub tls: Option<String>,
    /// How what it has differs from the truth.
    pub lies: Vec<Lie>,
    /// What goes wrong on the way.
    pub faults: Vec<Flaw>,
}

impl Default for Source {
    fn default() -> Self {
        let (lies, faults) = (Vec::new(), Vec::new());
        Self { operator: None, trusted: false, relays: false, reachable: true, listed: true, tls: None, lies, faults }
    }
}

/// A difference from the truth. `of` is a package with its version, such as `alpha 1.1.0`; `text` tells lies of one kind
/// apart, and those with the same text are the same lie.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", rename_all_fields = "kebab-case")]
#[expect(missing_docs, reason = "tests/corpus/README.md has the list")]
pub enum Lie {
    // git
    Commit {
        on: String,
        text: String,
        #[serde(default)]
        years_ahead: u64,
        signed_by: Option<String>,
    },
    Set {
        r#ref: String,
        to: String,
    },
    Delete(String),
    Head(String),
    Symref {
        r#ref: String,
        to: String,
    },
    Stale(u32),
    OtherHistory(String),
    Sha256,
    ManyRefs(u32),
    Parentless(String),
    LeaveOut(String),
    Instead {
        of: String,
        send: String,
    },
    RefLine(String),
    // all
    Nothing,
    // cargo and pip
    SwapFile {
        of: String,
        text: String,
    },
    SwapHash {
        of: String,
        text: String,
    },
    SwapBoth {
        of: String,
        text: String,
    },
    FileOf {
        of: String,
        file: String,
    },
    Add {
        of: String,
        text: String,
    },
    Depends {
        of: String,
        on: String,
    },
    Yank(String),
    Unyank(String),
    Lack(String),
    NoFile(String),
    Page {
        at: String,
        #[serde(default = "plain")]
        kind: String,
        body: String,
    },
    // cargo
    Dl(String),
    // pip
    RequiresPython {
        of: String,
        python: String,
    },
    Url {
        of: String,
        to: String,
    },
    NoHash(String),
    Foreign {
        at: String,
        of: String,
    },
    HtmlOnly,
}

fn plain() -> String {
    "text/plain".to_owned()
}

/// Something that goes wrong on the way: one of the keys, and where and how often.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[expect(missing_docs, reason = "tests/corpus/README.md has the list")]
pub struct Flaw {
    pub silent: bool,
    pub portal: bool,
    pub escapes: bool,
    pub cut_at: Option<f64>,
    pub end_at: Option<f64>,
    pub stall_at: Option<f64>,
    pub flip_at: Option<f64>,
    pub drip: Option<u64>,
    pub wait: Option<f64>,
    pub status: Option<u16>,
    pub headers: BTreeMap<String, String>,
    pub body: String,
    pub err: Option<String>,
    pub redirect: Option<String>,
    pub gzip_bomb: Option<u64>,
    pub endless: Option<String>,
    pub wrong_length: Option<i64>,
    pub wrong_range: Option<u64>,
    /// In which answers; in all, if nothing is said.
    pub r#in: Option<String>,
    pub times: Option<u32>,
}

/// What must come of it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Expect {
    /// The user has what this source has: `truth`, `earlier`, `upstream`, or a mirror's name.
    pub same_as: Option<String>,
    /// The packages and versions that the user has then, where the usual ones are not meant.
    pub got: Vec<String>,
    /// Refused, for one of these kinds of reason.
    pub refused: Vec<String>,
    /// Whose word was believed before it was refused, as the rules have it: what this one said is looked for nowhere.
    pub believed: Option<String>,
    /// Words that the user must be told.
    pub told: Vec<String>,
    /// Mirrors that must not be asked anything.
    pub unheard: Vec<String>,
    /// The longest that it may take, in seconds.
    pub within: Option<u64>,
}

impl Case {
    /// Reads the case in a folder.
    ///
    /// # Errors
    ///
    /// Says what is wrong with it.
    pub fn read(folder: &Path) -> Result<Self, String> {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = fs::read_to_string(folder.join("case.toml")).map_err(|error| format!("{name}: {error}"))?;
        Self::parse(&name, &text).map_err(|why| format!("{name}: {why}"))
    }

    /// Reads a case.
    ///
    /// # Errors
    ///
    /// Says what is wrong with it.
    pub fn parse(name: &str, text: &str) -> Result<Self, String> {
        let case: Self = toml_edit::de::from_str(text).map_err(|error| error.to_string())?;
        let case = Self { name: name.to_owned(), ..case };
        case.check().map(|()| case)
    }

    fn check(&self) -> Result<(), String> {
        let refused = !self.expect.refused.is_empty();
        let wrong = [
            (!self.name.starts_with(&format!("{}_", self.tool)), "its name does not begin with its tool"),
            (refused && !self.name.ends_with("_refused"), "it is refused, and its name does not end in `_refused`"),
            (!refused && !self.name.ends_with("_ok"), "it is not refused, and its name does not end in `_ok`"),
            (refused == self.expect.same_as.is_some(), "`same-as` or `refused`, and not both"),
            (self.claim.trim().len() < 20 || !self.claim.ends_with('.'), "its claim is no sentence"),
            (self.mirrors.len() > NAMES.len(), "too many mirrors"),
            (!self.mirrors.is_sorted_by_key(|mirror| !mirror.listed), "who is not listed comes last"),
            (
                self.before.iter().flat_map(|before| &before.away).any(|name| !self.is_never_there(name)),
                "who was away is away",
            ),
        ];
        wrong.iter().find(|(wrong, _)| *wrong).map_or(Ok(()), |(_, why)| Err((*why).to_owned()))
    }

    /// The case as it was in the earlier run.
    pub fn earlier(&self) -> Self {
        let policy = self.before.as_ref().and_then(|before| before.policy.clone());
        Self { policy: policy.unwrap_or_else(|| self.policy.clone()), ..self.clone() }
    }

    /// Whether a source can be reached neither now nor in the earlier run, if there was one.
    pub fn is_never_there(&self, name: &str) -> bool {
        let is_there = self.sources().into_iter().any(|(own, source)| own == name && source.reachable);
        !is_there && self.before.as_ref().is_none_or(|before| before.away.iter().any(|away| away == name))
    }

    /// The upstream and the mirrors, by name.
    pub fn sources(&self) -> Vec<(&'static str, &Source)> {
        let mirrors = NAMES.into_iter().zip(&self.mirrors);
        std::iter::once((UPSTREAM, &self.upstream)).chain(mirrors).collect()
    }
}

/// The folder with the cases.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/cases")
}

/// All cases, by name.
///
/// # Errors
///
/// Says what is wrong with the first one that is.
pub fn cases() -> Result<Vec<Case>, String> {
    let entries = fs::read_dir(folder()).map_err(|error| error.to_string())?.flatten();
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders.iter().map(|folder| Case::read(folder)).collect()
}

#[cfg(test)]
mod tests {
    use super::Case;

    #[test]
    fn a_case_says_all_it_says_in_words_of_the_grammar() {
        let text = "claim = \"A lie is found out here.\"\ntool = \"git\"\ndo = \"clone\"\n[upstream]\nreachable = false\n\
            [[mirror]]\nlies = [{ commit = { on = \"main\", text = \"x\" } }, \"sha256\"]\nfaults = [{ cut-at = 0.5, in = \"packs\" }]\n";
        let ok = format!("{text}[expect]\nsame-as = \"truth\"\n");
        let refused = format!("{text}[expect]\nrefused = [\"E-QUORUM\"]\n");
        let case = Case::parse("git_x_ok", &ok).expect("a case");
        assert_eq!((case.mirrors[0].lies.len(), case.mirrors[0].faults[0].cut_at), (2, Some(0.5)));
        assert!(Case::parse("git_x_refused", &refused).is_ok());
        for (name, text) in [
            ("git_x_refused", ok.as_str()),
            ("git_x_ok", &refused),
            ("pip_x_ok", &ok),
            ("git_x_ok", &ok.replace("clone", "clone\"\nodd = \"")),
            ("git_x_ok", &ok.replace("cut-at", "cut")),
            ("git_x_ok", &ok.replace("commit", "comit")),
        ] {
            assert!(Case::parse(name, text).is_err(), "{name}: {text}");
        }
    }
}
