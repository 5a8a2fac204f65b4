//! One layer of configuration: where its values stand, and whether it may say what it says.
//!
//! A layer is read with `toml_edit`, which knows the line of each key, and handed to the crate `config`, which merges.

use std::fmt;

use config::{Map, Source, Value, ValueKind};
use toml_edit::{Document, Item};

use super::schema::{self, Shape};
use crate::errors::{Failure, Kind};

/// One value with its full path and its place.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) path: Vec<String>,
    pub(super) value: ValueKind,
    /// `FILE:LINE`, a variable's name, or `built in`.
    pub(super) origin: String,
}

impl Entry {
    pub(super) fn parts(&self) -> Vec<&str> {
        self.path.iter().map(String::as_str).collect()
    }

    pub(super) fn key(&self) -> String {
        self.path.join(".")
    }
}

/// The values of one file, or of the environment.
#[derive(Debug, Clone, Default)]
pub(super) struct Layer(pub(super) Vec<Entry>);

impl Layer {
    /// Reads a file's text. `place` is how messages name the file; with `numbered`, lines are added to it.
    pub(super) fn from_toml(text: &str, place: &str, numbered: bool) -> Result<Self, Failure> {
        Self::below_header(text, place, numbered, |_, _| false)
    }

    /// The same, but keys of the topmost level for which `header` is true are left to it.
    pub(super) fn below_header(
        text: &str,
        place: &str,
        numbered: bool,
        mut header: impl FnMut(&str, &Item) -> bool,
    ) -> Result<Self, Failure> {
        let line_of =
            |offset: usize| text.as_bytes()[..offset.min(text.len())].iter().filter(|b| **b == b'\n').count() + 1;
        let document = Document::parse(text).map_err(|error| {
            let line = error.span().map_or(1, |span| line_of(span.start));
            Failure::new(Kind::Config, format!("{place}:{line}: {}", error.message().trim()))
        })?;
        let mut layer = Self::default();
        let origin = |offset: usize| if numbered { format!("{place}:{}", line_of(offset)) } else { place.to_owned() };
        for (name, item) in document.iter().filter(|(name, item)| !header(name, item)) {
            let at = document.key(name).and_then(|key| key.span()).map_or(0, |span| span.start);
            layer.walk(item, &mut vec![name.to_owned()], at, &origin)?;
        }
        Ok(layer)
    }

    fn walk(
        &mut self,
        item: &Item,
        path: &mut Vec<String>,
        start: usize,
        origin: &dyn Fn(usize) -> String,
    ) -> Result<(), Failure> {
        let parts: Vec<&str> = path.iter().map(String::as_str).collect();
        if let Some((shape, _)) = schema::lookup(&parts) {
            let place = origin(start);
            let value = shaped(shape, item).map_err(|wanted| {
                Failure::new(Kind::Config, format!("{place}: `{}` must be {wanted}", path.join(".")))
            })?;
            self.0.push(Entry { path: path.clone(), value, origin: place });
            return Ok(());
        }
        match item.as_table_like() {
            Some(table) if schema::is_table(&parts) => {
                for (name, child) in table.iter() {
                    let at = table.key(name).and_then(|key| key.span()).map_or(start, |span| span.start);
                    path.push(name.to_owned());
                    self.walk(child, path, at, origin)?;
                    path.pop();
                }
                Ok(())
            }
            _ => Err(unknown(&parts, &origin(start))),
        }
    }

    /// Reads `MIRROR_<SECTION>__<KEY>` variables; `_` in a key stands for `-`, lists are separated by commas.
    pub(super) fn from_variables<'a>(variables: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Self, Failure> {
        let mut layer = Self::default();
        for (name, text) in variables {
            let path: Vec<String> = name
                .trim_start_matches("MIRROR_")
                .split("__")
                .map(|part| part.to_ascii_lowercase().replace('_', "-"))
                .collect();
            let parts: Vec<&str> = path.iter().map(String::as_str).collect();
            let origin = format!("environment variable {name}");
            let Some((shape, _)) = schema::lookup(&parts) else { return Err(unknown(&parts, &origin)) };
            let value = match shape {
                Shape::Text => ValueKind::String(text.to_owned()),
                Shape::List => ValueKind::Array(
                    text.split(',')
                        .map(str::trim)
                        .filter(|t| !t.is_empty())
                        .map(|t| Value::new(Some(&origin), t))
                        .collect(),
                ),
                Shape::Flag | Shape::Count | Shape::Number => {
                    let item: Item = text.parse().map_err(|_| ()).unwrap_or(Item::None);
                    shaped(shape, &item)
                        .map_err(|wanted| Failure::new(Kind::Config, format!("{origin} must be {wanted}")))?
                }
            };
            layer.0.push(Entry { path, value, origin });
        }
        Ok(layer)
    }
}

/// The item's value if it has the shape, else what was wanted.
fn shaped(shape: Shape, item: &Item) -> Result<ValueKind, &'static str> {
    match shape {
        Shape::Text => item.as_str().map(ValueKind::from).ok_or("a string"),
        Shape::Flag => item.as_bool().map(ValueKind::from).ok_or("`true` or `false`"),
        Shape::Count => item.as_integer().filter(|n| *n > 0).map(ValueKind::from).ok_or("a number above zero"),
        Shape::Number => item
            .as_float()
            .or_else(|| item.as_integer().map(|n| n as f64))
            .filter(|n| n.is_finite() && *n > 0.0)
            .map(ValueKind::from)
            .ok_or("a number above zero"),
        Shape::List => item
            .as_array()
            .and_then(|list| list.iter().map(|v| v.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>())
            .map(ValueKind::from)
            .ok_or("a list of strings"),
    }
}

fn unknown(path: &[&str], origin: &str) -> Failure {
    let failure = Failure::new(Kind::Config, format!("{origin}: unknown key `{}`", path.join(".")));
    match schema::nearest(path) {
        Some(key) => failure.hint(format!("did you mean `{key}`?")),
        None => failure.hint("the keys are listed in the README under Configuration"),
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} values", self.0.len())
    }
}

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, config::ConfigError> {
        let mut root = Map::new();
        for entry in &self.0 {
            insert(&mut root, &entry.path, Value::new(Some(&entry.origin), entry.value.clone()));
        }
        Ok(root)
    }
}

/// Puts a value at its path, with the tables that it needs on the way.
fn insert(table: &mut Map<String, Value>, path: &[String], value: Value) {
    match path {
        [] => {}
        [last] => {
            table.insert(last.clone(), value);
        }
        [first, rest @ ..] => {
            let slot = table.entry(first.clone()).or_insert_with(|| Value::new(None, ValueKind::Table(Map::new())));
            if let ValueKind::Table(inner) = &mut slot.kind {
                insert(inner, rest, value);
            }
        }
    }
}
