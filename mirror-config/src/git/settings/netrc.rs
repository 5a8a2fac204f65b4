//! Whether curl's file of names and passwords has one for a host: git's own helper would use it, whatever it is told.

use std::fs;

use crate::system::Environment;

/// The file's names, below the user's home: everywhere, and on Windows.
const NAMES: [&str; 2] = [".netrc", "_netrc"];

/// Whether the user's file has credentials for a host.
pub fn knows(env: &Environment, host: &str) -> bool {
    let read = |name: &&str| fs::read_to_string(env.home()?.join(name)).ok();
    NAMES.iter().filter_map(read).any(|text| names(&text, host))
}

/// Whether a file of this content has credentials for a host, or for all. Pure.
fn names(text: &str, host: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.contains(&"default")
        || words.windows(2).any(|pair| pair[0] == "machine" && pair[1].eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn a_host_is_found_by_its_name() {
        for (text, found) in [
            ("", false),
            ("machine h.example login u password p", true),
            ("machine other.example\n\tlogin u\n\tpassword p\nmachine H.example login a", true),
            ("machine other.example login h.example password p", false),
            ("default login anonymous password x", true),
        ] {
            assert_eq!(names(text, "h.example"), found, "{text:?}");
        }
    }
}
