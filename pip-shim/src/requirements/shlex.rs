//! Splits a line as Python's `shlex.split` does: quotes and backslashes of POSIX, no comments.
//!
//! The crates for shells differ from it, in comments and in what a backslash does within double quotes.

/// The words; nothing where Python raises an error: a quote that does not end, a backslash at the end.
pub(super) fn split(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        match c {
            ' ' | '\t' | '\r' | '\n' => words.extend(word.take()),
            '\\' => word.get_or_insert_default().push(rest.next()?),
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match rest.next()? {
                        '\'' => break,
                        c => word.push(c),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match rest.next()? {
                        '"' => break,
                        '\\' => match rest.next()? {
                            c @ ('"' | '\\') => word.push(c),
                            c => word.extend(['\\', c]),
                        },
                        c => word.push(c),
                    }
                }
            }
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn a_line_is_split_as_python_does() {
        for (line, words) in [
            ("-i U", Some(&["-i", "U"][..])),
            ("  -i\tU ", Some(&["-i", "U"])),
            ("-i 'a b'\"c\\\"d\"e", Some(&["-i", "a bc\"de"])),
            ("\"a\\nb\" a\\ b", Some(&["a\\nb", "a b"])),
            ("'' \"\"", Some(&["", ""])),
            ("a#b #c", Some(&["a#b", "#c"])),
            ("'a\\'", Some(&["a\\"])),
            ("\"a", None),
            ("'a", None),
            ("a\\", None),
        ] {
            let found = split(line);
            assert_eq!(
                found.as_ref().map(|w| w.iter().map(String::as_str).collect()),
                words.map(<[&str]>::to_vec),
                "{line}"
            );
        }
    }
}
