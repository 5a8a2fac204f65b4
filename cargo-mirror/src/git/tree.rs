//! The files of a commit, with the SHA-256 of each, as git itself reads them from a repository's objects.

use std::{
    io::{self, BufRead, BufReader, Write},
    path::Path,
    process::Stdio,
    thread,
};

use mirror_config::{
    errors::{Failure, Kind},
    git::program::isolated,
    trust::pins::{Leaf, SUBMODULE},
};

use super::check::output;

/// Every file of a commit, sorted as git sorts them. Nothing is fetched that is not here.
///
/// # Errors
///
/// [`Kind::Digest`] where an object is missing, [`Kind::Io`] when git ends before its time.
pub(crate) fn leaves(repository: &Path, commit: &str) -> Result<Vec<Leaf>, Failure> {
    let listed = output(isolated(repository).args(["ls-tree", "-r", "-z", "--full-tree", commit]))?;
    let entries: Vec<Entry> = listed.split(|byte| *byte == 0).filter_map(Entry::read).collect();
    let mut child = isolated(repository)
        .args(["cat-file", "--batch"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| failed(&error))?;
    let (Some(mut ask), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(failed(&io::ErrorKind::BrokenPipe.into()));
    };
    let blobs: Vec<String> = entries.iter().filter(|entry| entry.mode != SUBMODULE).map(|e| e.oid.clone()).collect();
    // Both at once: neither pipe holds all of it.
    let asking = thread::spawn(move || blobs.iter().try_for_each(|oid| ask.write_all(format!("{oid}\n").as_bytes())));
    let mut answers = BufReader::new(answers);
    let mut leaves = Vec::with_capacity(entries.len());
    for entry in entries {
        let leaf = match entry.mode.as_str() {
            SUBMODULE => Leaf::submodule(entry.path, &entry.oid),
            mode => Leaf::new(entry.path, mode, &blob(&mut answers)?),
        };
        leaves.push(leaf);
    }
    let asked = asking.join().map_err(|_| Failure::new(Kind::Internal, "asking for blobs ended before its time"))?;
    asked.map_err(|error| failed(&error))?;
    child.wait().map_err(|error| failed(&error))?;
    Ok(leaves)
}

/// A line of `git ls-tree`.
struct Entry {
    mode: String,
    oid: String,
    path: Vec<u8>,
}

impl Entry {
    /// `MODE SP TYPE SP ID TAB PATH`.
    fn read(line: &[u8]) -> Option<Self> {
        let tab = line.iter().position(|byte| *byte == b'\t')?;
        let mut words = std::str::from_utf8(&line[..tab]).ok()?.split(' ');
        let (mode, _, oid) = (words.next()?.to_owned(), words.next()?, words.next()?.to_owned());
        Some(Self { mode, oid, path: line[tab + 1..].to_vec() })
    }
}

/// An answer of `git cat-file --batch`: `ID SP TYPE SP SIZE LF CONTENT LF`, or `ID SP missing LF`.
fn blob(answers: &mut impl BufRead) -> Result<Vec<u8>, Failure> {
    let mut head = String::new();
    answers.read_line(&mut head).map_err(|error| failed(&error))?;
    let size = head.trim_end().rsplit(' ').next().and_then(|size| size.parse().ok());
    let Some(size) = size else {
        return Err(Failure::new(Kind::Digest, format!("an object is missing: {}", head.trim_end())));
    };
    let mut content = vec![0; size];
    answers.read_exact(&mut content).and_then(|()| answers.read_exact(&mut [0])).map_err(|error| failed(&error))?;
    Ok(content)
}

fn failed(error: &io::Error) -> Failure {
    Failure::new(Kind::Io, format!("`git cat-file`: {error}"))
}
