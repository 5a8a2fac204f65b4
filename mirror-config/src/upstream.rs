//! Upstreams, and the grammar of names: what may be asked for at all.
//!
//! Every name and address from outside (a command line, a submodule, a configuration file) is parsed here before any
//! option parser or child process sees it, so that `--upload-pack=x` or `../..` never gets that far.

use std::{fmt, path::PathBuf, str::FromStr};

use crate::{
    failure::{Failure, Kind},
    redact::Address,
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

/// An address with a place for the repository's name: `https://git.example/github/{repo}.git`.
#[derive(Clone, PartialEq, Eq)]
pub struct Template(String);

impl Template {
    /// Checks scheme and shape. Plain `http` is for loopback, or for a mirror that says `insecure`.
    ///
    /// # Errors
    ///
    /// [`Kind::Transport`] for a scheme that is not allowed, [`Kind::Config`] for anything else that is wrong.
    pub fn parse(text: &str, insecure: bool) -> Result<Self, Failure> {
        if text.matches("{repo}").count() != 1 {
            return Err(Failure::new(Kind::Config, format!("`{}` needs one `{{repo}}`", shortened(text)))
                .hint("as in `https://git.example/github/{repo}.git`"));
        }
        let sample = check_address(&text.replace("{repo}", "owner/name"), insecure)?;
        // A host that depends on the name would let an address choose where to connect.
        if !sample.expose().path().contains("owner/name") {
            return Err(Failure::new(Kind::Config, format!("`{}` has `{{repo}}` outside its path", shortened(text))));
        }
        Ok(Self(text.to_owned()))
    }

    /// The address of one repository.
    pub fn fill(&self, repo: &Repo) -> Address {
        self.0.replace("{repo}", &repo.to_string()).parse().expect("parsed with a sample of the same grammar")
    }

    /// Whether a user or password is written into it; the user of `ssh` is none.
    pub fn carries_credentials(&self) -> bool {
        let sample: Address = self.0.replace("{repo}", "owner/name").parse().expect("parsed with this sample");
        let url = sample.expose();
        url.password().is_some() || (url.scheme() != "ssh" && !url.username().is_empty())
    }

    /// The repository this address names, if it is one of this template's; `.git` may be there or not.
    pub fn repo_of(&self, address: &str) -> Option<Result<Repo, Failure>> {
        let (head, tail) = self.0.split_once("{repo}")?;
        let rest = address.strip_prefix(head)?;
        Some(rest.strip_suffix(tail).unwrap_or(rest).parse())
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::redact::secrets(&self.0))
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Template({self})")
    }
}

/// A canonical place of repositories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstream {
    /// Its name in the configuration.
    pub name: String,
    /// Where its repositories are.
    pub url: Template,
    /// Who must have signed what comes from there; absent: nobody has to.
    pub signers: Option<Signers>,
}

/// Who must have signed the commits and tags of an upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signers {
    /// Full fingerprints: 40 hexadecimal digits in capitals for GPG, `SHA256:…` for SSH.
    pub fingerprints: Vec<String>,
    /// A file with GPG's public keys.
    pub keyring: Option<PathBuf>,
    /// A file of SSH's public keys, as in ssh-keygen(1), ALLOWED SIGNERS.
    pub allowed_signers: Option<PathBuf>,
}

impl Signers {
    /// Reads a fingerprint: blanks do not count, as GPG shows them in groups.
    ///
    /// # Errors
    ///
    /// [`Kind::Config`] for anything shorter: a short one can be made to match.
    pub fn fingerprint(text: &str) -> Result<String, Failure> {
        let bare: String = text.split_whitespace().collect();
        let is_base64 = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/');
        match bare.strip_prefix("SHA256:") {
            Some(hash) if hash.len() == 43 && hash.bytes().all(is_base64) => Ok(bare),
            None if bare.len() == 40 && bare.bytes().all(|b| b.is_ascii_hexdigit()) => Ok(bare.to_ascii_uppercase()),
            _ => Err(Failure::new(Kind::Config, format!("`{}` is not a full fingerprint", shortened(text))).hint(
                "40 hexadecimal digits, as `gpg --list-keys --with-colons` has them in `fpr`, or `SHA256:…`, as `ssh-keygen -lf KEY.pub` has it",
            )),
        }
    }
}

/// Parses an address and holds it against the allowed schemes: https, file, ssh, and http for loopback or `insecure`.
///
/// # Errors
///
/// [`Kind::Transport`] when the scheme is not allowed, [`Kind::Config`] when it is not an address.
pub fn check_address(text: &str, insecure: bool) -> Result<Address, Failure> {
    // The parser of URLs drops some of them without a word.
    if text.contains(char::is_control) {
        return Err(Failure::new(Kind::Config, format!("`{}` has control characters in it", shortened(text))));
    }
    let address: Address = text
        .parse()
        .map_err(|error| Failure::new(Kind::Config, format!("`{}` is not an address: {error}", shortened(text))))?;
    let url = address.expose();
    let starts_like_an_option = |part: &str| part.starts_with('-');
    let odd_host = url.host_str().is_some_and(starts_like_an_option) || starts_like_an_option(url.username());
    match url.scheme() {
        "https" | "ssh" if url.host_str().is_some() && !odd_host => Ok(address),
        "file" => Ok(address),
        "http" if insecure || is_loopback(url) => Ok(address),
        "http" => Err(Failure::new(Kind::Transport, format!("`{address}` would travel unprotected"))
            .hint("use https, or set `insecure = true` on that mirror")),
        scheme => {
            Err(Failure::new(Kind::Transport, format!("`{scheme}` addresses are not allowed: `{}`", shortened(text)))
                .hint("use https, file or ssh"))
        }
    }
}

/// Whether the URL's host is this machine.
pub fn is_loopback(url: &url::Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
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

/// The beginning of a text that may be 5 kB long, without control characters, and without what may be a password: where
/// it ends in something that is no address, nobody can tell, so all of it goes up to the last `@`.
fn shortened(text: &str) -> String {
    let (scheme, rest) = text.find("://").map_or(("", text), |at| text.split_at(at + 3));
    let text = rest.rfind('@').map_or_else(|| text.to_owned(), |at| format!("{scheme}***{}", &rest[at..]));
    let mut clean: String = text.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
    if let Some((at, _)) = clean.char_indices().nth(80) {
        clean.truncate(at);
        clean.push('…');
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::{Repo, Template, check_address};
    use crate::failure::Kind;

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

    #[test]
    fn only_allowed_schemes_pass() {
        for (text, kind) in [
            ("https://h.example/{repo}.git", None),
            ("https://relay.example/https://github.com/{repo}.git", None),
            ("http://127.0.0.1:80/{repo}", None),
            ("http://h.example/{repo}", Some(Kind::Transport)),
            ("file:///srv/{repo}.git", None),
            ("ssh://git@h.example/{repo}.git", None),
            ("ssh://-oProxyCommand=x/{repo}.git", Some(Kind::Transport)),
            ("ext::sh -c x {repo}", Some(Kind::Transport)),
            ("git://h.example/{repo}", Some(Kind::Transport)),
            ("https://{repo}.example/x", Some(Kind::Config)),
            ("https://h.example/", Some(Kind::Config)),
            ("nothing {repo}", Some(Kind::Config)),
            ("https://h.example/a\n/{repo}", Some(Kind::Config)),
        ] {
            assert_eq!(Template::parse(text, false).err().map(|f| f.kind), kind, "{text}");
        }
        assert!(check_address("http://h.example/x", true).is_ok());
    }

    #[test]
    fn what_is_no_address_shows_no_password() {
        for text in ["https://u:sekrit/word@h:x/{repo}", "htps://u:sekrit word@h/{repo}", "u:sekrit@h/{repo}{repo}"] {
            let failure = Template::parse(text, false).expect_err(text);
            assert!(!failure.what.contains("sekrit") && failure.what.contains("***@h"), "{failure}");
        }
    }

    #[test]
    fn a_template_recognizes_its_own_addresses() {
        let github = Template::parse("https://github.com/{repo}.git", false).expect("a template");
        for (address, repo) in [
            ("https://github.com/a/b.git", Some("a/b")),
            ("https://github.com/a/b", Some("a/b")),
            ("https://gitlab.com/a/b", None),
        ] {
            let found = github.repo_of(address).map(|r| r.expect("within the grammar").to_string());
            assert_eq!(found.as_deref(), repo, "{address}");
        }
        assert!(github.repo_of("https://github.com/a/b/../c").expect("of this host").is_err());
    }
}
