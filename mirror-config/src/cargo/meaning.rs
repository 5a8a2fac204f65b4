//! What a line of an index means to cargo, whoever has written it anew. Pure.
//!
//! Mirrors that keep entries in a database write them in their own way: other orders, defaults left out or filled in, features
//! in one table or two, dates and fields of their own. Two lines agree when cargo would do the same with both (the Cargo
//! Book, "Index format"; cargo's `IndexPackage`). Whoever asks gets a line that has this and nothing else.

use std::collections::BTreeMap;

use semver::VersionReq;
use serde::Deserialize;
use serde_json::{Value, json};
use tame_index::{CRATES_IO_HTTP_INDEX, CRATES_IO_INDEX};

use crate::{errors::Fault, trust::Version};

/// The newest form of a line that cargo reads; it passes newer ones over.
const NEWEST: u32 = 2;

type Features = BTreeMap<String, Vec<String>>;

#[derive(Deserialize)]
struct Line {
    name: Option<String>,
    vers: String,
    cksum: String,
    deps: Option<Vec<Dependency>>,
    features: Option<Features>,
    features2: Option<Features>,
    yanked: Option<bool>,
    links: Option<String>,
    rust_version: Option<String>,
    v: Option<u32>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    req: String,
    features: Option<Vec<String>>,
    optional: Option<bool>,
    default_features: Option<bool>,
    target: Option<String>,
    kind: Option<String>,
    registry: Option<String>,
    package: Option<String>,
}

/// The version that a line is about.
///
/// # Errors
///
/// [`Fault::NotAMirror`] for what is no line of an index.
pub(super) fn of(line: &str) -> Result<Version, Fault> {
    let Line { name, vers, cksum, deps, features, features2, yanked, links, rust_version, v } =
        serde_json::from_str(line).map_err(|error| strange(&error.to_string()))?;
    let (number, checksum) = checked(vers, &cksum)?;
    let mut deps: Vec<Value> = deps.unwrap_or_default().into_iter().map(Dependency::meaning).collect();
    deps.sort_by_key(Value::to_string);
    let mut all = Features::new();
    for (feature, needs) in features.into_iter().chain(features2).flatten() {
        all.entry(feature).or_default().extend(needs);
    }
    all.values_mut().for_each(sort);
    let newer = v.filter(|v| *v > NEWEST);
    let meaning = json!({ "name": name, "cksum": checksum, "deps": deps, "features": all, "v": newer });
    let extras: BTreeMap<&str, Value> = [("links", links), ("rust_version", rust_version)]
        .into_iter()
        .filter_map(|(key, value)| Some((key, Value::from(value?))))
        .collect();
    let yanked = yanked.unwrap_or_default();
    let (new, old): (Features, Features) =
        all.into_iter().partition(|(_, needs)| needs.iter().any(|need| is_new(need)));
    let mut fields =
        json!({ "name": name, "vers": number, "deps": deps, "cksum": checksum, "features": old, "yanked": yanked });
    for (key, value) in &extras {
        fields[key] = value.clone();
    }
    if !new.is_empty() || newer.is_some() {
        fields["features2"] = json!(new);
        fields["v"] = json!(newer.unwrap_or(NEWEST));
    }
    Ok(Version { number, checksum, yanked, line: fields.to_string(), meaning, extras })
}

/// Number and checksum as they are compared.
pub(super) fn checked(vers: String, cksum: &str) -> Result<(String, String), Fault> {
    match vers.contains(['{', '}', '/']) {
        true => Err(strange("a version that is none")),
        false => Ok((vers, cksum.to_ascii_lowercase())),
    }
}

pub(super) fn strange(why: &str) -> Fault {
    Fault::NotAMirror(format!("no entry of an index: {why}"))
}

impl Dependency {
    /// With all that is left out filled in.
    fn meaning(self) -> Value {
        let mut features = self.features.unwrap_or_default();
        sort(&mut features);
        let req = VersionReq::parse(&self.req).map_or(self.req, |req| req.to_string());
        let official = |index: &String| {
            [CRATES_IO_INDEX, CRATES_IO_HTTP_INDEX]
                .iter()
                .any(|own| index.trim_end_matches('/') == own.trim_end_matches('/'))
        };
        json!({
            "name": self.name,
            "req": req,
            "features": features,
            "optional": self.optional.unwrap_or_default(),
            "default_features": self.default_features.unwrap_or(true),
            "target": self.target,
            "kind": self.kind.unwrap_or_else(|| "normal".to_owned()),
            "registry": self.registry.filter(|index| !official(index)),
            "package": self.package,
        })
    }
}

/// Whether only the newer form knows it: `dep:x`, `x?/y`.
fn is_new(need: &str) -> bool {
    need.starts_with("dep:") || need.contains("?/")
}

fn sort(list: &mut Vec<String>) {
    list.sort();
    list.dedup();
}

#[cfg(test)]
mod tests {
    use super::of;

    const PLAIN: &str = r#"{"name":"a","vers":"1.0.0","cksum":"AB","deps":[{"name":"b","req":"^1","features":["y","x"],"optional":false,"default_features":true,"target":null,"kind":"normal"},{"name":"c","req":"^2","features":[],"optional":true,"default_features":true,"target":null,"kind":"dev"}],"features":{"f":["b/x"],"g":["dep:c"]},"yanked":false}"#;

    fn line(changes: &[(&str, &str)]) -> String {
        changes.iter().fold(PLAIN.to_owned(), |line, (from, to)| {
            assert!(line.contains(from), "{from} is not in {line}");
            line.replacen(from, to, 1)
        })
    }

    #[test]
    fn lines_agree_when_cargo_would_do_the_same_with_them() {
        let own = of(PLAIN).expect("a line");
        for (what, changes, same) in [
            ("a date", &[("\"yanked\"", "\"pubtime\":\"2025-01-01T00:00:00Z\",\"yanked\"")][..], true),
            ("fields of a database", &[("\"vers\"", "\"id\":7,\"size\":null,\"vers\"")], true),
            ("yanked", &[("\"yanked\":false", "\"yanked\":true")], true),
            ("defaults left out", &[(",\"target\":null,\"kind\":\"normal\"", ""), ("\"optional\":false,", "")], true),
            ("another order of features", &[("[\"y\",\"x\"]", "[\"x\",\"y\",\"x\"]")], true),
            ("two tables of features", &[(",\"g\":[\"dep:c\"]}", "},\"features2\":{\"g\":[\"dep:c\"]},\"v\":2")], true),
            ("another spelling of a requirement", &[("\"^1\"", "\"1\"")], true),
            ("a checksum in small letters", &[("\"AB\"", "\"ab\"")], true),
            ("links", &[("\"yanked\"", "\"links\":\"z\",\"yanked\"")], true),
            ("an empty second table", &[("\"yanked\"", "\"features2\":null,\"v\":1,\"yanked\"")], true),
            ("another requirement", &[("\"^1\"", "\"^1.2\"")], false),
            ("another kind", &[("\"dev\"", "\"build\"")], false),
            ("a feature more", &[("\"f\":", "\"h\":[],\"f\":")], false),
            (
                "another registry",
                &[("\"kind\":\"dev\"", "\"kind\":\"dev\",\"registry\":\"https://h.example/\"")],
                false,
            ),
            ("another package", &[("\"kind\":\"dev\"", "\"kind\":\"dev\",\"package\":\"evil\"")], false),
            ("a form that no cargo reads", &[("\"yanked\"", "\"v\":9,\"yanked\"")], false),
        ] {
            let other = of(&line(changes)).unwrap_or_else(|fault| panic!("{what}: {fault:?}"));
            assert_eq!(other.agrees(&own), same, "{what}: {} {}", other.meaning, own.meaning);
        }
    }

    #[test]
    fn what_is_passed_on_means_the_same_and_has_nothing_else() {
        let own = of(PLAIN).expect("a line");
        let again = of(&own.line).expect("our own");
        assert_eq!((&again.meaning, &again.line), (&own.meaning, &own.line));
        let spoiled = of(&line(&[("\"yanked\"", "\"surprise\":1,\"yanked\"")])).expect("a line");
        assert_eq!(spoiled.line, own.line);
        assert!(own.line.contains("\"features2\":{\"g\":[\"dep:c\"]}") && own.line.contains("\"v\":2"), "{}", own.line);
    }
}
