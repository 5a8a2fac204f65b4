//! Histories of every shape that git allows, from a seed: merges of any kind, branches without a common start, tags of
//! anything, none or thousands of them, contents that move around, objects of any size, all in one commit.
//!
//! Says which refs and objects there are; a mirror's part in it is `git::random_fault`'s matter.

use std::{io, io::Write, path::PathBuf};

use super::{
    import::{Change, Import},
    repository::Repository,
    sizes,
};
use crate::world::Noise;

/// Most branches that a history goes on with.
const BRANCHES: usize = 12;
/// Folders and files that changes are made to; a name is never both.
const FOLDERS: &[&str] = &["", "src/", "src/deep/", "src/deep/er/", "docs/", "data/"];

/// A recipe for a random history.
#[derive(Debug, Clone)]
pub struct RandomHistory {
    commits: u64,
    bytes: u64,
    largest: u64,
    tags: Tags,
    sha256: bool,
    seed: u64,
}

/// How many tags there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tags {
    None,
    Few,
    Many(u64),
}

impl Tags {
    fn any(noise: &mut Noise) -> Self {
        match noise.below(12) {
            0..=2 => Self::None,
            3 => Self::Many(1000 + noise.below(2000)),
            4..=5 => Self::Many(20 + noise.below(200)),
            _ => Self::Few,
        }
    }
}

impl RandomHistory {
    /// Up to 400 commits, now and then one, or none at all; up to 600 kB; up to 3000 tags.
    pub fn any(noise: &mut Noise) -> Self {
        let commits = match noise.below(20) {
            0 => 0,
            1 => 1,
            2..=15 => 30 + noise.below(100),
            _ => 130 + noise.below(271),
        };
        let bytes = if noise.below(2) == 0 { 0 } else { 50_000 + noise.below(550_000) };
        Self::with(commits, bytes, noise)
    }

    /// About so many bytes, as a pack, in 30 commits or more, or in a single one.
    pub fn of_size(bytes: u64, noise: &mut Noise) -> Self {
        let commits = if noise.below(8) == 0 { 1 } else { 30 + noise.below(120) };
        Self::with(commits, bytes, noise)
    }

    fn with(commits: u64, bytes: u64, noise: &mut Noise) -> Self {
        let (largest, tags) = (sizes::largest(bytes, noise), Tags::any(noise));
        Self { commits, bytes, largest, tags, sha256: noise.below(8) == 0, seed: noise.below(u64::MAX) }
    }

    /// The same in so many commits.
    pub fn with_commits(self, commits: u64) -> Self {
        Self { commits, ..self }
    }

    /// So many commits, bytes, the largest files, tags, and the object format, for people.
    pub fn describe(&self) -> String {
        let tags = match self.tags {
            Tags::None => "no tags".to_owned(),
            Tags::Few => "some tags".to_owned(),
            Tags::Many(count) => format!("{count} tags"),
        };
        let format = if self.sha256 { ", sha256" } else { "" };
        let kilobytes = self.bytes / 1000;
        format!("{} commits, {kilobytes} kB in files of up to {} B, {tags}{format}", self.commits, self.largest)
    }

    /// Makes `ROOT/OWNER/NAME.git`.
    ///
    /// # Panics
    ///
    /// When git fails.
    #[track_caller]
    pub fn write(&self, root: impl Into<PathBuf>, name: &str) -> Repository {
        let repository = Repository::at(root, name).init(if self.sha256 { "sha256" } else { "sha1" });
        let mut noise = Noise::new(self.seed);
        add(&repository, self, &mut noise);
        repository
    }
}

/// Has a repository move on by some commits, and a branch go back or away now and then.
///
/// # Panics
///
/// When git fails.
#[track_caller]
pub fn grow(repository: &Repository, noise: &mut Noise) {
    let growth = RandomHistory::with(1 + noise.below(20), noise.below(100_000), noise);
    add(repository, &RandomHistory { tags: Tags::Few, ..growth }, noise);
    let head = repository.git(&["symbolic-ref", "HEAD"]).stdout.trim().to_owned();
    let others: Vec<String> = repository.refs("refs/heads").into_iter().filter(|name| *name != head).collect();
    if others.is_empty() {
        return;
    }
    match noise.below(4) {
        0 => repository.delete_ref(noise.pick::<String>(&others)),
        1 => repository.set_ref(noise.pick::<String>(&others), &head),
        _ => {}
    }
}

/// Adds commits, and what else belongs to a history.
#[track_caller]
fn add(repository: &Repository, history: &RandomHistory, noise: &mut Noise) {
    let &RandomHistory { commits, bytes, largest, tags, .. } = history;
    if commits == 0 {
        return;
    }
    let tip = |name: String| {
        let id = repository.id(&name);
        (name.trim_start_matches("refs/heads/").to_owned(), id)
    };
    let tips: Vec<_> = repository.refs("refs/heads").into_iter().map(tip).collect();
    let count = repository.git(&["rev-list", "--count", "--all"]).stdout;
    let number = count.trim().parse::<u64>().expect("git counts in digits");
    let mut sides = Vec::new();
    repository.import(|out| {
        let import = Import::new(out, number * 4);
        let commits_known = tips.iter().map(|(_, id)| id.clone()).collect();
        let mut growth = Growth {
            import,
            noise,
            tips,
            commits: commits_known,
            texts: Vec::new(),
            number,
            tagless: tags == Tags::None,
            largest,
            bytes,
            written: 0,
            wanted: 0,
            sides: Vec::new(),
        };
        for commit in 1..=commits {
            growth.wanted = bytes * commit / commits;
            growth.step()?;
        }
        growth.leftover()?;
        match tags {
            Tags::None => {}
            Tags::Few if commits == 1 => {}
            Tags::Few => growth.refs()?,
            Tags::Many(count) => growth.many_tags(count)?,
        }
        sides = growth.sides;
        growth.import.done()
    });
    for side in sides {
        repository.delete_ref(&format!("refs/heads/{side}"));
    }
    let branches = repository.refs("refs/heads");
    if number == 0 {
        repository.git(&["symbolic-ref", "HEAD", noise.pick::<String>(&branches)]);
    }
    if matches!(tags, Tags::Many(_)) {
        // As those who have so many keep them; a file for each is slow.
        repository.git(&["pack-refs", "--all"]);
    }
    if tags != Tags::None && noise.below(4) == 0 {
        let tree = repository.id(&format!("{}^{{tree}}", noise.pick::<String>(&branches)));
        repository.git(&["update-ref", &format!("refs/tags/light-tree-{number}"), &tree]);
        repository.import(|out| {
            let mut import = Import::new(out, number);
            import.tag_of(&format!("tree-{number}"), &tree, "A tag of a tree")?;
            import.done()
        });
    }
}

/// A history that grows.
struct Growth<'a, W> {
    import: Import<W>,
    noise: &'a mut Noise,
    /// Branches and their commits, in the words of git or of the stream.
    tips: Vec<(String, String)>,
    commits: Vec<String>,
    /// Contents so far, which may come back elsewhere.
    texts: Vec<Vec<u8>>,
    number: u64,
    tagless: bool,
    largest: u64,
    /// Bytes that do not compress: in all, so far, and as many as there should be by now.
    bytes: u64,
    written: u64,
    wanted: u64,
    /// Branches that go again, so that tags alone hold what they led to.
    sides: Vec<String>,
}

impl<W: Write> Growth<'_, W> {
    fn step(&mut self) -> io::Result<()> {
        if self.tips.is_empty() {
            return self.commit_on_branch(None, &[]);
        }
        let kind = self.noise.below(100);
        let at = self.any_tip();
        let base = self.tips[at].1.clone();
        match kind {
            0..=57 => self.commit_on_branch(Some(at), &[base]),
            58..=63 => {
                let same_tree = self.commit(&self.tips[at].0.clone(), &[base], &[])?;
                self.tips[at].1 = same_tree;
                Ok(())
            }
            64..=71 => {
                let base = self.noise.pick(&self.commits).clone();
                self.commit_on_branch(None, &[base])
            }
            72..=83 => {
                let other = self.any_tip();
                self.merge(at, &[other])
            }
            84..=87 => {
                let others: Vec<usize> = (0..2 + self.noise.below(4)).map(|_| self.any_tip()).collect();
                self.merge(at, &others)
            }
            88..=92 => {
                let other = self.any_tip();
                let before = self.tips[at].clone();
                self.merge(at, &[other])?;
                // Each into the other: two best common ancestors.
                self.tips.push(before);
                self.merge(other, &[self.tips.len() - 1])?;
                self.tips.pop();
                Ok(())
            }
            93..=95 => self.commit_on_branch(None, &[]),
            _ if self.tagless => self.commit_on_branch(Some(at), &[base]),
            _ => {
                let side = format!("side-{}", self.number);
                let changes = self.changes();
                let commit = self.commit(&side, &[base], &changes)?;
                self.import.tag_of(&format!("only-{side}"), &commit, "Held by a tag")?;
                self.import.point(&format!("refs/tags/light-{side}"), &commit)?;
                self.sides.push(side);
                Ok(())
            }
        }
    }

    /// What is still wanted, for the last steps may have changed nothing.
    fn leftover(&mut self) -> io::Result<()> {
        if self.written >= self.wanted {
            return Ok(());
        }
        let at = self.any_tip();
        let base = self.tips[at].1.clone();
        self.commit_on_branch(Some(at), &[base])
    }

    /// So many tags of any commits; two of three are annotated.
    fn many_tags(&mut self, count: u64) -> io::Result<()> {
        for tag in 0..count {
            let commit = self.noise.pick(&self.commits).clone();
            let name = format!("build-{}.{tag}", self.number);
            if tag % 3 == 2 {
                self.import.point(&format!("refs/tags/{name}"), &commit)?;
            } else {
                self.import.tag_of(&name, &commit, "A build")?;
            }
        }
        Ok(())
    }

    /// Tags of all kinds, and a ref that is neither branch nor tag.
    fn refs(&mut self) -> io::Result<()> {
        let number = self.number;
        for tag in 0..1 + self.noise.below(4) {
            let commit = self.noise.pick(&self.commits).clone();
            let first = self.import.tag_of(&format!("v{number}.{tag}"), &commit, "A release")?;
            match self.noise.below(4) {
                0 => drop(self.import.tag_of(&format!("tag-of-v{number}.{tag}"), &first.word(), "A tag of a tag")?),
                1 => {
                    let text = self.noise.bytes(300);
                    let blob = self.import.blob(&text)?;
                    self.import.tag_of(&format!("blob-{number}.{tag}"), &blob.word(), "A tag of a blob")?;
                }
                2 => self.import.point(&format!("refs/tags/light-{number}.{tag}"), &commit)?,
                _ => self.import.point(&format!("refs/pull/{number}{tag}/head"), &commit)?,
            }
        }
        Ok(())
    }

    fn commit_on_branch(&mut self, at: Option<usize>, parents: &[String]) -> io::Result<()> {
        let at = at.unwrap_or_else(|| {
            let name = if self.number == 0 { "main".to_owned() } else { format!("team/topic-{}", self.number) };
            if self.tips.len() < BRANCHES {
                self.tips.push((name, String::new()));
                return self.tips.len() - 1;
            }
            let at = self.any_tip();
            self.tips[at].0 = name;
            at
        });
        let changes = self.changes();
        self.tips[at].1 = self.commit(&self.tips[at].0.clone(), parents, &changes)?;
        Ok(())
    }

    fn merge(&mut self, into: usize, others: &[usize]) -> io::Result<()> {
        let mut parents: Vec<String> = Vec::new();
        for at in [into].iter().chain(others) {
            if !parents.contains(&self.tips[*at].1) {
                parents.push(self.tips[*at].1.clone());
            }
        }
        let changes = if self.noise.below(3) == 0 { Vec::new() } else { self.changes() };
        self.tips[into].1 = self.commit(&self.tips[into].0.clone(), &parents, &changes)?;
        Ok(())
    }

    fn commit(&mut self, branch: &str, parents: &[String], changes: &[(String, Change)]) -> io::Result<String> {
        self.number += 1;
        let mark = self.import.commit_on(branch, parents, &format!("Commit {}", self.number), changes)?;
        self.commits.push(mark.word());
        Ok(mark.word())
    }

    /// What one commit does: new text, old text in another place, a file gone, bytes that do not compress.
    fn changes(&mut self) -> Vec<(String, Change)> {
        let mut changes = Vec::new();
        for _ in 0..1 + self.noise.below(3) {
            let folder = self.noise.pick(FOLDERS);
            let path = format!("{folder}file-{}.txt", self.noise.below(9));
            let change = match self.noise.below(8) {
                0 => Change::Gone,
                1..=2 if !self.texts.is_empty() => Change::File(self.noise.pick(&self.texts).clone()),
                _ => {
                    let line = format!("{} of {}\n", self.noise.below(1 << 30), self.number);
                    let text = line.repeat(1 + self.noise.index(40)).into_bytes();
                    self.texts.push(text.clone());
                    Change::File(text)
                }
            };
            changes.push((path, change));
        }
        let mut place = 0;
        while self.written < self.wanted {
            // A large one is more than is wanted now; then the next commits have none.
            let size = sizes::any(self.largest, self.noise).min(self.bytes - self.written);
            self.written += size;
            let size = usize::try_from(size).expect("a file fits in memory");
            let bulk = Change::File(self.noise.bytes(size));
            changes.push((format!("data/bulk-{place}-{}.bin", self.noise.below(4)), bulk));
            place += 1;
        }
        changes
    }

    fn any_tip(&mut self) -> usize {
        self.noise.index(self.tips.len())
    }
}

#[cfg(test)]
mod tests {
    use super::{RandomHistory, Tags};
    use crate::world::Noise;

    #[test]
    fn tags_are_none_some_hundreds_or_thousands_and_files_of_any_size() {
        let mut noise = Noise::new(3);
        let all: Vec<RandomHistory> = (0..200).map(|_| RandomHistory::of_size(60_000_000, &mut noise)).collect();
        let many = |least, most| {
            let fits = |history: &&RandomHistory| matches!(history.tags, Tags::Many(n) if (least..most).contains(&n));
            all.iter().filter(fits).count()
        };
        assert!(many(20, 220) > 5 && many(1000, 3000) > 5 && all.iter().any(|history| history.tags == Tags::None));
        assert!(all.iter().any(|history| history.largest > 20_000_000), "now and then one may be huge");
        assert!(all.iter().filter(|history| history.largest < 4_000_000).count() > 80, "mostly none is");
        assert!(all.iter().any(|history| history.commits == 1));
    }
}
