//! Values out of the merged layers, each with its place; and errors that begin with that place.

use std::{collections::BTreeSet, str::FromStr, time::Duration};

use config::{Map, Value, ValueKind};

use super::origin::{BUILT_IN, Setting};
use crate::{
    errors::{Failure, Kind},
    model::is_part,
};

/// The first place, in the order of file names and lines, that says anything of this table.
pub(super) fn first_origin(table: &Map<String, Value>) -> String {
    let below = |value: &Value| inner(value).filter_map(|(_, v)| v.origin().map(str::to_owned)).collect::<Vec<_>>();
    let origins: BTreeSet<String> = table
        .values()
        .flat_map(|v| v.origin().map(str::to_owned).into_iter().chain(below(v)).collect::<Vec<_>>())
        .collect();
    origins.into_iter().next().unwrap_or_else(|| BUILT_IN.to_owned())
}

/// A size in bytes: `5 GiB`, `300MB`, `1024`, with binary and decimal units as in SI and IEC 80000-13.
pub fn bytes(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor: u64 = match unit.trim() {
        "" | "B" => 1,
        "kB" => 1000,
        "MB" => 1000_u64.pow(2),
        "GB" => 1000_u64.pow(3),
        "TB" => 1000_u64.pow(4),
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "TiB" => 1 << 40,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

pub(super) fn check_name(section: &str, name: &str, table: &Map<String, Value>) -> Result<(), Failure> {
    if is_part(name) {
        return Ok(());
    }
    Err(Failure::new(
        Kind::Config,
        format!("{}: `{section}.{name}` is not a name: letters, digits, `_`, `.` and `-`", first_origin(table)),
    ))
}

pub(super) fn inner(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    match &value.kind {
        ValueKind::Table(table) => Some(table.iter()),
        _ => None,
    }
    .into_iter()
    .flatten()
}

pub(super) fn at<'a>(root: &'a Value, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(root, |value, part| match &value.kind {
        ValueKind::Table(table) => table.get(*part),
        _ => None,
    })
}

pub(super) fn section<'a>(merged: &'a Value, name: &str) -> Option<&'a Map<String, Value>> {
    match &at(merged, &[name])?.kind {
        ValueKind::Table(table) => Some(table),
        _ => None,
    }
}

pub(super) fn names<'a>(merged: &'a Value, name: &str) -> impl Iterator<Item = (&'a String, &'a Map<String, Value>)> {
    section(merged, name).into_iter().flatten().filter_map(|(name, value)| match &value.kind {
        ValueKind::Table(table) => Some((name, table)),
        _ => None,
    })
}

pub(super) fn text(table: &Map<String, Value>, key: &str) -> Result<Option<Setting<String>>, Failure> {
    let Some(value) = table.get(key) else { return Ok(None) };
    let origin = value.origin().unwrap_or(BUILT_IN).to_owned();
    match &value.kind {
        ValueKind::String(text) => Ok(Some(Setting { value: text.clone(), origin })),
        _ => Err(Failure::new(Kind::Config, format!("{origin}: `{key}` must be a string"))),
    }
}

pub(super) fn flag(table: &Map<String, Value>, key: &str) -> Option<Setting<bool>> {
    let value = table.get(key)?;
    let ValueKind::Boolean(flag) = value.kind else { return None };
    Some(Setting { value: flag, origin: value.origin().unwrap_or(BUILT_IN).to_owned() })
}

/// A flag that has a default.
pub(super) fn switch(merged: &Value, name: &str, key: &str) -> Setting<bool> {
    let set = section(merged, name).and_then(|table| flag(table, key));
    set.unwrap_or_else(|| Setting { value: false, origin: BUILT_IN.to_owned() })
}

pub(super) fn required(merged: &Value, name: &str, key: &str) -> Result<Setting<String>, Failure> {
    section(merged, name)
        .and_then(|table| text(table, key).transpose())
        .unwrap_or_else(|| Err(Failure::new(Kind::Internal, format!("no default for {name}.{key}"))))
}

/// A size that has a default; an error shows what one looks like.
pub(super) fn size(merged: &Value, name: &str, key: &str, example: &str) -> Result<Setting<u64>, Failure> {
    let set = required(merged, name, key)?;
    let wanted = || format!("{}: `{name}.{key}` must be a size such as \"{example}\"", set.origin);
    let value = bytes(&set.value).ok_or_else(|| Failure::new(Kind::Config, wanted()))?;
    Ok(Setting { value, origin: set.origin })
}

/// A stretch of time that has a default; `0` is none.
pub(super) fn time(merged: &Value, name: &str, key: &str, example: &str) -> Result<Setting<Duration>, Failure> {
    let set = required(merged, name, key)?;
    let wanted = || format!("{}: `{name}.{key}` must be a time such as \"{example}\"", set.origin);
    let read = if set.value == "0" { Ok(Duration::ZERO) } else { humantime::parse_duration(&set.value) };
    let value = read.map_err(|_| Failure::new(Kind::Config, wanted()))?;
    Ok(Setting { value, origin: set.origin })
}

pub(super) fn number(merged: &Value, name: &str, key: &str) -> Setting<u32> {
    let value = at(merged, &[name, key]);
    Setting {
        value: value.and_then(|v| v.clone().into_int().ok()).and_then(|n| u32::try_from(n).ok()).unwrap_or(1),
        origin: value.and_then(Value::origin).unwrap_or(BUILT_IN).to_owned(),
    }
}

pub(super) fn list(merged: &Value, name: &str, key: &str) -> Setting<Vec<String>> {
    let value = at(merged, &[name, key]);
    let items = value.and_then(|v| v.clone().into_array().ok()).unwrap_or_default();
    Setting {
        value: items.into_iter().filter_map(|v| v.into_string().ok()).collect(),
        origin: value.and_then(Value::origin).unwrap_or(BUILT_IN).to_owned(),
    }
}

pub(super) fn parsed<T: FromStr<Err = String>>(setting: Setting<String>, key: &str) -> Result<Setting<T>, Failure> {
    let Setting { value, origin } = setting;
    match value.parse() {
        Ok(value) => Ok(Setting { value, origin }),
        Err(wanted) => Err(Failure::new(Kind::Config, format!("{origin}: `{key}` must be {wanted}"))),
    }
}

/// An error about a value, with the place of that value in front.
pub(super) fn placed<T>(setting: &Setting<String>, result: Result<T, Failure>) -> Result<T, Failure> {
    result.map_err(|failure| Failure { what: format!("{}: {}", setting.origin, failure.what), ..failure })
}
