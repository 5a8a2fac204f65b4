//! `cargo mirror status pip`: which pip runs, who chose its index, and what set-up did.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use mirror_config::{
    errors::Failure,
    message::redact,
    pip::config::{Levels, Told, Wrong},
    system::Environment,
};
use serde_json::Value;

use super::git::proxy;
use crate::{
    pip::{
        self,
        setup::{self, Shims},
    },
    report::{PipEdit, PipFile, PipInstall, PipLink, PipStatus, PipValue},
    system::programs,
};

/// The options that have to do with where packages come from, and how.
const KEYS: &[&str] = &[
    "index-url",
    "pypi-url",
    "no-index",
    "extra-index-url",
    "find-links",
    "trusted-host",
    "proxy",
    "cert",
    "timeout",
    "default-timeout",
    "retries",
];
/// Variables of others that matter here, by their whole names.
const VARIABLES: &[&str] = &["PIP_CONFIG_FILE", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_CONFIG_FILE", "VIRTUAL_ENV"];

/// pip's state as this working directory and PATH make it.
pub(super) fn read(env: &Environment) -> Result<PipStatus, Failure> {
    let shim = programs::pip_shim(env);
    let shims = Shims::read(env)?;
    let levels = pip::levels(env);
    let file = setup::user_file(env)?;
    let given = setup::given(env, &levels, &file);
    let edit = given.map(|told| PipEdit { file: file.display().to_string(), index: redact::secrets(&told.text) });
    Ok(PipStatus {
        install: shim.as_deref().and_then(install),
        shim: shim.map(|path| path.display().to_string()),
        on_path: shims.on_path,
        in_front: shims.in_front(),
        folder: shims.folder.display().to_string(),
        links: shims.links.iter().map(|(path, target)| link(path, target)).collect(),
        pips: shims.pips.iter().map(|pip| pip.display().to_string()).collect(),
        edit,
        files: files(&levels),
        values: values(&levels, env),
    })
}

/// What the shim itself says of `pip install`. It is another program, and knows what this one does not.
fn install(shim: &Path) -> Option<PipInstall> {
    let output = Command::new(shim).arg("--json").stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let said: Value = serde_json::from_slice(&output.stdout).ok()?;
    let text = |value: &Value| value.as_str().map(redact::secrets);
    Some(PipInstall {
        pip: text(&said["pip"])?,
        injects: said["injects"].as_bool()?,
        why: text(&said["why"])?,
        index: text(&said["index"]["name"]),
    })
}

fn link(path: &Path, target: &Path) -> PipLink {
    PipLink { path: path.display().to_string(), target: target.display().to_string(), leads: path.exists() }
}

fn files(levels: &Levels) -> Vec<PipFile> {
    let wrong = |wrong: &Wrong| format!("line {}: {}", wrong.line, wrong.what);
    levels
        .files
        .iter()
        .map(|file| PipFile {
            path: file.path.display().to_string(),
            level: file.level.name(),
            there: file.document.is_some(),
            hidden: file.hidden,
            wrong: file.wrong().map(wrong),
        })
        .collect()
}

fn values(levels: &Levels, env: &Environment) -> Vec<PipValue> {
    let value = |told: &Told, in_force| PipValue {
        key: told.name(),
        value: display(&told.key, &told.text),
        origin: if told.file.is_some() { told.place.clone() } else { "environment".to_owned() },
        in_force,
    };
    let matters = |told: &&Told| KEYS.contains(&told.key.as_str());
    let hidden = levels.hidden.iter().filter(matters).map(|told| value(told, false));
    let told = levels.told.iter().filter(matters).map(|told| value(told, levels.instead_of(told).is_none()));
    let others = VARIABLES.iter().filter_map(|name| Some((name, env.var(name)?)));
    let others = others.map(|(name, text)| PipValue {
        key: (*name).to_owned(),
        value: redact::secrets(text),
        origin: "environment".to_owned(),
        in_force: true,
    });
    hidden.chain(told).chain(others).collect()
}

fn display(key: &str, text: &str) -> String {
    if key == "proxy" { proxy(text) } else { redact::secrets(text).replace('\n', " ").trim().to_owned() }
}
