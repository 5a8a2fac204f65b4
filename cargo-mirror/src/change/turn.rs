//! Changing a few files and links of a tool whole, so that it can be undone byte for byte. Knows nothing of their contents.
//!
//! Everything is recorded first, then written beside the files, then put into place, so that a full disk or a kill
//! leaves the files as they were or as they should be. Shows nothing and asks nothing; that is the commands' matter.

use std::{fs::File, path::PathBuf, time::Duration};

use mirror_config::{
    errors::{Failure, Kind},
    system::{Environment, state},
};
use similar::TextDiff;

use super::{
    content::Content,
    entry::Entry,
    file::{ConfigFile, Locked, failed},
    folders::{self, Folders},
    links::{self, Link, Placed},
    record::{self, FileRecord, Record, Way},
    undone::Undone,
};

/// How long another set-up of the same tool is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// The contents without what the record says was added, and what of that was still there.
pub(crate) type Without = fn(&[u8], &FileRecord) -> Result<(Vec<u8>, Vec<Entry>), Failure>;

/// What differs between tools.
#[derive(Debug, Clone, Copy)]
pub struct Tool {
    /// Its name in records and in commands.
    pub name: &'static str,
    /// Whether the lock of the record is enough, since the tool itself writes its files without a lock.
    pub own_lock: bool,
    /// How a file that others edited since loses what set-ups added.
    pub(crate) without: Without,
}

/// A change of one file, not made yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The file.
    pub file: PathBuf,
    /// Its contents now; nothing when there is no such file.
    pub before: Option<Vec<u8>>,
    /// Its contents then.
    pub after: Vec<u8>,
    /// What is added.
    pub added: Vec<Entry>,
    /// What stood in its place.
    pub replaced: Vec<Entry>,
}

impl Edit {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.before.as_deref() == Some(&self.after) || (self.before.is_none() && self.after.is_empty())
    }

    /// The change as a unified diff without context, so that it shows nothing else of the file.
    pub fn diff(&self) -> String {
        // git ends a last line that had no end; the line may hold a secret and does not change otherwise.
        let lines = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes).into_owned();
            if text.is_empty() || text.ends_with('\n') { text } else { text + "\n" }
        };
        let (before, after) = (lines(self.before.as_deref().unwrap_or_default()), lines(&self.after));
        let name = self.file.display().to_string();
        let old = if self.before.is_some() { name.clone() } else { "/dev/null".to_owned() };
        TextDiff::from_lines(&before, &after).unified_diff().context_radius(0).header(&old, &name).to_string()
    }
}

/// The right to change a tool's files, against all other processes of this program.
#[derive(Debug)]
pub struct Turn {
    tool: Tool,
    place: PathBuf,
    _lock: File,
}

impl Turn {
    /// Waits for it.
    ///
    /// # Errors
    ///
    /// [`Kind::Busy`] when another has it for longer than half a minute, [`Kind::Config`] without a home folder.
    pub fn take(env: &Environment, tool: Tool) -> Result<Self, Failure> {
        let place = record::place(env, tool.name)?;
        if let Some(folder) = place.parent() {
            state::private_folder(folder).map_err(|error| failed(folder, &error))?;
        }
        let path = place.with_extension("lock");
        let lock = state::lock(&path, PATIENCE).map_err(|error| match error.kind() {
            std::io::ErrorKind::WouldBlock => {
                Failure::new(Kind::Busy, format!("another `cargo mirror` has kept {} locked", path.display()))
                    .hint("try again when it has ended")
            }
            _ => failed(&path, &error),
        })?;
        Ok(Self { tool, place, _lock: lock })
    }

    /// Makes planned changes in their order, links first, after recording how to undo them.
    ///
    /// # Errors
    ///
    /// [`Kind::Busy`] when something changed since it was planned, or is locked; [`Kind::Io`] or [`Kind::Permission`] when
    /// something cannot be written. Nothing has changed then.
    pub fn apply(&self, edits: &[Edit], links: &[Link]) -> Result<(), Failure> {
        let known = record::load(&self.place)?;
        let mut nothing_changed = true;
        let applied = self.make(edits, links, &known, &mut nothing_changed);
        if applied.is_err() && nothing_changed {
            // So nothing is to be undone. A record too many does no harm.
            let _ = record::save(&self.place, &known);
        }
        applied
    }

    fn make(&self, edits: &[Edit], links: &[Link], known: &Record, nothing_changed: &mut bool) -> Result<(), Failure> {
        let again = format!("cargo mirror setup {}", self.tool.name);
        let edits: Vec<&Edit> = edits.iter().filter(|edit| !edit.is_empty()).collect();
        let links: Vec<&Link> = links.iter().filter(|link| !link.is_empty()).collect();
        let files = edits.iter().map(|edit| ConfigFile::at(&edit.file)).collect::<Result<Vec<_>, _>>()?;
        let unchanged = |edit: &Edit, file: &ConfigFile| match file.read()? == edit.before {
            true => Ok(()),
            false => {
                let what = format!("{} was changed by somebody else just now", edit.file.display());
                Err(Failure::new(Kind::Busy, what).hint(again.clone()))
            }
        };
        let paths = edits.iter().map(|edit| &edit.file).chain(links.iter().map(|link| &link.path));
        let mut made = Folders::above(paths.map(PathBuf::as_path));
        let mut record = known.clone();
        record.add_folders(made.missing());
        for (edit, file) in edits.iter().zip(&files) {
            unchanged(edit, file)?;
            record.put(recorded(edit, record.of(&edit.file)));
        }
        for link in &links {
            link.check(&again)?;
            record.put_link(link.recorded(record.of_link(&link.path)));
        }
        // First the record: a change without one could not be undone, a record without one says so when it is undone.
        record::save(&self.place, &record)?;
        made.make()?;
        let mut staged = Vec::new();
        for (edit, file) in edits.iter().zip(&files) {
            let mut lock = self.lock(file)?;
            // Again, now that nobody else writes.
            unchanged(edit, file)?;
            lock.stage(&edit.after)?;
            staged.push(lock);
        }
        let mut placed = Placed::default();
        for link in links {
            placed.put(link)?;
        }
        for lock in staged {
            match lock.commit() {
                Ok(()) => *nothing_changed = false,
                Err(failure) if *nothing_changed => return Err(failure),
                Err(failure) => {
                    placed.keep();
                    made.keep();
                    return Err(failure);
                }
            }
        }
        placed.keep();
        made.keep();
        Ok(())
    }

    /// Takes all set-ups of the tool back, what came last first.
    ///
    /// # Errors
    ///
    /// As [`Turn::apply`]; the record stays until everything is done.
    pub fn undo(&self) -> Result<Vec<Undone>, Failure> {
        let record = record::load(&self.place)?;
        let mut done = record.files.iter().rev().map(|file| self.undo_file(file)).collect::<Result<Vec<_>, _>>()?;
        let links = record.links.iter().rev().map(links::undo).collect::<Result<Vec<_>, _>>()?;
        done.extend(links.into_iter().flatten());
        folders::remove(&record.folders);
        record::save(&self.place, &Record::default())?;
        Ok(done)
    }

    fn undo_file(&self, record: &FileRecord) -> Result<Undone, Failure> {
        let file = ConfigFile::at(&record.file)?;
        let path = record.file.clone();
        let Some(now) = file.read()? else {
            file.sweep();
            return Ok(Undone::Already(path));
        };
        let mut lock = self.lock(&file)?;
        // Again, now that nobody else writes.
        let now = file.read()?.unwrap_or(now);
        let mut put = |bytes: &[u8]| lock.stage(bytes);
        match (record.way(Some(&now)), &record.before) {
            (Way::Already, _) => Ok(Undone::Already(path)),
            (Way::Bytes, Some(before)) => {
                put(before.bytes())?;
                lock.commit().map(|()| Undone::Restored(path))
            }
            (Way::Bytes, None) => lock.remove().map(|()| Undone::Removed(path)),
            (Way::Keys, before) => {
                let (left, gone) = (self.tool.without)(&now, record)?;
                if left.is_empty() && before.is_none() {
                    lock.remove()?;
                } else if left != now {
                    put(&left)?;
                    lock.commit()?;
                }
                Ok(Undone::Keys { file: path, removed: gone })
            }
        }
    }

    fn lock<'a>(&self, file: &'a ConfigFile) -> Result<Locked<'a>, Failure> {
        if self.tool.own_lock { file.replacement() } else { file.lock() }
    }
}

/// What set-ups of a tool did and is not undone.
///
/// # Errors
///
/// [`Kind::Config`] without a home folder, [`Kind::Io`] for a record that cannot be read.
pub(crate) fn record(env: &Environment, tool: &Tool) -> Result<Record, Failure> {
    record::load(&record::place(env, tool.name)?)
}

/// The files that set-ups of a tool changed and that are not undone.
///
/// # Errors
///
/// [`Kind::Config`] without a home folder, [`Kind::Io`] for a record that cannot be read.
pub(crate) fn changed(env: &Environment, tool: &Tool) -> Result<Vec<PathBuf>, Failure> {
    Ok(record(env, tool)?.files.into_iter().map(|known| known.file).collect())
}

fn recorded(edit: &Edit, known: Option<&FileRecord>) -> FileRecord {
    match known {
        Some(known) if known.way(edit.before.as_deref()) != Way::Already => {
            known.clone().and(edit.before.as_deref(), &edit.after, &edit.added, &edit.replaced)
        }
        // None, or one that somebody has already undone by hand.
        _ => FileRecord {
            file: edit.file.clone(),
            before: edit.before.as_deref().map(Content::new),
            after: Content::new(&edit.after),
            earlier: None,
            edited: false,
            added: edit.added.clone(),
            replaced: edit.replaced.clone(),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::Edit;

    #[test]
    fn the_diff_shows_nothing_but_the_change() {
        let edit = Edit {
            file: PathBuf::from("/h/.gitconfig"),
            before: Some(b"[http]\n\textraHeader = secret".to_vec()),
            after: b"[http]\n\textraHeader = secret\n[protocol \"mirror\"]\n\tallow = always\n".to_vec(),
            added: Vec::new(),
            replaced: Vec::new(),
        };
        assert_eq!(
            edit.diff(),
            "--- /h/.gitconfig\n+++ /h/.gitconfig\n@@ -2,0 +3,2 @@\n+[protocol \"mirror\"]\n+\tallow = always\n"
        );
    }
}
