//! A pack out of an answer of `git upload-pack`: past its other sections, and out of the side band that carries it.

use std::{
    fmt,
    io::{self, Read},
};

use super::pkt_line::{Packet, Packets};
use crate::{errors::Fault, message::redact, transport::http::limits};

/// What servers say of an object that they do not give: `upload-pack: not our ref ID` (git), `want ID not valid` (JGit).
/// They have not got it, or give out only what they advertise; so it is nobody's fault.
const NOT_GIVEN: [&str; 2] = ["not our ref", "not valid"];

/// What an `ERR` packet means.
pub fn refusal(said: &str) -> Fault {
    match NOT_GIVEN.iter().any(|words| said.contains(words)) {
        true => Fault::Missing,
        false => Fault::Said(redact::controls(said)),
    }
}

/// Whether a packet of the side band says no more than that its server is alive: how it gets on, or nothing, as servers send
/// it while they look for objects (git-config(1), `uploadpack.keepAlive`).
pub fn is_sign_of_life(packet: Packet<'_>) -> bool {
    matches!(packet, Packet::Data([1] | [2, ..]))
}

/// The bytes of a pack out of the side band that carries them.
pub struct PackStream<R> {
    packets: Packets<R>,
    payload: Vec<u8>,
    at: usize,
    messages: u64,
    ended: bool,
    alive: Option<Box<dyn Fn() + Send>>,
}

impl<R> fmt::Debug for PackStream<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PackStream({} bytes waiting)", self.payload.len() - self.at)
    }
}

impl<R: Read> PackStream<R> {
    /// Reads an answer up to its pack. Where `shallow` is not expected, a shallow copy is a fault: its pack would be
    /// less than what was asked for.
    ///
    /// # Errors
    ///
    /// [`Fault::Missing`] or [`Fault::Said`] for an `ERR` packet, [`Fault::NotAMirror`] for an answer without a pack.
    pub fn open(from: R, shallow: bool) -> Result<Self, Fault> {
        Self::find(from, shallow)?.ok_or_else(|| Fault::NotAMirror("an answer without a pack".to_owned()))
    }

    /// As [`PackStream::open`], for a request that may be answered without a pack: then there is `None`, and the answer
    /// has been read to its end.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn find(from: R, shallow: bool) -> Result<Option<Self>, Fault> {
        let mut packets = Packets::new(from);
        loop {
            let packet = packets.next_packet().map_err(|error| Fault::from_io(&error))?.ok_or(Fault::Cut)?;
            match (packet.text(), packet) {
                (Some(text), _) if text == "packfile" => {
                    let payload = Vec::new();
                    return Ok(Some(Self { packets, payload, at: 0, messages: 0, ended: false, alive: None }));
                }
                (Some(text), _) if text == "shallow-info" && !shallow => {
                    return Err(Fault::Shallow);
                }
                (Some(text), _) => {
                    if let Some(said) = text.strip_prefix("ERR ") {
                        return Err(refusal(said));
                    }
                }
                (None, Packet::Flush | Packet::ResponseEnd) => return Ok(None),
                (None, _) => {}
            }
        }
    }

    /// Has this done whenever the server says that it is alive, and no more than that.
    pub fn when_alive(&mut self, alive: impl Fn() + Send + 'static) {
        self.alive = Some(Box::new(alive));
    }

    /// The answer itself.
    pub fn get_mut(&mut self) -> &mut R {
        self.packets.get_mut()
    }

    /// Takes the next packet in; false at the end of the pack.
    fn refill(&mut self) -> io::Result<bool> {
        loop {
            let packet = self.packets.next_packet()?;
            if packet.is_some_and(is_sign_of_life) {
                self.alive.iter().for_each(|alive| alive());
            }
            match packet {
                None => return Err(Fault::Cut.into()),
                Some(Packet::Data([1, data @ ..])) => {
                    self.payload.clear();
                    self.payload.extend_from_slice(data);
                    self.at = 0;
                    if !self.payload.is_empty() {
                        return Ok(true);
                    }
                }
                Some(Packet::Data([2, text @ ..])) => {
                    self.messages += text.len() as u64 + 4;
                    if self.messages > limits::GIT_PREAMBLE {
                        return Err(Fault::TooLarge.into());
                    }
                }
                Some(Packet::Data([3, text @ ..])) => {
                    return Err(refusal(String::from_utf8_lossy(text).trim()).into());
                }
                Some(Packet::Data(_)) => return Err(Fault::NotAMirror("an unknown side band".to_owned()).into()),
                Some(_) => return Ok(false),
            }
        }
    }
}

impl<R: Read> Read for PackStream<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.at == self.payload.len() {
            if self.ended {
                return Ok(0);
            }
            if !self.refill()? {
                self.ended = true;
                return Ok(0);
            }
        }
        let rest = &self.payload[self.at..];
        let count = rest.len().min(buf.len());
        buf[..count].copy_from_slice(&rest[..count]);
        self.at += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::PackStream;
    use crate::git::{Packet, pkt_line::written};
    use std::{
        io::Read,
        sync::{
            Arc,
            atomic::{AtomicU32, Ordering},
        },
    };

    #[test]
    fn a_pack_comes_out_of_its_side_band_whole_or_as_a_fault() {
        let head = [Packet::Data(b"packfile\n")];
        let long = [[2].as_slice(), &[b'x'; 60_000]].concat();
        let endless: Vec<Packet<'_>> = std::iter::repeat_n(Packet::Data(&long), 20).collect();
        for (body, expected) in [
            (
                vec![Packet::Data(b"\x01PA"), Packet::Data(b"\x02counting"), Packet::Data(b"\x01CK"), Packet::Flush],
                Ok("PACK"),
            ),
            (vec![Packet::Data(b"\x01PA")], Err("cut")),
            (vec![Packet::Data(b"\x03no\x1b[2J")], Err("said")),
            (vec![Packet::Data(b"\x09")], Err("not-a-mirror")),
            (endless, Err("too-large")),
        ] {
            let bytes = written(&[&head[..], &body].concat());
            let mut text = String::new();
            let read = PackStream::open(&bytes[..], false).expect("a pack begins").read_to_string(&mut text);
            assert_eq!(
                read.map(|_| text.as_str()).map_err(|error| crate::errors::Fault::from_io(&error).name()),
                expected
            );
        }
    }

    #[test]
    fn what_is_no_pack_yet_is_a_sign_of_life() {
        let bytes = written(&[
            Packet::Data(b"packfile\n"),
            Packet::Data(b"\x01"),
            Packet::Data(b"\x02counting"),
            Packet::Data(b"\x01PA"),
            Packet::Data(b"\x01"),
            Packet::Data(b"\x01CK"),
            Packet::Flush,
        ]);
        let count = Arc::new(AtomicU32::new(0));
        let counter = Arc::clone(&count);
        let mut stream = PackStream::open(&bytes[..], false).expect("a pack begins");
        stream.when_alive(move || {
            counter.fetch_add(1, Ordering::Relaxed);
        });
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("whole");
        assert_eq!((text.as_str(), count.load(Ordering::Relaxed)), ("PACK", 3));
    }

    #[test]
    fn answers_without_a_pack_are_faults() {
        for (body, name) in [
            (vec![Packet::Data(b"ERR upload-pack: not our ref 12\n")], "missing"),
            (vec![Packet::Data(b"ERR want 12 not valid\n")], "missing"),
            (vec![Packet::Data(b"ERR go away\n")], "said"),
            (vec![Packet::Data(b"shallow-info\n")], "not-a-mirror"),
            (vec![Packet::Flush], "not-a-mirror"),
            (vec![], "cut"),
        ] {
            let bytes = written(&body);
            assert_eq!(PackStream::open(&bytes[..], false).err().map(|fault| fault.name()), Some(name));
        }
    }
}
