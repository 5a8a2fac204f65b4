//! pip's configuration as text: how an index is set in it, and taken out again. Pure: text in, text and notes out.
//!
//! `pip::config::ini` of the library names the places; changes are made to the text there, so that every other byte
//! stays. Each change is read again, and is none unless Python would find the same values as before, and the one that
//! was to change.

use std::ops::Range;

use mirror_config::pip::config::{Document, GLOBAL, Header, Property, Wrong, given, normal};

use crate::change::Entry;

/// What is set in the section of all commands.
const KEY: &str = "index-url";
/// [`KEY`] in records and messages.
const NAME: &str = given::KEY;
/// The section's header, likewise.
const HEADER: &str = "[global]";

/// A text after its change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Edited {
    /// The text.
    pub(crate) text: String,
    /// What was set.
    pub(crate) added: Vec<Entry>,
    /// What stood there, as it was written behind the sign.
    pub(crate) replaced: Vec<Entry>,
}

/// Sets the index of all commands, in the place of the one that `[global]` has or as a line of its own.
///
/// # Errors
///
/// For what pip itself refuses to read.
pub(crate) fn set(text: &str, index: &str) -> Result<Edited, Wrong> {
    let before = read(text)?;
    let mut added = vec![Entry::new(NAME, index)];
    if let Some(old) = own(&before) {
        if old.value == index {
            return Ok(Edited { text: text.to_owned(), added: Vec::new(), replaced: Vec::new() });
        }
        let written = written(text, old);
        let replaced = vec![Entry::new(NAME, &text[written.clone()])];
        let text = with(text, written, &format!(" {index}"));
        return checked(&before, text, Some(index)).map(|text| Edited { text, added, replaced });
    }
    let newline = newline(text);
    let places: Vec<(usize, String)> = match (last(&before), before.headers.iter().find(|h| h.name == GLOBAL)) {
        (Some(last), _) => vec![(last.span.end, indent(text, &last.span).to_owned())],
        (None, Some(header)) => {
            // Nobody may go on with the new line that did not go on with anything before.
            let next = before.headers.iter().find(|other| other.span.start >= header.span.end);
            let indents =
                [Some(header), next].into_iter().flatten().map(|header| indent(text, &header.span).to_owned());
            indents.map(|indent| (header.span.end, indent)).collect()
        }
        (None, None) => {
            added.insert(0, Entry::new(HEADER, ""));
            let gap = match (text.is_empty(), text.ends_with(['\n', '\r'])) {
                (true, _) => String::new(),
                (false, true) => newline.to_owned(),
                (false, false) => newline.repeat(2),
            };
            let text = format!("{text}{gap}{HEADER}{newline}{KEY} = {index}{newline}");
            return checked(&before, text, Some(index)).map(|text| Edited { text, added, replaced: Vec::new() });
        }
    };
    let mut refused = Wrong { line: 1, what: "there is no place for an index" };
    for (at, indent) in places {
        // The last line of a text may lack its end.
        let begin = if text[..at].ends_with(['\n', '\r']) { "" } else { newline };
        match checked(&before, with(text, at..at, &format!("{begin}{indent}{KEY} = {index}{newline}")), Some(index)) {
            Ok(text) => return Ok(Edited { text, added, replaced: Vec::new() }),
            Err(wrong) => refused = wrong,
        }
    }
    Err(refused)
}

/// The text without what set-ups added and is still there, with what stood in its place; and what went.
///
/// # Errors
///
/// For what pip itself refuses to read.
pub(crate) fn without(text: &str, added: &[Entry], replaced: &[Entry]) -> Result<(String, Vec<Entry>), Wrong> {
    let before = read(text)?;
    let ours = own(&before).filter(|own| added.iter().any(|entry| entry.key == NAME && entry.value == own.value));
    let mut gone = Vec::new();
    let mut left = text.to_owned();
    if let Some(own) = ours {
        gone.push(Entry::new(NAME, &own.value));
        left = match replaced.iter().find(|entry| entry.key == NAME) {
            Some(old) => with(text, written(text, own), &old.value),
            None => checked(&before, with(text, own.span.clone(), ""), None)?,
        };
    }
    let now = read(&left)?;
    let header = now.headers.iter().find(|header| header.name == GLOBAL);
    if let Some(header) = header.filter(|_| added.iter().any(|entry| entry.key == HEADER))
        && is_bare(&left, &now, header)
    {
        let begin = header.span.start;
        // The blank line that set it off goes with it.
        let blank = left[..begin].strip_suffix(newline(&left)).filter(|rest| rest.ends_with(['\n', '\r']));
        let begin = blank.map_or(begin, str::len);
        left = with(&left, begin..header.span.end, "");
        gone.push(Entry::new(HEADER, ""));
    }
    Ok((left, gone))
}

fn read(text: &str) -> Result<Document, Wrong> {
    let document = Document::read(text);
    match &document.wrong {
        Some(wrong) => Err(wrong.clone()),
        None => Ok(document),
    }
}

/// The index of `[global]`, empty or not.
fn own(document: &Document) -> Option<&Property> {
    document.entries.iter().find(|entry| entry.section == GLOBAL && normal(&entry.key) == KEY)
}

fn last(document: &Document) -> Option<&Property> {
    document.entries.iter().rfind(|entry| entry.section == GLOBAL)
}

/// What stands behind the sign in a value of one line.
fn written(text: &str, entry: &Property) -> Range<usize> {
    let line = &text[entry.behind..entry.span.end];
    entry.behind..entry.behind + line.trim_end_matches(['\n', '\r']).len()
}

fn indent<'a>(text: &'a str, span: &Range<usize>) -> &'a str {
    let line = &text[span.clone()];
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

/// Whether nothing but blank lines stands between a header and the next one.
fn is_bare(text: &str, document: &Document, header: &Header) -> bool {
    let next = document.headers.iter().map(|other| other.span.start).find(|start| *start >= header.span.end);
    text[header.span.end..next.unwrap_or(text.len())].trim().is_empty()
}

/// How lines end here.
fn newline(text: &str) -> &'static str {
    match (text.contains("\r\n"), text.contains('\n'), text.contains('\r')) {
        (true, _, _) => "\r\n",
        (false, false, true) => "\r",
        (false, _, _) => "\n",
    }
}

fn with(text: &str, at: Range<usize>, put: &str) -> String {
    format!("{}{put}{}", &text[..at.start], &text[at.end..])
}

/// The changed text, if it has all the values of before and this index.
fn checked(before: &Document, text: String, index: Option<&str>) -> Result<String, Wrong> {
    let after = read(&text)?;
    let values = |document: &Document| {
        let others = document.entries.iter().filter(|e| e.section != GLOBAL || normal(&e.key) != KEY);
        others.map(|e| (e.section.clone(), e.key.clone(), e.value.clone())).collect::<Vec<_>>()
    };
    if values(before) == values(&after) && own(&after).map(|own| own.value.as_str()) == index {
        return Ok(text);
    }
    let line = own(before).or_else(|| last(before)).map_or(1, |entry| entry.line);
    Err(Wrong { line, what: "indentation makes this one value with the lines around it" })
}

#[cfg(test)]
mod tests {
    use super::{Edited, Entry, NAME, set, without};

    const INDEX: &str = "https://m.example/simple/";

    fn edited(text: &str) -> Edited {
        set(text, INDEX).unwrap_or_else(|wrong| panic!("{text:?}: {wrong:?}"))
    }

    #[test]
    fn an_index_is_set_where_it_belongs_and_goes_again() {
        for (before, after) in [
            ("", "[global]\nindex-url = U\n"),
            ("# c\n", "# c\n\n[global]\nindex-url = U\n"),
            ("[install]\na = 1", "[install]\na = 1\n\n[global]\nindex-url = U\n"),
            ("[global]\n", "[global]\nindex-url = U\n"),
            ("[global]", "[global]\nindex-url = U\n"),
            ("[global]\n[install]\n", "[global]\nindex-url = U\n[install]\n"),
            ("[global]\n  [install]\n", "[global]\n  index-url = U\n  [install]\n"),
            ("[global]\n  a = 1 ; c\n\n[x]\n", "[global]\n  a = 1 ; c\n  index-url = U\n\n[x]\n"),
            ("[global]\na =\n  1\n  # c\n  2\n\n# d\n", "[global]\na =\n  1\n  # c\n  2\nindex-url = U\n\n# d\n"),
            ("[global]\r\na: 1\r\n[x]\r\n", "[global]\r\na: 1\r\nindex-url = U\r\n[x]\r\n"),
            ("[global]\ra = 1\r", "[global]\ra = 1\rindex-url = U\r"),
            ("[global]\nindex-url =\nb = 1\n", "[global]\nindex-url = U\nb = 1\n"),
            ("[global]\nIndex_URL:  \r\nb = 1\n", "[global]\nIndex_URL: U\r\nb = 1\n"),
            ("[Global]\na = 1\n", "[Global]\na = 1\n\n[global]\nindex-url = U\n"),
        ] {
            let Edited { text, added, replaced } = edited(before);
            assert_eq!(text.replace(INDEX, "U"), after, "{before:?}");
            let (left, gone) = without(&text, &added, &replaced).expect("pip reads it");
            // What lacked its last end has one now.
            assert_eq!(left.trim_end(), before.trim_end(), "{before:?}");
            assert_eq!(gone.len(), added.len(), "{before:?}");
            assert_eq!(edited(&text).added, [], "{before:?}: twice is once");
        }
    }

    #[test]
    fn a_switch_changes_the_value_only() {
        let first = edited("[global]\na = 1\n");
        let second = set(&first.text, "https://n.example/").expect("pip reads it");
        assert_eq!(second.text, "[global]\na = 1\nindex-url = https://n.example/\n");
        assert_eq!(second.replaced, [Entry::new(NAME, format!(" {INDEX}"))]);
    }

    #[test]
    fn only_what_is_still_ours_goes() {
        let Edited { text, added, .. } = edited("");
        let other = text.replace("m.example", "other.example");
        let longer = format!("{text}  more\n");
        for (now, left) in [
            (other.clone(), other),
            (longer.clone(), longer),
            (format!("{text}timeout = 3\n"), "[global]\ntimeout = 3\n".to_owned()),
            (format!("{text}# mine\n"), "[global]\n# mine\n".to_owned()),
            (format!("{text}\n[install]\nb = 1\n"), "\n[install]\nb = 1\n".to_owned()),
        ] {
            assert_eq!(without(&now, &added, &[]).expect("pip reads it").0, left, "{now:?}");
        }
        let (left, gone) = without(&edited("[global]\n").text, &[Entry::new(NAME, INDEX)], &[]).expect("pip reads it");
        assert_eq!((left.as_str(), gone.len()), ("[global]\n", 1), "the header was there before");
    }

    #[test]
    fn what_pip_cannot_read_is_not_changed() {
        for (text, line) in
            [("[global]\n[global]\n", 2), ("\u{feff}[global]\n", 1), ("x = 1\n", 1), ("[global]\nx\n", 2)]
        {
            assert_eq!(set(text, INDEX).expect_err(text).line, line, "{text:?}");
        }
    }
}
