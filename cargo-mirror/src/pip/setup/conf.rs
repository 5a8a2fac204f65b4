//! The plan of changing the user's `pip.conf`: for what no shim sees, such as `python -m pip` and activated environments.

use std::path::{Path, PathBuf};

use mirror_config::{
    errors::{Failure, Kind},
    message::redact,
    model::Address,
    pip::config::{Levels, Told, Wrong, files},
    system::Environment,
};

use crate::{
    change::{ConfigFile, Edit, Entry, FileRecord, Tool},
    pip::{
        config::{self, Edited},
        levels,
    },
    terminal::quoted,
};

/// pip, to those who change files and undo it.
pub(crate) const TOOL: Tool = Tool { name: "pip", own_lock: true, without };

/// A change of `pip.conf`, and what keeps pip from seeing it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Conf {
    /// The change.
    pub(crate) edit: Edit,
    /// Whether `PIP_CONFIG_FILE` hides the file at present.
    pub(crate) hidden: bool,
}

/// The file that `pip config --user` edits.
///
/// # Errors
///
/// [`Kind::Config`] without a home folder.
pub(crate) fn user_file(env: &Environment) -> Result<PathBuf, Failure> {
    files::user(env).pop().ok_or_else(|| {
        Failure::new(Kind::Config, "there is no home folder, so no configuration of pip").hint("set HOME")
    })
}

/// The index that set-ups gave pip and that still stands in the user's file.
pub(crate) fn given<'a>(env: &Environment, levels: &'a Levels, file: &Path) -> Option<&'a Told> {
    let mut all = levels.told.iter().chain(&levels.hidden);
    all.find(|told| told.file.as_deref() == Some(file) && told.is_given(env))
}

/// Plans to give pip this index.
///
/// # Errors
///
/// [`Kind::Config`] where somebody else has chosen an index, at whatever level, and for a file that pip cannot read;
/// [`Kind::Io`] and [`Kind::Permission`] when it cannot be read here.
pub(crate) fn plan_conf(env: &Environment, index: &Address) -> Result<Conf, Failure> {
    let file = user_file(env)?;
    let levels = levels(env);
    let ours = given(env, &levels, &file);
    if let Some(chosen) = levels.choices().find(|told| Some(*told) != ours) {
        let what = format!("{}: {} is chosen already, and is left alone", chosen.place, redact::secrets(&chosen.text));
        return Err(Failure::new(Kind::Config, what).hint("without pip.conf: cargo mirror setup pip"));
    }
    let before = ConfigFile::at(&file)?.read()?;
    let text = text(before.as_deref().unwrap_or_default()).map_err(|wrong| refused(&file, &wrong))?;
    let Edited { text, added, replaced } =
        config::set(text, index.expose().as_str()).map_err(|wrong| refused(&file, &wrong))?;
    let hidden = levels.files.iter().any(|known| known.path == file && known.hidden);
    Ok(Conf { edit: Edit { file, before, after: text.into_bytes(), added, replaced }, hidden })
}

fn text(bytes: &[u8]) -> Result<&str, Wrong> {
    std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() + 1;
        Wrong { line, what: "this is not UTF-8" }
    })
}

fn refused(file: &Path, wrong: &Wrong) -> Failure {
    let what = format!("{}:{}: {}, so pip cannot read it; it is left alone", file.display(), wrong.line, wrong.what);
    Failure::new(Kind::Config, what).hint(format!("mend it: ${{EDITOR:-vi}} {}", quoted(file)))
}

/// The contents without what set-ups added.
fn without(now: &[u8], record: &FileRecord) -> Result<(Vec<u8>, Vec<Entry>), Failure> {
    let wrong = |wrong: Wrong| refused(&record.file, &wrong);
    let text = text(now).map_err(wrong)?;
    let (left, gone) = config::without(text, &record.added, &record.replaced).map_err(wrong)?;
    Ok((left.into_bytes(), gone))
}
