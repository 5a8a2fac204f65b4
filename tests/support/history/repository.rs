//! A bare repository on disk, and what a test does to one: copy it, make it stale, move it on, rewind it.
//!
//! Uses the machine's git, without the machine's configuration. What is in it at first is `recipes`' matter.

use std::{
    fs,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    process::{ChildStdin, Command, Stdio},
};

use super::import::{Change, Import};
use crate::world::{PATIENCE, Ran, plain_git, run};

/// A bare repository at `ROOT/OWNER/NAME.git`.
#[derive(Debug, Clone)]
pub struct Repository {
    root: PathBuf,
    name: String,
}

impl Repository {
    /// The repository named `OWNER/NAME` below a root, which need not exist yet.
    pub fn at(root: impl Into<PathBuf>, name: &str) -> Self {
        Self { root: root.into(), name: name.to_owned() }
    }

    /// `OWNER/NAME`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The folder, which ends in `.git`.
    pub fn path(&self) -> PathBuf {
        self.root.join(format!("{}.git", self.name))
    }

    /// The folder it is below.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A `file://` address for it.
    pub fn file_url(&self) -> String {
        format!("file://{}", self.path().display())
    }

    /// Makes it, empty, serving partial clones as the hosting sites do. Pushes over HTTP are refused.
    pub(crate) fn init(self, format: &str) -> Self {
        let path = self.path();
        fs::create_dir_all(&path).expect("the root takes folders");
        self.git(&["init", "-q", "--bare", &format!("--object-format={format}")]);
        self.git(&["config", "uploadpack.allowFilter", "true"]);
        self
    }

    /// Runs git in it.
    ///
    /// # Panics
    ///
    /// When git fails.
    #[track_caller]
    pub fn git(&self, arguments: &[&str]) -> Ran {
        let mut command = plain_git(&self.path());
        command.args(arguments);
        run(command, PATIENCE).ok()
    }

    /// What a revision is, as an object id.
    #[track_caller]
    pub fn id(&self, revision: &str) -> String {
        self.git(&["rev-parse", "--verify", revision]).stdout.trim().to_owned()
    }

    /// The object id of HEAD's commit.
    #[track_caller]
    pub fn tip(&self) -> String {
        self.id("HEAD^{commit}")
    }

    /// Bytes of its packs: about what a full clone receives.
    ///
    /// # Panics
    ///
    /// When its folders cannot be read.
    pub fn pack_bytes(&self) -> u64 {
        let folder = fs::read_dir(self.path().join("objects/pack")).expect("a repository has a pack folder");
        let packs = folder.flatten().filter(|entry| entry.path().extension().is_some_and(|ending| ending == "pack"));
        packs.map(|pack| pack.metadata().expect("a pack can be looked at").len()).sum()
    }

    /// Lets anyone push to it over HTTP. Without this git takes pushes from those who gave a name and password only.
    #[track_caller]
    pub fn allow_push(&self) {
        self.git(&["config", "http.receivepack", "true"]);
    }

    /// A copy of it below another root, under the same name: a fresh mirror.
    #[track_caller]
    pub fn copy_to(&self, root: impl Into<PathBuf>) -> Self {
        let copy = Self::at(root, &self.name);
        copy_folder(&self.path(), &copy.path());
        copy
    }

    /// Makes it stale: each branch goes back so many first parents, branches too short for that and newer tags go, and
    /// then the newer objects are really gone.
    #[track_caller]
    pub fn truncate_by(&self, commits: u32) {
        for branch in self.refs("refs/heads") {
            let revision = format!("{branch}~{commits}");
            let mut command = plain_git(&self.path());
            command.args(["rev-parse", "--verify", "--quiet", &format!("{revision}^{{commit}}")]);
            match run(command, PATIENCE).code {
                0 => self.git(&["update-ref", &branch, &revision]),
                _ => self.git(&["update-ref", "-d", &branch]),
            };
        }
        let branches = self.refs("refs/heads");
        let newer = branches.iter().map(|branch| format!("--no-merged={branch}"));
        let list = ["for-each-ref".into(), "--format=%(refname)".into()].into_iter().chain(newer);
        let list: Vec<String> = list.chain(["refs/tags".into()]).collect();
        let list: Vec<&str> = list.iter().map(String::as_str).collect();
        for tag in self.git(&list).stdout.lines() {
            self.git(&["update-ref", "-d", tag]);
        }
        self.forget_unreachable();
    }

    /// Makes it what it was so many days before its newest commit, by the dates of commits: each branch goes back along
    /// first parents, branches and tags that are younger go, and then the newer objects are really gone.
    ///
    /// # Panics
    ///
    /// When it has no branch.
    #[track_caller]
    pub fn go_back(&self, days: u64) {
        let newest = ["for-each-ref", "--count=1", "--sort=-committerdate", "--format=%(committerdate:unix)"];
        let newest = self.git(&[&newest[..], &["refs/heads"]].concat()).stdout;
        let then = newest.trim().parse::<u64>().expect("a branch has a date").saturating_sub(days * 24 * 3600);
        let before = format!("--before={then}");
        for branch in self.refs("refs/heads") {
            let commit = self.git(&["rev-list", "--first-parent", "-1", &before, &branch]).stdout;
            match commit.trim() {
                "" => self.git(&["update-ref", "-d", &branch]),
                commit => self.git(&["update-ref", &branch, commit]),
            };
        }
        for line in self.git(&["for-each-ref", "--format=%(creatordate:unix) %(refname)", "refs/tags"]).stdout.lines() {
            let (date, tag) = line.split_once(' ').expect("the format has a space");
            // A tag of something without a date is as old as anything.
            if date.parse::<u64>().is_ok_and(|date| date > then) {
                self.delete_ref(tag);
            }
        }
        self.forget_unreachable();
    }

    /// Leaves only so many commits of each branch, as in a clone with a depth.
    ///
    /// # Panics
    ///
    /// When git cannot make such a clone.
    pub fn become_shallow(&self, depth: u32) {
        let (path, whole) = (self.path(), self.path().with_extension("whole"));
        fs::rename(&path, &whole).expect("the folder is ours");
        let mut command = crate::world::plain_git(&self.root);
        let from = format!("file://{}", whole.display());
        command.args(["clone", "-q", "--mirror", "--depth", &depth.to_string(), &from]).arg(&path);
        let _ = run(command, PATIENCE).ok();
        fs::remove_dir_all(&whole).expect("the folder is ours");
        let _ = self.git(&["config", "uploadpack.allowFilter", "true"]).ok();
    }

    /// Sets a ref to a revision: moved, rewound or extra refs of a mirror that lies.
    #[track_caller]
    pub fn set_ref(&self, reference: &str, revision: &str) {
        self.git(&["update-ref", reference, &self.id(revision)]);
    }

    /// Drops a ref; the objects stay until [`Repository::forget_unreachable`].
    #[track_caller]
    pub fn delete_ref(&self, reference: &str) {
        self.git(&["update-ref", "-d", reference]);
    }

    /// Makes it what another one is now.
    #[track_caller]
    pub fn become_copy_of(&self, other: &Self) {
        self.remove();
        copy_folder(&other.path(), &self.path());
    }

    /// Takes its folder away.
    ///
    /// # Panics
    ///
    /// When that cannot be done.
    #[track_caller]
    pub fn remove(&self) {
        fs::remove_dir_all(self.path()).expect("a copy is ours");
    }

    /// Has it send histories that end at a revision, as if that had no parents, and say nothing of it.
    ///
    /// # Panics
    ///
    /// When the file cannot be written.
    #[track_caller]
    pub fn deny_parents_of(&self, revision: &str) {
        let id = self.id(&format!("{revision}^{{commit}}"));
        fs::create_dir_all(self.path().join("info")).expect("a repository takes folders");
        fs::write(self.path().join("info/grafts"), format!("{id}\n")).expect("a repository takes files");
    }

    /// Drops every object that no ref reaches.
    #[track_caller]
    pub fn forget_unreachable(&self) {
        self.git(&["repack", "-a", "-d", "-q"]);
        self.git(&["prune", "--expire=now"]);
    }

    /// Moves a branch on by one commit with one file, and gives the commit's id. Different texts on two copies make
    /// them diverge.
    #[track_caller]
    pub fn add_commit(&self, branch: &str, path: &str, text: &str) -> String {
        self.add_commit_later(branch, path, text, 10_000)
    }

    /// The same with a date so many hours after the common start.
    #[track_caller]
    pub fn add_commit_later(&self, branch: &str, path: &str, text: &str, hours: u64) -> String {
        let count = self.git(&["rev-list", "--count", branch]).stdout;
        let hours = count.trim().parse::<u64>().expect("git counts in digits") + hours;
        self.import(|out| {
            let change = (path.to_owned(), Change::File(text.as_bytes().to_vec()));
            let mut import = Import::new(out, hours);
            import.commit_on_top(branch, &format!("Change {path}"), &[change])?;
            import.done()
        });
        self.id(branch)
    }

    /// Feeds `git fast-import`; all it writes becomes one pack.
    #[track_caller]
    pub(crate) fn import(&self, write: impl FnOnce(BufWriter<ChildStdin>) -> std::io::Result<()>) {
        let mut command: Command = plain_git(&self.path());
        // Noise does not compress, and one pack spares upload-pack the search for deltas.
        command.args(["-c", "fastimport.unpackLimit=0", "-c", "core.compression=1"]);
        command.args(["fast-import", "--quiet", "--done", "--force"]).stdin(Stdio::piped());
        let mut child = command.spawn().expect("git can be started");
        let mut stream = BufWriter::with_capacity(1 << 16, child.stdin.take().expect("stdin is a pipe"));
        let written = stream.flush().and_then(|()| write(stream));
        let status = child.wait().expect("a child of ours can be waited for");
        assert!(status.success() && written.is_ok(), "git fast-import: {status}, {written:?}");
    }

    /// The names of the refs below a prefix.
    #[track_caller]
    pub fn refs(&self, below: &str) -> Vec<String> {
        let list = self.git(&["for-each-ref", "--format=%(refname)", below]);
        list.stdout.lines().map(str::to_owned).collect()
    }
}

/// Copies a folder with all below it; file by file, so that neither copy sees what becomes of the other.
fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("the target takes folders");
    for entry in fs::read_dir(from).expect("a repository is a folder").flatten() {
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy_folder(&source, &target);
        } else {
            fs::copy(&source, &target).expect("a repository's files can be copied");
        }
    }
}
