//! What stands behind `mirror::`: an address of ours, or an upstream's own, down to one repository.
//!
//! git hands over whatever a command line, a submodule or a configuration file said; nothing passes here unparsed.

use mirror_config::{
    config::Config,
    errors::{Failure, Kind},
    model::{Repository, check_address, is_part},
};

/// How git knows that an address is ours.
const PREFIX: &str = "mirror::";

/// Reads the second argument of a remote helper: `owner/repo`, `UPSTREAM:owner/repo`, or an address of an upstream.
///
/// # Errors
///
/// [`Kind::Name`] for anything outside the grammar, [`Kind::Transport`] for an address no upstream has.
pub fn parse(text: &str, config: &Config) -> Result<Repository, Failure> {
    // git has taken its own off already, so what begins with it was written twice.
    if text.starts_with(PREFIX) {
        return Err(twice(text, config));
    }
    if text.contains("://") {
        for upstream in config.upstreams.values() {
            if let Some(repo) = upstream.url.repo_of(text) {
                return Ok(Repository { upstream: upstream.name.clone(), repo: repo? });
            }
        }
        let address = check_address(text, false).map_err(|failure| match failure.kind {
            Kind::Config => Failure { kind: Kind::Name, ..failure },
            _ => failure,
        })?;
        return Err(Failure::new(Kind::Transport, format!("{address} belongs to no upstream that is configured")).hint(
            "add it to your configuration as `[upstreams.NAME] url = \"https://HOST/{repo}.git\"`, or leave out `mirror::`",
        ));
    }
    match text.split_once(':') {
        None => Ok(Repository { upstream: config.git.upstream.value.clone(), repo: text.parse()? }),
        Some((_, rest)) if rest.starts_with(':') => {
            Err(Failure::new(Kind::Transport, "addresses of other remote helpers are not allowed behind `mirror::`"))
        }
        Some((name, rest)) if is_part(name) && config.upstreams.contains_key(name) => {
            Ok(Repository { upstream: name.to_owned(), repo: rest.parse()? })
        }
        Some((name, _)) => {
            let known: Vec<&str> = config.upstreams.keys().map(String::as_str).collect();
            let name: String = name.chars().take(40).map(|c| if c.is_control() { '?' } else { c }).collect();
            Err(Failure::new(Kind::Name, format!("`{name}` is no upstream"))
                .hint(format!("the upstreams are {}", known.join(", "))))
        }
    }
}

/// `mirror::` more than once; the hint has it once, before what stands behind them, where that is an address of ours.
fn twice(text: &str, config: &Config) -> Failure {
    let rest = text.trim_start_matches(PREFIX);
    let once = if parse(rest, config).is_ok() { rest } else { "owner/repo" };
    Failure::new(Kind::Name, format!("`{PREFIX}` stands more than once before the name"))
        .hint(format!("write it once: {PREFIX}{once}"))
}

#[cfg(test)]
mod tests {
    use super::parse;
    use mirror_config::{config::Config, system::Environment};

    #[test]
    fn addresses_come_down_to_a_repository_or_are_refused() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let env = Environment::of([("HOME", home.path().as_os_str())], home.path());
        let config = Config::load(&env).expect("the defaults");
        for (text, expected) in [
            ("openglm/Open-AutoGLM", Ok("github:openglm/Open-AutoGLM")),
            ("openglm/Open-AutoGLM.git", Ok("github:openglm/Open-AutoGLM")),
            ("gitlab:a/b", Ok("gitlab:a/b")),
            ("https://github.com/a/b", Ok("github:a/b")),
            ("https://github.com/a/b.git", Ok("github:a/b")),
            ("https://github.com/a/b.git/", Ok("github:a/b")),
            ("--config=evil", Err("E-NAME")),
            ("--upload-pack=touch x", Err("E-NAME")),
            ("a/../b", Err("E-NAME")),
            ("../../etc/passwd", Err("E-NAME")),
            ("a/b\nfetch x", Err("E-NAME")),
            ("a/b\0c", Err("E-NAME")),
            ("nowhere:a/b", Err("E-NAME")),
            ("ext::sh -c x", Err("E-TRANSPORT")),
            ("mirror::a/b", Err("E-NAME")),
            ("file:///etc", Err("E-TRANSPORT")),
            ("ssh://-oProxyCommand=x/a/b", Err("E-TRANSPORT")),
            ("https://evil.example/a/b", Err("E-TRANSPORT")),
            ("https://github.com/a/b/../../c", Err("E-NAME")),
            ("https://github.com/-a/b", Err("E-NAME")),
            ("http://github.com/a/b", Err("E-TRANSPORT")),
            (&"x/".repeat(2500), Err("E-NAME")),
        ] {
            let found = parse(text, &config).map(|r| r.to_string());
            assert_eq!(found.as_deref().map_err(|failure| failure.kind.word()), expected, "{text}");
        }
    }

    #[test]
    fn a_prefix_written_twice_is_refused_and_the_hint_has_it_once() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let env = Environment::of([("HOME", home.path().as_os_str())], home.path());
        let config = Config::load(&env).expect("the defaults");
        // What git hands over: one `mirror::` is gone by then.
        for (handed_over, right) in [
            ("mirror::a/b", "mirror::a/b"),
            ("mirror::mirror::a/b.git", "mirror::a/b.git"),
            ("mirror::gitlab:a/b", "mirror::gitlab:a/b"),
            ("mirror::https://github.com/a/b", "mirror::https://github.com/a/b"),
            ("mirror::", "mirror::owner/repo"),
            ("mirror::ext::sh -c x", "mirror::owner/repo"),
            ("mirror::a/b\nfetch x", "mirror::owner/repo"),
        ] {
            let failure = parse(handed_over, &config).expect_err(handed_over);
            assert_eq!(failure.kind.word(), "E-NAME", "{handed_over}");
            assert_eq!(failure.hint, Some(format!("write it once: {right}")), "{handed_over}");
        }
    }
}
