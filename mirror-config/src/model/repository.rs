//! The grammar of names: which repositories may be asked for at all, and what a name is in addresses. Pure.
//!
//! Every name from outside (a command line, a submodule, a configuration file) is parsed here before any option parser or
//! child process sees it, so that `--upload-pack=x` or `../..` never gets that far.

use std::{fmt, str::FromStr};

use crate::{
    errors::{Failure, Kind},
    message::{controls, shortened},
};

/// Longest name in a configuration, in bytes.
const LONGEST_WORD: usize = 100;
/// Longest part of a repository's name, in bytes: what file systems take (NAME_MAX), where forges keep their repositories.
const LONGEST_PART: usize = 255;
/// Longest name of a repository, in bytes.
const LONGEST: usize = 1000;
/// How the folders of bare repositories end. Hosts strip it themselves.
pub(crate) const ENDING: &str = ".git";

/// The name of a repository: `owner/name`, `group/team/project`, or one part alone, all within the grammar.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Repo {
    path: String,
    any_case: bool,
}

impl Repo {
    /// Its parts, one at least.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        self.path.split('/')
    }

    /// The same on a host that does not tell names apart by case.
    pub fn in_any_case(self) -> Self {
        Self { any_case: true, ..self }
    }

    /// What all spellings of this name have in common, and no other name has: what is kept of it goes by this.
    pub fn key(&self) -> String {
        if self.any_case { self.path.to_ascii_lowercase() } else { self.path.clone() }
    }

    /// Reads a name as it stands in the path of an address, percent-encoded or not, with or without `.git` behind it.
    ///
    /// # Errors
    ///
    /// [`Kind::Name`] for what is outside the grammar.
    pub fn of_path(path: &str) -> Result<Self, Failure> {
        // What is encoded separates nothing.
        let encoded = path.to_ascii_lowercase();
        let decoded = decoded(path).filter(|_| !["%2f", "%00"].iter().any(|byte| encoded.contains(byte)));
        decoded.as_deref().ok_or_else(|| refused(path))?.parse()
    }

    /// As it stands in the path of an address: all but letters, digits and what means itself there is percent-encoded.
    pub fn to_path(&self) -> String {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~+@,=".contains(&byte);
        self.path.bytes().fold(String::with_capacity(self.path.len()), |mut path, byte| {
            if plain(byte) {
                path.push(char::from(byte));
            } else {
                path += &format!("%{byte:02X}");
            }
            path
        })
    }

    /// Whether a pattern such as `mycorp/*`, `*/secret` or `mycorp/tool` names it. A star stands for anything, groups within
    /// groups as well, and case does not matter: what is called private is rather too much than too little.
    pub fn matches(&self, pattern: &str) -> bool {
        let (name, pattern) = (self.path.to_ascii_lowercase(), pattern.to_ascii_lowercase());
        let mut pieces = pattern.split('*');
        let Some(mut rest) = name.strip_prefix(pieces.next().unwrap_or_default()) else { return false };
        let mut pieces = pieces.peekable();
        if pieces.peek().is_none() {
            return rest.is_empty();
        }
        while let Some(piece) = pieces.next() {
            if pieces.peek().is_none() {
                return rest.ends_with(piece);
            }
            let Some(at) = rest.find(piece) else { return false };
            rest = &rest[at + piece.len()..];
        }
        true
    }
}

impl FromStr for Repo {
    type Err = Failure;

    /// Parses a name as people write it, with or without `.git` behind it.
    fn from_str(text: &str) -> Result<Self, Failure> {
        let trimmed = text.strip_suffix('/').unwrap_or(text);
        let path = trimmed.strip_suffix(ENDING).unwrap_or(trimmed);
        // A name that ends so once more would be another spelling of a shorter one.
        let fits = path.len() <= LONGEST && path.split('/').all(|part| is_name(part) && !part.ends_with(ENDING));
        if fits { Ok(Self { path: path.to_owned(), any_case: false }) } else { Err(refused(text)) }
    }
}

fn refused(text: &str) -> Failure {
    Failure::new(Kind::Name, format!("`{}` is not a repository name", shortened(text))).hint(
        "a repository is named owner/name, or group/team/project, as in `mirror::openglm/Open-AutoGLM`; no part begins with `-`",
    )
}

impl fmt::Display for Repo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)
    }
}

/// A repository of an upstream, such as `github:openglm/Open-AutoGLM`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Repository {
    /// The upstream's name in the configuration.
    pub upstream: String,
    /// The repository there.
    pub repo: Repo,
}

impl Repository {
    /// What all its spellings have in common, as [`Repo::key`].
    pub fn key(&self) -> String {
        format!("{}:{}", self.upstream, self.repo.key())
    }

    /// Whether a name that was written down, where nobody knew its host, is a spelling of this one.
    pub fn is_spelled(&self, written: &Self) -> bool {
        let repo = Repo { any_case: self.repo.any_case, ..written.repo.clone() };
        self.upstream == written.upstream && self.repo.key() == repo.key()
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.upstream, self.repo)
    }
}

/// Whether it may name an upstream or a mirror in a configuration: `[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}` without `..`.
pub fn is_part(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
        && text.len() <= LONGEST_WORD
        && !text.contains("..")
}

/// Whether it may be a part of a repository's name. Forges have characters of all scripts, digits, `_`, `.`, `-`, `~user`,
/// `c++` and blanks between words; what could be an option, a folder's own names, a separator, an invisible character or
/// something that a shell acts on is none.
fn is_name(part: &str) -> bool {
    let visible = |c: char| !c.is_whitespace() && !matches!(c, '\u{200b}' | '\u{2060}' | '\u{feff}');
    let fits = |c: char| c.is_ascii_alphanumeric() || "_.-~+@,= ".contains(c) || !c.is_ascii() && visible(c);
    !part.is_empty()
        && part.len() <= LONGEST_PART
        && part != "."
        && part != ".."
        && !part.starts_with(['-', ' '])
        && !part.ends_with(' ')
        && part.chars().all(fits)
        && controls(part) == part
}

/// Percent-encoded text decoded; `None` where that is no text.
pub(crate) fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        match (first, behind) {
            (b'%', [high, low, behind @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                let digits = [*high, *low];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
                rest = behind;
            }
            _ => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::{Repo, Repository};
    use crate::errors::Kind;

    #[test]
    fn names_outside_the_grammar_are_refused() {
        let long = "a".repeat(256);
        for bad in [
            "",
            "/",
            "/b",
            "a//b",
            "-a/b",
            "a/-b",
            "a/b/-c",
            "a/..",
            "../b",
            "a/./b",
            "a/../../b",
            "a/.git",
            "a/b.git/c",
            "a\n/b",
            "a/b\0",
            "a/b\u{85}",
            "a/b\u{202e}c",
            "a/b\u{200b}c",
            "a/b\u{a0}c",
            "a/b$(c)",
            " a/b",
            "a/b ",
            "--upload-pack=x/y",
            "a/b?c",
            "a/b#c",
            "a/b%2e",
            "a/b;c",
            "a/b:c",
            "a\\b/c",
            "a/\"b",
            "a/b.git.git",
            &format!("{long}/b"),
            &"a/b".repeat(2000),
        ] {
            let failure = bad.parse::<Repo>().expect_err(bad);
            assert_eq!(failure.kind, Kind::Name, "{bad}");
            assert!(failure.to_string().len() < 400, "a long name does not fill the screen");
        }
        for good in [
            "a",
            "a/b",
            "openglm/Open-AutoGLM",
            "openglm/.github",
            ".dotfiles",
            "me/.dotfiles.git",
            "group/team/project",
            "a/b/c/d/e/f/g/h",
            "~user/tool",
            "gnu/libstdc++",
            "my org/my project",
            "组/项目",
            "हिन्दी/परियोजना",
            "cafe\u{301}/x",
            "_x/y.z-1",
            "a/b..c",
            "a/b.git",
            "a/b/",
            &format!("{}/b", &long[..255]),
        ] {
            assert!(good.parse::<Repo>().is_ok(), "{good}");
        }
    }

    #[test]
    fn names_are_encoded_in_addresses_and_read_from_them() {
        for (path, name) in [
            ("a/b", Some("a/b")),
            ("a/b.git/", Some("a/b")),
            ("openglm/.github.git", Some("openglm/.github")),
            ("my%20org/my%20project", Some("my org/my project")),
            ("%E7%BB%84/%E9%A1%B9%E7%9B%AE", Some("组/项目")),
            ("gnu/libstdc%2B%2B", Some("gnu/libstdc++")),
            ("~user/tool", Some("~user/tool")),
            ("a%2Fb/c", None),
            ("a/%2e%2e", None),
            ("a/%2Db", None),
            ("a/b%00", None),
            ("a/b%0a", None),
            ("a/%b9%a6", None),
            ("a//b", None),
        ] {
            let found = Repo::of_path(path).ok();
            assert_eq!(found.as_ref().map(ToString::to_string).as_deref(), name, "{path}");
            if let Some(found) = found {
                assert_eq!(Repo::of_path(&found.to_path()), Ok(found), "{path}");
            }
        }
    }

    #[test]
    fn only_where_case_does_not_matter_are_two_spellings_one_name() {
        let repo = |text: &str| text.parse::<Repo>().expect("a name");
        assert_ne!(repo("A/b").key(), repo("a/b").key());
        assert_eq!(repo("A/b").in_any_case().key(), repo("a/B").in_any_case().key());
        assert_eq!(repo("A/b").in_any_case().to_string(), "A/b", "it is asked for as it was written");
        let named = |upstream: &str, repo: Repo| Repository { upstream: upstream.to_owned(), repo };
        for (meant, written, same) in [
            (named("a", repo("A/b")), named("a", repo("A/b")), true),
            (named("a", repo("A/b")), named("a", repo("a/b")), false),
            (named("a", repo("A/b").in_any_case()), named("a", repo("a/B")), true),
            (named("a", repo("A/b").in_any_case()), named("b", repo("A/b")), false),
        ] {
            assert_eq!(meant.is_spelled(&written), same, "{meant} {written}");
        }
    }

    #[test]
    fn private_patterns_name_whole_parts_and_all_below() {
        for (name, pattern, hit) in [
            ("MyCorp/secret-tool", "mycorp/*", true),
            ("MyCorp/secret-tool", "mycorp/secret-*", true),
            ("MyCorp/secret-tool", "*/secret-tool", true),
            ("MyCorp/secret-tool", "mycorp/secret", false),
            ("MyCorp/secret-tool", "mycorp", false),
            ("MyCorp/secret-tool", "other/*", false),
            ("MyCorp/secret-tool", "*/*", true),
            ("mycorp/team/tool", "mycorp/*", true),
            ("mycorp/team/tool", "*/tool", true),
            ("mycorp/team/tool", "mycorp/tool", false),
            ("mycorp/team/tool", "my*/*ool", true),
            ("mycorporate/tool", "mycorp/*", false),
            ("tool", "*/tool", false),
        ] {
            let repo: Repo = name.parse().expect("a name");
            assert_eq!(repo.matches(pattern), hit, "{name} {pattern}");
        }
    }
}
