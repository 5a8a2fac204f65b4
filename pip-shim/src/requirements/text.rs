//! From the bytes of a requirements file to its logical lines: encoding, continuations, comments, variables.
//!
//! Rule: `auto_decode` and `preprocess` of pip, which follow Python's `str.splitlines` and PEP 263.

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};

/// The text: by its byte order mark, by an encoding named in a comment of the first two lines, else UTF-8.
///
/// Where no encoding fits, every byte is a character: options are ASCII, and those are what is looked for.
pub fn decode(bytes: &[u8]) -> String {
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => return by_utf8(rest),
        // Behind a mark of the machine's own order, which is the little end's nearly everywhere, Python looks for one more.
        [0xff, 0xfe, 0, 0, 0, 0, 0xfe, 0xff, rest @ ..] => return utf32(rest, u32::from_be_bytes),
        [0xff, 0xfe, 0, 0, 0xff, 0xfe, 0, 0, rest @ ..] | [0xff, 0xfe, 0, 0, rest @ ..] => {
            return utf32(rest, u32::from_le_bytes);
        }
        [0, 0, 0xfe, 0xff, rest @ ..] => return utf32(rest, u32::from_be_bytes),
        [0xff, 0xfe, 0xfe, 0xff, rest @ ..] | [0xfe, 0xff, rest @ ..] => return utf16(rest, UTF_16BE),
        [0xff, 0xfe, 0xff, 0xfe, rest @ ..] | [0xff, 0xfe, rest @ ..] => return utf16(rest, UTF_16LE),
        _ => {}
    }
    match bytes.split(|b| *b == b'\n').take(2).find_map(cookie) {
        // The web's Latin 1 is Windows' own, Python's is ISO 8859-1.
        Some(label) if is_latin1(&label) => bytes.iter().map(|b| char::from(*b)).collect(),
        Some(label) => match named(label) {
            Some(encoding) => encoding.decode_without_bom_handling(bytes).0.into_owned(),
            None => by_utf8(bytes),
        },
        None => by_utf8(bytes),
    }
}

fn by_utf8(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(|_| bytes.iter().map(|b| char::from(*b)).collect(), str::to_owned)
}

fn utf16(bytes: &[u8], order: &'static Encoding) -> String {
    order.decode_without_bom_handling(bytes).0.into_owned()
}

/// What is no character is left out; pip reads no such file at all.
fn utf32(bytes: &[u8], order: fn([u8; 4]) -> u32) -> String {
    bytes.as_chunks::<4>().0.iter().filter_map(|four| char::from_u32(order(*four))).collect()
}

/// `coding[:=]\s*([-\w.]+)` in a line that is a comment (PEP 263).
fn cookie(line: &[u8]) -> Option<String> {
    let line = std::str::from_utf8(line).map_or_else(|_| line.iter().map(|b| char::from(*b)).collect(), str::to_owned);
    let behind = |(at, word): (usize, &str)| {
        let rest = line[at + word.len()..].strip_prefix([':', '='])?.trim_start();
        let name: String =
            rest.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')).collect();
        (!name.is_empty()).then_some(name)
    };
    line.starts_with('#').then(|| line.match_indices("coding").find_map(behind)).flatten()
}

/// Whether Python means ISO 8859-1 by it (Lib/encodings/aliases.py), whatever the dashes.
fn is_latin1(label: &str) -> bool {
    let bare: String = label.chars().filter(char::is_ascii_alphanumeric).collect();
    matches!(bare.to_ascii_lowercase().as_str(), "latin1" | "latin" | "iso88591" | "l1" | "8859" | "cp819" | "isoir100")
}

/// Python's names of encodings are those of the web with other dashes.
fn named(label: String) -> Option<&'static Encoding> {
    let spellings = [label.clone(), label.replace('_', "-"), label.replace(['-', '_'], "")];
    spellings.iter().find_map(|spelling| Encoding::for_label(spelling.as_bytes()))
}

/// The lines with their numbers, from 1: continued ones joined, without comments, empty ones left out, `${NAME}`
/// replaced by a variable that is set.
pub fn logical_lines(text: &str, variable: impl Fn(&str) -> Option<String>) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut begun: Option<(usize, String)> = None;
    for (index, line) in physical_lines(text).into_iter().enumerate() {
        let comment = line.trim_start_matches(is_space).starts_with('#');
        if line.ends_with('\\') && !comment {
            begun.get_or_insert_with(|| (index + 1, String::new())).1.push_str(line.trim_matches('\\'));
            continue;
        }
        let (number, mut whole) = begun.take().unwrap_or((index + 1, String::new()));
        if comment {
            // So that it is a comment also behind the line it is joined to.
            whole.push(' ');
        }
        whole.push_str(line);
        found.push((number, whole));
    }
    found.extend(begun);
    found
        .into_iter()
        .map(|(number, line)| (number, without_comment(&line).trim_matches(is_space).to_owned()))
        .filter(|(_, line)| !line.is_empty())
        .map(|(number, line)| (number, expanded(line, &variable)))
        .collect()
}

/// `str.splitlines`.
fn physical_lines(text: &str) -> Vec<&str> {
    let ends = |c: char| {
        matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}')
    };
    let (mut lines, mut rest) = (Vec::new(), text);
    while let Some(at) = rest.find(ends) {
        lines.push(&rest[..at]);
        let end = &rest[at..];
        let first = end.chars().next().map_or(0, char::len_utf8);
        rest = end.strip_prefix("\r\n").unwrap_or(&end[first..]);
    }
    if !rest.is_empty() {
        lines.push(rest);
    }
    lines
}

/// `str.isspace`, which has four separators that Rust's does not count.
fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}')
}

fn without_comment(line: &str) -> &str {
    let begins = |(at, _): &(usize, &str)| line[..*at].chars().next_back().is_none_or(is_space);
    line.match_indices('#').find(begins).map_or(line, |(at, _)| &line[..at])
}

/// Names of capitals, digits and `_` only; one that is unset or empty stays as it is written.
fn expanded(line: String, variable: &impl Fn(&str) -> Option<String>) -> String {
    let names: Vec<String> = line
        .split("${")
        .skip(1)
        .filter_map(|rest| rest.split_once('}'))
        .map(|(name, _)| name)
        .filter(|name| !name.is_empty())
        .filter(|name| name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_'))
        .map(str::to_owned)
        .collect();
    names.into_iter().fold(line, |line, name| match variable(&name) {
        Some(value) => line.replace(&format!("${{{name}}}"), &value),
        None => line,
    })
}

#[cfg(test)]
mod tests {
    use super::{decode, logical_lines};

    #[test]
    fn the_encoding_is_found_as_pip_finds_it() {
        for (bytes, text) in [
            (&b"-i U\n"[..], "-i U\n"),
            (b"\xef\xbb\xbf-i U", "-i U"),
            (b"\xff\xfe-\0i\0", "-i"),
            (b"\xfe\xff\0-\0i", "-i"),
            (b"\xff\xfe\xff\xfe-\0i\0", "-i"),
            (b"\xff\xfe\xfe\xff\0-\0i", "-i"),
            (b"\xfe\xff\xfe\xff\0-\0i", "\u{feff}-i"),
            (b"\xef\xbb\xbf\xef\xbb\xbf-i", "\u{feff}-i"),
            (b"\xff\xfe\0\0-\0\0\0i\0\0\0", "-i"),
            (b"\0\0\xfe\xff\0\0\0-\0\0\0i", "-i"),
            (b"# -*- coding: latin-1 -*-\n\xe4", "# -*- coding: latin-1 -*-\n\u{e4}"),
            (b"# coding: latin--1\n\x9f", "# coding: latin--1\n\u{9f}"),
            (b"\n# coding=gbk\n\xc4\xe3", "\n# coding=gbk\n\u{4f60}"),
            (b"\n\n# coding=gbk\n-i", "\n\n# coding=gbk\n-i"),
            (b"# coding: nonsense\n\xff", "# coding: nonsense\n\u{ff}"),
            (b"\xff-i", "\u{ff}-i"),
        ] {
            assert_eq!(decode(bytes), text);
        }
    }

    #[test]
    fn lines_are_joined_stripped_and_filled_in_as_pip_does() {
        let variable = |name: &str| match name {
            "HOST" => Some("h".to_owned()),
            "NEST" => Some("${HOST}".to_owned()),
            _ => None,
        };
        for (text, lines) in [
            ("a\nb\r\nc\rd", &[(1, "a"), (2, "b"), (3, "c"), (4, "d")][..]),
            ("a \\\n  b\nc", &[(1, "a   b"), (3, "c")]),
            ("a \\\n# no\nb", &[(1, "a"), (3, "b")]),
            ("# no \\\nb", &[(2, "b")]),
            ("a \\", &[(1, "a")]),
            ("\\\\a\\\\\nb", &[(1, "ab")]),
            ("a#b # c", &[(1, "a#b")]),
            ("a\u{a0}#c\n\n  \n#x", &[(1, "a")]),
            ("-i ${HOST}${none}${UNSET}$HOST", &[(1, "-i h${none}${UNSET}$HOST")]),
            ("${NEST} ${HOST}", &[(1, "h h")]),
            ("a\u{85}b\u{2028}c\u{b}d\u{1c}e", &[(1, "a"), (2, "b"), (3, "c"), (4, "d"), (5, "e")]),
        ] {
            let found = logical_lines(text, variable);
            assert_eq!(found.iter().map(|(n, l)| (*n, l.as_str())).collect::<Vec<_>>(), lines, "{text:?}");
        }
    }
}
