//! The first request of a transfer asks for everything; its first bytes say how it goes on.
//!
//! The header says how many objects there are, the pace of what follows says how fast the line is, and the commits, which
//! come first, say where the history can be cut.

use std::{
    io::{self, Cursor, Read},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use mirror_config::{
    errors::Fault,
    git::{Fetch, PackStream, Session},
    model::Oid,
    transport::http::{Body, Patience},
};

use super::outlook;
use crate::objects::proof::prefix::{self, Look};

/// Most bytes that are read before the decision.
const MOST_READ: usize = 640 << 10;
/// Longest look at the pace of a large pack, and of one that is [`SMALL`]: a far line takes a while to show its pace.
const LOOK: [Duration; 2] = [Duration::from_millis(300), Duration::from_secs(1)];
/// Bytes under which a pack is small.
const SMALL: u64 = 8 << 20;

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

/// Who ends a pack in the middle.
type Stop = Box<dyn FnMut(&Flow) -> bool + Send>;

/// A pack whose beginning has been read already.
pub struct Whole {
    prefix: Cursor<Vec<u8>>,
    stream: PackStream<Body>,
    since: Instant,
    /// Bytes a second of its beginning.
    rate: f64,
    /// All of it is here, whatever its header claims.
    ended: bool,
    /// What its beginning shows.
    pub look: Look,
    flow: Flow,
    stop: Option<Stop>,
}

impl std::fmt::Debug for Whole {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Whole({:?})", self.look)
    }
}

/// What has come of a pack, for those who do not read it.
#[derive(Debug, Clone, Default)]
pub struct Flow(Arc<[AtomicU64; 2]>);

impl Flow {
    /// Bytes of the pack.
    pub fn bytes(&self) -> u64 {
        self.0[0].load(Ordering::Relaxed)
    }

    /// How long the line was waited for.
    pub fn waited(&self) -> Duration {
        Duration::from_micros(self.0[1].load(Ordering::Relaxed))
    }
}

impl Whole {
    /// Bytes a second: of all that came, or of its beginning.
    pub fn rate(&mut self) -> f64 {
        let time = self.since.elapsed().as_secs_f64().max(0.001);
        if self.flow.bytes() > 0 { self.body().received() as f64 / time } else { self.rate }
    }

    /// No more of it is wanted: what it tells about how to cut the history, and the bytes that were received. The line is closed
    /// first, since it would bring more meanwhile. `commits`, if its beginning is not all that is known of them.
    pub fn break_off(mut self, wants: &[Oid], object_format: &str, commits: Option<Vec<Oid>>) -> (Hint, u64) {
        let (received, rate) = (self.body().received(), self.rate());
        let (prefix, left) = (self.prefix.into_inner(), self.look.left());
        drop(self.stream);
        let commits = commits.unwrap_or_else(|| prefix::commits(&prefix, wants, object_format));
        (Hint { commits, bytes: (prefix.len() as u64 + left).max(received), rate }, received)
    }

    /// Whether it takes so long, at the pace of its beginning, that others should help.
    pub fn is_long(&self, alone: bool) -> bool {
        !self.ended && outlook::is_long(self.look.left(), self.rate, alone)
    }

    /// What has come of it.
    pub fn flow(&self) -> Flow {
        self.flow.clone()
    }

    /// Has it end as soon as this says so, be it within an object; that is [`Fault::Canceled`].
    pub fn stop_when(&mut self, stop: impl FnMut(&Flow) -> bool + Send + 'static) {
        self.stop = Some(Box::new(stop));
    }

    /// The answer itself.
    pub fn body(&mut self) -> &mut Body {
        self.stream.get_mut()
    }
}

impl Read for Whole {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut count = self.prefix.read(buf)?;
        if count == 0 {
            let began = Instant::now();
            count = self.stream.read(buf)?;
            let waited = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
            self.flow.0[1].fetch_add(waited, Ordering::Relaxed);
        }
        self.flow.0[0].fetch_add(count as u64, Ordering::Relaxed);
        let ends = self.stop.as_mut().is_some_and(|stop| stop(&self.flow));
        if ends { Err(Fault::Canceled.into()) } else { Ok(count) }
    }
}

/// Asks for everything, and looks at how it comes.
///
/// # Errors
///
/// Those of [`Session::fetch`].
pub fn open(session: &Session, fetch: &Fetch<'_>, patience: Patience) -> Result<Whole, Fault> {
    let format = session.advertisement.object_format();
    let started = Instant::now();
    let mut stream = session.fetch(fetch, patience)?;
    let mut read = Vec::new();
    let mut chunk = vec![0; 0x1_0000];
    let mut since: Option<(Instant, usize)> = None;
    let (rate, ended) = loop {
        let count = stream.read(&mut chunk).map_err(|error| Fault::from_io(&error))?;
        read.extend_from_slice(&chunk[..count]);
        let (began, first) = *since.get_or_insert_with(|| (Instant::now(), read.len()));
        let time = began.elapsed();
        let small = prefix::objects(&read).is_none_or(|objects| u64::from(objects) * prefix::USUAL_SIZE < SMALL);
        if count == 0 || read.len() >= MOST_READ || time >= LOOK[usize::from(small)] {
            break ((read.len() - first) as f64 / time.as_secs_f64().max(0.001), count == 0);
        }
    };
    let look = Look::at(&read, format).unwrap_or_default();
    tracing::debug!(?look, rate, read = read.len(), "the first bytes");
    Ok(Whole {
        prefix: Cursor::new(read),
        stream,
        since: started,
        rate,
        ended,
        look,
        flow: Flow::default(),
        stop: None,
    })
}
