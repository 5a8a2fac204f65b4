//! The same steps twice: with git alone, and through `mirror::`. What differs is the suite's fault.

use std::{fs, path::PathBuf};

use mirror_tests::{Ran, Stage, assert_fsck_clean, assert_same_repository};

/// Two clones of a stage's repository.
#[derive(Debug)]
pub(crate) struct Twins<'a> {
    stage: &'a Stage,
    case: String,
}

impl<'a> Twins<'a> {
    /// `git clone -q OPTIONS`, once from upstream and once through `mirror::`.
    #[track_caller]
    pub(crate) fn clone(stage: &'a Stage, case: &str, options: &[&str]) -> Self {
        let twins = Self { stage, case: case.to_owned() };
        let options = [&["-q"], options].concat();
        stage.plain_clone(&options, &twins.name("plain")).ok();
        let ours = stage.clone(&options, &twins.name("ours")).ok();
        assert_eq!(ours.stderr, "", "{case}: quiet is quiet");
        twins
    }

    /// Runs git in both: same exit code, same standard output. Gives back what happened through `mirror::`.
    #[track_caller]
    pub(crate) fn git(&self, arguments: &[&str]) -> Ran {
        let plain = self.stage.sandbox.git_in(self.plain(), arguments);
        let ours = self.stage.sandbox.git_in(self.ours(), arguments);
        assert_eq!(ours.code, plain.code, "{}: {ours}\n{plain}", self.case);
        assert_eq!(ours.stdout, plain.stdout, "{}: {ours}\n{plain}", self.case);
        ours
    }

    /// The same refs, objects, shallow edge and work tree; nothing wrong with either.
    #[track_caller]
    pub(crate) fn assert_same(&self) {
        assert_same_repository(&self.plain(), &self.ours());
        let edge = |folder: PathBuf| {
            let text = fs::read_to_string(folder.join(".git/shallow")).unwrap_or_default();
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            lines.sort();
            lines
        };
        assert_eq!(edge(self.plain()), edge(self.ours()), "{}: where history ends", self.case);
        self.git(&["status", "--porcelain", "--branch"]).ok();
        assert_fsck_clean(&self.ours());
    }

    /// The clone that git made alone.
    pub(crate) fn plain(&self) -> PathBuf {
        self.stage.work(&self.name("plain"))
    }

    /// The clone through `mirror::`.
    pub(crate) fn ours(&self) -> PathBuf {
        self.stage.work(&self.name("ours"))
    }

    fn name(&self, whose: &str) -> String {
        format!("{}-{whose}", self.case)
    }
}
