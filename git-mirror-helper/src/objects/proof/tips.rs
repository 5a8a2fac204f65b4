//! The commits and tags that are asked for, and nothing else, in a repository of their own: so that git can look at them
//! before anything is delivered. It does not matter who sent them, since each is what its id says.

use std::{
    fs,
    io::{self, Read},
    path::Path,
};

use gix::{objs, prelude::FindExt};
use mirror_config::{errors::Fault, git::PackStream, model::Oid};

use crate::objects::{
    pack::index,
    store::{hash_of, object_id},
};

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tip {
    /// A commit.
    Commit,
    /// An annotated tag.
    Tag,
    /// A tree or a blob, which nobody can sign.
    Other,
}

/// Puts the objects of an answer into a bare repository made in `folder`; says what each of `tips` is.
///
/// # Errors
///
/// [`Fault::Missing`] when one of them is not in the answer, else what was wrong with it.
pub fn unpack(answer: impl Read + Send, tips: &[Oid], object_format: &str, folder: &Path) -> Result<Vec<Tip>, Fault> {
    let local = |error: io::Error| Fault::Local(error.to_string());
    let hash = hash_of(object_format);
    let packs = folder.join("objects/pack");
    fs::create_dir_all(&packs).and_then(|()| fs::create_dir(folder.join("refs"))).map_err(local)?;
    let extension = match object_format {
        "sha1" => "0\n\tbare = true\n".to_owned(),
        other => format!("1\n\tbare = true\n[extensions]\n\tobjectFormat = {other}\n"),
    };
    fs::write(folder.join("config"), format!("[core]\n\trepositoryFormatVersion = {extension}")).map_err(local)?;
    fs::write(folder.join("HEAD"), "ref: refs/heads/none\n").map_err(local)?;
    index(PackStream::open(answer, true)?, &packs, hash)?;
    let objects = gix::odb::at(folder.join("objects"), hash).map_err(local)?;
    let mut buffer = Vec::new();
    tips.iter()
        .map(|tip| {
            let found = object_id(tip).and_then(|id| objects.find(&id, &mut buffer).ok()).ok_or(Fault::Missing)?;
            Ok(match found.kind {
                objs::Kind::Commit => Tip::Commit,
                objs::Kind::Tag => Tip::Tag,
                objs::Kind::Tree | objs::Kind::Blob => Tip::Other,
            })
        })
        .collect()
}
