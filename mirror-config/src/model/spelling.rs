//! Names of refs are bytes to git; here they are text, each byte that is none spelled `\xNN`. Pure.
//!
//! That is exact, since no ref has a backslash in its name (git-check-ref-format(1)): two names never become one, and a name
//! that is text is spelled as it is. So it is in messages, reports, the ledger and `mirror.lock`; git gets the bytes.

/// What begins the spelling of a byte, before two digits in lower-case hexadecimal.
const BYTE: &[u8] = b"\\x";

/// A name as text.
pub fn spelled(name: &[u8]) -> String {
    let mut text = String::with_capacity(name.len());
    for chunk in name.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")));
    }
    text
}

/// The bytes of a name that is spelled so. What spells no byte stays as it is, and is no ref's name then.
pub fn unspelled(text: &str) -> Vec<u8> {
    if !text.contains('\\') {
        return text.as_bytes().to_vec();
    }
    let (mut bytes, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let [first, behind @ ..] = rest {
        let byte = rest.strip_prefix(BYTE).and_then(|digits| digits.get(..2)).and_then(byte);
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &rest[BYTE.len() + 2..] } else { behind };
    }
    bytes
}

/// A byte that is no text by itself, of its two digits.
fn byte(digits: &[u8]) -> Option<u8> {
    let is_digit = |digit: &u8| matches!(digit, b'0'..=b'9' | b'a'..=b'f');
    let text = std::str::from_utf8(digits).ok().filter(|_| digits.iter().all(is_digit))?;
    u8::from_str_radix(text, 16).ok().filter(|byte| !byte.is_ascii())
}

#[cfg(test)]
mod tests {
    use super::{spelled, unspelled};

    #[test]
    fn names_are_spelled_exactly_and_apart() {
        for (name, text) in [
            (&b"refs/heads/main"[..], "refs/heads/main"),
            ("refs/heads/功能".as_bytes(), "refs/heads/功能"),
            (b"refs/heads/\xb9\xa6\xc4\xdc", r"refs/heads/\xb9\xa6\xc4\xdc"),
            (b"refs/heads/\xb9\xa6\xc4\xdd", r"refs/heads/\xb9\xa6\xc4\xdd"),
            (b"refs/tags/caf\xe9", r"refs/tags/caf\xe9"),
            ("refs/tags/café".as_bytes(), "refs/tags/café"),
            (b"refs/heads/\xe5\x8a", r"refs/heads/\xe5\x8a"),
            ("refs/heads/\u{fffd}".as_bytes(), "refs/heads/\u{fffd}"),
            (b"\xff", r"\xff"),
            (b"", ""),
        ] {
            assert_eq!(spelled(name), text);
            assert_eq!(unspelled(text), name, "{text}");
        }
    }

    #[test]
    fn what_spells_no_byte_stays() {
        for text in [r"a\x2e\x2e", r"a\x", r"a\xe", r"a\xE9", r"a\x+9", r"a\n", "\\"] {
            assert_eq!(unspelled(text), text.as_bytes(), "{text}");
        }
    }
}
