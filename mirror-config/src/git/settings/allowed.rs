//! Which transports git lets be used (`protocol.allow` in git-config(1), `GIT_ALLOW_PROTOCOL` in git(1)). Pure.
//!
//! git itself asks this for `mirror::` before it starts us, and cannot ask it for what is behind that.

use super::listed::{Listed, is_false};
use crate::system::Environment;

/// What git allows always where nothing else is said; `ext` never, and all others only where the user has named them.
const ALWAYS: [&str; 4] = ["http", "https", "git", "ssh"];

/// Why git does not use this transport, in its own words; `None` where it does.
pub fn refusal(listed: &Listed, env: &Environment, scheme: &str) -> Option<String> {
    // An empty one allows nothing.
    let variable = |name: &str| env.beginning_with(name).find(|(found, _)| *found == name).map(|(_, value)| value);
    let refused = Some(format!("transport '{scheme}' not allowed"));
    if let Some(allowed) = variable("GIT_ALLOW_PROTOCOL") {
        return if allowed.split(':').any(|allowed| allowed == scheme) { None } else { refused };
    }
    let own = format!("protocol.{scheme}.allow");
    let said = [own.as_str(), "protocol.allow"].into_iter().find_map(|key| Some((key, listed.last(key)?)));
    let from_user = || !variable("GIT_PROTOCOL_FROM_USER").is_some_and(is_false);
    let allowed = match said {
        None if ALWAYS.contains(&scheme) => true,
        None => scheme != "ext" && from_user(),
        Some((key, value)) => match value.to_ascii_lowercase().as_str() {
            "always" => true,
            "never" => false,
            "user" => from_user(),
            _ => return Some(format!("unknown value for config '{key}': {value}")),
        },
    };
    if allowed { None } else { refused }
}

#[cfg(test)]
mod tests {
    use super::{Listed, refusal};
    use crate::system::Environment;

    #[test]
    fn transports_are_refused_as_git_refuses_them() {
        let (allow, from_user) = ("GIT_ALLOW_PROTOCOL", "GIT_PROTOCOL_FROM_USER");
        for (listed, variables, scheme, refused) in [
            ("", &[][..], "https", false),
            ("", &[], "file", false),
            ("", &[], "ext", true),
            ("", &[(from_user, "0")], "https", false),
            ("", &[(from_user, "0")], "file", true),
            ("protocol.http.allow\nnever\0", &[], "http", true),
            ("protocol.http.allow\nnever\0", &[], "https", false),
            ("protocol.http.allow\nNever\0protocol.http.allow\nalways\0", &[], "http", false),
            ("protocol.allow\nnever\0", &[], "https", true),
            ("protocol.allow\nnever\0protocol.https.allow\nalways\0", &[], "https", false),
            ("protocol.https.allow\nuser\0", &[], "https", false),
            ("protocol.https.allow\nuser\0", &[(from_user, "1")], "https", false),
            ("protocol.https.allow\nuser\0", &[(from_user, "false")], "https", true),
            ("protocol.allow\nUSER\0", &[(from_user, "")], "https", true),
            ("protocol.http.allow\nnever\0", &[(allow, "mirror:http")], "http", false),
            ("", &[(allow, "mirror:https")], "http", true),
            ("protocol.https.allow\nalways\0", &[(allow, "")], "https", true),
        ] {
            let env = Environment::of(variables.iter().copied(), "/");
            let expected = refused.then(|| format!("transport '{scheme}' not allowed"));
            assert_eq!(refusal(&Listed::parse(listed), &env, scheme), expected, "{listed:?} {variables:?} {scheme}");
        }
        let odd = Listed::parse("protocol.http.allow\nmaybe\0");
        let said = refusal(&odd, &Environment::of([("A", "")], "/"), "http");
        assert_eq!(said.as_deref(), Some("unknown value for config 'protocol.http.allow': maybe"));
    }
}
