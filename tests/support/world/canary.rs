//! Secrets that are planted to see whether they come out anywhere, in any of the spellings that software gives a text.

use std::fmt::Write as _;

use aho_corasick::AhoCorasick;

/// Letters that every encoding spells otherwise, in front of a secret's name.
const ODD: &str = "Zk9+/\"\u{e4}";

/// A secret, with the place it was planted in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canary {
    /// The user it belongs to.
    pub user: String,
    /// The secret.
    pub password: String,
}

impl Canary {
    /// A secret for a place, such as `mirror`; two places have two secrets.
    pub fn of(place: &str) -> Self {
        Self { user: format!("user-of-{place}"), password: format!("{ODD}canary-{place}") }
    }

    /// `user:password`, as it stands in an address.
    pub fn userinfo(&self) -> String {
        format!("{}:{}", self.user, percent(&self.password, true))
    }

    /// An address with the secret in it.
    pub fn in_address(&self, address: &str) -> String {
        address.replacen("://", &format!("://{}@", self.userinfo()), 1)
    }

    /// The secret in all spellings, each with its name.
    pub fn spellings(&self) -> Vec<(&'static str, Vec<u8>)> {
        let both = format!("{}:{}", self.user, self.password);
        let password = self.password.as_str();
        let hex = |upper: bool| {
            password.bytes().fold(String::new(), |mut all, byte| {
                let _ = if upper { write!(all, "{byte:02X}") } else { write!(all, "{byte:02x}") };
                all
            })
        };
        let json = serde_json::Value::from(password).to_string();
        let texts = [
            ("plain", password.to_owned()),
            ("percent-encoded", percent(password, true)),
            ("percent-encoded, lower case", percent(password, false)),
            ("percent-encoded, every byte", password.bytes().map(|byte| format!("%{byte:02X}")).collect()),
            ("percent-encoded twice", percent(&percent(password, true), true)),
            ("of a form", percent(password, true).replace("%20", "+")),
            ("JSON", json.trim_matches('"').to_owned()),
            ("Rust", password.escape_default().to_string()),
            ("base64 of user and password", base64(both.as_bytes(), false)),
            ("base64 for addresses", base64(both.as_bytes(), true)),
            ("base64 of the password", base64(password.as_bytes(), false)),
            ("hex", hex(false)),
            ("hex, upper case", hex(true)),
            ("backwards", password.chars().rev().collect()),
            // What is left when the odd letters were lost on the way.
            ("its name", password.trim_start_matches(ODD).to_owned()),
        ];
        let wide = password.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let texts = texts.into_iter().map(|(name, text)| (name, text.into_bytes()));
        texts.chain([("UTF-16", wide)]).collect()
    }
}

/// Looks for many secrets at once.
#[derive(Debug)]
pub struct Canaries {
    all: AhoCorasick,
    /// The place of each pattern, and the name of the spelling.
    names: Vec<(String, &'static str)>,
}

impl Canaries {
    /// Those of these places.
    ///
    /// # Panics
    ///
    /// When there are too many to look for.
    pub fn of(places: &[&str]) -> Self {
        let mut patterns = Vec::new();
        let mut names = Vec::new();
        for place in places {
            for (name, spelling) in Canary::of(place).spellings() {
                patterns.push(spelling);
                names.push(((*place).to_owned(), name));
            }
        }
        Self { all: AhoCorasick::new(patterns).expect("a few hundred short patterns"), names }
    }

    /// The first secret in these bytes: its place, and how it is spelled.
    pub fn found_in(&self, bytes: &[u8]) -> Option<(&str, &'static str)> {
        let found = self.all.find(bytes)?;
        let (place, spelling) = &self.names[found.pattern().as_usize()];
        Some((place, spelling))
    }
}

fn percent(text: &str, upper: bool) -> String {
    text.bytes().fold(String::new(), |mut all, byte| {
        let _ = match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => write!(all, "{}", char::from(byte)),
            byte if upper => write!(all, "%{byte:02X}"),
            byte => write!(all, "%{byte:02x}"),
        };
        all
    })
}

/// RFC 4648, with padding; with the alphabet for addresses, without.
fn base64(bytes: &[u8], for_addresses: bool) -> String {
    let (last, end) = if for_addresses { (b"-_", "") } else { (b"+/", "=") };
    let letters: Vec<u8> = (b'A'..=b'Z').chain(b'a'..=b'z').chain(b'0'..=b'9').chain(last.iter().copied()).collect();
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let number = group.iter().fold(0_usize, |all, byte| all << 8 | usize::from(*byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            match place <= group.len() {
                true => text.push(char::from(letters[number >> (18 - 6 * place) & 63])),
                false => text.push_str(end),
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Canaries, Canary, base64};

    #[test]
    fn a_secret_is_recognized_however_it_is_spelled() {
        let canaries = Canaries::of(&["mirror"]);
        let spellings = Canary::of("mirror").spellings();
        assert!(spellings.len() >= 12);
        for (name, spelling) in &spellings {
            assert!(canaries.found_in(&[b"x", spelling.as_slice(), b"y"].concat()).is_some(), "{name}");
            assert_eq!(Canaries::of(&["proxy"]).found_in(spelling), None, "{name}");
        }
        assert_eq!(canaries.found_in(b"user-of-mirror:***@h"), None);
        for (bytes, text) in [("a", "YQ=="), ("ab", "YWI="), ("abc", "YWJj"), ("ab?~", "YWI/fg==")] {
            assert_eq!(base64(bytes.as_bytes(), false), text);
        }
        assert_eq!(base64(b"ab?~", true), "YWI_fg");
    }
}
