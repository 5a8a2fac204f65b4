//! Proxies as people write them: in variables, in configurations of tools. Pure.

use crate::model::Address;

/// A proxy as people write it; nothing for what is none. Without a scheme it is `http://`, as in curl. A name or a password may
/// have what an address cannot: the backslash of a domain, a second `@`, blanks (curl takes all up to the last `@`).
pub fn proxy(text: &str) -> Option<Address> {
    let text = text.trim();
    let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
    let end = rest.rfind('@').map_or(0, |at| at + rest[at..].find(['/', '?', '#']).unwrap_or(rest.len() - at));
    let (authority, _) = match end {
        0 => rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len())),
        end => rest.split_at(end),
    };
    let whole = match authority.rsplit_once('@') {
        None => format!("{scheme}://{authority}"),
        Some((user, host)) => format!("{scheme}://{}@{host}", userinfo(user)),
    };
    whole.parse().ok()
}

/// What is in front of the `@`, with what an address cannot have in it encoded.
fn userinfo(text: &str) -> String {
    let hex = |two: &[u8]| two.len() == 2 && two.iter().all(u8::is_ascii_hexdigit);
    let bytes = text.as_bytes();
    let mut encoded = String::new();
    let mut has_colon = false;
    for (at, byte) in bytes.iter().enumerate() {
        let plain = match byte {
            b'%' => hex(bytes.get(at + 1..at + 3).unwrap_or_default()),
            b':' => !std::mem::replace(&mut has_colon, true),
            byte => byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(byte),
        };
        if plain { encoded.push(char::from(*byte)) } else { encoded += &format!("%{byte:02X}") }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::proxy;

    #[test]
    fn proxies_are_read_in_all_spellings() {
        for (text, expected) in [
            ("http://h.example:3128", "http://h.example:3128/"),
            ("h.example:3128", "http://h.example:3128/"),
            ("HTTP://h.example:3128/", "http://h.example:3128/"),
            ("http://DOM\\me:pw@h.example:3128", "http://DOM%5Cme:pw@h.example:3128/"),
            ("DOM\\me:pw@h.example:3128", "http://DOM%5Cme:pw@h.example:3128/"),
            ("http://me@corp.example:pw@h.example:3128", "http://me%40corp.example:pw@h.example:3128/"),
            ("http://me:p#w/x?y@h.example:3128", "http://me:p%23w%2Fx%3Fy@h.example:3128/"),
            ("http://me:100%@h.example:3128/", "http://me:100%25@h.example:3128/"),
            ("http://me:a%40b@h.example", "http://me:a%40b@h.example/"),
            ("http://me:a:b c@h.example:8080/path", "http://me:a%3Ab%20c@h.example:8080/"),
            ("socks5h://u:p@[::1]:1080", "socks5h://u:p@[::1]:1080"),
            (" http://h.example:3128 ", "http://h.example:3128/"),
        ] {
            let found = proxy(text).map(|address| address.expose().to_string());
            assert_eq!(found.as_deref(), Some(expected), "{text}");
        }
        for none in ["", "http://", "http://u:p@"] {
            assert_eq!(proxy(none), None, "{none}");
        }
    }
}
