//! A web server on loopback with latency, rates, a log, and faults in the answers that a test picks.
//!
//! Binds 127.0.0.1 only. What stands at which address is a site's matter: see `cargo::server` and `pip::server`.

use std::{
    fmt, io,
    net::TcpStream,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use super::page::Page;
use crate::{
    wire::{Connections, Fault, Kept, Line, Pace, Place, Plan, Requests, Seen, Wire, lock},
    world::Noise,
};

/// The most that an endless answer sends to a client that does not give up.
const ENDLESS: u64 = 2 << 30;

/// What stands at the address that a request names.
pub(crate) type Site = Box<dyn Fn(&Seen) -> Page + Send + Sync>;

/// Whether a fault shows in the answer to a request.
type Which = Box<dyn Fn(&Seen) -> bool + Send + Sync>;

struct Pages {
    wire: Arc<Wire>,
    site: Site,
    ranges: AtomicBool,
    plans: Mutex<Vec<(Which, Plan)>>,
}

/// A web server; it stops when it is dropped. Scopes of faults, which are git's, mean nothing here.
pub struct WebServer {
    pages: Arc<Pages>,
    connections: Connections,
}

impl WebServer {
    /// Serves a site, which is told its base address.
    pub(crate) fn start(site: impl FnOnce(&str) -> Site) -> Self {
        let wire = Arc::new(Wire::new());
        let mut pages = None;
        let connections = Connections::start(&wire, |url| {
            let made = Arc::new(Pages {
                wire: Arc::clone(&wire),
                site: site(url),
                ranges: AtomicBool::new(true),
                plans: Mutex::default(),
            });
            pages = Some(Arc::clone(&made));
            move |stream: &TcpStream| converse(&made, stream)
        });
        Self { pages: pages.expect("the pages are made before the first connection"), connections }
    }

    /// Its base address, `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        self.connections.url()
    }

    /// From now on this goes wrong in all answers, and nothing else does.
    ///
    /// # Panics
    ///
    /// When the fault is one of git's packs.
    pub fn set(&self, plan: impl Into<Plan>) {
        self.set_where(|_| true, plan);
    }

    /// The same in those answers whose requests are picked.
    ///
    /// # Panics
    ///
    /// When the fault is one of git's packs.
    pub fn set_where(&self, which: impl Fn(&Seen) -> bool + Send + Sync + 'static, plan: impl Into<Plan>) {
        lock(&self.pages.plans).clear();
        self.also_where(which, plan);
    }

    /// This goes wrong too; of the faults that fit a request, the first set is taken.
    ///
    /// # Panics
    ///
    /// When the fault is one of git's packs.
    pub fn also_where(&self, which: impl Fn(&Seen) -> bool + Send + Sync + 'static, plan: impl Into<Plan>) {
        let plan = plan.into();
        assert!(!matches!(plan.fault, Fault::SidebandEscapes | Fault::EndlessPack), "{plan} is a fault of git's packs");
        lock(&self.pages.plans).push((Box::new(which), plan));
    }

    /// Answers 403 to clients whose `User-Agent` contains these words, as a firewall does.
    pub fn refuse_agent(&self, words: &str) {
        let words = words.to_owned();
        self.also_where(move |seen| seen.user_agent().contains(&words), Fault::status(403));
    }

    /// Whether parts are given to those who ask for a range; without, they get the whole, as from simple servers.
    pub fn ranges(&self, supported: bool) {
        self.pages.ranges.store(supported, Ordering::Relaxed);
    }

    /// Nothing goes wrong any more, but for answers already begun.
    pub fn heal(&self) {
        self.pages.wire.set_silent(false);
        lock(&self.pages.plans).clear();
    }

    /// Says nothing more from now on, neither in answers under way nor to anyone new, and keeps all connections.
    pub fn fall_silent(&self) {
        self.pages.wire.set_silent(true);
    }

    /// What becomes of connections that clients keep.
    pub fn kept(&self, kept: Kept) {
        self.pages.wire.set_kept(kept);
    }

    /// Waits so long before each answer, as a round trip would take.
    pub fn latency(&self, time: Duration) {
        self.pages.wire.set_latency(time);
    }

    /// Bytes a second of all connections together; 0 is no limit.
    pub fn rate(&self, bytes_per_second: u64) {
        self.pages.wire.pace.set(bytes_per_second);
    }

    /// Bytes a second of each connection, from its next request on; 0 is no limit.
    pub fn per_connection_rate(&self, bytes_per_second: u64) {
        self.pages.wire.set_connection_rate(bytes_per_second);
    }

    /// The requests so far, in the order they came in.
    pub fn log(&self) -> Vec<Seen> {
        self.pages.wire.log()
    }

    /// Forgets the requests so far and starts to count from 0. Not for use while an answer is under way.
    pub fn forget_log(&self) {
        self.pages.wire.forget();
    }

    /// Bytes of all bodies sent so far; what the client's system has not read yet is counted too.
    pub fn sent(&self) -> u64 {
        self.pages.wire.sent()
    }

    /// Stops: closes its connections, and refuses new ones from then on.
    pub fn stop(&mut self) {
        self.connections.stop();
    }
}

impl fmt::Debug for WebServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WebServer").field(&self.url()).finish()
    }
}

impl Pages {
    /// The fault that is due for a request, taken off its count.
    fn due(&self, seen: &Seen) -> Option<Fault> {
        let mut plans = lock(&self.plans);
        let (_, plan) = plans.iter_mut().find(|(which, plan)| plan.left != Some(0) && which(seen))?;
        plan.left = plan.left.map(|left| left - 1);
        Some(plan.fault.clone())
    }
}

fn converse(pages: &Pages, stream: &TcpStream) -> io::Result<()> {
    let pace = Pace::new(0);
    let mut requests = Requests::new(stream);
    for answered in 0.. {
        if pages.wire.is_over_before(answered, stream)? {
            break;
        }
        let Some(request) = requests.next()? else { break };
        pace.set(pages.wire.connection_rate());
        let seen = Seen::new(&request);
        let fault = pages.due(&seen);
        let place = pages.wire.note(seen.clone());
        if pages.wire.is_over_after(answered) {
            break;
        }
        let line = Line { wire: &pages.wire, stream, pace: &pace, place, tally: None, drip: None };
        answer(pages, line, &seen, fault)?;
        if seen.header("Connection").is_some_and(|wish| wish.eq_ignore_ascii_case("close")) {
            break;
        }
    }
    Ok(())
}

/// Answers with a fault or without; an error means that the connection is over.
fn answer(pages: &Pages, mut line: Line<'_>, seen: &Seen, fault: Option<Fault>) -> io::Result<()> {
    let is_head = seen.method == "HEAD";
    line.wait(pages.wire.latency())?;
    match &fault {
        Some(Fault::BlackHole) => return line.hold(),
        Some(Fault::Status { code, headers, body }) if is_head => return line.head(*code, headers, Some(body.len())),
        Some(Fault::Status { code, headers, body }) => return line.whole(*code, headers, body),
        Some(Fault::Redirect(base)) => {
            let place = format!("{}{}", base.trim_end_matches('/'), seen.path);
            return line.whole(302, &[("Location".to_owned(), place)], b"");
        }
        Some(Fault::EndlessBody) => return endless(&line),
        Some(Fault::LongBody(length)) => return long(&line, *length),
        Some(Fault::Drip(rate)) => line.drip = Some(Pace::new(*rate)),
        Some(Fault::Delay(time)) => line.wait(*time)?,
        _ => {}
    }
    let page = (pages.site)(seen).wanted_by(seen, pages.ranges.load(Ordering::Relaxed));
    let (body, length) = (&*page.body, page.body.len());
    if is_head {
        return line.head(page.code, &page.headers, Some(length));
    }
    match fault {
        Some(Fault::EndAt(place)) => {
            let part = place.in_bytes(length);
            line.head(page.code, &page.headers, Some(part))?;
            line.bytes(&body[..part])
        }
        Some(Fault::StallAt(place)) => {
            line.head(page.code, &page.headers, Some(length))?;
            line.bytes(&body[..place.in_bytes(length)])?;
            line.hold()
        }
        Some(Fault::CutAt(place)) => {
            line.head(page.code, &page.headers, Some(length))?;
            line.bytes(&body[..place.in_bytes(length)])?;
            line.cut()
        }
        Some(Fault::FlipByteAt(place)) => {
            let mut spoiled = body.to_vec();
            if let Some(byte) = spoiled.get_mut(place.in_bytes(length.saturating_sub(1))) {
                *byte ^= 0x10;
            }
            line.head(page.code, &page.headers, Some(length))?;
            line.bytes(&spoiled)
        }
        Some(Fault::WrongLength(more)) => {
            let said = usize::try_from(length as i64 + more).unwrap_or(0);
            line.head(page.code, &page.headers, Some(said))?;
            line.bytes(body)?;
            line.cut()
        }
        Some(Fault::WrongRange(shift)) => {
            let shift = Place::Byte(shift).in_bytes(length);
            let told = format!("bytes 0-{}/{length}", length.saturating_sub(1));
            let page = Page { code: 206, ..page.clone() };
            let page = if page.headers.iter().any(|(name, _)| name == "Content-Range") {
                page
            } else {
                page.with("Content-Range", &told)
            };
            line.head(206, &page.headers, Some(length))?;
            line.bytes(&body[shift..])?;
            line.bytes(&body[..shift])
        }
        _ => {
            line.head(page.code, &page.headers, Some(length))?;
            line.bytes(body)
        }
    }
}

fn long(line: &Line<'_>, length: u64) -> io::Result<()> {
    let length = length.min(ENDLESS);
    let said = usize::try_from(length).unwrap_or(usize::MAX);
    line.head(200, &[("Content-Type".to_owned(), "application/octet-stream".to_owned())], Some(said))?;
    let noise = Noise::new(5).bytes(1 << 16);
    for _ in 0..length.div_ceil(1 << 16) {
        line.bytes(&noise)?;
    }
    line.cut()
}

fn endless(line: &Line<'_>) -> io::Result<()> {
    line.head(200, &[("Content-Type".to_owned(), "application/octet-stream".to_owned())], None)?;
    let noise = Noise::new(5).bytes(1 << 16);
    let mut sent = 0;
    while sent < ENDLESS {
        line.chunks(&noise)?;
        sent += noise.len() as u64;
    }
    line.cut()
}
