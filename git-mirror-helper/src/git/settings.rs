//! The few of the user's git settings that decide what the helper does, read in one call of `git config`.

use mirror_config::{git::program, model::Address};

use super::sharing::Sharing;

/// What the user told git.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GitSettings {
    /// The proxy git itself would use for upstream.
    pub proxy: Option<Address>,
    /// Objects are to be checked on their way in (`fetch.fsckObjects`, else `transfer.fsckObjects`): only git does that.
    pub checks_objects: bool,
    /// With whom the repository is shared (`core.sharedRepository`).
    pub sharing: Sharing,
}

impl GitSettings {
    /// Asks git. Where it cannot be asked, nothing is set.
    pub fn read(remote: &str, upstream: &Address) -> Self {
        let listed = git(&["config", "--list", "-z"]);
        let mut settings = Self::parse(&listed, remote);
        // Which of several `http.<url>.proxy` is meant is git's own rule, so git is asked, if there is any.
        if settings.proxy.is_none()
            && listed.split('\0').any(|entry| is_http_proxy(entry.split('\n').next().unwrap_or_default()))
        {
            settings.proxy =
                proxy(git(&["config", "--get-urlmatch", "http.proxy", upstream.expose().as_str()]).trim_end());
        }
        settings
    }

    /// Reads `git config --list -z`: `key NEWLINE value NUL`, later ones win.
    fn parse(listed: &str, remote: &str) -> Self {
        let last = |wanted: &str| {
            listed
                .split('\0')
                .filter_map(|entry| entry.split_once('\n').or(Some((entry, "true"))))
                .rfind(|(key, _)| *key == wanted)
        };
        let truth = |value: &str| matches!(value.to_ascii_lowercase().as_str(), "true" | "yes" | "on" | "1");
        let checks = last("fetch.fsckobjects").or_else(|| last("transfer.fsckobjects"));
        Self {
            proxy: last(&format!("remote.{remote}.proxy")).and_then(|(_, value)| proxy(value)),
            checks_objects: checks.is_some_and(|(_, value)| truth(value)),
            sharing: last("core.sharedrepository").map(|(_, value)| Sharing::parse(value)).unwrap_or_default(),
        }
    }
}

fn is_http_proxy(key: &str) -> bool {
    key.starts_with("http.") && key.ends_with("proxy")
}

fn proxy(text: &str) -> Option<Address> {
    match text {
        "" => None,
        with if with.contains("://") => with.parse().ok(),
        without => format!("http://{without}").parse().ok(),
    }
}

fn git(arguments: &[&str]) -> String {
    let output = program::git().args(arguments).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default()
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
            let settings = GitSettings::parse(listed, "origin");
            assert_eq!(
                (settings.proxy.map(|p| p.to_string()).as_deref(), settings.checks_objects),
                (proxy, checks),
                "{listed:?}"
            );
        }
    }
}
