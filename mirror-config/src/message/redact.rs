//! Texts that cannot give a secret away, nor take over a terminal, by being printed. Pure.

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

/// The beginning of a text that may be 5 kB long, without control characters, and without what may be a password: where
/// it ends in something that is no address, nobody can tell, so all of it goes up to the last `@`.
pub fn shortened(text: &str) -> String {
    let (scheme, rest) = text.find("://").map_or(("", text), |at| text.split_at(at + 3));
    let text = rest.rfind('@').map_or_else(|| text.to_owned(), |at| format!("{scheme}***{}", &rest[at..]));
    let mut clean: String = text.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
    if let Some((at, _)) = clean.char_indices().nth(80) {
        clean.truncate(at);
        clean.push('…');
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::{controls, secrets};

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
