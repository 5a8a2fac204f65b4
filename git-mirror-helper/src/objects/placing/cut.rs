//! What some tips reach of a store that has more, as one pack.
//!
//! git's own pack-objects makes it: it walks from the tips through all commits and trees, and copies entries as they are,
//! compressed, but for deltas on what is not reached. That takes about a tenth of what git takes to index the same pack (a
//! second for every 100,000 objects or so), so it is done only where `reached` says that it has to be.

use std::{
    fs,
    io::{self, Write},
    process::Stdio,
    thread,
};

use mirror_config::{
    errors::Fault,
    git::program,
    model::{Oid, Ref},
    system::child,
};
use tempfile::TempDir;

use crate::objects::{
    pack::Files,
    store::{Store, view},
};

/// Makes the pack; it goes away with its folder. Those of `tags` come along whose objects are in it.
///
/// # Errors
///
/// [`Fault::Local`] for the disk, and for what git says.
pub fn cut(store: &Store, tips: &[Oid], tags: Option<&[Ref]>) -> Result<(TempDir, Files), Fault> {
    let local = |error: io::Error| Fault::Local(error.to_string());
    let folder = store.incoming().map_err(local)?;
    // Whatever is killed leaves its unfinished files there. gitrepository-layout(5): further places to look for objects.
    let mut line = fs::canonicalize(store.path().join("objects")).map_err(local)?.into_os_string().into_encoded_bytes();
    line.push(b'\n');
    fs::create_dir(folder.path().join("info")).map_err(local)?;
    fs::create_dir(folder.path().join("pack")).map_err(local)?;
    fs::write(folder.path().join("info/alternates"), line).map_err(local)?;
    let view = view::view(store, tags.unwrap_or_default()).map_err(local)?;
    let mut command = program::isolated(view.path());
    command.env("GIT_OBJECT_DIRECTORY", folder.path()).args(["-c", "pack.writeReverseIndex=false"]);
    // No deltas are looked for: those that are there do.
    command.args(["pack-objects", "-q", "--revs", "--delta-base-offset", "--window=0"]);
    command.args(tags.map(|_| "--include-tag")).arg(folder.path().join("pack/pack"));
    let mut git = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().map_err(local)?;
    let mut stdin = git.stdin.take().ok_or_else(|| Fault::Local("a child without pipes".to_owned()))?;
    let lines: String = tips.iter().map(|tip| format!("{tip}\n")).collect();
    // What it does not read it says by how it ends.
    let writer = thread::spawn(move || drop(stdin.write_all(lines.as_bytes())));
    let ended = git.wait_with_output().map_err(local)?;
    let _ = writer.join();
    let name = String::from_utf8_lossy(&ended.stdout).trim().to_owned();
    if !ended.status.success() || name.is_empty() {
        let code = child::code(ended.status);
        return Err(Fault::Local(format!("`git pack-objects` ends with {code}")));
    }
    let pack = folder.path().join(format!("pack/pack-{name}.pack"));
    let files = Files { index: pack.with_extension("idx"), pack };
    Ok((folder, files))
}
