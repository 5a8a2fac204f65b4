//! The plan of a set-up: which files change, and how. Reads, writes nothing.

use std::path::{Path, PathBuf};

use mirror_config::{
    errors::{Failure, Kind},
    system::Environment,
};

use super::{
    levels::{Levels, file_of},
    replacement::{Known, Replacement, in_force},
};
use crate::{
    cargo::{
        config::{self, Edited, INCLUDED, OWN_HEADER, REPLACE, SOURCE, Text, Wanted, text},
        program,
    },
    change::{ConfigFile, Edit, Entry, FileRecord, Tool, turn},
    git,
    system::version,
};

/// cargo, to those who change files and undo it.
pub(crate) const TOOL: Tool = Tool { name: "cargo", own_lock: true, without };

/// Whose configuration is set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// That of all the user's projects.
    User,
    /// That of the workspace that the working directory is in.
    Project,
}

/// A set-up that is not made yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    /// The file that cargo reads.
    pub(crate) file: PathBuf,
    /// What changes, in the order in which it must.
    pub(crate) edits: Vec<Edit>,
    /// What stood in for crates-io in this file, or in a weaker one.
    pub(crate) before: Option<Replacement>,
    /// What in a stronger file keeps the set-up from having an effect here.
    pub(crate) shadow: Option<Replacement>,
    /// Whether git dependencies will go through git.
    pub(crate) git: bool,
}

impl Plan {
    /// Whether there is nothing to do.
    pub(crate) fn is_empty(&self) -> bool {
        self.edits.iter().all(Edit::is_empty)
    }
}

/// Plans to have cargo use an index (`sparse+https://…/`) in the place of crates-io.
///
/// # Errors
///
/// [`Kind::Config`] for a vendored source or a company's registry, unless `force` is set, and for what is not TOML;
/// [`Kind::Io`] and [`Kind::Permission`] for what cannot be read.
pub(crate) fn plan(env: &Environment, scope: Scope, index: &str, known: &Known, force: bool) -> Result<Plan, Failure> {
    let version = program::version(env);
    let includes = version.is_some_and(|version| version::at_least(&version, program::INCLUDES));
    let levels = Levels::read(env, includes)?;
    let folder = match scope {
        Scope::User => program::home(env)?,
        Scope::Project => program::workspace(env)?.join(".cargo"),
    };
    let (file, _) = file_of(&folder);
    let weaker = levels.from(&file, scope == Scope::User);
    let before = in_force(weaker, &levels.0, known);
    if let Some(kept) = before.as_ref().filter(|_| !force) {
        refuse(kept)?;
    }
    let stronger = &levels.0[..levels.0.len() - weaker.len()];
    let shadow = in_force(stronger, &levels.0, known);
    let own_value = |key: &str| weaker.first().filter(|level| level.file == file)?.values.iter().find(|v| v.key == key);
    let wanted = Wanted { index: index.to_owned(), git: helper_rules(env) };
    let (main, main_before) = read(&file)?;
    let own_file = folder.join(INCLUDED);
    let (own, own_before) = if includes { read(&own_file)? } else { (String::new(), None) };
    let ours = own.is_empty() || own.trim_start_matches('\u{feff}').starts_with(OWN_HEADER);
    let in_main = own_value(&format!("source.{SOURCE}.registry")).is_some_and(|found| found.file == file);
    let wrong = |wrong: text::Wrong| wrong.of(&file);
    let text = Text::of(main.as_bytes()).map_err(wrong)?;
    let edits = if includes && ours && !in_main {
        let taken = own_value(REPLACE).is_some_and(|found| found.file != file && found.file != own_file);
        let (edited, included) = config::including(text.body, &own, &wanted, taken).map_err(wrong)?;
        // First the file that nobody reads yet.
        vec![edit(&own_file, own_before, included.body.clone().into_bytes(), included), {
            let after = text.with(&edited.body);
            edit(&file, main_before, after, edited)
        }]
    } else {
        let edited = config::direct(text.body, &wanted).map_err(wrong)?;
        if !force && let Some(old) = program::too_old(env).first() {
            return Err(too_old(&file, old, in_main && includes));
        }
        vec![edit(&file, main_before, text.with(&edited.body), edited)]
    };
    Ok(Plan { file, edits, before, shadow, git: wanted.git })
}

/// The edits by which the lines of earlier set-ups load in every cargo; nothing where they do, which is nearly always.
///
/// # Errors
///
/// Those of reading the record and the files.
pub(crate) fn mended(env: &Environment) -> Result<Vec<Edit>, Failure> {
    let is_read_there = |file: &PathBuf| file.file_name().is_some_and(|name| name == "config" || name == "config.toml");
    let mut edits = Vec::new();
    for file in turn::changed(env, &TOOL)?.into_iter().filter(is_read_there) {
        let beside = file.parent().unwrap_or(Path::new("")).join(INCLUDED);
        let (main, before) = read(&file)?;
        let text = Text::of(main.as_bytes()).map_err(|wrong| wrong.of(&file))?;
        let known = config::read(text.body).map_err(|wrong| wrong.of(&file))?;
        if !beside.is_file() || !known.includes.iter().any(|include| include.path == INCLUDED) {
            continue;
        }
        let body = config::included(text.body).map_err(|wrong| wrong.of(&file))?;
        let after = text.with(&body);
        edits.push(Edit { file, before, after, added: Vec::new(), replaced: Vec::new() });
    }
    edits.retain(|edit| !edit.is_empty());
    Ok(edits)
}

/// What keeps a set-up from being written where every cargo reads it.
fn too_old(file: &Path, (cargo, version): &(PathBuf, String), again: bool) -> Failure {
    let what = format!(
        "{}: cargo {version} ({}) reads it too, knows no sparse index, and would end with this; 1.68 is the first that does",
        file.display(),
        cargo.display()
    );
    let hint = match again {
        true => "cargo mirror undo cargo, then the set-up again: it goes into a file that older cargos pass over",
        false => "set up with cargo 1.94 or newer, whose way older ones pass over, or have that one break: --force",
    };
    Failure::new(Kind::Config, what).hint(hint)
}

/// Whether a rule of git's sends plain addresses to the helper, which only git itself can start.
pub(crate) fn helper_rules(env: &Environment) -> bool {
    let home = env.home().unwrap_or_else(|| env.cwd().to_owned());
    git::config::in_force(r"^url\.mirror::.*\.insteadof$", &home).is_ok_and(|rules| !rules.is_empty())
}

/// What must not be taken over without being told to.
fn refuse(kept: &Replacement) -> Result<(), Failure> {
    if kept.is_public() {
        return Ok(());
    }
    let what = format!("{}: crates-io is replaced with {}; it is left alone", kept.found.place(), kept.words());
    Err(Failure::new(Kind::Config, what).hint(
        "to use a mirror all the same: `cargo mirror setup cargo --force`; `cargo mirror undo cargo` takes it back",
    ))
}

fn read(file: &Path) -> Result<(String, Option<Vec<u8>>), Failure> {
    let bytes = ConfigFile::at(file)?.read()?;
    let text = std::str::from_utf8(bytes.as_deref().unwrap_or_default());
    let text = text.map_err(|_| Failure::new(Kind::Config, format!("{} is not UTF-8", file.display())))?.to_owned();
    Ok((text, bytes))
}

fn edit(file: &Path, before: Option<Vec<u8>>, after: Vec<u8>, edited: Edited) -> Edit {
    Edit { file: file.to_owned(), before, after, added: edited.added, replaced: edited.replaced }
}

/// The contents without what set-ups added.
fn without(now: &[u8], record: &FileRecord) -> Result<(Vec<u8>, Vec<Entry>), Failure> {
    let wrong = |wrong: text::Wrong| wrong.of(&record.file);
    let text = Text::of(now).map_err(wrong)?;
    let (body, gone) = config::without(text.body, &record.added, &record.replaced).map_err(wrong)?;
    let left = if body.is_empty() { Vec::new() } else { text.with(&body) };
    Ok((left, gone))
}
