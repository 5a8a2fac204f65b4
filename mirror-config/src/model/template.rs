//! An address with a place for a repository's name. Pure.

use std::fmt;

use super::{
    address::{Address, check_address},
    repository::Repo,
};
use crate::{
    errors::{Failure, Kind},
    message::shortened,
};

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
        f.write_str(&crate::message::secrets(&self.0))
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Template({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::Template;
    use crate::{errors::Kind, model::check_address};

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
