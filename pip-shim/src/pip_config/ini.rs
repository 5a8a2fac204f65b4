//! Reads an ini file as Python's `configparser.RawConfigParser` does, which is what pip reads its files with.
//!
//! Crates for ini files take every indented line for a continuation, or none; Python compares indentations, and people
//! do indent keys. Nothing is refused: where Python raises an error pip ends with it.

use std::collections::BTreeMap;

/// Values by section and key. Keys are in lower case; what stands in `[DEFAULT]` is in every section.
pub(super) type Sections = BTreeMap<String, BTreeMap<String, String>>;

const DEFAULT: &str = "DEFAULT";

/// Reads a file's text.
pub(super) fn read(text: &str) -> Sections {
    let mut sections = Sections::new();
    let mut section: Option<String> = None;
    let mut key: Option<String> = None;
    let mut indent = 0;
    for line in text.replace("\r\n", "\n").split(['\n', '\r']) {
        let value = line.trim();
        if value.starts_with(['#', ';']) {
            continue;
        }
        let current = section.as_ref().zip(key.as_ref());
        let add = |sections: &mut Sections, more: &str| {
            let Some((section, key)) = current else { return };
            let entry = sections.entry(section.clone()).or_default().entry(key.clone()).or_default();
            entry.push('\n');
            entry.push_str(more);
        };
        if value.is_empty() {
            add(&mut sections, "");
            continue;
        }
        let here = line.chars().take_while(|c| c.is_whitespace()).count();
        if current.is_some() && here > indent {
            add(&mut sections, value);
            continue;
        }
        indent = here;
        if let Some(name) = header(value) {
            sections.entry(name.to_owned()).or_default();
            (section, key) = (Some(name.to_owned()), None);
        } else if let (Some(section), Some((name, value))) = (&section, value.split_once(['=', ':'])) {
            let name = name.trim_end().to_lowercase();
            sections.entry(section.clone()).or_default().insert(name.clone(), value.trim().to_owned());
            key = Some(name);
        }
    }
    let defaults = sections.remove(DEFAULT).unwrap_or_default();
    for values in sections.values_mut() {
        for (key, value) in &defaults {
            values.entry(key.clone()).or_insert_with(|| value.clone());
        }
        for value in values.values_mut() {
            value.truncate(value.trim_end().len());
        }
    }
    sections
}

/// `[NAME]`, up to the last bracket of the line.
fn header(line: &str) -> Option<&str> {
    let rest = line.strip_prefix('[')?;
    Some(&rest[..rest.rfind(']')?]).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::read;

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
            ("a = 1\n[install]\nb", "install", "b", None),
            ("[global]\r\na = 1\r\n", "global", "a", Some("1")),
            ("[a]b] c\nk = 1", "a]b", "k", Some("1")),
            ("[global]\na =\n", "global", "a", Some("")),
        ] {
            let found = read(text);
            assert_eq!(found.get(section).and_then(|s| s.get(key)).map(String::as_str), value, "{text:?}");
        }
    }
}
