//! The project's file: found upwards from the working directory, and held to tightening what others chose.

use std::path::{Path, PathBuf};

use config::{Value, ValueKind};

use super::{
    layer::Layer,
    read::at,
    schema::{self, Project},
};
use crate::{
    errors::{Failure, Kind},
    trust::Trust,
};

const PROJECT_FILE: &str = ".mirror.toml";

/// The project's layer, if all it does is tighten what holds below it.
pub(super) fn tightened(project: Layer, below: &Value) -> Result<Layer, Failure> {
    let mut kept = Layer::default();
    for mut entry in project.0 {
        let parts = entry.parts();
        let (_, rule) = schema::lookup(&parts).expect("the layer was read against the schema");
        let current = at(below, &parts);
        let refused = |why: &str| {
            Failure::new(Kind::Config, format!("{}: a project may not set `{}`: {why}", entry.origin, entry.key()))
                .hint("move the key to your own configuration file, where only you decide")
        };
        match rule {
            Project::Never => return Err(refused("it could loosen what you chose")),
            Project::Only(value) if entry.value != ValueKind::Boolean(value) => {
                return Err(refused(&format!("only `{value}` tightens")));
            }
            // A project that names an unknown mirror would add one.
            Project::Only(_) if parts[0] == "mirrors" && at(below, &parts[..2]).is_none() => {
                return Err(refused("no such mirror is known"));
            }
            Project::Only(_) => {}
            Project::RaiseTrust => {
                let level = |value: &ValueKind| value.to_string().parse::<Trust>();
                let asked = level(&entry.value).map_err(|wanted| refused(&format!("it must be {wanted}")))?;
                if current.and_then(|c| level(&c.kind).ok()).is_some_and(|held| asked < held) {
                    return Err(refused("it would accept weaker evidence"));
                }
            }
            Project::Raise => {
                let number = |value: &ValueKind| value.to_string().parse::<u64>().unwrap_or_default();
                if current.is_some_and(|held| number(&entry.value) < number(&held.kind)) {
                    return Err(refused("it would be content with less"));
                }
            }
            Project::Add => {
                if let (Some(ValueKind::Array(held)), ValueKind::Array(added)) =
                    (current.map(|c| &c.kind), &mut entry.value)
                {
                    added.splice(0..0, held.iter().cloned());
                }
            }
        }
        kept.0.push(entry);
    }
    Ok(kept)
}

/// The nearest `.mirror.toml` upwards from the working directory.
pub(super) fn project_file(cwd: &Path) -> Option<PathBuf> {
    cwd.ancestors()
        .filter(|dir| !dir.as_os_str().is_empty())
        .map(|dir| dir.join(PROJECT_FILE))
        .find(|path| path.is_file())
}
