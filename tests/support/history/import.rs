//! The stream that `git fast-import` reads: blobs, commits and tags, in its own grammar.
//!
//! Which history to write is `recipes`' matter. Grammar: git-fast-import(1), "Input Format".

use std::io::{self, Write};

/// Where the clock of a history starts, in seconds of 1970; every commit and tag is an hour later than the one before.
const START: u64 = 1_700_000_000;

/// What a commit does to one path.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    /// A regular file with these contents.
    File(Vec<u8>),
    /// A submodule at this commit.
    Submodule(String),
    /// Nothing any more.
    Gone,
}

/// A commit of this stream, to build on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark(u32);

impl Mark {
    /// How the stream speaks of it.
    pub(crate) fn word(self) -> String {
        format!(":{}", self.0)
    }
}

/// Writes a history; the names of people and all dates are fixed, so the same calls give the same object ids.
#[derive(Debug)]
pub(crate) struct Import<W> {
    out: W,
    marks: u32,
    hours: u64,
}

impl<W: Write> Import<W> {
    /// A stream whose clock starts so many hours after the common start.
    pub(crate) fn new(out: W, hours: u64) -> Self {
        Self { out, marks: 0, hours }
    }

    /// A commit on a branch; the first parent is what the tree starts from.
    pub(crate) fn commit(
        &mut self,
        branch: &str,
        parents: &[Mark],
        message: &str,
        changes: &[(String, Change)],
    ) -> io::Result<Mark> {
        self.start_commit(branch, message)?;
        for (index, Mark(parent)) in parents.iter().enumerate() {
            writeln!(self.out, "{} :{parent}", if index == 0 { "from" } else { "merge" })?;
        }
        self.end_commit(changes)
    }

    /// The same on parents in the words of git: ids, or what [`Mark::word`] gives.
    pub(crate) fn commit_on(
        &mut self,
        branch: &str,
        parents: &[String],
        message: &str,
        changes: &[(String, Change)],
    ) -> io::Result<Mark> {
        self.start_commit(branch, message)?;
        for (index, parent) in parents.iter().enumerate() {
            writeln!(self.out, "{} {parent}", if index == 0 { "from" } else { "merge" })?;
        }
        self.end_commit(changes)
    }

    /// A commit on top of what a branch of the repository is at now.
    pub(crate) fn commit_on_top(
        &mut self,
        branch: &str,
        message: &str,
        changes: &[(String, Change)],
    ) -> io::Result<Mark> {
        self.start_commit(branch, message)?;
        writeln!(self.out, "from refs/heads/{branch}^0")?;
        self.end_commit(changes)
    }

    /// An annotated tag.
    pub(crate) fn tag(&mut self, name: &str, target: Mark, message: &str) -> io::Result<()> {
        self.tag_of(name, &target.word(), message).map(drop)
    }

    /// An annotated tag of any object, be it a commit, a tag, a blob or a tree.
    pub(crate) fn tag_of(&mut self, name: &str, target: &str, message: &str) -> io::Result<Mark> {
        self.marks += 1;
        self.hours += 1;
        writeln!(self.out, "tag {name}\nmark :{}\nfrom {target}", self.marks)?;
        writeln!(self.out, "tagger {}", self.person())?;
        self.data(message.as_bytes())?;
        Ok(Mark(self.marks))
    }

    /// A blob that no tree needs to hold.
    pub(crate) fn blob(&mut self, contents: &[u8]) -> io::Result<Mark> {
        self.marks += 1;
        writeln!(self.out, "blob\nmark :{}", self.marks)?;
        self.data(contents)?;
        Ok(Mark(self.marks))
    }

    /// A ref at a commit: a light tag, or a ref outside of branches and tags.
    pub(crate) fn point(&mut self, reference: &str, commit: &str) -> io::Result<()> {
        writeln!(self.out, "reset {reference}\nfrom {commit}\n")
    }

    /// A tag that is a name for the commit and nothing more.
    pub(crate) fn light_tag(&mut self, name: &str, Mark(target): Mark) -> io::Result<()> {
        writeln!(self.out, "reset refs/tags/{name}\nfrom :{target}\n")
    }

    /// Ends the stream. Without this, git takes it for cut off.
    pub(crate) fn done(mut self) -> io::Result<()> {
        writeln!(self.out, "done")?;
        self.out.flush()
    }

    fn start_commit(&mut self, branch: &str, message: &str) -> io::Result<()> {
        self.marks += 1;
        self.hours += 1;
        writeln!(self.out, "commit refs/heads/{branch}\nmark :{}", self.marks)?;
        writeln!(self.out, "author {0}\ncommitter {0}", self.person())?;
        self.data(message.as_bytes())
    }

    fn end_commit(&mut self, changes: &[(String, Change)]) -> io::Result<Mark> {
        for (path, change) in changes {
            match change {
                Change::File(contents) => {
                    writeln!(self.out, "M 100644 inline {path}")?;
                    self.data(contents)?;
                }
                Change::Gone => writeln!(self.out, "D {path}")?,
                Change::Submodule(commit) => writeln!(self.out, "M 160000 {commit} {path}")?,
            }
        }
        writeln!(self.out)?;
        Ok(Mark(self.marks))
    }

    fn data(&mut self, bytes: &[u8]) -> io::Result<()> {
        writeln!(self.out, "data {}", bytes.len())?;
        self.out.write_all(bytes)?;
        writeln!(self.out)
    }

    fn person(&self) -> String {
        format!("Author <author@example.org> {} +0000", START + self.hours * 3600)
    }
}

#[cfg(test)]
mod tests {
    use super::{Change, Import};

    #[test]
    fn a_commit_is_written_in_the_grammar_of_fast_import() {
        let mut out = Vec::new();
        let mut import = Import::new(&mut out, 0);
        let file = ("a".to_owned(), Change::File(b"x\n".to_vec()));
        import.commit("main", &[], "m", &[file]).expect("memory takes all");
        import.done().expect("memory takes all");
        let person = "Author <author@example.org> 1700003600 +0000";
        let expected = format!(
            "commit refs/heads/main\nmark :1\nauthor {person}\ncommitter {person}\ndata 1\nm\n\
             M 100644 inline a\ndata 2\nx\n\n\ndone\n"
        );
        assert_eq!(String::from_utf8_lossy(&out), expected);
    }
}
