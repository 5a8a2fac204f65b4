//! The first request of a transfer asks for everything; its first bytes say whether that is a good idea.
//!
//! The header says how many objects there are, the pace of what follows says how fast the line is, and the commits, which
//! come first, say where the history can be cut. A fast line or a small history: the answer is simply read on. Else
//! it is broken off, which costs those first bytes, and the history comes in slices.

use std::{
    io::{self, Cursor, Read},
    time::{Duration, Instant},
};

use mirror_config::{
    errors::Fault,
    git::{Fetch, PackStream, Session},
    model::Oid,
    transport::http::{Body, Patience},
};

use crate::objects::proof::prefix;

/// A pack that takes no longer than this is not worth cutting; and where nobody else could help, neither is one that
/// takes a while.
const SHORT: [Duration; 2] = [Duration::from_secs(3), Duration::from_secs(10)];
/// Most bytes that are read before the decision.
const MOST_READ: usize = 640 << 10;
/// Longest look at the pace of a large pack, and of one that is [`SMALL`]: a far line takes a while to show its pace.
const LOOK: [Duration; 2] = [Duration::from_millis(300), Duration::from_secs(1)];
/// Bytes under which a pack is small.
const SMALL: u64 = 8 << 20;

/// How a transfer goes on.
#[derive(Debug)]
pub enum Opening {
    /// As it began: in one piece.
    Whole(Box<Whole>),
    /// In slices; so many bytes were received in vain.
    Slices(Hint, u64),
}

/// What the first bytes told.
#[derive(Debug, Clone, PartialEq)]
pub struct Hint {
    /// The newest commits, oldest first; a few or none where the answer came slowly.
    pub commits: Vec<Oid>,
    /// Bytes of the whole pack, estimated.
    pub bytes: u64,
    /// Bytes a second.
    pub rate: f64,
}

/// A pack whose beginning has been read already.
#[derive(Debug)]
pub struct Whole {
    prefix: Cursor<Vec<u8>>,
    stream: PackStream<Body>,
    since: Instant,
}

impl Whole {
    /// What it tells about how to cut the history, once it has broken off.
    pub fn hint(&mut self, wants: &[Oid], object_format: &str) -> Hint {
        let prefix = self.prefix.get_ref();
        let received = self.stream.get_mut().received();
        Hint {
            commits: prefix::commits(prefix, wants, object_format),
            bytes: prefix::estimate(prefix, object_format).unwrap_or(0).max(received),
            rate: received as f64 / self.since.elapsed().as_secs_f64().max(0.001),
        }
    }

    /// The answer itself.
    pub fn body(&mut self) -> &mut Body {
        self.stream.get_mut()
    }
}

impl Read for Whole {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self.prefix.read(buf)? {
            0 => self.stream.read(buf),
            count => Ok(count),
        }
    }
}

/// Asks for everything, and looks at how it comes. `alone`: there is no other source.
///
/// # Errors
///
/// Those of [`Session::fetch`].
pub fn open(session: &Session, fetch: &Fetch<'_>, patience: Patience, alone: bool) -> Result<Opening, Fault> {
    let format = session.advertisement.object_format();
    let started = Instant::now();
    let mut stream = session.fetch(fetch, patience)?;
    let mut read = Vec::new();
    let mut chunk = vec![0; 0x1_0000];
    let mut since: Option<(Instant, usize)> = None;
    loop {
        let count = stream.read(&mut chunk).map_err(|error| Fault::from_io(&error))?;
        read.extend_from_slice(&chunk[..count]);
        if count == 0 {
            break;
        }
        let (began, first) = *since.get_or_insert_with(|| (Instant::now(), read.len()));
        let time = began.elapsed();
        let small = prefix::objects(&read).is_none_or(|objects| u64::from(objects) * prefix::USUAL_SIZE < SMALL);
        if read.len() < MOST_READ && time < LOOK[usize::from(small)] {
            continue;
        }
        let rate = (read.len() - first) as f64 / time.as_secs_f64().max(0.001);
        let bytes = prefix::estimate(&read, format).unwrap_or(u64::MAX);
        let left = bytes.saturating_sub(read.len() as u64) as f64 / rate.max(1.0);
        if left <= SHORT[usize::from(alone)].as_secs_f64() {
            break;
        }
        tracing::debug!(bytes, rate, read = read.len(), "in slices");
        let hint = Hint { commits: prefix::commits(&read, fetch.wants, format), bytes, rate };
        return Ok(Opening::Slices(hint, stream.get_mut().received()));
    }
    Ok(Opening::Whole(Box::new(Whole { prefix: Cursor::new(read), stream, since: started })))
}
