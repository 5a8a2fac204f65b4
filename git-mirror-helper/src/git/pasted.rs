//! What a person wrote behind `mirror::`: a name, or in another way than ours what is clear nevertheless. A browser's address,
//! `git@host:owner/repo.git`, `host/owner/repo`. Pure.
//!
//! What is not clear, or not safe, is refused with the line that was probably meant.

use mirror_config::{
    config::Config,
    errors::{Failure, Kind},
    message::shortened,
    model::{Address, Repo, Repository, Upstream, check_address, is_part, located, name_before_page},
};

/// How git knows that an address is ours.
const PREFIX: &str = "mirror::";
/// What git hands over of `mirror://owner/repo`: all of it.
const SCHEME: &str = "mirror://";

/// The repository that is meant; `None` for a safe address of an upstream that is outside the grammar.
///
/// # Errors
///
/// [`Kind::Name`] for anything that is no name, [`Kind::Transport`] for an address no upstream has.
pub(super) fn understood(text: &str, config: &Config) -> Result<Option<Repository>, Failure> {
    // git has taken its own off already, so what begins with it was written twice.
    if text.starts_with(PREFIX) {
        return Err(twice(text, config));
    }
    if let Some(rest) = text.strip_prefix(SCHEME) {
        return understood(rest, config);
    }
    if text.contains("://") {
        return of_address(text, config);
    }
    match text.split_once(':') {
        Some((_, rest)) if rest.starts_with(':') => {
            Err(Failure::new(Kind::Transport, "addresses of other remote helpers are not allowed behind `mirror::`"))
        }
        Some((name, rest)) if is_part(name) && config.upstreams.contains_key(name) => {
            named(config.upstreams.get(name), rest, config).map(Some)
        }
        _ => match of_host(text, config) {
            Some(address) => of_address(&address, config),
            None => match text.split_once(':') {
                None => named(config.upstreams.get(&config.git.upstream.value), text, config).map(Some),
                Some((name, _)) => Err(no_upstream(name, config)),
            },
        },
    }
}

/// Whether there is something in an address that a parser of addresses would drop or resolve without a word.
pub(super) fn has_odd_parts(text: &str) -> bool {
    let is_odd = |part: &str| matches!(part.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..");
    text != text.trim()
        || text.contains(|c: char| c.is_control() || c == '\\')
        || text.split(['/', '?', '#']).any(is_odd)
}

/// An address, as a browser shows it as well.
fn of_address(text: &str, config: &Config) -> Result<Option<Repository>, Failure> {
    let not_named = |failure: Failure| match failure.kind {
        Kind::Config => Failure { kind: Kind::Name, ..failure },
        _ => failure,
    };
    let Ok(address) = text.parse::<Address>() else {
        return Err(check_address(text, false).map_or_else(not_named, |address| strange(&address, None, config)));
    };
    let url = address.expose();
    let Some((upstream, name)) = located(config.upstreams.values(), &config.git.upstream.value, url) else {
        // A port says something of the protocol that it is for.
        let bare = match url.scheme() {
            "ssh" | "git" => format!("{}{}", url.host_str().unwrap_or_default(), url.path()),
            _ => without_scheme(text),
        };
        // The same again means nothing else.
        let meant = of_host(&bare, config).filter(|meant| meant != text && !has_odd_parts(text));
        let meant = meant.and_then(|address| of_address(&address, config).ok()?);
        let failure = match check_address(text, false) {
            Ok(address) => strange(&address, meant.as_ref(), config),
            Err(failure) => not_named(failure),
        };
        return Err(match meant {
            Some(meant) => failure.hint(line(&meant, config)),
            None => failure,
        });
    };
    if has_odd_parts(text) {
        return Err(Failure::new(Kind::Name, format!("{address} leads elsewhere than it seems to")));
    }
    if url.password().is_some() {
        let what = format!("{address} has a password in it, which everyone on this machine could read");
        let without = of_parts(upstream, name, config, Repo::of_path).ok().map(|meant| line(&meant, config));
        let hint = without.unwrap_or_else(|| "leave it to git: git config --global credential.helper store".to_owned());
        return Err(Failure::new(Kind::Name, what).hint(hint));
    }
    let is_unsafe = |part: &str| part.is_empty() || part.starts_with('-');
    match of_parts(upstream, name, config, Repo::of_path) {
        Ok(repository) => Ok(Some(repository)),
        // Encoded or not: what could be an option, a path or another part is not handed on.
        Err(Unclear::Strange(failure)) => {
            let plain = !name.contains('%') && !name.trim_end_matches('/').split('/').any(is_unsafe);
            if plain && upstream.url.forge().is_none() && !text.contains(['?', '#']) { Ok(None) } else { Err(failure) }
        }
        Err(Unclear::OfOtherShape(failure)) => Err(failure),
    }
}

/// A name of an upstream, perhaps with a page behind it.
fn named(upstream: Option<&Upstream>, text: &str, config: &Config) -> Result<Repository, Failure> {
    let upstream = upstream.ok_or_else(|| no_upstream(&config.git.upstream.value, config))?;
    let plain = text.split(['?', '#']).next().unwrap_or_default();
    let read = |name: &str| name.parse::<Repo>().or_else(|_| Repo::of_path(name));
    if has_odd_parts(text) {
        return Err(Failure::new(Kind::Name, format!("`{}` leads elsewhere than it seems to", shortened(text))));
    }
    of_parts(upstream, plain, config, read).map_err(|unclear| match unclear {
        Unclear::Strange(failure) => text.parse::<Repo>().err().unwrap_or(failure),
        Unclear::OfOtherShape(failure) => failure,
    })
}

/// Why parts of a path are no repository's name.
enum Unclear {
    /// They are outside the grammar, or no name there.
    Strange(Failure),
    /// The upstream has no names of so many parts.
    OfOtherShape(Failure),
}

fn of_parts(
    upstream: &Upstream,
    path: &str,
    config: &Config,
    read: impl Fn(&str) -> Result<Repo, Failure>,
) -> Result<Repository, Unclear> {
    let path = path.trim_end_matches('/');
    let two_parts = upstream.url.has_two_parts();
    let parts: Vec<&str> = path.split('/').collect();
    let end = name_before_page(&parts, two_parts).unwrap_or(parts.len());
    let repo = read(&parts[..end].join("/")).map_err(Unclear::Strange)?;
    upstream.repository(repo).map_err(|failure| {
        // Of more parts than there can be, the first ones are probably meant.
        let first = parts.get(..2).and_then(|first| upstream.repository(read(&first.join("/")).ok()?).ok());
        Unclear::OfOtherShape(first.map_or(failure.clone(), |first| failure.hint(line(&first, config))))
    })
}

/// The address at an upstream that `host/path`, `host:port/path` or `user@host:path` means.
fn of_host(text: &str, config: &Config) -> Option<String> {
    let (before, path) = text.split_once('/').unwrap_or((text, ""));
    let (user, authority) = before.rsplit_once('@').unwrap_or(("", before));
    if user.starts_with('-') {
        return None;
    }
    let bare = |host: &str| host.to_ascii_lowercase().trim_start_matches("www.").to_owned();
    // The one that a name without an upstream means comes first.
    let first = config.upstreams.get(&config.git.upstream.value);
    let origins = || first.into_iter().chain(config.upstreams.values()).map(|upstream| upstream.url.origin());
    let host_of = |origin: &str| without_scheme(origin);
    if let Some(origin) = origins().find(|origin| bare(authority) == host_of(origin)) {
        return Some(format!("{origin}/{path}"));
    }
    let only_host =
        |origin: &str| host_of(origin).rsplit_once(':').map_or_else(|| host_of(origin), |(host, _)| host.to_owned());
    let (host, behind) = authority.split_once(':').unwrap_or((authority, ""));
    let origin = origins().find(|origin| bare(host) == only_host(origin))?;
    let is_port = !behind.is_empty() && behind.bytes().all(|byte| byte.is_ascii_digit());
    match authority.contains(':') {
        true if is_port => (behind == default_port(&origin)).then(|| format!("{origin}/{path}")),
        true => {
            let path = &text[text.find(':')? + 1..];
            Some(format!("{origin}/{}", path.trim_start_matches('/')))
        }
        false => Some(format!("{origin}/{path}")),
    }
}

fn default_port(origin: &str) -> &'static str {
    if origin.starts_with("https:") { "443" } else { "80" }
}

/// An address without its scheme: host, port and path.
fn without_scheme(text: &str) -> String {
    text.split_once("://").map_or(text, |(_, rest)| rest).to_owned()
}

fn strange(address: &Address, meant: Option<&Repository>, config: &Config) -> Failure {
    let failure = Failure::new(Kind::Transport, format!("{address} belongs to no upstream that is configured"));
    failure.hint(match meant {
        Some(meant) => line(meant, config),
        None => {
            "add it to your configuration as `[upstreams.NAME] url = \"https://HOST/{repo}.git\"`, or leave out `mirror::`".to_owned()
        }
    })
}

fn no_upstream(name: &str, config: &Config) -> Failure {
    let known: Vec<&str> = config.upstreams.keys().map(String::as_str).collect();
    let name: String = name.chars().take(40).map(|c| if c.is_control() { '?' } else { c }).collect();
    Failure::new(Kind::Name, format!("`{name}` is no upstream")).hint(format!("the upstreams are {}", known.join(", ")))
}

/// `mirror::` more than once; the hint has it once, before what stands behind them, where that is an address of ours.
fn twice(text: &str, config: &Config) -> Failure {
    let rest = text.trim_start_matches(PREFIX);
    let once = if matches!(understood(rest, config), Ok(Some(_))) { rest } else { "owner/repo" };
    Failure::new(Kind::Name, format!("`{PREFIX}` stands more than once before the name"))
        .hint(format!("write it once: {PREFIX}{once}"))
}

/// The line that was probably meant.
fn line(meant: &Repository, config: &Config) -> String {
    match meant.upstream == config.git.upstream.value {
        true => format!("write it so: {PREFIX}{}", meant.repo),
        false => format!("write it so: {PREFIX}{meant}"),
    }
}

#[cfg(test)]
mod tests {
    use super::understood;
    use mirror_config::{config::Config, system::Environment};

    fn config() -> Config {
        let home = tempfile::tempdir().expect("a temporary folder");
        let file = home.path().join("config.toml");
        let text = "[upstreams.corp]\nurl = \"https://git.corp.example/{repo}.git\"\n\
                    [upstreams.team]\nurl = \"https://code.example/git/team/{repo}.git\"\n\
                    [upstreams.here]\nurl = \"http://127.0.0.1:8123/{repo}.git\"\n\
                    [upstreams.there]\nurl = \"http://127.0.0.1:8124/{repo}.git\"\n";
        std::fs::write(&file, text).expect("a folder of our own");
        let env = Environment::of([("HOME", home.path()), ("MIRROR_CONFIG", &file)], home.path());
        Config::load(&env).expect("a configuration")
    }

    #[test]
    fn what_is_clear_is_understood() {
        let config = config();
        for (text, meant) in [
            ("github.com/o/r", "github:o/r"),
            ("GitHub.com/o/r.git", "github:o/r"),
            ("www.github.com/o/r/", "github:o/r"),
            ("github.com:443/o/r", "github:o/r"),
            ("gitlab.com/g/t/p", "gitlab:g/t/p"),
            ("git.corp.example/tool", "corp:tool"),
            ("code.example/git/team/tool", "team:tool"),
            ("127.0.0.1:8123/o/r", "here:o/r"),
            ("127.0.0.1:8124/o/r", "there:o/r"),
            ("mirror://o/r", "github:o/r"),
            ("mirror://gitlab:g/t/p", "gitlab:g/t/p"),
            ("mirror://github.com/o/r.git", "github:o/r"),
            ("mirror://https://github.com/o/r", "github:o/r"),
            ("git@github.com:o/r.git", "github:o/r"),
            ("git@gitlab.com:g/t/p.git", "gitlab:g/t/p"),
            ("github.com:o/r", "github:o/r"),
            ("git@git.corp.example:/tool.git", "corp:tool"),
            ("git@127.0.0.1:o/r.git", "here:o/r"),
            ("https://github.com/o/r/tree/main", "github:o/r"),
            ("https://github.com/o/r/blob/main/README.md#L3", "github:o/r"),
            ("https://github.com/o/r?tab=readme-ov-file", "github:o/r"),
            ("https://github.com/o/r#readme", "github:o/r"),
            ("https://github.com/o/r/?tab=readme-ov-file#install", "github:o/r"),
            ("https://github.com/o/r/issues", "github:o/r"),
            ("https://GITHUB.com:443/o/r/", "github:o/r"),
            ("https://someone@github.com/o/r/pull/7/files", "github:o/r"),
            ("https://gitlab.com/g/t/p/-/tree/main/src", "gitlab:g/t/p"),
            ("https://gitlab.com/g/t/p/-/merge_requests/7", "gitlab:g/t/p"),
            ("https://codeberg.org/o/r/src/branch/main", "codeberg:o/r"),
            ("http://127.0.0.1:8123/o/r/tree/main", "here:o/r"),
            ("http://127.0.0.1:8123/g/t/p/-/tree/main", "here:g/t/p"),
            ("o/r/tree/main", "github:o/r"),
            ("o/r?tab=readme", "github:o/r"),
            ("o/r#readme", "github:o/r"),
            ("o/r.git/", "github:o/r"),
            ("corp:my%20team/tool", "corp:my team/tool"),
        ] {
            let found = understood(text, &config).map(|found| found.map(|repository| repository.to_string()));
            assert_eq!(found, Ok(Some(meant.to_owned())), "{text}");
        }
    }

    #[test]
    fn what_is_not_clear_is_refused_with_the_line_that_was_meant() {
        let config = config();
        for (text, kind, hint) in [
            ("http://github.com/o/r", "E-TRANSPORT", "write it so: mirror::o/r"),
            ("ssh://git@github.com/o/r.git", "E-TRANSPORT", "write it so: mirror::o/r"),
            ("ssh://git@github.com:22/o/r.git", "E-TRANSPORT", "write it so: mirror::o/r"),
            ("http://127.0.0.1:8125/o/r", "E-TRANSPORT", "add it to your configuration"),
            ("git://gitlab.com/g/t/p", "E-TRANSPORT", "write it so: mirror::gitlab:g/t/p"),
            ("https://someone:sekrit@github.com/o/r", "E-NAME", "write it so: mirror::o/r"),
            ("https://github.com/o/r/lib", "E-NAME", "write it so: mirror::o/r"),
            ("a/b/c", "E-NAME", "write it so: mirror::a/b"),
            ("codeberg:a/b/c", "E-NAME", "write it so: mirror::codeberg:a/b"),
            ("github.com/o", "E-NAME", "its repositories are named owner/name, as in `mirror::openglm/Open-AutoGLM`"),
            ("https://evil.example/o/r", "E-TRANSPORT", "add it to your configuration"),
            // An upstream's host, and not its part of it.
            ("https://code.example/elsewhere/tool", "E-TRANSPORT", "add it to your configuration"),
            ("code.example/elsewhere/tool", "E-TRANSPORT", "add it to your configuration"),
            ("git@code.example:tool.git", "E-TRANSPORT", "add it to your configuration"),
            ("ssh://git@code.example/elsewhere/tool", "E-TRANSPORT", ""),
            ("git@evil.example:o/r", "E-NAME", "the upstreams are "),
            ("127.0.0.1:9999/o/r", "E-NAME", "the upstreams are "),
            ("-oProxyCommand=x@github.com:o/r", "E-NAME", "the upstreams are "),
            ("github.com/o/../../r", "E-NAME", ""),
            ("mirror://-o/r", "E-NAME", ""),
            ("mirror://", "E-NAME", ""),
            ("o/r/tree/../../x", "E-NAME", ""),
        ] {
            let failure = understood(text, &config).expect_err(text);
            assert_eq!(failure.kind.word(), kind, "{text}: {failure}");
            assert!(failure.hint.as_deref().unwrap_or_default().starts_with(hint), "{text}: {:?}", failure.hint);
            assert!(!format!("{failure:?}").contains("sekrit"), "{failure:?}");
        }
    }

    #[test]
    fn a_prefix_written_twice_is_refused_and_the_hint_has_it_once() {
        let config = config();
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
            let failure = understood(handed_over, &config).expect_err(handed_over);
            assert_eq!(failure.kind.word(), "E-NAME", "{handed_over}");
            assert_eq!(failure.hint, Some(format!("write it once: {right}")), "{handed_over}");
        }
    }
}
