//! The few of the user's git settings that decide what the helper does, read in one call of `git config`.

use std::ffi::OsStr;

use mirror_config::{git::program, model::Address};

/// What the user told git.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GitSettings {
    /// The proxy git itself would use for upstream.
    pub proxy: Option<Address>,
    /// Objects are to be checked on their way in (`fetch.fsckObjects`, else `transfer.fsckObjects`): only git does that.
    pub checks_objects: bool,
}

impl GitSettings {
    /// Asks git. Where it cannot be asked, nothing is set.
    pub fn read(remote: &OsStr, upstream: &Address) -> Self {
        let listed = git(&["config", "--list", "-z"]);
        let mut settings = Self::parse(&listed, remote.as_encoded_bytes());
        // Which of several `http.<url>.proxy` is meant is git's own rule, so git is asked, if there is any.
        if settings.proxy.is_none()
            && listed.split(|byte| *byte == 0).any(|entry| is_http_proxy(key_and_value(entry).0))
        {
            let matched = git(&["config", "--get-urlmatch", "http.proxy", upstream.expose().as_str()]);
            settings.proxy = proxy(matched.trim_ascii_end());
        }
        settings
    }

    /// Reads `git config --list -z`: `key NEWLINE value NUL`, later ones win.
    fn parse(listed: &[u8], remote: &[u8]) -> Self {
        let last = |wanted: &[u8]| {
            let mut entries = listed.split(|byte| *byte == 0).map(key_and_value);
            entries.rfind(|(key, _)| *key == wanted)
        };
        let truth = |value: &[u8]| matches!(value.to_ascii_lowercase().as_slice(), b"true" | b"yes" | b"on" | b"1");
        let checks = last(b"fetch.fsckobjects").or_else(|| last(b"transfer.fsckobjects"));
        Self {
            proxy: last(&[b"remote.", remote, b".proxy"].concat()).and_then(|(_, value)| proxy(value)),
            checks_objects: checks.is_some_and(|(_, value)| truth(value)),
        }
    }
}

/// A key without a value is a truth. Names in keys are bytes.
fn key_and_value(entry: &[u8]) -> (&[u8], &[u8]) {
    let end = entry.iter().position(|byte| *byte == b'\n');
    end.map_or((entry, b"true"), |end| (&entry[..end], &entry[end + 1..]))
}

/// Whether a person wrote `mirror::` for this remote. Else a rule of git's (`insteadOf`) has put it before an address. A remote
/// that has no name is called by what was written.
pub fn is_written(remote: &OsStr) -> bool {
    let is_ours = |address: &[u8]| address.starts_with(b"mirror:");
    let name = remote.as_encoded_bytes();
    if is_ours(name) || name.windows(3).any(|part| part == b"://") {
        return is_ours(name);
    }
    let listed = git(&["config", "--list", "-z"]);
    let key = [b"remote.", name, b".url"].concat();
    let mut entries = listed.split(|byte| *byte == 0).map(key_and_value);
    entries.any(|(known, address)| known == key && is_ours(address))
}

fn is_http_proxy(key: &[u8]) -> bool {
    key.starts_with(b"http.") && key.ends_with(b"proxy")
}

fn proxy(text: &[u8]) -> Option<Address> {
    match std::str::from_utf8(text).ok()? {
        "" => None,
        with if with.contains("://") => with.parse().ok(),
        without => format!("http://{without}").parse().ok(),
    }
}

fn git(arguments: &[&str]) -> Vec<u8> {
    program::git().args(arguments).output().map(|output| output.stdout).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::GitSettings;

    #[test]
    fn later_entries_win_and_a_remotes_own_proxy_counts() {
        for (listed, proxy, checks) in [
            ("", None, false),
            ("transfer.fsckobjects\ntrue\0", None, true),
            ("transfer.fsckobjects\ntrue\0fetch.fsckobjects\nfalse\0", None, false),
            ("fetch.fsckobjects\0", None, true),
            ("remote.origin.proxy\nh:1\0", Some("http://h:1/"), false),
            ("remote.other.proxy\nh:1\0", None, false),
        ] {
            let settings = GitSettings::parse(listed.as_bytes(), b"origin");
            assert_eq!(
                (settings.proxy.map(|p| p.to_string()).as_deref(), settings.checks_objects),
                (proxy, checks),
                "{listed:?}"
            );
        }
    }

    #[test]
    fn remotes_whose_names_differ_in_a_byte_are_two() {
        let listed = b"remote.\xb9\xa6.proxy\na:1\0remote.\xb9\xa7.proxy\nb:2\0remote.caf\xe9.proxy\nc:3\0";
        for (remote, proxy) in [
            (&b"\xb9\xa6"[..], Some("http://a:1/")),
            (b"\xb9\xa7", Some("http://b:2/")),
            (b"caf\xe9", Some("http://c:3/")),
            ("café".as_bytes(), None),
        ] {
            let settings = GitSettings::parse(listed, remote);
            assert_eq!(settings.proxy.map(|p| p.to_string()).as_deref(), proxy, "{remote:?}");
        }
    }
}
