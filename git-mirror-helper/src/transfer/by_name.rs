//! What is missing, asked for by name: a server gives any object that it has (gitprotocol-v2(5), `want`), and files need
//! nothing else beside them. So they can come from anybody, in any order, and whatever came before is kept.
//!
//! All of them have names once commits and trees are here. Those are a small part where files are large, and a filter
//! (`blob:none`) brings them alone.

use std::io::Read;

use mirror_config::{
    errors::Fault,
    git::{Fetch, Session},
    model::Oid,
    transport::http::Patience,
};

use crate::objects::{landing::Landing, proof::prefix::HEAD, store::Store};

/// Whether a source gives an object by its name: some give only what they advertise.
pub fn gives(session: &Session, object: &Oid) -> bool {
    let fetch = Fetch { wants: std::slice::from_ref(object), ..Fetch::default() };
    let mut head = [0; HEAD as usize];
    let given = session.fetch(&fetch, Patience::REPLACEABLE);
    given.is_ok_and(|mut stream| stream.read_exact(&mut head).is_ok())
}

/// Whether a source can send commits and trees alone.
pub fn has_filter(session: &Session) -> bool {
    session.advertisement.has_feature("fetch", "filter")
}

/// Brings what is no file of these tips into what has landed, so that all that is missing are files, and says how many bytes
/// that took, `most` at most; none where it is so already.
///
/// # Errors
///
/// The [`Fault`] of the request; [`Fault::Missing`] where the source cannot do this, or leaves something out.
pub fn trees(session: &Session, landing: &mut Landing, store: &Store, wants: &[Oid], most: u64) -> Result<u64, Fault> {
    let mut bytes = 0;
    if landing.missing_files().is_none() || !landing.has_all(wants) {
        if !has_filter(session) {
            return Err(Fault::Missing);
        }
        let haves = store.tips();
        let fetch =
            Fetch { wants, haves: &haves, thin: !haves.is_empty(), filter: Some("blob:none"), ..Fetch::default() };
        let mut stream = session.fetch(&fetch, Patience::REPLACEABLE)?;
        stream.get_mut().limit(most);
        let mut before = None;
        landing.stream(&mut stream, &mut |arrived| {
            // Those that were asked for by name come all the same.
            let files = arrived.files().0;
            let more = files - *before.get_or_insert(files);
            if more > wants.len() as u64 { Err(Fault::Missing) } else { Ok(()) }
        })?;
        bytes = stream.get_mut().received();
    }
    match landing.missing_files() {
        Some(files) if landing.has_all(wants) && files.first().is_none_or(|file| gives(session, file)) => Ok(bytes),
        _ => Err(Fault::Missing),
    }
}
