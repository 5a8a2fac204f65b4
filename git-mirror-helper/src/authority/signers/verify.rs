//! Signed commits and tags, where an upstream asks for them: every tip is looked at before anything is delivered, whoever
//! said what the tip is and whoever carries it.
//!
//! git checks the signatures, with GPG's keys and SSH's of the policy and nothing of the user's own; which keys count is
//! decided here, since git takes any key of a keyring (FACTS). Signatures say nothing of names: which commit a branch is
//! at remains the authority's word.

use std::{
    collections::BTreeSet,
    io::{Seek, Write},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use mirror_config::{
    errors::{Failure, Fault, Kind},
    git::{Fetch, Packet},
    model::{Oid, Ref, Signers},
    system::Environment,
};
use tempfile::{SpooledTempFile, TempDir};

use super::said;
use crate::{
    authority::{Authority, Voice},
    git::Request,
    objects::proof::{Tip, tips},
    run::Run,
};

/// Answers up to this many bytes stay in memory.
const IN_MEMORY: usize = 1 << 20;
/// Signatures checked at once: each is a git and a GPG.
const AT_ONCE: usize = 4;

/// Checks every tip of a request. What is signed may be remembered once it was delivered, and nothing else.
///
/// # Errors
///
/// [`Kind::Signature`] names the tips that are not signed by one of the signers; the kind of the fault that kept the tips
/// from being looked at.
pub fn verify(
    authority: &mut Authority<'_>,
    refs: &[Ref],
    request: &Request,
    signers: &Signers,
) -> Result<(), Failure> {
    let run = authority.run;
    let tips = tips_of(request, refs);
    authority.vouched(&tips);
    if tips.is_empty() {
        return Ok(());
    }
    let local = |error: std::io::Error| Failure::new(Kind::Io, format!("{}: {error}", run.repository));
    let folder = tempfile::tempdir().map_err(local)?;
    let repository = folder.path().join("repository");
    let kinds = fetched(authority, &tips, &repository).map_err(|fault| {
        Failure::new(fault.kind(), format!("{}: the tips to be checked did not come: {fault}", run.repository))
            .hint("try again; nothing was delivered")
    })?;
    let desk = Desk::set_up(&run.env, signers, folder)?;
    let checked: Vec<(&Oid, Result<(), String>)> = std::thread::scope(|scope| {
        let (desk, named): (_, Vec<_>) = (&desk, tips.iter().zip(kinds).collect());
        let share = named.len().div_ceil(AT_ONCE);
        let threads: Vec<_> = named
            .chunks(share)
            .map(|part| {
                let part = part.to_vec();
                scope.spawn(move || {
                    let check = |(tip, kind): (&'_ Oid, Tip)| {
                        let is_ref = refs.iter().any(|found| found.oid.as_ref() == Some(tip));
                        desk.check(tip, kind, is_ref, signers)
                    };
                    part.into_iter().map(|(tip, kind)| (tip, check((tip, kind)))).collect::<Vec<_>>()
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
    });
    if checked.len() < tips.len() {
        return Err(Failure::new(Kind::Internal, "a check of signatures ended before its time"));
    }
    let wrong: Vec<(&Oid, String)> =
        checked.into_iter().filter_map(|(tip, checked)| Some((tip, checked.err()?))).collect();
    tracing::debug!(tips = tips.len(), wrong = wrong.len(), "signatures");
    if wrong.is_empty() { Ok(()) } else { Err(refused(run, refs, &wrong)) }
}

fn refused(run: &Run, refs: &[Ref], wrong: &[(&Oid, String)]) -> Failure {
    let name = |tip: &Oid| {
        let named = refs.iter().filter(|found| found.oid.as_ref() == Some(tip)).map(|found| found.name.as_str());
        named.filter(|name| *name != "HEAD").min().map_or_else(|| tip.to_string(), |name| format!("{name} at {tip}"))
    };
    let mut lines =
        vec![format!("{}: not signed as `upstreams.{}.signers` asks", run.repository, run.repository.upstream)];
    lines.extend(wrong.iter().take(10).map(|(tip, why)| format!("  {}: {why}", name(tip))));
    if wrong.len() > 10 {
        lines.push(format!("  and {} more", wrong.len() - 10));
    }
    Failure::new(Kind::Signature, lines.join("\n")).hint(
        "fetch only what is signed, as with `git clone --single-branch --no-tags`; \
         or add the key to the file of keys and its fingerprint to `signers`, if you trust it",
    )
}

/// What is to be delivered under a name: what is wanted, and in a clone the tags that come along.
fn tips_of(request: &Request, refs: &[Ref]) -> Vec<Oid> {
    if refs.is_empty() && request.is_filtered() {
        // git completes a partial clone: by their ids, objects of a history that it has.
        return Vec::new();
    }
    let along = refs.iter().filter(|found| request.is_clone() && request.follows_tags() && found.peeled.is_some());
    let tags = along.filter_map(|found| found.oid.clone());
    request.wants().into_iter().chain(tags).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Has whoever is the authority send the tips alone.
fn fetched(authority: &mut Authority<'_>, tips: &[Oid], folder: &Path) -> Result<Vec<Tip>, Fault> {
    let format = authority.advertisement().object_format().to_owned();
    let fetch = Fetch { wants: tips, depth: Some(1), filter: Some("tree:0"), ..Fetch::default() };
    let limit = authority.run.select.config.git.store_limit.value;
    let local = |error: std::io::Error| Fault::Local(error.to_string());
    let Voice::Mirrors(witnesses) = &authority.voice else {
        let mut spool = SpooledTempFile::new(IN_MEMORY);
        let mut count = 0;
        let body = fetch.request(authority.advertisement());
        authority.stream(&body, &mut |packet| {
            count += if let Packet::Data(data) = packet { data.len() as u64 } else { 0 };
            if count > limit { Err(Fault::TooLarge) } else { packet.write(&mut spool).map_err(local) }
        })?;
        spool.rewind().map_err(local)?;
        return tips::unpack(spool, tips, &format, folder);
    };
    let mut last = Fault::Missing;
    for (number, session) in witnesses.opened.iter().enumerate() {
        let place = folder.join(number.to_string());
        let body = fetch.request(&session.advertisement);
        let asked = session.command(body, witnesses.patience()).and_then(|mut answer| {
            answer.limit(limit);
            tips::unpack(answer, tips, &format, &place)
        });
        match asked {
            Ok(kinds) => {
                // Where it is looked for, whoever sent it.
                return ["objects", "refs", "config", "HEAD"]
                    .iter()
                    .try_for_each(|name| std::fs::rename(place.join(name), folder.join(name)))
                    .map(|()| kinds)
                    .map_err(local);
            }
            Err(fault) => last = fault,
        }
    }
    Err(last)
}

/// Where signatures are checked: a repository, keys, and a home without anything else.
struct Desk {
    folder: TempDir,
    path: Option<std::ffi::OsString>,
    allowed_signers: Option<PathBuf>,
}

impl Desk {
    fn set_up(env: &Environment, signers: &Signers, folder: TempDir) -> Result<Self, Failure> {
        let lost = |path: &Path, why: &str| {
            Failure::new(Kind::Config, format!("{}: {why}", path.display()))
                .hint("a file with the signers' public keys: `gpg --export FINGERPRINT > FILE`")
        };
        if let Some(path) = signers.allowed_signers.as_ref().filter(|path| !path.is_file()) {
            return Err(lost(path, "there is no such file of keys"));
        }
        let allowed_signers = signers.allowed_signers.as_ref().map(|path| env.cwd().join(path));
        let path = env.var_os("PATH").map(ToOwned::to_owned);
        let desk = Self { folder, path, allowed_signers };
        let Some(keyring) = &signers.keyring else { return Ok(desk) };
        if !keyring.is_file() {
            return Err(lost(keyring, "there is no such file of keys"));
        }
        let imported =
            desk.command("gpg").args(["--batch", "--no-autostart", "--import"]).arg(env.cwd().join(keyring)).output();
        match imported {
            Ok(output) if output.status.success() => Ok(desk),
            Ok(output) => Err(lost(keyring, String::from_utf8_lossy(&output.stderr).trim())),
            Err(error) => Err(Failure::new(Kind::Signature, format!("`gpg` cannot be started: {error}"))
                .hint("install GnuPG, which checks the signatures that `signers` asks for")),
        }
    }

    /// A program that sees this desk only.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let folder = self.folder.path();
        command.env_clear().envs(self.path.iter().map(|path| ("PATH", path)));
        for variable in ["HOME", "XDG_CONFIG_HOME", "GNUPGHOME", "TMPDIR"] {
            command.env(variable, folder);
        }
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", folder.join("none")).env("LC_ALL", "C");
        command.current_dir(folder).stdin(Stdio::null());
        command
    }

    /// Why a tip does not count as signed.
    fn check(&self, tip: &Oid, kind: Tip, is_ref: bool, signers: &Signers) -> Result<(), String> {
        let verb = match kind {
            Tip::Commit => "verify-commit",
            Tip::Tag => "verify-tag",
            // Asked for by its id, it is what the id says.
            Tip::Other if !is_ref => return Ok(()),
            Tip::Other => return Err("it is neither a commit nor a tag, so nobody can have signed it".to_owned()),
        };
        let allowed = match &self.allowed_signers {
            Some(file) => file.clone(),
            None => self.folder.path().join("none"),
        };
        let mut setting = std::ffi::OsString::from("gpg.ssh.allowedSignersFile=");
        setting.push(allowed);
        let mut command = self.command("git");
        command.arg("--git-dir").arg(self.folder.path().join("repository")).arg("-c").arg(setting);
        // Certificates of S/MIME are nobody's that is listed here.
        command.args(["-c", "gpg.x509.program=none", verb, "--raw", tip.as_str()]);
        let Output { status, stdout, stderr } =
            command.output().map_err(|error| format!("`git {verb}` cannot be started: {error}"))?;
        let mut text = stderr;
        let _ = text.write_all(&stdout);
        said::by(&String::from_utf8_lossy(&text), status.success(), &signers.fingerprints)
    }
}
