//! The grammar of names: which repositories may be asked for at all. Pure.
//!
//! Every name from outside (a command line, a submodule, a configuration file) is parsed here before any option parser or
//! child process sees it, so that `--upload-pack=x` or `../..` never gets that far.

use std::{fmt, str::FromStr};

use crate::{
    errors::{Failure, Kind},
    message::shortened,
};

/// Longest part of a name, in bytes.
const LONGEST_PART: usize = 100;

/// `owner/name` of a repository, both parts within the grammar.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Repo {
    owner: String,
    name: String,
}

impl Repo {
    /// Who owns it: the part before the slash.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// Whether a pattern such as `mycorp/*`, `*/secret` or `mycorp/tool` names it; case does not matter, as on hosts.
    pub fn matches(&self, pattern: &str) -> bool {
        let Some((owner, name)) = pattern.split_once('/') else { return false };
        let fits = |pattern: &str, part: &str| match pattern.split_once('*') {
            None => pattern.eq_ignore_ascii_case(part),
            Some((head, tail)) => {
                let part = part.to_ascii_lowercase();
                part.len() >= head.len() + tail.len()
                    && part.starts_with(&head.to_ascii_lowercase())
                    && part.ends_with(&tail.to_ascii_lowercase())
            }
        };
        fits(owner, &self.owner) && fits(name, &self.name)
    }
}

impl FromStr for Repo {
    type Err = Failure;

    /// Parses `owner/name`, with or without `.git` behind it.
    fn from_str(text: &str) -> Result<Self, Failure> {
        let trimmed = text.strip_suffix('/').unwrap_or(text);
        let trimmed = trimmed.strip_suffix(".git").unwrap_or(trimmed);
        match trimmed.split_once('/') {
            // Hosts strip the ending themselves: a name that still has one would be another spelling of a shorter one.
            Some((owner, name)) if is_part(owner) && is_part(name) && !name.ends_with(".git") => {
                Ok(Self { owner: owner.to_owned(), name: name.to_owned() })
            }
            _ => Err(Failure::new(Kind::Name, format!("`{}` is not a repository name", shortened(text)))
                .hint("a repository is named owner/name: letters, digits, `_`, `.` and `-`, as in `mirror::openglm/Open-AutoGLM`")),
        }
    }
}

impl fmt::Display for Repo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
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

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.upstream, self.repo)
    }
}

/// `[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}` without `..` (DESIGN 4).
pub fn is_part(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
        && text.len() <= LONGEST_PART
        && !text.contains("..")
}

#[cfg(test)]
mod tests {
    use super::Repo;
    use crate::errors::Kind;

    #[test]
    fn names_outside_the_grammar_are_refused() {
        let long = "a".repeat(101);
        for bad in [
            "",
            "a",
            "/",
            "a/",
            "/b",
            "a/b/c",
            "-a/b",
            "a/-b",
            ".a/b",
            "a/..",
            "a/b..c",
            "../b",
            "a\n/b",
            "a/b\0",
            "a b/c",
            "--upload-pack=x/y",
            "a/b?c",
            "a/b@c",
            "a\\b/c",
            "ä/b",
            "a/b.git.git",
            &format!("{long}/b"),
            &"a/b".repeat(2000),
        ] {
            let failure = bad.parse::<Repo>().expect_err(bad);
            assert_eq!(failure.kind, Kind::Name, "{bad}");
            assert!(failure.to_string().len() < 400, "a long name does not fill the screen");
        }
        for good in ["a/b", "openglm/Open-AutoGLM", "_x/y.z-1", "a/b.git", "a/b/", &format!("{}/b", &long[..100])] {
            assert!(good.parse::<Repo>().is_ok(), "{good}");
        }
    }

    #[test]
    fn private_patterns_name_whole_parts() {
        let repo: Repo = "MyCorp/secret-tool".parse().expect("a name");
        for (pattern, hit) in [
            ("mycorp/*", true),
            ("mycorp/secret-*", true),
            ("*/secret-tool", true),
            ("mycorp/secret", false),
            ("mycorp", false),
            ("other/*", false),
            ("*/*", true),
        ] {
            assert_eq!(repo.matches(pattern), hit, "{pattern}");
        }
    }
}
