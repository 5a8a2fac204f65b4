//! What a server must have advertised to understand an argument of `fetch` (gitprotocol-v2(5), "fetch"). Pure.

use std::borrow::Cow;

use mirror_config::git::Advertisement;

/// Whether a server understands an argument line.
pub fn is_understood(argument: &[u8], server: &Advertisement) -> bool {
    feature(argument).is_none_or(|feature| server.has_feature("fetch", &feature))
}

/// The feature that an argument needs; none for what all servers understand. An argument that is newer than this list is taken
/// for the feature's name.
fn feature(argument: &[u8]) -> Option<Cow<'_, str>> {
    match argument.split(|byte| *byte == b' ').next().unwrap_or_default() {
        b"want" | b"have" | b"done" | b"thin-pack" | b"no-progress" | b"include-tag" | b"ofs-delta" => None,
        b"shallow" | b"deepen" | b"deepen-relative" | b"deepen-since" | b"deepen-not" => Some("shallow".into()),
        b"want-ref" => Some("ref-in-want".into()),
        other => Some(String::from_utf8_lossy(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::feature;

    #[test]
    fn an_argument_needs_what_git_says_it_needs() {
        for (argument, needed) in [
            (&b"want 7e17"[..], None),
            (b"done", None),
            (b"deepen-since 1", Some("shallow")),
            (b"want-ref refs/heads/\xb9\xa6", Some("ref-in-want")),
            (b"filter blob:none", Some("filter")),
            (b"of-tomorrow 1", Some("of-tomorrow")),
        ] {
            assert_eq!(feature(argument).as_deref(), needed);
        }
    }
}
