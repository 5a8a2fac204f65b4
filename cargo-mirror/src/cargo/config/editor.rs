//! Changes of a TOML text at single places. What to change is the plan's matter.

use std::ops::Range;

use toml_edit::{InlineTable, Item, Table, TableLike, Value};

use super::{
    read::parse,
    text::{Wrong, line_at, quoted},
};

/// A text that is being changed.
#[derive(Debug, Clone)]
pub(super) struct Editor {
    body: String,
    newline: &'static str,
}

/// Where names lead, as far as they do.
struct Place<'a> {
    item: &'a Item,
    /// How many of the names were found.
    found: usize,
    /// How many lead to the innermost table with a header, or to the root.
    header: usize,
    /// The innermost inline table: how many names lead to it, and the table.
    inline: Option<(usize, &'a InlineTable)>,
}

impl Editor {
    /// Of a text, whose line ends new lines get.
    pub(super) fn new(body: &str) -> Self {
        let newline = if body.contains("\r\n") { "\r\n" } else { "\n" };
        Self { body: body.to_owned(), newline }
    }

    /// What the text has become.
    pub(super) fn into_body(self) -> String {
        self.body
    }

    /// How a value is written, if it is there.
    pub(super) fn literal(&self, path: &[&str]) -> Result<Option<String>, Wrong> {
        let document = parse(&self.body)?;
        let place = walk(document.as_item(), path);
        let span = place.item.as_value().filter(|_| place.found == path.len()).and_then(Value::span);
        Ok(span.map(|span| self.body[span].to_owned()))
    }

    /// Gives a key a value, in the place of the one it has or where it belongs.
    pub(super) fn set(&mut self, path: &[&str], literal: &str) -> Result<(), Wrong> {
        let document = parse(&self.body)?;
        let place = walk(document.as_item(), path);
        let (at, text) = if place.found == path.len() {
            match place.item.as_value().and_then(Value::span) {
                Some(span) => (span, literal.to_owned()),
                None => return Err(self.odd(place.item, path)),
            }
        } else if let Some((depth, table)) = place.inline {
            let Some(span) = table.span() else { return Err(self.odd(place.item, path)) };
            let end = self.body[span.clone()].trim_end_matches('}').trim_end().len() + span.start;
            let comma = if table.is_empty() { "" } else { "," };
            (end..end, format!("{comma} {} = {literal}", path[depth..].join(".")))
        } else {
            match place.item.as_table() {
                Some(table) if table.is_dotted() || (place.header == place.found && place.found + 1 == path.len()) => {
                    self.line_in(table, &path[place.header..].join("."), literal)
                }
                Some(_) => self.table_at_the_end(path, literal),
                None => return Err(self.odd(place.item, path)),
            }
        };
        drop(document);
        self.body.replace_range(at, &text);
        parse(&self.body).map(drop)
    }

    /// Removes a key, and its table's header when nothing else stands under it.
    pub(super) fn remove(&mut self, path: &[&str]) -> Result<(), Wrong> {
        let Some((name, above)) = path.split_last() else { return Ok(()) };
        let document = parse(&self.body)?;
        let place = walk(document.as_item(), path);
        let value = place.item.as_value().filter(|_| place.found == path.len()).and_then(Value::span);
        let Some(value) = value else { return Ok(()) };
        let gone = match place.inline {
            Some((depth, table)) => {
                let key = walk(document.as_item(), above).item.as_table_like();
                let key = key.and_then(|table| table.key(name)).and_then(toml_edit::Key::span);
                let start = key.map_or(value.start, |span| span.start);
                // `a.b` within the braces begins at `a`.
                let dotted: usize = path[depth..path.len() - 1].iter().map(|name| name.len() + 1).sum();
                let alone = leaves(table) == 1;
                self.with_comma(start.saturating_sub(dotted)..value.end, alone)
            }
            None => self.line_begin(value.start)..self.line_end(value.end),
        };
        drop(document);
        self.body.replace_range(gone, "");
        let document = parse(&self.body)?;
        let left = walk(document.as_item(), above);
        let empty = left.found == above.len() && left.item.as_table().is_some_and(is_bare);
        let header = left.item.span().filter(|_| empty && !above.is_empty());
        drop(document);
        if let Some(header) = header {
            let begin = self.line_begin(header.start);
            // The blank line that set it off goes with it.
            let blank = self.body[..begin].strip_suffix(self.newline).filter(|before| before.ends_with('\n'));
            let begin = blank.map_or(begin, str::len);
            let end = self.line_end(header.end);
            self.body.replace_range(begin..end, "");
        }
        parse(&self.body).map(drop)
    }

    /// Adds a file to those that are included, after all others; one that is there already stays where it is.
    ///
    /// As a string: a cargo that includes nothing passes a list of strings over, but ends with a table in a list (seen with
    /// 1.65), whatever it was to do. Between tables of somebody else's it has to be one.
    pub(super) fn include(&mut self, path: &str) -> Result<(), Wrong> {
        let word = quoted(path);
        let document = parse(&self.body)?;
        let (at, text) = match document.get("include") {
            None => self.line_in(document.as_table(), "include", &format!("[{word}]")),
            Some(Item::ArrayOfTables(tables)) if tables.iter().any(|table| names(table, path)) => return Ok(()),
            Some(Item::ArrayOfTables(_)) => {
                let end = self.body.len();
                let lines =
                    ["[[include]]".to_owned(), format!("path = {}", quoted(path)), "optional = true".to_owned()];
                (end..end, format!("{}{}{}", self.gap(), lines.join(self.newline), self.newline))
            }
            Some(item @ Item::Value(Value::Array(list))) => {
                let is =
                    |one: &&Value| one.as_str() == Some(path) || one.as_inline_table().is_some_and(|t| names(t, path));
                let ours = list.iter().find(is);
                let last = list.iter().last().and_then(Value::span).map(|span| span.end);
                match (ours, ours.and_then(Value::span), last, item.span()) {
                    (Some(Value::String(_)), ..) => return Ok(()),
                    (Some(_), Some(table), ..) => (table, word),
                    (_, _, Some(end), _) => (end..end, format!(", {word}")),
                    (_, _, None, Some(span)) => (span.start + 1..span.start + 1, word),
                    (_, _, None, None) => return Err(self.odd(item, &["include"])),
                }
            }
            Some(item) => return Err(self.odd(item, &["include"])),
        };
        drop(document);
        self.body.replace_range(at, &text);
        parse(&self.body).map(drop)
    }

    /// Takes a file out of those that are included.
    pub(super) fn exclude(&mut self, path: &str) -> Result<(), Wrong> {
        let is = |table: &dyn TableLike| names(table, path);
        let document = parse(&self.body)?;
        let gone = match document.get("include") {
            Some(Item::ArrayOfTables(tables)) => tables.iter().find(|table| is(*table)).and_then(|table| {
                let values = table.iter().filter_map(|(_, item)| Some(item.as_value()?.span()?.end)).max();
                Some(self.line_begin(table.span()?.start)..self.line_end(values?))
            }),
            Some(Item::Value(whole @ Value::Array(list))) => {
                let ours = |one: &&Value| one.as_str() == Some(path) || one.as_inline_table().is_some_and(|t| is(t));
                let found = list.iter().find(ours).and_then(Value::span);
                match (found, whole.span()) {
                    (Some(_), Some(all)) if list.len() == 1 => Some(self.line_begin(all.start)..self.line_end(all.end)),
                    (Some(one), _) => Some(self.with_comma(one, false)),
                    _ => None,
                }
            }
            _ => None,
        };
        drop(document);
        if let Some(gone) = gone {
            self.body.replace_range(gone, "");
        }
        parse(&self.body).map(drop)
    }

    /// A line for a key, after the other keys of its table.
    fn line_in(&self, table: &Table, key: &str, literal: &str) -> (Range<usize>, String) {
        let after = last_value(table).or_else(|| table.span().filter(|_| !table.is_implicit()).map(|span| span.end));
        let after = after.filter(|at| *at > 0);
        let Some(after) = after else { return (0..0, format!("{key} = {literal}{}", self.newline)) };
        let at = self.line_end(after);
        // The last line of a text may lack its end.
        let begin = if self.body[..at].ends_with('\n') { "" } else { self.newline };
        (at..at, format!("{begin}{key} = {literal}{}", self.newline))
    }

    fn table_at_the_end(&self, path: &[&str], literal: &str) -> (Range<usize>, String) {
        let (name, above) = path.split_last().unwrap_or((&"", &[]));
        let (end, newline) = (self.body.len(), self.newline);
        (end..end, format!("{}[{}]{newline}{name} = {literal}{newline}", self.gap(), above.join(".")))
    }

    /// What stands between the text so far and a new part.
    fn gap(&self) -> String {
        match (self.body.is_empty(), self.body.ends_with('\n')) {
            (true, _) => String::new(),
            (false, true) => self.newline.to_owned(),
            (false, false) => self.newline.repeat(2),
        }
    }

    /// A part of a list with the comma before it, or else the one after it.
    fn with_comma(&self, part: Range<usize>, alone: bool) -> Range<usize> {
        let before = self.body[..part.start].trim_end();
        if alone {
            return before.len()..part.end;
        }
        if before.ends_with(',') {
            return before.len() - 1..part.end;
        }
        let after = self.body[part.end..].trim_start();
        let end = self.body.len() - after.strip_prefix(',').unwrap_or(after).trim_start_matches(' ').len();
        part.start..end
    }

    fn line_begin(&self, at: usize) -> usize {
        self.body[..at].rfind('\n').map_or(0, |before| before + 1)
    }

    fn line_end(&self, at: usize) -> usize {
        self.body[at..].find('\n').map_or(self.body.len(), |after| at + after + 1)
    }

    fn odd(&self, item: &Item, path: &[&str]) -> Wrong {
        let at = item.span().map_or(0, |span| span.start);
        let what = format!("`{}` cannot be set here: something else stands in its place", path.join("."));
        Wrong { line: line_at(&self.body.as_bytes()[..at]), what }
    }
}

fn walk<'a>(root: &'a Item, path: &[&str]) -> Place<'a> {
    let mut place = Place { item: root, found: 0, header: 0, inline: None };
    for name in path {
        let Some(next) = place.item.as_table_like().and_then(|table| table.get(name)) else { break };
        place.item = next;
        place.found += 1;
        match next {
            Item::Table(table) if !table.is_dotted() && !table.is_implicit() => place.header = place.found,
            Item::Value(Value::InlineTable(table)) if !table.is_dotted() => place.inline = Some((place.found, table)),
            _ => {}
        }
    }
    place
}

/// The end of the last value that stands under the table's own header.
fn last_value(table: &Table) -> Option<usize> {
    let end = |(_, item): (&str, &Item)| match item {
        Item::Value(value) => value_end(value),
        Item::Table(below) if below.is_dotted() => last_value(below),
        _ => None,
    };
    table.iter().filter_map(end).max()
}

fn value_end(value: &Value) -> Option<usize> {
    match value {
        Value::InlineTable(table) if table.is_dotted() => table.iter().filter_map(|(_, below)| value_end(below)).max(),
        other => other.span().map(|span| span.end),
    }
}

/// How many values stand between the braces, dotted keys apart.
fn leaves(table: &InlineTable) -> usize {
    let count = |(_, value): (&str, &Value)| match value {
        Value::InlineTable(below) if below.is_dotted() => leaves(below),
        _ => 1,
    };
    table.iter().map(count).sum()
}

/// Whether a table of what is included means this file.
fn names(table: &dyn TableLike, path: &str) -> bool {
    table.get("path").and_then(Item::as_str) == Some(path)
}

/// Whether a table with a header has nothing under it.
fn is_bare(table: &Table) -> bool {
    table.is_empty() && !table.is_implicit() && !table.is_dotted()
}

#[cfg(test)]
mod tests {
    use super::Editor;

    const KEY: &[&str] = &["source", "crates-io", "replace-with"];

    fn set(body: &str, path: &[&str], literal: &str) -> String {
        let mut editor = Editor::new(body);
        editor.set(path, literal).unwrap_or_else(|wrong| panic!("{body}: {wrong:?}"));
        editor.into_body()
    }

    #[test]
    fn a_key_is_set_where_it_belongs() {
        for (before, after) in [
            ("", "[source.crates-io]\nreplace-with = 'm'\n"),
            ("a = 1", "a = 1\n\n[source.crates-io]\nreplace-with = 'm'\n"),
            ("a = 1\r\n", "a = 1\r\n\r\n[source.crates-io]\r\nreplace-with = 'm'\r\n"),
            ("[source.crates-io] # c\n# d\n[x]\n", "[source.crates-io] # c\nreplace-with = 'm'\n# d\n[x]\n"),
            (
                "[source.crates-io]\nregistry = 'r' # c\n\n[x]\n",
                "[source.crates-io]\nregistry = 'r' # c\nreplace-with = 'm'\n\n[x]\n",
            ),
            ("[source.crates-io]\nreplace-with = \"t\" # c\n", "[source.crates-io]\nreplace-with = 'm' # c\n"),
            (
                "source.crates-io.registry = 'r'\n[x]\n",
                "source.crates-io.registry = 'r'\nsource.crates-io.replace-with = 'm'\n[x]\n",
            ),
            (
                "[source]\ncrates-io.registry = 'r'",
                "[source]\ncrates-io.registry = 'r'\ncrates-io.replace-with = 'm'\n",
            ),
            (
                "source = { crates-io = { registry = 'r' } }",
                "source = { crates-io = { registry = 'r', replace-with = 'm' } }",
            ),
            ("source = {}\n", "source = { crates-io.replace-with = 'm'}\n"),
            (
                "source = { crates-io.registry = 'r' }\n",
                "source = { crates-io.registry = 'r', crates-io.replace-with = 'm' }\n",
            ),
            ("[source.a]\nx = 1\n", "[source.a]\nx = 1\n\n[source.crates-io]\nreplace-with = 'm'\n"),
            ("source.a.x = 1\n", "source.a.x = 1\nsource.crates-io.replace-with = 'm'\n"),
        ] {
            assert_eq!(set(before, KEY, "'m'"), after, "{before}");
        }
    }

    #[test]
    fn what_was_set_goes_again() {
        for before in [
            "a = 1\n",
            "a = 1\r\n",
            "[source.crates-io] # c\nregistry = 'r'\n[x]\n",
            "source.crates-io.registry = 'r'\n",
            "source = { crates-io = { registry = 'r' } }\n",
            "source = { crates-io.registry = 'r' }\n",
        ] {
            let mut editor = Editor::new(&set(before, KEY, "'m'"));
            editor.remove(KEY).expect("it is there");
            assert_eq!(editor.into_body(), before);
        }
    }

    #[test]
    fn an_include_joins_the_others_and_leaves_them() {
        for (before, after) in [
            ("", "include = [\"m.toml\"]\n"),
            ("# c\n[x]\ny = 1\n", "include = [\"m.toml\"]\n# c\n[x]\ny = 1\n"),
            ("z = 1 # c\n[x]\n", "z = 1 # c\ninclude = [\"m.toml\"]\n[x]\n"),
            ("include = ['a'] # c\n", "include = ['a', \"m.toml\"] # c\n"),
            ("include = [\n  'a', # c\n]\n", "include = [\n  'a', \"m.toml\", # c\n]\n"),
            ("include = [{ path = 'a' }]\n", "include = [{ path = 'a' }, \"m.toml\"]\n"),
            (
                "[[include]]\npath = 'a'\n",
                "[[include]]\npath = 'a'\n\n[[include]]\npath = \"m.toml\"\noptional = true\n",
            ),
        ] {
            let mut editor = Editor::new(before);
            editor.include("m.toml").unwrap_or_else(|wrong| panic!("{before}: {wrong:?}"));
            assert_eq!(editor.body, after, "{before}");
            editor.include("m.toml").expect("it is there");
            assert_eq!(editor.body, after, "twice is once");
            editor.exclude("m.toml").expect("it is there");
            assert_eq!(editor.body.trim_end(), before.trim_end());
        }
        assert!(Editor::new("include = 'a'\n").include("m.toml").is_err(), "cargo takes a list only");
    }

    #[test]
    fn a_table_of_before_becomes_a_string_in_its_place() {
        for (before, after) in [
            ("include = [{ path = \"m.toml\", optional = true }] # c\n", "include = [\"m.toml\"] # c\n"),
            ("include = ['a', { path = 'm.toml' }]\nz = 1\n", "include = ['a', \"m.toml\"]\nz = 1\n"),
            ("include = [\n  { optional = true, path = 'm.toml' }, # c\n]\n", "include = [\n  \"m.toml\", # c\n]\n"),
            ("[[include]]\npath = 'm.toml'\n", "[[include]]\npath = 'm.toml'\n"),
        ] {
            let mut editor = Editor::new(before);
            editor.include("m.toml").unwrap_or_else(|wrong| panic!("{before}: {wrong:?}"));
            assert_eq!(editor.body, after, "{before}");
        }
    }

    #[test]
    fn what_cannot_be_set_is_said_with_its_line() {
        for body in ["a = 1\nsource = 3\n", "a = 1\nsource.crates-io = 'x'\n", "a = 1\n[[source]]\n"] {
            let wrong = Editor::new(body).set(KEY, "'m'").expect_err(body);
            assert_eq!(wrong.line, 2, "{body}");
        }
    }
}
