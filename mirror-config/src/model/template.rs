//! An address with a place for a repository's name. Pure.

use std::fmt;

use url::Url;

use super::{
    address::{Address, check_address},
    forge::Forge,
    repository::{ENDING, Repo},
};
use crate::{
    errors::{Failure, Kind},
    message::shortened,
};

/// What stands in that place to look at the rest; nobody has it elsewhere in an address.
const SAMPLE: &str = "sample-of-an-owner/sample-of-a-name";

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
        let sample = check_address(&text.replace("{repo}", SAMPLE), insecure)?;
        // A host that depends on the name would let an address choose where to connect.
        if !sample.expose().path().contains(SAMPLE) {
            return Err(Failure::new(Kind::Config, format!("`{}` has `{{repo}}` outside its path", shortened(text))));
        }
        Ok(Self(text.to_owned()))
    }

    /// The address of one repository, its name percent-encoded where it has to be; `None` where the template would make
    /// something else of it.
    pub fn fill(&self, repo: &Repo) -> Option<Address> {
        let path = repo.to_path();
        let address: Address = self.0.replace("{repo}", &path).parse().ok()?;
        let (sample, filled) = (self.sample(), address.expose());
        let sample = sample.expose();
        let same = place(sample) == place(filled) && filled.path() == sample.path().replacen(SAMPLE, &path, 1);
        same.then_some(address)
    }

    /// What stands before the name, as it is written.
    pub fn head(&self) -> &str {
        self.0.split_once("{repo}").map_or(&self.0, |(head, _)| head)
    }

    /// Whether a user or password is written into it; the user of `ssh` is none.
    pub fn carries_credentials(&self) -> bool {
        let sample = self.sample();
        let url = sample.expose();
        url.password().is_some() || (url.scheme() != "ssh" && !url.username().is_empty())
    }

    /// What of an address stands in the place of the name, if it is at this place: with what the template has behind it or
    /// not, as it is encoded. User and password, query and fragment say nothing of the place.
    pub fn name_in<'a>(&self, address: &'a Url) -> Option<&'a str> {
        let sample = self.sample();
        let sample = sample.expose();
        let (head, tail) = sample.path().split_once(SAMPLE)?;
        let rest = address.path().strip_prefix(head).filter(|_| place(sample) == place(address))?;
        // A name may have that behind it anyway, once.
        Some(if tail == ENDING { rest } else { rest.strip_suffix(tail).unwrap_or(rest) })
    }

    /// The scheme, host and port of its addresses, such as `https://h.example:8443`; no user among it.
    pub fn origin(&self) -> String {
        let sample = self.sample();
        let url = sample.expose();
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        format!("{}://{}{port}", url.scheme(), url.host_str().unwrap_or_default())
    }

    /// The forge whose addresses it makes.
    pub fn forge(&self) -> Option<Forge> {
        Forge::of(self.sample().expose().host_str()?)
    }

    /// Whether all names there are `owner/name`.
    pub fn has_two_parts(&self) -> bool {
        self.forge().is_some_and(|forge| forge.two_parts)
    }

    /// How long the path is that stands before the name, in bytes.
    pub fn depth(&self) -> usize {
        self.sample().expose().path().find(SAMPLE).unwrap_or_default()
    }

    fn sample(&self) -> Address {
        self.0.replace("{repo}", SAMPLE).parse().expect("parsed with this sample")
    }
}

/// Where an address leads, whatever its path is.
fn place(url: &Url) -> (&str, Option<url::Host<&str>>, Option<u16>) {
    (url.scheme(), url.host(), url.port_or_known_default())
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
        let template = Template::parse("https://h.example/git/{repo}.git", false).expect("a template");
        for (address, name) in [
            ("https://h.example/git/a/b.git", Some("a/b.git")),
            ("https://h.example/git/a/b", Some("a/b")),
            ("https://H.Example:443/git/a/b/", Some("a/b/")),
            ("https://user@h.example/git/a/b?x=y#z", Some("a/b")),
            ("https://h.example/git/g/t/p", Some("g/t/p")),
            ("https://h.example/git/my%20a/b.git", Some("my%20a/b.git")),
            ("https://h.example/git/", Some("")),
            ("https://h.example/other/a/b", None),
            ("https://h.example:8443/git/a/b", None),
            ("http://h.example/git/a/b", None),
            ("https://other.example/git/a/b", None),
        ] {
            let address = address.parse().expect("an address of this table");
            assert_eq!(template.name_in(&address), name, "{address}");
        }
    }

    #[test]
    fn a_name_of_any_shape_is_filled_in_or_the_template_is_none_for_it() {
        for (template, name, filled) in [
            ("https://h.example/{repo}.git", "a/b", Some("https://h.example/a/b.git")),
            ("https://h.example/{repo}", "yay", Some("https://h.example/yay")),
            ("https://h.example/{repo}.git", "openglm/.github", Some("https://h.example/openglm/.github.git")),
            ("https://h.example/x/{repo}.git", "g/t/u/p", Some("https://h.example/x/g/t/u/p.git")),
            ("https://h.example/{repo}.git", "my org/tool", Some("https://h.example/my%20org/tool.git")),
            ("https://h.example/{repo}", "组/项目", Some("https://h.example/%E7%BB%84/%E9%A1%B9%E7%9B%AE")),
            (
                "https://relay.example/https://h.example/{repo}.git",
                "g/t/libstdc++",
                Some("https://relay.example/https://h.example/g/t/libstdc++.git"),
            ),
            ("https://h.example/{repo}/../x", "a/b", None),
            ("https://h.example/owner/name/{repo}", "a/b", Some("https://h.example/owner/name/a/b")),
        ] {
            let Ok(template) = Template::parse(template, false) else {
                assert_eq!(filled, None, "{template}");
                continue;
            };
            let found = template.fill(&name.parse().expect("a name"));
            assert_eq!(found.map(|address| address.to_string()).as_deref(), filled, "{name}");
        }
    }
}
