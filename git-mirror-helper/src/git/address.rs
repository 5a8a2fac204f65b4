//! What stands behind `mirror::`: an address of ours, or an upstream's own, down to one repository.
//!
//! git hands over whatever a command line, a submodule or a configuration file said; nothing passes here unparsed. What a
//! person wrote in another way than ours, but clearly, is `pasted`'s matter.

use std::ffi::{OsStr, OsString};

use mirror_config::{
    config::Config,
    errors::{Failure, Kind},
    model::{Address, Repo, Repository, located, name_before_page},
};

use super::pasted::{has_odd_parts, understood};

/// What an address means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meant {
    /// A repository.
    Repository {
        /// Which.
        repository: Repository,
        /// Its address, where it was written as one.
        written: Option<String>,
    },
    /// Something at an upstream that has no name here: git's own helper gets it as it was written.
    Unnamed {
        /// The upstream's name in the configuration.
        upstream: String,
        /// The address, in bytes.
        url: OsString,
    },
}

impl Meant {
    fn unnamed(upstream: &str, url: &OsStr) -> Self {
        Self::Unnamed { upstream: upstream.to_owned(), url: url.to_owned() }
    }
}

/// Reads the second argument of a remote helper: `owner/repo`, `UPSTREAM:owner/repo`, or an address of an upstream.
///
/// `typed` says whether `mirror::` was written by a person; else a rule of git's put it before an address that git would
/// have got along with alone, so that what is no name here is git's business, whatever it is.
///
/// # Errors
///
/// [`Kind::Name`] for anything outside the grammar, [`Kind::Transport`] for an address no upstream has.
pub fn parse(text: &OsStr, config: &Config, typed: impl Fn() -> bool) -> Result<Meant, Failure> {
    let known = text.to_str();
    if let Some(meant) = known.and_then(|text| exact(text, config)) {
        return Ok(meant);
    }
    if let Some(upstream) = begins_like(text, config).filter(|_| known.is_none() || !typed()) {
        return Ok(Meant::unnamed(&upstream, text));
    }
    let text = known.ok_or_else(|| Failure::new(Kind::Name, "the address is not UTF-8"))?;
    match (understood(text, config)?, begins_like(text.as_ref(), config)) {
        (Some(repository), _) => Ok(Meant::Repository { repository, written: None }),
        // Safe, at a known upstream, and outside the grammar.
        (None, Some(upstream)) => Ok(Meant::unnamed(&upstream, text.as_ref())),
        (None, None) => Err(Failure::new(Kind::Name, "the address is not written as that of its upstream is")),
    }
}

/// An address of an upstream that is nothing but that of a repository.
fn exact(text: &str, config: &Config) -> Option<Meant> {
    let address: Address = text.parse().ok().filter(|_| text.contains("://") && !has_odd_parts(text))?;
    let url = address.expose();
    // A password would stand in the command line of git's own helper, for everyone on this machine to read.
    if url.password().is_some() {
        return None;
    }
    let (upstream, name) = located(config.upstreams.values(), &config.git.upstream.value, url)?;
    let repo = Repo::of_path(name).ok().filter(|_| url.query().is_none() && url.fragment().is_none())?;
    let is_page = name_before_page(&repo.parts().collect::<Vec<_>>(), upstream.url.has_two_parts()).is_some();
    let repository = upstream.repository(repo).ok().filter(|_| !is_page)?;
    Some(Meant::Repository { repository, written: Some(text.to_owned()) })
}

/// The upstream whose addresses begin as this text does, as git's rules compare them: byte by byte.
fn begins_like(text: &OsStr, config: &Config) -> Option<String> {
    let speaks_http = |head: &str| head.starts_with("https://") || head.starts_with("http://");
    let heads = config.upstreams.values().map(|upstream| (upstream.url.head(), &upstream.name));
    let fits = heads.filter(|(head, _)| speaks_http(head) && text.as_encoded_bytes().starts_with(head.as_bytes()));
    fits.max_by_key(|(head, name)| (head.len(), **name == config.git.upstream.value)).map(|(_, name)| name.clone())
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::{Meant, parse};
    use mirror_config::{config::Config, system::Environment};

    /// The defaults, and upstreams of which nothing is known: one at the root of a host, one below it, one with a port.
    pub(super) fn config() -> Config {
        let home = tempfile::tempdir().expect("a temporary folder");
        let file = home.path().join("config.toml");
        let text = "[upstreams.corp]\nurl = \"https://git.corp.example/{repo}.git\"\n\
                    [upstreams.aside]\nurl = \"https://git.corp.example/team/{repo}.git\"\n\
                    [upstreams.zeta]\nurl = \"https://git.corp.example/team/deep/{repo}\"\n\
                    [upstreams.port]\nurl = \"http://127.0.0.1:8123/{repo}.git\"\n";
        std::fs::write(&file, text).expect("a folder of our own");
        let env = Environment::of([("HOME", home.path()), ("MIRROR_CONFIG", &file)], home.path());
        Config::load(&env).expect("a configuration")
    }

    /// What comes of it: the repository's name, `git` for git's own helper, or the kind of the error.
    fn shown(text: &OsStr, config: &Config, typed: bool) -> String {
        match parse(text, config, || typed) {
            Ok(Meant::Repository { repository, .. }) => repository.to_string(),
            Ok(Meant::Unnamed { url, .. }) => {
                assert_eq!(url, text, "as it was written");
                "git".to_owned()
            }
            Err(failure) => failure.kind.word().to_owned(),
        }
    }

    #[test]
    fn addresses_come_down_to_a_repository_or_are_refused() {
        let config = config();
        for (text, expected) in [
            ("openglm/Open-AutoGLM", "github:openglm/Open-AutoGLM"),
            ("openglm/Open-AutoGLM.git", "github:openglm/Open-AutoGLM"),
            ("openglm/.github", "github:openglm/.github"),
            ("me/.dotfiles.git/", "github:me/.dotfiles"),
            ("gitlab:a/b", "gitlab:a/b"),
            ("gitlab:group/team/project", "gitlab:group/team/project"),
            ("corp:tool", "corp:tool"),
            ("corp:a/b/c/d/e/f", "corp:a/b/c/d/e/f"),
            ("corp:~user/my tool", "corp:~user/my tool"),
            ("https://github.com/a/b", "github:a/b"),
            ("https://github.com/a/b.git", "github:a/b"),
            ("https://github.com/a/b.git/", "github:a/b"),
            ("https://gitlab.com/g/t/p.git", "gitlab:g/t/p"),
            ("https://git.corp.example/o/r", "corp:o/r"),
            ("https://git.corp.example/team/r", "aside:r"),
            ("https://git.corp.example/team/deep/g/r.git", "zeta:g/r"),
            ("https://git.corp.example/my%20team/r", "corp:my team/r"),
            ("--config=evil", "E-NAME"),
            ("--upload-pack=touch x", "E-NAME"),
            ("corp:--upload-pack=x/y", "E-NAME"),
            ("a/../b", "E-NAME"),
            ("../../etc/passwd", "E-NAME"),
            ("corp:..", "E-NAME"),
            ("corp:", "E-NAME"),
            ("", "E-NAME"),
            ("a", "E-NAME"),
            ("a/b/c", "E-NAME"),
            ("a//b", "E-NAME"),
            ("/a/b", "E-NAME"),
            ("a/b\nfetch x", "E-NAME"),
            ("a/b\0c", "E-NAME"),
            ("nowhere:a/b", "E-NAME"),
            ("ext::sh -c x", "E-TRANSPORT"),
            ("mirror::a/b", "E-NAME"),
            ("file:///etc", "E-TRANSPORT"),
            ("ssh://-oProxyCommand=x/a/b", "E-TRANSPORT"),
            ("ssh://git@github.com/a/b.git", "E-TRANSPORT"),
            ("git://github.com/a/b.git", "E-TRANSPORT"),
            ("https://evil.example/a/b", "E-TRANSPORT"),
            ("https://github.com/a/b/../../c", "E-NAME"),
            ("https://github.com/a/%2e%2E/c", "E-NAME"),
            ("https://github.com/a/b\\..\\c", "E-NAME"),
            ("https://github.com/-a/b", "E-NAME"),
            ("https://github.com/a//b", "E-NAME"),
            ("https://github.com/a", "E-NAME"),
            ("https://github.com/", "E-NAME"),
            ("https://github.com/a%2Fb/c", "E-NAME"),
            ("http://github.com/a/b", "E-TRANSPORT"),
            ("https://someone:sekrit@github.com/a/b", "E-NAME"),
            ("https://:sekrit@git.corp.example/a!b/c", "E-NAME"),
            (&"x/".repeat(2500), "E-NAME"),
        ] {
            assert_eq!(shown(text.as_ref(), &config, true), expected, "{text}");
        }
    }

    #[test]
    fn what_a_rule_of_gits_hands_over_is_a_repository_or_left_to_git() {
        let config = config();
        for (text, expected) in [
            ("https://github.com/a/b", "github:a/b"),
            ("https://github.com/openglm/.github.git", "github:openglm/.github"),
            ("https://gitlab.com/g/t/p", "gitlab:g/t/p"),
            ("https://git.corp.example/tool", "corp:tool"),
            ("https://github.com/a/b/tree/main", "git"),
            ("https://github.com/a/b?tab=readme", "git"),
            ("https://github.com/a/b#readme", "git"),
            ("https://github.com/a", "git"),
            ("https://github.com/a/b.git.git", "git"),
            ("https://github.com/a/b/../../c", "git"),
            ("https://github.com/a/./b", "git"),
            ("https://github.com/a//b", "git"),
            ("https://github.com/-a/b", "git"),
            ("https://github.com/a/b//", "git"),
            ("https://github.com/", "git"),
            ("https://git.corp.example/a!b/c", "git"),
            ("https://git.corp.example/a/b/tree/main", "git"),
            ("https://gitlab.com/g/t/p/-/tree/main", "git"),
            ("https://git.corp.example/a/%b9%a6", "git"),
            ("https://git.corp.example/a%2Fb", "git"),
        ] {
            assert_eq!(shown(text.as_ref(), &config, false), expected, "{text}");
        }
        // What no rule of ours can have made is refused, whoever says so.
        for text in ["ext::sh -c x", "https://evil.example/a/b", "a/../b"] {
            assert!(shown(text.as_ref(), &config, false).starts_with("E-"), "{text}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_text_is_left_to_git_where_an_upstream_is_meant() {
        use std::os::unix::ffi::OsStrExt;
        let config = config();
        for (bytes, expected) in [
            (&b"https://git.corp.example/\xb9\xa6/b"[..], "git"),
            (b"https://git.corp.example/team/caf\xe9", "git"),
            (b"https://evil.example/\xb9\xa6", "E-NAME"),
            (b"\xb9\xa6/b", "E-NAME"),
        ] {
            for typed in [true, false] {
                assert_eq!(shown(OsStr::from_bytes(bytes), &config, typed), expected, "{bytes:?}");
            }
        }
    }

    #[test]
    fn an_address_is_kept_as_it_was_written() {
        let config = config();
        for (text, kept) in [
            ("https://github.com/a/b", true),
            ("https://github.com/a/b.git/", true),
            ("https://someone@github.com/a/b", true),
            ("https://git.corp.example/my%20team/r", true),
            ("a/b", false),
            ("https://github.com/a/b/tree/main", false),
        ] {
            let Ok(Meant::Repository { written, .. }) = parse(text.as_ref(), &config, || true) else {
                panic!("{text} is a repository");
            };
            assert_eq!(written.as_deref(), kept.then_some(text), "{text}");
        }
    }
}
