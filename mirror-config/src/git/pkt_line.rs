//! git's line format (gitprotocol-common), as packets that are read and written one at a time.

use std::io::{self, Read, Write};

use gix_packetline::{
    PacketLineRef,
    blocking_io::encode,
    decode::{PacketLineOrWantedSize, hex_prefix},
};

use crate::errors::Fault;

/// One packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packet<'a> {
    /// A payload, at most 65516 bytes.
    Data(&'a [u8]),
    /// `0000`: the end of a request or answer.
    Flush,
    /// `0001`: between two sections.
    Delimiter,
    /// `0002`: the end of an answer on a stateless connection.
    ResponseEnd,
}

impl Packet<'_> {
    /// The payload without its newline, as it came.
    pub fn line(&self) -> Option<&[u8]> {
        let Self::Data(data) = self else { return None };
        Some(data.strip_suffix(b"\n").unwrap_or(data))
    }

    /// The payload as text without its newline, to be looked at or shown: bytes that are no UTF-8 are replaced.
    pub fn text(&self) -> Option<String> {
        self.line().map(|line| String::from_utf8_lossy(line).into_owned())
    }

    /// Writes it in git's format.
    ///
    /// # Errors
    ///
    /// Those of the writer, and a payload that is too long or empty.
    pub fn write(&self, out: impl Write) -> io::Result<()> {
        match self {
            Self::Data(data) => encode::data_to_write(data, out),
            Self::Flush => encode::flush_to_write(out),
            Self::Delimiter => encode::delim_to_write(out),
            Self::ResponseEnd => encode::response_end_to_write(out),
        }
        .map(|_| ())
    }
}

/// Most bytes of a line without its newline, so that it fits a packet with one (gitprotocol-common).
pub const LONGEST_LINE: usize = 65_515;

/// Reads packets from a stream.
#[derive(Debug)]
pub struct Packets<R> {
    from: R,
    buffer: Vec<u8>,
}

impl<R: Read> Packets<R> {
    /// Packets from here on.
    pub fn new(from: R) -> Self {
        Self { from, buffer: Vec::with_capacity(0x1_0000) }
    }

    /// The next packet, or `None` where the stream ends between two.
    ///
    /// # Errors
    ///
    /// [`Fault::Cut`] inside the error when the stream ends within a packet, [`Fault::NotAMirror`] when it is not of
    /// this format.
    pub fn next_packet(&mut self) -> io::Result<Option<Packet<'_>>> {
        let mut prefix = [0; 4];
        let got = read_up_to(&mut self.from, &mut prefix)?;
        if got == 0 {
            return Ok(None);
        }
        if got < prefix.len() {
            return Err(Fault::Cut.into());
        }
        let wanted =
            hex_prefix(&prefix).map_err(|_| Fault::NotAMirror("its answer is not in git's line format".to_owned()))?;
        Ok(Some(match wanted {
            PacketLineOrWantedSize::Line(PacketLineRef::Flush) => Packet::Flush,
            PacketLineOrWantedSize::Line(PacketLineRef::Delimiter) => Packet::Delimiter,
            PacketLineOrWantedSize::Line(_) => Packet::ResponseEnd,
            PacketLineOrWantedSize::Wanted(length) => {
                self.buffer.resize(usize::from(length), 0);
                if read_up_to(&mut self.from, &mut self.buffer)? < self.buffer.len() {
                    return Err(Fault::Cut.into());
                }
                Packet::Data(&self.buffer)
            }
        }))
    }

    /// The stream itself.
    pub fn get_mut(&mut self) -> &mut R {
        &mut self.from
    }
}

/// Fills the buffer as far as the stream goes.
fn read_up_to(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match from.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// These packets as bytes.
#[cfg(test)]
pub(crate) fn written(list: &[Packet<'_>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    list.iter().for_each(|packet| packet.write(&mut bytes).expect("memory"));
    bytes
}

#[cfg(test)]
mod tests {
    use super::{Packet, Packets};
    use crate::errors::Fault;

    #[test]
    fn packets_are_written_and_read_alike() {
        let packets = [
            Packet::Data(b"want x\n"),
            Packet::Delimiter,
            Packet::Data(b"\x01\x02"),
            Packet::Flush,
            Packet::ResponseEnd,
        ];
        let mut bytes = Vec::new();
        for packet in packets {
            packet.write(&mut bytes).expect("memory");
        }
        let mut reader = Packets::new(&bytes[..]);
        for packet in packets {
            assert_eq!(reader.next_packet().expect("as written"), Some(packet));
        }
        assert_eq!(reader.next_packet().expect("the end"), None);
    }

    #[test]
    fn what_is_not_of_the_format_is_a_fault() {
        for (bytes, name) in
            [(&b"<html>"[..], "not-a-mirror"), (b"0003", "not-a-mirror"), (b"000", "cut"), (b"0009abc", "cut")]
        {
            let error = Packets::new(bytes).next_packet().map(|p| p.is_some()).expect_err("not of the format");
            assert_eq!(Fault::from_io(&error).name(), name);
        }
    }
}
