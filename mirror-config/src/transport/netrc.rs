//! The user's file of names and passwords by host (`.netrc`): git's own helper and pip use it, whatever they are told. Only an
//! upstream gets anything of it.

use std::{fs, path::PathBuf};

use crate::{model::Address, system::Environment};

/// The file's names, below the user's home: everywhere, and on Windows.
const NAMES: [&str; 2] = [".netrc", "_netrc"];

/// Whether the user's file has credentials for a host.
pub fn knows(env: &Environment, host: &str) -> bool {
    texts(env).any(|text| found(&text, host).is_some())
}

/// The address with the user's name and password for its host, where it has none and the file has an entry of that very
/// host. `NETRC` names another file, as Python's requests have it.
pub fn with_credentials(address: &Address, env: &Environment) -> Address {
    let mut url = address.expose().clone();
    if !url.username().is_empty() || url.password().is_some() || url.scheme() != "https" {
        return address.clone();
    }
    let told = env.var_os("NETRC").and_then(|file| fs::read_to_string(file).ok());
    let host = url.host_str().unwrap_or_default().to_owned();
    let entry = told.into_iter().chain(texts(env)).find_map(|text| found(&text, &host).filter(|entry| !entry.anybody));
    if let Some(Entry { login, password, .. }) = entry
        && url.set_username(&login).is_ok()
    {
        // Cannot fail where the user could be set.
        let _ = url.set_password(Some(&password));
    }
    Address::from(url)
}

fn texts(env: &Environment) -> impl Iterator<Item = String> {
    let read = |path: PathBuf| fs::read_to_string(path).ok();
    let home = env.home();
    NAMES.iter().filter_map(move |name| read(home.as_ref()?.join(name)))
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Entry {
    login: String,
    password: String,
    /// It is `default`, for every host that has none of its own.
    anybody: bool,
}

/// What a file of this content has for a host. Pure.
fn found(text: &str, host: &str) -> Option<Entry> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let is_start = |word: &str| matches!(word, "machine" | "default");
    let mut default = None;
    let mut at = 0;
    while at < words.len() {
        let (is_own, next) = match words[at] {
            "machine" => (words.get(at + 1).is_some_and(|name| name.eq_ignore_ascii_case(host)), at + 2),
            "default" => (false, at + 1),
            _ => (false, at + 1),
        };
        let anybody = words[at] == "default";
        let mut entry = Entry { anybody, ..Entry::default() };
        let mut end = next;
        while end < words.len() && !is_start(words[end]) {
            let value = words.get(end + 1).map(|value| value.trim_matches('"').to_owned());
            match (words[end], value) {
                ("login" | "user", Some(value)) => (entry.login, end) = (value, end + 1),
                ("password", Some(value)) => (entry.password, end) = (value, end + 1),
                _ => {}
            }
            end += 1;
        }
        if is_own {
            return Some(entry);
        }
        if anybody {
            default.get_or_insert(entry);
        }
        at = end.max(at + 1);
    }
    default
}

#[cfg(test)]
mod tests {
    use super::{found, with_credentials};
    use crate::system::Environment;

    #[test]
    fn a_host_is_found_by_its_name() {
        for (text, expected) in [
            ("", None),
            ("machine h.example login u password p", Some(("u", "p", false))),
            (
                "machine other.example\n\tlogin u\n\tpassword p\nmachine H.example login a password \"b\"",
                Some(("a", "b", false)),
            ),
            ("machine other.example login h.example password p", None),
            ("machine other.example login machine password p machine h.example login u", Some(("u", "", false))),
            ("default login anonymous password x", Some(("anonymous", "x", true))),
            ("default login a password b\nmachine h.example login u password p", Some(("u", "p", false))),
            ("machine h.example", Some(("", "", false))),
        ] {
            let entry = found(text, "h.example");
            let entry = entry.as_ref().map(|e| (e.login.as_str(), e.password.as_str(), e.anybody));
            assert_eq!(entry, expected, "{text:?}");
        }
    }

    #[test]
    fn an_address_gets_what_is_its_host_s_alone() {
        let home = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(
            home.path().join(".netrc"),
            "machine h.example login u password p\ndefault login a password b\n",
        )
        .expect("our folder");
        let env = Environment::of([("HOME", home.path())], home.path());
        for (given, expected) in [
            ("https://h.example/simple/", "https://u:p@h.example/simple/"),
            ("https://me:own@h.example/simple/", "https://me:own@h.example/simple/"),
            ("https://other.example/simple/", "https://other.example/simple/"),
            ("http://h.example/simple/", "http://h.example/simple/"),
        ] {
            let address = with_credentials(&given.parse().expect("an address"), &env);
            assert_eq!(address.expose().as_str(), expected);
        }
    }
}
