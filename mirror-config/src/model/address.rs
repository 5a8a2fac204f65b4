//! An address that cannot give a secret away by being printed, and which addresses may be used at all. Pure.
//!
//! Whoever needs the secret (the HTTP client, a child's environment) calls [`Address::expose`] and says so by that.

use std::{fmt, str::FromStr};

use url::Url;

use crate::{
    errors::{Failure, Kind},
    message::shortened,
};

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

    /// The same without user and password.
    pub fn without_credentials(&self) -> Self {
        let mut url = self.0.clone();
        // Cannot fail where there are some.
        let _ = url.set_username("").and_then(|()| url.set_password(None));
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

/// Parses an address and holds it against the allowed schemes: https, file, ssh, and http for loopback or `insecure`.
///
/// # Errors
///
/// [`Kind::Transport`] when the scheme is not allowed, [`Kind::Config`] when it is not an address.
pub fn check_address(text: &str, insecure: bool) -> Result<Address, Failure> {
    // The parser of URLs drops some of them without a word.
    if text.contains(char::is_control) {
        return Err(Failure::new(Kind::Config, format!("`{}` has control characters in it", shortened(text))));
    }
    let address: Address = text
        .parse()
        .map_err(|error| Failure::new(Kind::Config, format!("`{}` is not an address: {error}", shortened(text))))?;
    let url = address.expose();
    let starts_like_an_option = |part: &str| part.starts_with('-');
    let odd_host = url.host_str().is_some_and(starts_like_an_option) || starts_like_an_option(url.username());
    match url.scheme() {
        "https" | "ssh" if url.host_str().is_some() && !odd_host => Ok(address),
        "file" => Ok(address),
        "http" if insecure || is_loopback(url) => Ok(address),
        "http" => Err(Failure::new(Kind::Transport, format!("`{address}` would travel unprotected"))
            .hint("use https, or set `insecure = true` on that mirror")),
        scheme => {
            Err(Failure::new(Kind::Transport, format!("`{scheme}` addresses are not allowed: `{}`", shortened(text)))
                .hint("use https, file or ssh"))
        }
    }
}

/// Whether the URL's host is this machine.
pub fn is_loopback(url: &url::Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::Address;

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
}
