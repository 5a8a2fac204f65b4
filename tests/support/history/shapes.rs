//! Histories that are hard to share among sources, each for a reason of its own: no tags to cut at, few large objects, one
//! commit, more tags than commits need, branches that have nothing in common.
//!
//! Contents are noise: only the sizes count. Histories that look like a project's are `recipes`' matter.

use std::io::{self, Write};

use super::{
    import::{Change, Import, Mark},
    sizes::skewed,
};
use crate::world::Noise;

/// What is particular about a history; each is of about so many MB, as a pack.
#[derive(Debug, Clone, Copy)]
pub(super) enum Form {
    /// Ten commits a MB, each with ten files of 10 kB; no tags.
    Tagless,
    /// Six commits a MB, each with a picture of 50 to 400 kB, most of them small, and a note; no tags.
    Pictures,
    /// One commit, 67 files a MB, of 200 B to 60 kB, most of them small.
    Snapshot,
    /// 250 commits a MB with one file each, and a tag on each: two annotated, then a light one.
    Tags,
    /// 20 branches without a common start or object; files of 40 kB.
    Orphans,
}

/// Branches of [`Form::Orphans`].
const BRANCHES: u32 = 20;

impl Form {
    /// Writes the whole history.
    pub(super) fn write<W: Write>(self, import: Import<W>, megabytes: u32) -> io::Result<()> {
        match self {
            Self::Tagless => tagless(import, megabytes),
            Self::Pictures => pictures(import, megabytes),
            Self::Snapshot => snapshot(import, megabytes),
            Self::Tags => tags(import, megabytes),
            Self::Orphans => orphans(import, megabytes),
        }
    }
}

fn tagless<W: Write>(mut import: Import<W>, megabytes: u32) -> io::Result<()> {
    let mut noise = Noise::new(11);
    let mut tip = None;
    for number in 0..megabytes * 10 {
        let name = |file| format!("data/{}/{number}/{file}.bin", number / 20);
        let files: Vec<_> = (0..10).map(|file| (name(file), Change::File(noise.bytes(10_000)))).collect();
        tip = Some(commit(&mut import, "main", tip, &format!("Add ten files ({number})"), &files)?);
    }
    import.done()
}

fn pictures<W: Write>(mut import: Import<W>, megabytes: u32) -> io::Result<()> {
    // A seed whose sizes come to what is asked for.
    let mut noise = Noise::new(14);
    let sizes: Vec<usize> = (0..megabytes * 6).map(|_| skewed(&mut noise, 50_000, 400_000, 2)).collect();
    let mut tip = None;
    for (number, size) in sizes.into_iter().enumerate() {
        let picture = (format!("pictures/{number}.png"), Change::File(noise.bytes(size)));
        let note = ("NOTES.md".to_owned(), Change::File(format!("{number} pictures, {size} B.\n").into_bytes()));
        tip = Some(commit(&mut import, "main", tip, &format!("Add picture {number}"), &[picture, note])?);
    }
    import.done()
}

fn snapshot<W: Write>(mut import: Import<W>, megabytes: u32) -> io::Result<()> {
    let mut noise = Noise::new(13);
    let sizes: Vec<usize> = (0..megabytes * 67).map(|_| skewed(&mut noise, 200, 60_000, 3)).collect();
    let files: Vec<_> = sizes
        .into_iter()
        .enumerate()
        .map(|(number, size)| (format!("part{}/file{number}.bin", number / 50), Change::File(noise.bytes(size))))
        .collect();
    import.commit("main", &[], "All at once", &files)?;
    import.done()
}

fn tags<W: Write>(mut import: Import<W>, megabytes: u32) -> io::Result<()> {
    let mut noise = Noise::new(12);
    let mut tip = None;
    for number in 0..megabytes * 250 {
        let file = (format!("data/{}.bin", number % 64), Change::File(noise.bytes(3_700)));
        let next = commit(&mut import, "main", tip, &format!("Build {number}"), &[file])?;
        let name = format!("nightly-{number}");
        if number % 3 == 2 {
            import.light_tag(&name, next)?;
        } else {
            import.tag(&name, next, &format!("Build {number}"))?;
        }
        tip = Some(next);
    }
    import.done()
}

fn orphans<W: Write>(mut import: Import<W>, megabytes: u32) -> io::Result<()> {
    let mut noise = Noise::new(15);
    let commits = (megabytes * 25 / BRANCHES).max(1);
    for branch in 0..BRANCHES {
        let name = if branch == 0 { "main".to_owned() } else { format!("product-{branch}") };
        let mut tip = None;
        for number in 0..commits {
            let file = (format!("product-{branch}/{number}.bin"), Change::File(noise.bytes(40_000)));
            tip = Some(commit(&mut import, &name, tip, &format!("Step {number} of {name}"), &[file])?);
        }
    }
    import.done()
}

fn commit<W: Write>(
    import: &mut Import<W>,
    branch: &str,
    parent: Option<Mark>,
    message: &str,
    changes: &[(String, Change)],
) -> io::Result<Mark> {
    import.commit(branch, parent.as_slice(), message, changes)
}
