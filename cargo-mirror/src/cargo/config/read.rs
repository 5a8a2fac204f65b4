//! What a configuration file of cargo says: every value with its line, and the files it includes.

use toml_edit::{Document, Item, TableLike};

use super::text::{Wrong, line_at};

/// A value of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Value {
    /// The names that lead to it.
    pub(crate) path: Vec<String>,
    /// What it says: a string without its quotes, anything else as it is written.
    pub(crate) text: String,
    /// Its line, from 1.
    pub(crate) line: usize,
}

impl Value {
    /// Its names joined by dots.
    pub(crate) fn key(&self) -> String {
        self.path.join(".")
    }
}

/// A file that is included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Include {
    /// Its path as it stands there.
    pub(crate) path: String,
}

/// A file's contents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Read {
    /// Its values, in no order that matters.
    pub(crate) values: Vec<Value>,
    /// What it includes; a later one wins.
    pub(crate) includes: Vec<Include>,
}

/// Reads a file's body.
///
/// # Errors
///
/// [`Wrong`] for what is not TOML.
pub(crate) fn read(body: &str) -> Result<Read, Wrong> {
    let document = parse(body)?;
    let mut found = Read { includes: includes(document.as_item()), ..Read::default() };
    collect(document.as_table(), body, &mut Vec::new(), &mut found.values);
    Ok(found)
}

/// The document. Of a message that quotes the text only the first words stay, since the text may hold a secret.
pub(super) fn parse(body: &str) -> Result<Document<&str>, Wrong> {
    Document::parse(body).map_err(|error| Wrong {
        line: line_at(&body.as_bytes()[..error.span().map_or(0, |span| span.start.min(body.len()))]),
        what: format!("this is not TOML: {}", error.message().lines().next().unwrap_or_default()),
    })
}

fn collect(table: &dyn TableLike, body: &str, path: &mut Vec<String>, found: &mut Vec<Value>) {
    for (name, item) in table.iter() {
        path.push(name.to_owned());
        match (item, item.as_table_like()) {
            (_, Some(below)) => collect(below, body, path, found),
            (Item::Value(value), None) => {
                let span = value.span().unwrap_or_default();
                let text = value.as_str().unwrap_or(&body[span.clone()]).to_owned();
                found.push(Value { path: path.clone(), text, line: line_at(&body.as_bytes()[..span.start]) });
            }
            _ => {}
        }
        path.pop();
    }
}

/// The paths of `include`: a list of strings or tables, or tables with headers (The Cargo Book, "Including extra files").
fn includes(root: &Item) -> Vec<Include> {
    let path = |table: &dyn TableLike| table.get("path").and_then(Item::as_str).map(str::to_owned);
    let paths: Vec<String> = match root.get("include") {
        Some(Item::ArrayOfTables(tables)) => tables.iter().filter_map(|table| path(table)).collect(),
        Some(Item::Value(toml_edit::Value::Array(list))) => list
            .iter()
            .filter_map(|one| match one {
                toml_edit::Value::InlineTable(table) => path(table),
                other => other.as_str().map(str::to_owned),
            })
            .collect(),
        _ => Vec::new(),
    };
    paths.into_iter().map(|path| Include { path }).collect()
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn every_spelling_of_a_value_is_found_with_its_line() {
        for (body, line) in [
            ("[source.crates-io]\nreplace-with = 'x'\n", 2),
            ("# c\n\nsource.crates-io.replace-with = \"x\"\n", 3),
            ("source = { crates-io = { replace-with = \"x\" } }", 1),
            ("[source]\r\ncrates-io.replace-with = \"x\"\r\n", 2),
            ("[source.'crates-io']\n\"replace-with\" = '''x'''\n", 2),
        ] {
            let found = read(body).expect("TOML").values;
            assert_eq!(found.len(), 1, "{body}");
            assert_eq!(
                (found[0].key().as_str(), found[0].text.as_str()),
                (crate::cargo::config::REPLACE, "x"),
                "{body}"
            );
            assert_eq!(found[0].line, line, "{body}");
        }
    }

    #[test]
    fn includes_are_strings_or_tables() {
        for (body, expected) in [
            ("include = [\"a.toml\", { path = 'b.toml', optional = true }]", &["a.toml", "b.toml"][..]),
            ("[[include]]\npath = \"a.toml\"\n[[include]]\npath = \"b.toml\"\n", &["a.toml", "b.toml"]),
            ("x = 1", &[]),
        ] {
            let found = read(body).expect("TOML").includes;
            assert_eq!(found.iter().map(|one| one.path.as_str()).collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn what_is_wrong_has_a_line_and_quotes_nothing() {
        let wrong = read("a = 1\n[b]\ntoken = \"hunter2\n").expect_err("no end of the string");
        assert_eq!(wrong.line, 3);
        assert!(!wrong.what.contains("hunter2"), "{wrong:?}");
    }
}
