//! Upstreams: where repositories are, which of them an address is at, and who must have signed what comes from there. Pure.

use std::{cmp::Reverse, path::PathBuf};

use url::Url;

use super::{
    repository::{Repo, Repository},
    template::Template,
};
use crate::{
    errors::{Failure, Kind},
    message::shortened,
};

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

impl Upstream {
    /// The repository of this name. Where its host does not tell names apart by case, neither do we.
    ///
    /// # Errors
    ///
    /// [`Kind::Name`] where all names there have two parts, and this one has not.
    pub fn repository(&self, repo: Repo) -> Result<Repository, Failure> {
        if self.url.has_two_parts() && repo.parts().count() != 2 {
            let what = format!("`{}` is not a repository name of {}", shortened(&repo.to_string()), self.name);
            return Err(Failure::new(Kind::Name, what)
                .hint("its repositories are named owner/name, as in `mirror::openglm/Open-AutoGLM`"));
        }
        let repo = if self.url.forge().is_some() { repo.in_any_case() } else { repo };
        Ok(Repository { upstream: self.name.clone(), repo })
    }
}

/// The upstream that an address is at, and what of the address is the name there. Of several on one host the one whose own
/// path is longest wins, whatever they are called; of two at the same place the one named `first`.
pub fn located<'u, 'a>(
    upstreams: impl IntoIterator<Item = &'u Upstream>,
    first: &str,
    address: &'a Url,
) -> Option<(&'u Upstream, &'a str)> {
    let at = |upstream: &'u Upstream| Some((upstream, upstream.url.name_in(address)?));
    let rank =
        |(upstream, _): &(&Upstream, _)| (upstream.url.depth(), upstream.name == first, Reverse(upstream.name.clone()));
    upstreams.into_iter().filter_map(at).max_by_key(rank)
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

#[cfg(test)]
mod tests {
    use super::{Template, Upstream, located};

    #[test]
    fn of_two_upstreams_on_one_host_the_longer_path_wins_whatever_they_are_called() {
        let upstream = |name: &str, url: &str| {
            let url = Template::parse(url, false).expect("a template");
            Upstream { name: name.to_owned(), url, signers: None }
        };
        let (all, team, deep) =
            ("https://h.example/{repo}.git", "https://h.example/team/{repo}", "https://h.example/team/deep/{repo}");
        for names in [["a", "b", "c"], ["c", "b", "a"], ["b", "c", "a"]] {
            let upstreams = [upstream(names[0], all), upstream(names[1], team), upstream(names[2], deep)];
            for (address, expected) in [
                ("https://h.example/o/r", Some((names[0], "o/r"))),
                ("https://h.example/team/r", Some((names[1], "r"))),
                ("https://h.example/team/deep/o/r.git", Some((names[2], "o/r.git"))),
                ("https://h.example/teams/r.git", Some((names[0], "teams/r.git"))),
                ("https://other.example/o/r", None),
            ] {
                let address = address.parse().expect("an address");
                let found =
                    located(&upstreams, names[0], &address).map(|(upstream, name)| (upstream.name.as_str(), name));
                assert_eq!(found, expected, "{address}");
            }
        }
        // At one place, the one that a name without an upstream means.
        let twins = [upstream("a", all), upstream("b", all), upstream("c", all)];
        let address = "https://h.example/o/r".parse().expect("an address");
        for (first, expected) in [("b", "b"), ("c", "c"), ("x", "a")] {
            assert_eq!(located(&twins, first, &address).map(|(upstream, _)| upstream.name.as_str()), Some(expected));
        }
    }
}
