//! Upstream's own answer to git, or the store's in its place, handed on while it arrives.

use std::{
    io::{self, Write},
    time::{Duration, Instant},
};

use mirror_config::{
    errors::{Failure, Fault},
    git::{Packet, is_sign_of_life, refusal},
    message::redact,
    report::Event,
};

use crate::authority::Authority;

/// How long something waits at most until git gets it.
const LONGEST: Duration = Duration::from_millis(200);

/// Has the authority answer.
///
/// # Errors
///
/// As [`super::asked::Answer::pass`].
pub fn from_upstream(authority: &mut Authority<'_>, body: &[u8], out: &mut dyn Write) -> Result<(), Failure> {
    let run = authority.run;
    let is_upstream = authority.is_upstream();
    if !is_upstream && !authority.is_kept() {
        return Err(run.exhausted());
    }
    let since = Instant::now();
    let (mut flushed, mut is_served) = (since, false);
    let streamed = authority.stream(body, &mut |packet| match packet {
        // git would end us before we have said and reported it.
        Packet::Data([b'E', b'R', b'R', b' ', said @ ..]) => Err(refusal(String::from_utf8_lossy(said).trim_end())),
        _ => {
            if !is_served && matches!(packet, Packet::Data([1 | 2, _, ..])) {
                // git has something to show.
                is_served = true;
                run.journal.note(Event::Served);
            }
            let mut written = write_clean(packet, out);
            // What says that somebody is alive says it now.
            if is_sign_of_life(packet) || flushed.elapsed() > LONGEST {
                flushed = Instant::now();
                written = written.and_then(|()| out.flush());
            }
            written.map_err(|error| Fault::Local(error.to_string()))
        }
    });
    match streamed {
        Ok(bytes) => {
            // What was here was carried by nobody.
            if is_upstream {
                run.carried(&run.upstream, bytes, since.elapsed());
            }
            Ok(())
        }
        Err(fault) => {
            if is_upstream {
                run.failed(&run.upstream, 0, since.elapsed(), fault.clone());
            }
            Err(Failure { kind: fault.kind(), ..run.exhausted() })
        }
    }
}

/// Writes a packet; messages of the side band lose what could take over a terminal.
pub fn write_clean(packet: Packet<'_>, out: &mut dyn Write) -> io::Result<()> {
    match packet {
        Packet::Data([band @ (2 | 3), text @ ..]) => {
            // git uses the carriage return to redraw a line of progress.
            let text = String::from_utf8_lossy(text);
            let clean: Vec<String> = text.split('\r').map(redact::controls).collect();
            let mut message = vec![*band];
            message.extend_from_slice(clean.join("\r").as_bytes());
            message.truncate(65_000);
            Packet::Data(&message).write(out)
        }
        other => other.write(out),
    }
}

/// git closed its side: there is nobody left to tell.
pub fn git_is_gone(error: &io::Error) -> Failure {
    Failure::new(mirror_config::errors::Kind::Io, format!("git does not listen any more: {error}"))
}
