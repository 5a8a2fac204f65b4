//! The ini files of pip, as Python's `configparser.RawConfigParser` reads them: what they say, and where.
//!
//! Crates for ini files take every indented line for a continuation, or none; Python compares indentations, and people
//! do indent keys. Reading goes on behind what Python refuses; what that is, is told beside the rest. Changes nothing.

use std::{collections::BTreeSet, ops::Range};

/// The section whose values hold in all others.
pub const DEFAULT: &str = "DEFAULT";

/// The line of a section's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// What stands between the brackets.
    pub name: String,
    /// The bytes of its line, with the line's end.
    pub span: Range<usize>,
}

/// A key with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    /// The section it stands in.
    pub section: String,
    /// In lower case.
    pub key: String,
    /// Without the spaces around it; the lines of a long one are joined by newlines.
    pub value: String,
    /// Its first line, from 1.
    pub line: usize,
    /// The bytes of its lines, with the end of the last that has something of the value.
    pub span: Range<usize>,
    /// Where the value may begin: behind `=` or `:`.
    pub behind: usize,
}

/// What Python ends with, and pip with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// From 1.
    pub line: usize,
    /// In words.
    pub what: &'static str,
}

/// A text that was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Document {
    /// The sections' names, in order.
    pub headers: Vec<Header>,
    /// All that is set, in order.
    pub entries: Vec<Property>,
    /// The first thing that Python would refuse.
    pub wrong: Option<Wrong>,
}

impl Document {
    /// Reads a text. Lines end with a newline, a carriage return, or both (Python's universal newlines).
    pub fn read(text: &str) -> Self {
        let mut document = Self::default();
        let mut seen = BTreeSet::new();
        // Whether the next line may go on with the last entry.
        let mut open = false;
        let mut indent = 0;
        for (number, span) in lines(text).into_iter().enumerate() {
            let raw = &text[span.clone()];
            let value = strip(raw);
            if value.starts_with(['#', ';']) {
                continue;
            }
            let current = document.entries.last_mut().filter(|_| open);
            if value.is_empty() {
                if let Some(entry) = current {
                    entry.value.push('\n');
                }
                continue;
            }
            let here = raw.chars().take_while(|c| is_space(*c)).count();
            if let Some(entry) = current.filter(|_| here > indent) {
                entry.value.push('\n');
                entry.value.push_str(value);
                entry.span.end = span.end;
                continue;
            }
            indent = here;
            let section = document.headers.last().map(|header| header.name.clone());
            let wrong = match (header(value), section, value.find(['=', ':'])) {
                (Some(name), _, _) => {
                    open = false;
                    document.headers.push(Header { name: name.to_owned(), span });
                    let again = name != DEFAULT && !seen.insert((name.to_owned(), None));
                    again.then_some("this section is there already")
                }
                (None, None, _) if raw.starts_with('\u{feff}') => Some("a byte order mark stands here"),
                (None, None, _) => Some("no section begins before this"),
                (None, Some(_), None | Some(0)) => Some("this is neither a section nor a key with a value"),
                (None, Some(section), Some(at)) => {
                    open = true;
                    let key = strip(&value[..at]).to_lowercase();
                    let again = !seen.insert((section.clone(), Some(key.clone())));
                    let behind = span.start + raw.find(['=', ':']).map_or(raw.len(), |at| at + 1);
                    let value = strip(&value[at + 1..]).to_owned();
                    document.entries.push(Property { section, key, value, line: number + 1, span, behind });
                    again.then_some("this key is there already")
                }
            };
            if let (None, Some(what)) = (&document.wrong, wrong) {
                document.wrong = Some(Wrong { line: number + 1, what });
            }
        }
        for entry in &mut document.entries {
            entry.value.truncate(strip_end(&entry.value).len());
        }
        document
    }

    /// What holds in a section, in the order in which Python hands it on: what stands in `[DEFAULT]` holds in every section
    /// that is there, and comes first unless the section has the key itself.
    pub fn of<'a>(&'a self, section: &'a str) -> impl Iterator<Item = &'a Property> {
        let there = self.headers.iter().any(|header| header.name == section);
        let own = move || self.entries.iter().filter(move |entry| entry.section == section);
        let default = self.entries.iter().filter(move |entry| there && entry.section == DEFAULT);
        default.filter(move |default| !own().any(|entry| entry.key == default.key)).chain(own())
    }
}

/// The bytes of each line, with its end.
fn lines(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut begin = 0;
    while begin < text.len() {
        let rest = &text[begin..];
        let end = match rest.find(['\n', '\r']) {
            Some(at) if rest[at..].starts_with("\r\n") => at + 2,
            Some(at) => at + 1,
            None => rest.len(),
        };
        found.push(begin..begin + end);
        begin += end;
    }
    found
}

/// `[NAME]`, up to the last bracket of the line.
fn header(line: &str) -> Option<&str> {
    let rest = line.strip_prefix('[')?;
    Some(&rest[..rest.rfind(']')?]).filter(|name| !name.is_empty())
}

/// What Python's `str.strip` takes away: four separators more than Unicode calls spaces.
fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\x1c'..='\x1f').contains(&c)
}

fn strip(text: &str) -> &str {
    text.trim_matches(is_space)
}

fn strip_end(text: &str) -> &str {
    text.trim_end_matches(is_space)
}

#[cfg(test)]
mod tests {
    use super::Document;

    #[test]
    fn files_are_read_as_python_reads_them() {
        for (text, section, key, value) in [
            ("[global]\nindex-url = U\n", "global", "index-url", Some("U")),
            ("[global]\nIndex-URL: U=V\n", "global", "index-url", Some("U=V")),
            ("[global]\n  a = 1\n  index-url = U\n", "global", "index-url", Some("U")),
            ("[global]\nfind-links =\n  a\n\n  # no\n  b\n", "global", "find-links", Some("\na\n\nb")),
            ("[global]\na = 1\n  index-url = U\n", "global", "index-url", None),
            ("[global]\na = 1\n  index-url = U\n", "global", "a", Some("1\nindex-url = U")),
            ("[global]\na = 1 # x\n;a = 2\n#a = 3", "global", "a", Some("1 # x")),
            ("[DEFAULT]\na = 1\n[install]\nb = 2", "install", "a", Some("1")),
            ("[install]\na = 2\n[DEFAULT]\na = 1\n", "install", "a", Some("2")),
            ("[DEFAULT]\na = 1\n", "install", "a", None),
            ("a = 1\n[install]\nb", "install", "b", None),
            ("[global]\r\na = 1\r\n", "global", "a", Some("1")),
            ("[global]\ra = 1\rb = 2\r", "global", "b", Some("2")),
            ("[a]b] c\nk = 1", "a]b", "k", Some("1")),
            ("[global]\na =\n", "global", "a", Some("")),
        ] {
            let document = Document::read(text);
            let found = document.of(section).filter(|entry| entry.key == key).last();
            assert_eq!(found.map(|entry| entry.value.as_str()), value, "{text:?}");
        }
    }

    #[test]
    fn what_python_refuses_is_told_with_its_line() {
        for (text, line) in [
            ("\u{feff}[global]\na = 1\n", Some(1)),
            ("a = 1\n", Some(1)),
            ("# c\n[global]\n[install]\n[global]\n", Some(4)),
            ("[DEFAULT]\n[DEFAULT]\na = 1\n", None),
            ("[DEFAULT]\na = 1\n[DEFAULT]\na = 1\n", Some(4)),
            ("[global]\na = 1\nA : 2\n", Some(3)),
            ("[global]\na = 1\na-b = 2\n  a = 3\n", None),
            ("[global]\nabc\n", Some(2)),
            ("[global]\n= 1\n", Some(2)),
            ("", None),
        ] {
            assert_eq!(Document::read(text).wrong.map(|wrong| wrong.line), line, "{text:?}");
        }
    }

    #[test]
    fn each_entry_knows_its_bytes() {
        let text = "[global]\r\n  a = 1\r\n    2 \r\n  # c\r\n\r\nb:\t3";
        let document = Document::read(text);
        let spans: Vec<&str> = document.entries.iter().map(|entry| &text[entry.span.clone()]).collect();
        assert_eq!(spans, ["  a = 1\r\n    2 \r\n", "b:\t3"]);
        assert_eq!(&text[document.entries[1].behind..], "\t3");
        assert_eq!((document.entries[1].line, &text[document.headers[0].span.clone()]), (6, "[global]\r\n"));
    }
}
