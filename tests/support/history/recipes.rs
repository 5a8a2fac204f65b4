//! Histories to clone: small, real-looking and bulky, the same in every run.
//!
//! Each is a recipe; [`History::write`] makes a bare repository of it. What happens to a repository later is
//! `repository`'s matter.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use super::{
    import::{Change, Import, Mark},
    repository::Repository,
    shapes::Form,
};
use crate::world::Noise;

/// The project of the suite's leading example.
pub const AUTOGLM: &str = "openglm/Open-AutoGLM";
/// Its submodule.
pub const AUTOGLM_ASSETS: &str = "openglm/autoglm-assets";

/// How a project names its submodule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Submodule {
    /// No submodule.
    Absent,
    /// `../autoglm-assets.git`: found beside the project, wherever that came from.
    Relative,
    /// `https://github.com/openglm/autoglm-assets.git`.
    Absolute,
}

/// A recipe for a history.
#[derive(Debug, Clone)]
pub struct History {
    shape: Shape,
    sha256: bool,
    tags: bool,
}

#[derive(Debug, Clone, Copy)]
enum Shape {
    Small,
    AutoGlm(Submodule),
    Assets,
    Bulky(u32),
    Lively(u32),
    Formed(Form, u32),
}

impl History {
    /// 20 commits with a merge, the branches `main` and `topic`, the annotated tags `v0.1` and `v0.2`.
    pub fn small() -> Self {
        Self::of(Shape::Small)
    }

    /// A Python project of 60 commits, five tags and about 400 KB, which may have a submodule.
    pub fn autoglm(submodule: Submodule) -> Self {
        Self::of(Shape::AutoGlm(submodule))
    }

    /// So many MiB that do not compress, four commits a MiB, eight tags spread evenly.
    pub fn bulky(megabytes: u32) -> Self {
        Self::of(Shape::Bulky(megabytes))
    }

    /// A pack of about so many MB as long-lived projects have them: thousands of commits that edit text, stored as
    /// deltas, with nested trees and some pictures; a commit an hour, so that 64 MB are 17 months. Some 48 versions are
    /// released at uneven distances, most with an annotated tag.
    pub fn lively(megabytes: u32) -> Self {
        Self::of(Shape::Lively(megabytes))
    }

    /// A pack of about so many MB without tags: ten commits a MB, each with ten files of 10 kB that do not compress.
    pub fn tagless(megabytes: u32) -> Self {
        Self::of(Shape::Formed(Form::Tagless, megabytes))
    }

    /// A pack of about so many MB, nearly all of it in a fifth of the objects: pictures of 50 to 400 kB, six a MB, a commit
    /// each. No tags.
    pub fn pictures(megabytes: u32) -> Self {
        Self::of(Shape::Formed(Form::Pictures, megabytes))
    }

    /// A pack of about so many MB in one commit of 67 files a MB.
    pub fn snapshot(megabytes: u32) -> Self {
        Self::of(Shape::Formed(Form::Snapshot, megabytes))
    }

    /// A pack of about so many MB with 250 tags a MB, each on a commit of its own; two of three are annotated.
    pub fn many_tags(megabytes: u32) -> Self {
        Self::of(Shape::Formed(Form::Tags, megabytes))
    }

    /// A pack of about so many MB in 20 branches that share nothing.
    pub fn orphans(megabytes: u32) -> Self {
        Self::of(Shape::Formed(Form::Orphans, megabytes))
    }

    /// The same with SHA-256 object ids.
    pub fn sha256(self) -> Self {
        Self { sha256: true, ..self }
    }

    /// The same without tags.
    pub fn untagged(self) -> Self {
        Self { tags: false, ..self }
    }

    /// Makes `ROOT/OWNER/NAME.git`. A submodule's repository is made beside it, as [`AUTOGLM_ASSETS`].
    ///
    /// # Panics
    ///
    /// When the repository is there already or git fails.
    #[track_caller]
    pub fn write(&self, root: impl Into<PathBuf>, name: &str) -> Repository {
        let root = root.into();
        let repository = Repository::at(&root, name);
        assert!(!repository.path().exists(), "{name} is written twice");
        let repository = repository.init(if self.sha256 { "sha256" } else { "sha1" });
        let assets = match self.shape {
            Shape::AutoGlm(Submodule::Relative | Submodule::Absolute) => {
                let assets = Self { shape: Shape::Assets, ..self.clone() }.write(&root, AUTOGLM_ASSETS);
                Some(assets.tip())
            }
            _ => None,
        };
        repository.import(|out| {
            let import = Import::new(out, 0);
            match self.shape {
                Shape::Small => self.write_small(import),
                Shape::AutoGlm(submodule) => self.write_autoglm(import, submodule, assets),
                Shape::Assets => self.write_assets(import),
                Shape::Bulky(megabytes) => self.write_bulky(import, megabytes),
                Shape::Lively(megabytes) => self.write_lively(import, megabytes),
                Shape::Formed(form, megabytes) => form.write(import, megabytes),
            }
        });
        repository
    }

    fn of(shape: Shape) -> Self {
        Self { shape, sha256: false, tags: true }
    }

    fn write_small<W: Write>(&self, mut import: Import<W>) -> io::Result<()> {
        let mut main = import.commit("main", &[], "Start", &[file("README.md", "# small\n")])?;
        for number in 2..=10 {
            main = step(&mut import, "main", &[main], number)?;
        }
        self.tag(&mut import, "v0.1", main)?;
        let mut topic = main;
        for number in 11..=14 {
            topic = step(&mut import, "topic", &[topic], number)?;
        }
        for number in 15..=17 {
            main = step(&mut import, "main", &[main], number)?;
        }
        main = step(&mut import, "main", &[main, topic], 18)?;
        self.tag(&mut import, "v0.2", main)?;
        main = step(&mut import, "main", &[main], 19)?;
        step(&mut import, "main", &[main], 20)?;
        import.done()
    }

    fn write_autoglm<W: Write>(
        &self,
        mut import: Import<W>,
        submodule: Submodule,
        assets: Option<String>,
    ) -> io::Result<()> {
        let mut noise = Noise::new(1);
        let start = [
            file("README.md", "# Open-AutoGLM\n\n[English](README_en.md)\n\n手机智能体。\n"),
            file("README_en.md", "# Open-AutoGLM\n\nAn agent for phones.\n"),
            file("requirements.txt", "Pillow>=12.0.0\nopenai>=2.9.0\n"),
            file("setup.py", "from setuptools import setup\n\nsetup(name=\"phone-agent\", version=\"0.1.0\")\n"),
            file("phone_agent/__init__.py", "\"\"\"An agent for phones.\"\"\"\n"),
            (("resources/logo.png").to_owned(), Change::File(noise.bytes(120_000))),
        ];
        let mut tip = import.commit("main", &[], "Initial commit", &start)?;
        for number in 2..=60_u32 {
            let name = ["agent", "adb/input", "adb/screenshot", "model/client", "config/prompts"][number as usize % 5];
            let mut changes = vec![file(&format!("phone_agent/{name}.py"), &python(&mut noise, number))];
            if number % 12 == 0 {
                let name = format!("resources/screenshot-{number}.png");
                changes.push((name, Change::File(noise.bytes(50_000))));
            }
            if let (10, Some(commit)) = (number, &assets) {
                changes.push(file(".gitmodules", &gitmodules(submodule)));
                changes.push(("assets".to_owned(), Change::Submodule(commit.clone())));
            }
            tip = import.commit("main", &[tip], &format!("Improve {name} ({number})"), &changes)?;
            if number % 12 == 6 {
                self.tag(&mut import, &format!("v0.{}", number / 12 + 1), tip)?;
            }
        }
        import.done()
    }

    fn write_assets<W: Write>(&self, mut import: Import<W>) -> io::Result<()> {
        let mut noise = Noise::new(2);
        let mut tip = import.commit("main", &[], "Start", &[file("README.md", "# Assets\n")])?;
        for number in 1..=5 {
            let picture = (format!("icons/{number}.png"), Change::File(noise.bytes(20_000)));
            tip = import.commit("main", &[tip], &format!("Add icon {number}"), &[picture])?;
        }
        self.tag(&mut import, "v1", tip)?;
        import.done()
    }

    fn write_bulky<W: Write>(&self, mut import: Import<W>, megabytes: u32) -> io::Result<()> {
        let mut noise = Noise::new(3);
        let mut tip = import.commit("main", &[], "Start", &[file("README.md", "# bulky\n")])?;
        let commits = megabytes * 4;
        for number in 1..=commits {
            // Replaced after 64 commits, so that a checkout stays small while history grows.
            let bulk = (format!("data/{}.bin", number % 64), Change::File(noise.bytes(256 << 10)));
            let note = file("NOTES.md", &format!("Now at {number}.\n"));
            tip = import.commit("main", &[tip], &format!("Add bulk {number}"), &[bulk, note])?;
            if number % (commits / 8).max(1) == 0 {
                self.tag(&mut import, &format!("v{number}"), tip)?;
            }
        }
        import.done()
    }

    fn write_lively<W: Write>(&self, mut import: Import<W>, megabytes: u32) -> io::Result<()> {
        let mut noise = Noise::new(4);
        let mut texts: Vec<Vec<String>> = (0..300).map(|_| (0..700).map(|_| line(&mut noise)).collect()).collect();
        let mut tip = import.commit("main", &[], "Start", &[file("README.md", "# lively\n")])?;
        let commits = megabytes * 200;
        let mut place = 0;
        let mut calendar = Noise::new(5);
        let mut pause = || commits / 96 + u32::try_from(calendar.below(u64::from(commits / 48 + 1))).unwrap_or(0) + 1;
        let (mut release, mut due) = (0, pause());
        for number in 1..=commits {
            // Several edits of one file in a row: fast-import makes deltas of neighbors only.
            if number % 6 == 1 {
                place = below(&mut noise, texts.len());
            }
            let text = &mut texts[place];
            for _ in 0..8 {
                let at = below(&mut noise, text.len());
                text[at] = line(&mut noise);
            }
            let path = format!("src/part{}/group{}/file{place}.py", place % 12, place % 5);
            let mut changes = vec![file(&path, &text.concat())];
            if number % 100 == 0 {
                let path = format!("pictures/{}.png", number / 100 % 40);
                changes.push((path, Change::File(noise.bytes(280_000))));
            }
            tip = import.commit("main", &[tip], &format!("Edit {path} ({number})"), &changes)?;
            if number == due {
                let version = format!("v{}.{}", release / 10 + 1, release % 10);
                if release % 3 == 2 && self.tags {
                    import.light_tag(&version, tip)?;
                } else {
                    self.tag(&mut import, &version, tip)?;
                }
                (release, due) = (release + 1, due + pause());
            }
        }
        import.done()
    }

    fn tag<W: Write>(&self, import: &mut Import<W>, name: &str, target: Mark) -> io::Result<()> {
        if self.tags { import.tag(name, target, &format!("Release {name}")) } else { Ok(()) }
    }
}

fn file(path: &str, text: &str) -> (String, Change) {
    (path.to_owned(), Change::File(text.as_bytes().to_vec()))
}

fn step<W: Write>(import: &mut Import<W>, branch: &str, parents: &[Mark], number: u32) -> io::Result<Mark> {
    let change = file(&format!("src/{branch}.txt"), &format!("step {number}\n").repeat(number as usize));
    import.commit(branch, parents, &format!("Step {number}"), &[change])
}

fn gitmodules(submodule: Submodule) -> String {
    let url = match submodule {
        Submodule::Absolute => format!("https://github.com/{AUTOGLM_ASSETS}.git"),
        Submodule::Relative | Submodule::Absent => "../autoglm-assets.git".to_owned(),
    };
    format!("[submodule \"assets\"]\n\tpath = assets\n\turl = {url}\n")
}

fn below(noise: &mut Noise, limit: usize) -> usize {
    usize::try_from(noise.below(limit as u64)).expect("it is below a size")
}

/// A line of about 50 bytes, of which half are lost to compression.
fn line(noise: &mut Noise) -> String {
    format!("    self.assertEqual(result_{:x}, {})\n", noise.below(1 << 40), noise.below(1 << 20))
}

/// Text with the compressibility of code.
fn python(noise: &mut Noise, number: u32) -> String {
    const WORDS: &[&str] =
        &["screen", "tap", "swipe", "model", "prompt", "device", "action", "result", "image", "step"];
    let mut word = || WORDS[usize::try_from(noise.below(WORDS.len() as u64)).expect("a word's place is small")];
    let mut text = format!("\"\"\"Version {number}.\"\"\"\n");
    for line in 0..60 {
        text += &format!("\n\ndef {}_{}_{line}({}):\n    return {}({})\n", word(), word(), word(), word(), word());
    }
    text
}
