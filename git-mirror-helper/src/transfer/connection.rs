//! One connection to a source: takes a slice, spools it, says so, takes the next.

use std::{ops::Range, time::Duration};

use mirror_config::{
    errors::Fault,
    git::{Fetch, Session},
    model::Oid,
    transport::http::{Cancel, Patience},
};
use tempfile::NamedTempFile;

use super::{
    schedule::{Next, SourceId, TaskId},
    state::Board,
};
use crate::objects::store::{Heard, Parts, parts};

/// Most tips declared as had: newer ones reach what older ones do.
const MOST_HAVES: usize = 256;
/// How long a source that found nothing to do waits before it asks again.
const NAP: Duration = Duration::from_millis(50);

/// Serves one connection until there is nothing more for it to do.
pub fn serve(board: &Board, session: &Session, id: SourceId, connection: usize) {
    loop {
        match board.next(id, connection) {
            Next::Over => return,
            Next::Wait => board.nap(NAP),
            Next::Slice(task, range) => {
                let cancel = Cancel::new();
                board.begin(task, id, &cancel);
                match fetch(board, session, &cancel, (task, id), &range) {
                    Ok(file) => board.arrived(task, id, range, file),
                    Err(Fault::Missing) => {
                        // Some servers give out only what they advertise, and that whole.
                        if board.may_judge(id, &range) {
                            let has_all = session.until(&cancel).has(&board.wants, Patience::REPLACEABLE).is_ok();
                            // Before the slice goes back: nobody may think that nobody has it.
                            board.judge(id, has_all);
                        }
                        board.lost(task, id, Fault::Missing);
                    }
                    Err(fault) => board.lost(task, id, fault),
                }
            }
        }
    }
}

/// Fetches a slice into a file.
fn fetch(
    board: &Board,
    session: &Session,
    cancel: &Cancel,
    (task, id): (TaskId, SourceId),
    range: &Range<usize>,
) -> Result<NamedTempFile, Fault> {
    let wants: Vec<Oid> = board.cuts[range.clone()].iter().flatten().cloned().collect();
    let mut haves = Vec::new();
    // Files rest on nothing: what is asked for together comes as deltas of each other.
    if !board.by_name {
        haves = board.tips_before(range.start, MOST_HAVES);
        haves.extend(board.base.iter().take(MOST_HAVES).cloned());
    }
    let fetch = Fetch { wants: &wants, haves: &haves, thin: !board.by_name, tags: board.tags, ..Fetch::default() };
    let alone = board.serving() <= 1 && (session.source.is_upstream() || !board.has_reserve);
    let patience = if alone { Patience::LAST } else { Patience::REPLACEABLE };
    let mut stream = session.until(cancel).fetch(&fetch, patience)?;
    stream.get_mut().limit(board.limit);
    let mut file = Parts::create(&board.store).map_err(|error| Fault::Local(error.to_string()))?;
    board.spooled(task, file.path());
    let received = parts::receive(&mut stream, file.as_file_mut(), board.store.hash(), &mut |heard| match heard {
        Heard::Objects(count) => board.begun(task, count),
        Heard::Bytes(bytes) => board.received(task, bytes),
    });
    match received {
        Ok(()) => Ok(file),
        Err(fault) => {
            if fault == Fault::Canceled {
                board.ended(task, id, range, file);
            }
            Err(fault)
        }
    }
}
