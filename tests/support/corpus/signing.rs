//! Signed commits, for cases about whose signature counts: keys of SSH, made when they are first named.
//!
//! One name is the key that the user has listed; all others are strangers'.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    history::Repository,
    world::{PATIENCE, plain_git, run},
};

/// Whose key the user accepts.
const LISTED: &str = "ada";

/// Keys, and the list of those that count.
pub(super) struct Signing(PathBuf);

impl Signing {
    /// Keys in a folder that may not be there yet.
    pub(super) fn at(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// The file of allowed signers (ssh-keygen(1), ALLOWED SIGNERS), and the fingerprint of the one that is in it.
    ///
    /// # Errors
    ///
    /// When there is no `ssh-keygen`.
    pub(super) fn listed(&self) -> Result<(PathBuf, String), String> {
        let key = self.key(LISTED)?;
        let public = fs::read_to_string(key.with_extension("pub")).map_err(|error| error.to_string())?;
        let file = self.0.join("allowed_signers");
        fs::write(&file, format!("{LISTED}@example.org {public}")).map_err(|error| error.to_string())?;
        let mut command = Command::new("ssh-keygen");
        command.arg("-lf").arg(&key);
        let said = run(command, PATIENCE).ok().stdout;
        let fingerprint = said.split(' ').nth(1).ok_or_else(|| format!("ssh-keygen: {said}"))?;
        Ok((file, fingerprint.to_owned()))
    }

    /// Puts the commit that a branch is at there once more, signed by somebody.
    pub(super) fn sign(&self, repository: &Repository, branch: &str, by: &str) -> Result<(), String> {
        let key = self.key(by)?;
        let show = |format: &str| repository.git(&["log", "-1", &format!("--format={format}"), branch]).stdout;
        let (message, date) = (show("%B"), show("%cI"));
        let mut command = plain_git(&repository.path());
        command.args(["-c", "user.name=Signer", "-c", "user.email=signer@example.org", "-c", "gpg.format=ssh", "-c"]);
        command.arg(format!("user.signingKey={}", key.display()));
        command.env("GIT_AUTHOR_DATE", date.trim()).env("GIT_COMMITTER_DATE", date.trim());
        command.args([
            "commit-tree",
            "-S",
            "-m",
            message.trim(),
            "-p",
            &format!("{branch}~1"),
            &format!("{branch}^{{tree}}"),
        ]);
        let signed = run(command, PATIENCE).ok().stdout;
        repository.set_ref(&format!("refs/heads/{branch}"), signed.trim());
        Ok(())
    }

    fn key(&self, name: &str) -> Result<PathBuf, String> {
        let file = self.0.join(name);
        if !file.exists() {
            fs::create_dir_all(&self.0).map_err(|error| error.to_string())?;
            make(&file)?;
        }
        Ok(file)
    }
}

fn make(file: &Path) -> Result<(), String> {
    let mut command = Command::new("ssh-keygen");
    command.args(["-q", "-t", "ed25519", "-N", "", "-C", "", "-f"]).arg(file);
    let output = command.output().map_err(|error| format!("ssh-keygen: {error}"))?;
    output.status.success().then_some(()).ok_or_else(|| String::from_utf8_lossy(&output.stderr).into_owned())
}
