//! How to take a set-up back: each file and link as the first set-up found it, as the last one left it, and what was
//! added.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use mirror_config::{
    errors::{Failure, Kind},
    system::{Environment, state},
};
use serde::{Deserialize, Serialize};

use super::{content::Content, entry::Entry, file::failed, recorded_path};

/// What the set-ups of one tool did, in the order in which it was done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// One for each file.
    pub(crate) files: Vec<FileRecord>,
    /// One for each link.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) links: Vec<LinkRecord>,
    /// The folders that were made for them, those that hold others first.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "recorded_path::list")]
    pub(crate) folders: Vec<PathBuf>,
}

/// What the set-ups of one link did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LinkRecord {
    /// Where it is.
    #[serde(with = "recorded_path")]
    pub(crate) link: PathBuf,
    /// Where it led before the first set-up; nothing when there was none.
    #[serde(default, with = "recorded_path::optional")]
    pub(crate) before: Option<PathBuf>,
    /// Where the last set-up led it.
    #[serde(with = "recorded_path")]
    pub(crate) target: PathBuf,
    /// Where the set-up before that led it.
    #[serde(default, with = "recorded_path::optional")]
    pub(crate) earlier: Option<PathBuf>,
}

impl LinkRecord {
    /// Whether a set-up led it there.
    pub(crate) fn is_left(&self, target: &Path) -> bool {
        self.target == target || self.earlier.as_deref() == Some(target)
    }
}

/// What the set-ups of one file did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileRecord {
    /// The file's name for people.
    #[serde(with = "recorded_path")]
    pub(crate) file: PathBuf,
    /// Its contents before the first set-up; nothing when there was no file.
    pub(crate) before: Option<Content>,
    /// Its contents after the last set-up.
    pub(crate) after: Content,
    /// Its contents after the set-up before that: what is there when the last one was killed in time.
    pub(crate) earlier: Option<Content>,
    /// Whether others changed it between two set-ups, so that `before` may not be put back.
    pub(crate) edited: bool,
    /// What all set-ups added, in order.
    pub(crate) added: Vec<Entry>,
    /// What stood in the place of something that was added.
    pub(crate) replaced: Vec<Entry>,
}

/// How a file goes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Way {
    /// It is as it was, or gone.
    Already,
    /// To its bytes before the first set-up.
    Bytes,
    /// By losing what was added, since others changed it.
    Keys,
}

impl Record {
    /// What is recorded of a file.
    pub(crate) fn of(&self, file: &Path) -> Option<&FileRecord> {
        self.files.iter().find(|known| known.file == file)
    }

    /// What is recorded of a link.
    pub(crate) fn of_link(&self, link: &Path) -> Option<&LinkRecord> {
        self.links.iter().find(|known| known.link == link)
    }

    /// Whether there is nothing to undo.
    pub(crate) fn is_empty(&self) -> bool {
        self.files.is_empty() && self.links.is_empty() && self.folders.is_empty()
    }

    /// Adds folders that are made.
    pub(crate) fn add_folders(&mut self, made: &[PathBuf]) {
        let new: Vec<PathBuf> = made.iter().filter(|folder| !self.folders.contains(folder)).cloned().collect();
        self.folders.extend(new);
    }

    /// Puts a link's record in its place, or after all others.
    pub(crate) fn put_link(&mut self, record: LinkRecord) {
        match self.links.iter_mut().find(|known| known.link == record.link) {
            Some(known) => *known = record,
            None => self.links.push(record),
        }
    }

    /// Puts a file's record in its place, or after all others.
    pub(crate) fn put(&mut self, record: FileRecord) {
        match self.files.iter_mut().find(|known| known.file == record.file) {
            Some(known) => *known = record,
            None => self.files.push(record),
        }
    }
}

impl FileRecord {
    /// The record with one more set-up of the same file, which found `found` and left `left`.
    pub(crate) fn and(self, found: Option<&[u8]>, left: &[u8], added: &[Entry], replaced: &[Entry]) -> Self {
        let untouched = found.is_some_and(|found| self.is_left(found));
        // What replaced something of ours gives back nothing: undo goes behind the first set-up.
        let known = |entry: &&Entry| self.added.iter().chain(&self.replaced).any(|ours| ours.key == entry.key);
        let first: Vec<Entry> = replaced.iter().filter(|entry| !known(entry)).cloned().collect();
        Self {
            after: Content::new(left),
            earlier: found.map(Content::new),
            edited: self.edited || !untouched,
            added: self.added.into_iter().chain(added.iter().cloned()).collect(),
            replaced: self.replaced.into_iter().chain(first).collect(),
            ..self
        }
    }

    /// How a file with these contents goes back.
    pub(crate) fn way(&self, now: Option<&[u8]>) -> Way {
        match now {
            None => Way::Already,
            Some(now) if !self.edited && self.before.as_ref().is_some_and(|before| before.bytes() == now) => {
                Way::Already
            }
            Some(now) if !self.edited && self.is_left(now) => Way::Bytes,
            Some(_) => Way::Keys,
        }
    }

    /// Whether a set-up left these contents.
    fn is_left(&self, bytes: &[u8]) -> bool {
        self.after.bytes() == bytes || self.earlier.as_ref().is_some_and(|earlier| earlier.bytes() == bytes)
    }
}

/// Where the record of a tool is kept.
pub(crate) fn place(env: &Environment, tool: &str) -> Result<PathBuf, Failure> {
    env.state_dir().map(|state| state.join("undo").join(format!("{tool}.json"))).ok_or_else(|| {
        Failure::new(Kind::Config, "there is no home folder for the undo record").hint("set HOME or XDG_STATE_HOME")
    })
}

/// The record; an empty one when there is none. A damaged one is an error: to go on would lose the way back.
pub(crate) fn load(path: &Path) -> Result<Record, Failure> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Record::default()),
        Err(error) => return Err(failed(path, &error)),
    };
    serde_json::from_slice(&bytes).map_err(|error| {
        Failure::new(Kind::Io, format!("the undo record {} is damaged: {error}", path.display()))
            .hint(format!("look at it, then `mv '{0}' '{0}.damaged'`", path.display()))
    })
}

/// Writes the record whole: its folder 0700, the file 0600. An empty one is none.
pub(crate) fn save(path: &Path, record: &Record) -> Result<(), Failure> {
    if record.is_empty() {
        return forget(path);
    }
    let json = serde_json::to_vec_pretty(record)
        .map_err(|error| Failure::new(Kind::Io, format!("{}: {error}", path.display())))?;
    write(path, &json).map_err(|error| failed(path, &error))
}

fn forget(path: &Path) -> Result<(), Failure> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(path, &error)),
        _ => Ok(()),
    }
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    state::private_folder(path.parent().unwrap_or(Path::new(".")))?;
    state::write_whole(path, bytes)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{Content, FileRecord, LinkRecord, Record, Way};
    use crate::change::Entry;

    fn record(before: Option<&[u8]>, after: &[u8]) -> FileRecord {
        FileRecord {
            file: PathBuf::from("/f"),
            before: before.map(Content::new),
            after: Content::new(after),
            earlier: None,
            edited: false,
            added: vec![Entry::new("a.b", "c")],
            replaced: Vec::new(),
        }
    }

    #[test]
    fn bytes_go_back_only_when_nobody_else_wrote() {
        for (before, after, now, way) in [
            (Some("a"), "ab", Some("ab"), Way::Bytes),
            (None, "b", Some("b"), Way::Bytes),
            (Some("a"), "ab", Some("abc"), Way::Keys),
            (Some("a"), "ab", Some("a"), Way::Already),
            (Some("a"), "ab", None, Way::Already),
            (None, "b", None, Way::Already),
        ] {
            let record = record(before.map(str::as_bytes), after.as_bytes());
            assert_eq!(record.way(now.map(str::as_bytes)), way, "{before:?} {after} {now:?}");
        }
    }

    #[test]
    fn a_second_set_up_keeps_the_first_before_and_sees_edits_between() {
        let more = [Entry::new("d.e", "f")];
        let calm = record(Some(b"a"), b"ab").and(Some(b"ab"), b"abc", &more, &[]);
        assert_eq!((calm.way(Some(b"abc")), calm.added.len()), (Way::Bytes, 2));
        assert_eq!(calm.way(Some(b"ab")), Way::Bytes, "the second one was killed before it wrote");
        let edited = record(Some(b"a"), b"ab").and(Some(b"abX"), b"abXc", &more, &[]);
        assert_eq!(edited.way(Some(b"abXc")), Way::Keys, "X was written by somebody else");
        assert_eq!(edited.before, Some(Content::Text("a".to_owned())));
    }

    #[test]
    fn what_stood_there_is_what_stood_there_before_the_first() {
        let [one, two] = [Entry::new("a.b", "x"), Entry::new("a.b", "c")];
        let first = FileRecord { replaced: vec![one.clone()], ..record(Some(b"a"), b"ab") };
        let second = first.and(Some(b"ab"), b"abc", &[Entry::new("a.b", "d")], &[two]);
        assert_eq!(second.replaced, [one]);
    }

    #[test]
    fn bytes_that_are_not_text_survive_the_record() {
        let record = record(Some(&[0xff, 0, b'\r']), b"x");
        let json = serde_json::to_string(&record).expect("plain data");
        assert_eq!(serde_json::from_str::<FileRecord>(&json).expect("our own"), record);
    }

    #[cfg(unix)]
    #[test]
    fn paths_are_text_where_they_are_text_and_bytes_elsewhere() {
        use std::os::unix::ffi::OsStrExt;
        for (bytes, json) in [
            (&b"/f"[..], "\"/f\""),
            ("/家/f".as_bytes(), "\"/家/f\""),
            (b"/\xb9\xa6", "[47,185,166]"),
            (b"/\xb9\xa7", "[47,185,167]"),
        ] {
            let path = PathBuf::from(std::ffi::OsStr::from_bytes(bytes));
            let link =
                LinkRecord { link: path.clone(), before: Some(path.clone()), target: path.clone(), earlier: None };
            let record = Record { files: Vec::new(), links: vec![link], folders: vec![path] };
            let written = serde_json::to_string(&record).expect("plain data");
            assert_eq!(written.matches(json).count(), 4, "{written}");
            assert_eq!(serde_json::from_str::<Record>(&written).expect("our own"), record);
        }
        // As it was written before.
        let before = r#"{"files":[],"links":[{"link":"/a","before":null,"target":"/b","earlier":"/c"}]}"#;
        let read: Record = serde_json::from_str(before).expect("a record");
        assert_eq!((read.links[0].before.as_ref(), read.links[0].is_left("/c".as_ref())), (None, true));
    }
}
