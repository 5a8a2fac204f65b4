//! Answers to a fetch, taken apart and spoiled: the framing of git's packet lines stays whole.
//!
//! Pure: bytes in, bytes out; sending is `server`'s matter. Packet lines by gitformat-protocol(5), bands by gitprotocol-v2(5).

use std::ops::Range;

use crate::world::Noise;

/// The most that fits in one packet beside its length and band.
pub(crate) const PAYLOAD: usize = 65_515;
/// Objects that an endless pack claims; many, yet a table of them fits in memory.
const CLAIMED: u32 = 1_000_000;
/// A pack's header, and the digest at its end, are not flipped: clients find those too soon.
const PACK_HEAD: usize = 12;
const PACK_TAIL: usize = 20;

/// Where an answer's pack lies: the payloads of its band-1 packets, in order.
pub(crate) fn pack_ranges(answer: &[u8]) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut at = 0;
    while let Some(head) = answer.get(at..at + 4) {
        let length = std::str::from_utf8(head).ok().and_then(|digits| usize::from_str_radix(digits, 16).ok());
        match length {
            Some(length) if length >= 5 && at + length <= answer.len() => {
                // Lines other than band packets begin with a letter.
                if answer[at + 4] == 1 {
                    ranges.push(at + 5..at + length);
                }
                at += length;
            }
            Some(0..=4) => at += 4,
            _ => break,
        }
    }
    ranges
}

/// Turns over one bit of the pack at an offset, which is moved between the pack's head and its digest.
pub(crate) fn flip(answer: &mut [u8], offset_in: impl FnOnce(usize) -> usize) {
    let ranges = pack_ranges(answer);
    let total: usize = ranges.iter().map(ExactSizeIterator::len).sum();
    let last = total.saturating_sub(PACK_TAIL + 1).max(PACK_HEAD);
    let mut offset = offset_in(total).clamp(PACK_HEAD, last);
    for range in ranges {
        if offset < range.len() {
            answer[range.start + offset] ^= 0x10;
            return;
        }
        offset -= range.len();
    }
}

/// Puts a packet on the progress band, with what a terminal would obey, before the pack.
pub(crate) fn with_escapes(answer: &[u8]) -> Vec<u8> {
    let packet = band(2, b"\x1b]0;owned\x07\x1b[2J\x1b[31mred\x1b[0m\x9b5A\n");
    let first = before_pack(answer);
    [&answer[..first], &packet, &answer[first..]].concat()
}

/// Bytes of an answer before the first packet of its pack.
pub(crate) fn before_pack(answer: &[u8]) -> usize {
    pack_ranges(answer).first().map_or(answer.len(), |range| range.start - 5)
}

/// A packet on a band.
pub(crate) fn band(number: u8, payload: &[u8]) -> Vec<u8> {
    let mut packet = format!("{:04x}", payload.len() + 5).into_bytes();
    packet.push(number);
    packet.extend_from_slice(payload);
    packet
}

/// What comes before the bands in an answer that starts with the pack.
pub(crate) fn opening(version: u8) -> &'static [u8] {
    if version == 2 { b"000dpackfile\n" } else { b"0008NAK\n" }
}

/// Progress without end.
pub(crate) fn endless_progress() -> impl Iterator<Item = Vec<u8>> {
    (0_u64..).map(|number| {
        let line = format!("Counting objects: {number}\r");
        band(2, &line.repeat(PAYLOAD / line.len()).into_bytes())
    })
}

/// A pack without end: valid blobs of noise, each in a stored deflate block.
pub(crate) fn endless_pack() -> impl Iterator<Item = Vec<u8>> {
    let mut head = b"PACK\0\0\0\x02".to_vec();
    head.extend_from_slice(&CLAIMED.to_be_bytes());
    let mut noise = Noise::new(4);
    let objects = std::iter::repeat_with(move || band(1, &blob(&noise.bytes(60_000))));
    std::iter::once(band(1, &head)).chain(objects)
}

/// A blob as an entry of a pack: gitformat-pack(5); zlib by RFC 1950, a stored block by RFC 1951, section 3.2.4.
fn blob(contents: &[u8]) -> Vec<u8> {
    const BLOB: u8 = 3;
    let size = contents.len();
    let low = |bits: usize| u8::try_from(bits & 0x7f).expect("seven bits fit");
    let mut entry = vec![0x80 | (BLOB << 4) | (low(size) & 0x0f)];
    let mut rest = size >> 4;
    while rest > 0x7f {
        entry.push(0x80 | low(rest));
        rest >>= 7;
    }
    entry.push(low(rest));
    entry.extend_from_slice(&[0x78, 0x01, 0x01]);
    let length = u16::try_from(size).expect("a stored block holds 65535 bytes");
    entry.extend_from_slice(&length.to_le_bytes());
    entry.extend_from_slice(&(!length).to_le_bytes());
    entry.extend_from_slice(contents);
    entry.extend_from_slice(&adler32(contents).to_be_bytes());
    entry
}

fn adler32(bytes: &[u8]) -> u32 {
    let (a, b) = bytes.iter().fold((1_u32, 0_u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    (b << 16) | a
}

#[cfg(test)]
mod tests {
    use super::{band, flip, opening, pack_ranges, with_escapes};

    fn answer() -> Vec<u8> {
        let pack: Vec<u8> = (0..100).collect();
        [opening(2), &band(2, b"counting\n"), &band(1, &pack[..40]), &band(1, &pack[40..]), b"0000"].concat()
    }

    #[test]
    fn one_bit_of_the_pack_is_flipped_and_the_framing_is_whole() {
        let (before, mut after) = (answer(), answer());
        flip(&mut after, |total| total / 2);
        let changed: Vec<usize> = (0..before.len()).filter(|at| before[*at] != after[*at]).collect();
        assert_eq!(changed, [pack_ranges(&before)[1].start + 10]);
        assert_eq!(pack_ranges(&before), pack_ranges(&after));
    }

    #[test]
    fn escapes_come_before_the_pack() {
        let spoiled = with_escapes(&answer());
        assert_eq!(pack_ranges(&spoiled).len(), 2);
        assert!(spoiled.windows(4).any(|window| window == b"\x1b]0;"));
    }

    #[test]
    fn the_checksum_of_zlib_is_adler32() {
        assert_eq!(super::adler32(b"Wikipedia"), 0x11e6_0398);
    }
}
