//! Addresses and texts that cannot give a secret away, nor take over a terminal, by being printed.
//!
//! Whoever needs the secret (the HTTP client, a child's environment) calls [`Address::expose`] and says so by that.

use std::{fmt, str::FromStr};

use url::Url;

/// A URL whose `Display` and `Debug` leave out the password, the user and the query.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address(Url);

impl Address {
    /// The same with the user and password of another address, where scheme, host and port are its own.
    pub fn with_credentials_of(&self, other: &Self) -> Self {
        let (mut url, from) = (self.0.clone(), &other.0);
        let bare = url.username().is_empty() && url.password().is_none();
        if bare && url.origin() == from.origin() && url.set_username(from.username()).is_ok() {
            // Cannot fail where the user could be set.
            let _ = url.set_password(from.password());
        }
        Self(url)
    }

    /// The URL with everything in it. Never format this.
    pub fn expose(&self) -> &Url {
        &self.0
    }

    /// The address of a path below this one, which counts as a folder with a slash at its end or without.
    ///
    /// # Errors
    ///
    /// Those of [`Url::join`].
    pub fn below(&self, path: &str) -> Result<Self, url::ParseError> {
        let mut base = self.0.clone();
        if !base.path().ends_with('/') {
            let folder = format!("{}/", base.path());
            base.set_path(&folder);
        }
        base.join(path).map(Self)
    }
}

impl From<Url> for Address {
    fn from(url: Url) -> Self {
        Self(url)
    }
}

impl FromStr for Address {
    type Err = url::ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut url = self.0.clone();
        let hides = !url.username().is_empty() || url.password().is_some();
        if hides && url.set_username("***").is_ok() {
            // Cannot fail where the user could be set.
            let _ = url.set_password(None);
        }
        if url.query().is_some() {
            url.set_query(Some("***"));
        }
        url.set_fragment(None);
        f.write_str(url.as_str())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

/// `text` with every `scheme://user:password@` inside it reduced to `scheme://***@`.
///
/// For texts that others composed: an error of the HTTP client, a line of a child's standard error.
pub fn secrets(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        // Readers of addresses pass over further slashes.
        let slashes = rest[at + 3..].bytes().take_while(|byte| *byte == b'/').count();
        let (before, after) = rest.split_at(at + 3 + slashes);
        out.push_str(before);
        // What ends an authority (RFC 3986). Quotes do not: a password may have them, and to mask too much does no harm.
        let end = after.find(|c: char| c.is_whitespace() || matches!(c, '/' | '?' | '#')).unwrap_or(after.len());
        match after[..end].rfind('@') {
            Some(sign) => {
                out.push_str("***");
                rest = &after[sign..];
            }
            None => rest = after,
        }
    }
    out.push_str(rest);
    out
}

/// `text` without control characters (C0, C1, DEL) but newline and tab: what a remote may say to a terminal.
///
/// Characters that turn the direction of writing (UAX 9, "Explicit Formatting Characters") and Unicode's own line ends
/// go as well: with them a text can look like another one. Letters of scripts that run from right to left stay.
pub fn controls(text: &str) -> String {
    text.chars().filter(|c| matches!(c, '\n' | '\t') || !(c.is_control() || is_bidi(*c))).collect()
}

fn is_bidi(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::{Address, controls, secrets};

    #[test]
    fn an_address_never_shows_user_password_or_query() {
        for (given, shown) in [
            ("https://u:p@h.example/a?token=t", "https://***@h.example/a?***"),
            ("https://h.example/a", "https://h.example/a"),
            ("socks5h://ghp_token@h.example:1080", "socks5h://***@h.example:1080"),
        ] {
            let address: Address = given.parse().expect("a URL of this table");
            assert_eq!(address.to_string(), shown);
            assert_eq!(format!("{address:?}"), format!("Address({shown})"));
        }
    }

    #[test]
    fn hosts_of_all_scripts_are_read_as_everywhere() {
        for (given, host) in [
            ("镜像.中国", Some("xn--o1q148n.xn--fiqs8s")),
            ("鏡像。台灣", Some("xn--o1qz84n.xn--kpry57d")),
            ("例え.テスト", Some("xn--r8jz45g.xn--zckzah")),
            ("한국.example", Some("xn--3e0b707e.example")),
            ("BÜCHER.example", Some("xn--bcher-kva.example")),
            ("straße.example", Some("xn--strae-oqa.example")),
            ("مثال.إختبار", Some("xn--mgbh0fb.xn--kgbechtv")),
            ("ｍｉｒｒｏｒ．example｡org", Some("mirror.example.org")),
            ("ex\u{ad}ample.org", Some("example.org")),
            ("xn--zckzah.例え", Some("xn--zckzah.xn--r8jz45g")),
            ("a\u{200d}b.example", None),
            ("\u{301}a.example", None),
            ("1א.example", None),
            ("xn--a.example", None),
            ("a／b.example", None),
        ] {
            let address = format!("https://{given}/").parse::<Address>();
            let read = address.as_ref().ok().and_then(|address| address.expose().host_str());
            assert_eq!(read, host, "{given}: {address:?}");
        }
    }

    #[test]
    fn userinfo_is_masked_inside_any_text() {
        for (given, shown) in [
            ("error for https://u:p@h.example/x: refused", "error for https://***@h.example/x: refused"),
            ("a http://tok@h b https://h2/@c", "a http://***@h b https://h2/@c"),
            ("https://u:p@ss@h/", "https://***@h/"),
            ("'https://u:p'w@h/': no", "'https://***@h/': no"),
            ("\"https://u:p\"`<>\\w@h/\"", "\"https://***@h/\""),
            ("https:///u:p@h/", "https:///***@h/"),
            ("'https://h', 'x'", "'https://h', 'x'"),
            ("no address", "no address"),
            ("https://", "https://"),
        ] {
            assert_eq!(secrets(given), shown);
        }
    }

    #[test]
    fn escapes_do_not_reach_a_terminal() {
        assert_eq!(controls("\u{1b}]0;owned\u{7}a\u{9b}31m\tb\r\n\u{7f}"), "]0;owneda31m\tb\n");
        assert_eq!(controls("a\u{202e}b\u{2066}c\u{200f}d\u{2028}e \u{5d0}"), "abcde \u{5d0}");
    }
}
