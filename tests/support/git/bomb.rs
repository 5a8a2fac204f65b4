//! Packs that are small on the way and huge when they are rebuilt, made of honest ones. Pure.
//!
//! Entries by gitformat-pack(5); zeros by RFC 1951, section 3.2.6: a match of 258 bytes is thirteen bits.

use sha1::{Digest, Sha1};

use super::answer::{PAYLOAD, band, pack_ranges};
use crate::wire::Bomb;

const BLOB: u8 = 3;
const OFS_DELTA: u8 = 6;
/// Zeros of eight matches.
const EIGHT: u64 = 8 * 258;
/// Bytes that one instruction of a delta copies at most.
const COPY: u64 = 0xff_ffff;

/// An answer whose pack has the bomb behind its objects.
pub(crate) fn added(answer: &[u8], bomb: Bomb) -> Vec<u8> {
    let ranges = pack_ranges(answer);
    let Some(last) = ranges.last() else { return answer.to_vec() };
    let mut pack: Vec<u8> = ranges.iter().flat_map(|range| &answer[range.clone()]).copied().collect();
    pack.truncate(pack.len().saturating_sub(20));
    let count = u32::from_be_bytes(pack[8..12].try_into().expect("a pack has a header"));
    let more = match bomb {
        Bomb::Zeros(size) => {
            file(&mut pack, size);
            1
        }
        Bomb::Deltas { size, count } => deltas(&mut pack, size, count),
        Bomb::Count => u32::MAX - count,
    };
    pack[8..12].copy_from_slice(&(count + more).to_be_bytes());
    let digest = Sha1::digest(&pack);
    pack.extend_from_slice(&digest);
    // What stands between bands, such as progress, goes; what comes before and behind them stays.
    let mut spoiled = answer[..ranges[0].start - 5].to_vec();
    pack.chunks(PAYLOAD).for_each(|chunk| spoiled.extend(band(1, chunk)));
    spoiled.extend_from_slice(&answer[last.end..]);
    spoiled
}

/// A file of zeros.
fn file(pack: &mut Vec<u8>, size: u64) {
    header(pack, BLOB, size);
    pack.extend(zeros(size));
}

/// A file, and deltas that each repeat what they rest on; two rest on each, so that it has to be kept.
fn deltas(pack: &mut Vec<u8>, size: u64, count: u32) -> u32 {
    let mut base = pack.len();
    file(pack, size);
    for number in 0..count {
        let mut next = base;
        for twin in [0, 1] {
            // The last byte makes it another object; the sizes stay.
            let mut delta = varint(size);
            delta.extend(varint(size));
            let mut at = 0;
            while at < size - 9 {
                let length = COPY.min(size - 9 - at);
                delta.push(0b1111_1111);
                delta.extend_from_slice(&u32::try_from(at).expect("below 4 GiB").to_le_bytes());
                delta.extend_from_slice(&u32::try_from(length).expect("24 bits").to_le_bytes()[..3]);
                at += length;
            }
            delta.push(9);
            delta.extend_from_slice(&(u64::from(number) * 2 + twin).to_be_bytes());
            delta.push(1);
            next = pack.len();
            header(pack, OFS_DELTA, delta.len() as u64);
            distance(pack, next - base);
            pack.extend(stored(&delta));
        }
        base = next;
    }
    1 + 2 * count
}

fn header(pack: &mut Vec<u8>, kind: u8, size: u64) {
    let mut rest = size >> 4;
    let mut byte = kind << 4 | low(size) & 0x0f;
    while rest > 0 {
        pack.push(byte | 0x80);
        byte = low(rest);
        rest >>= 7;
    }
    pack.push(byte);
}

fn distance(pack: &mut Vec<u8>, distance: usize) {
    let mut rest = distance as u64;
    let mut bytes = vec![low(rest)];
    while rest > 0x7f {
        rest = (rest >> 7) - 1;
        bytes.push(0x80 | low(rest));
    }
    pack.extend(bytes.iter().rev());
}

fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 0x7f {
        bytes.push(0x80 | low(number));
        number >>= 7;
    }
    bytes.push(low(number));
    bytes
}

fn low(bits: u64) -> u8 {
    u8::try_from(bits & 0x7f).expect("seven bits fit")
}

/// zlib (RFC 1950) of so many zeros, with the fixed codes.
fn zeros(size: u64) -> Vec<u8> {
    let mut bits = Bits { bytes: vec![0x78, 0x01], count: 0 };
    bits.put(0b011, 3);
    // The literal 0 is 00110000; codes are sent with their first bit first.
    let literal = 0b0000_1100;
    let mut left = size;
    if left > 0 {
        bits.put(literal, 8);
        left -= 1;
    }
    // 285, 258 bytes, is 11000101; a distance of one is 00000.
    let eight = |bits: &mut Bits| (0..8).for_each(|_| bits.put(0b1010_0011, 13));
    if left >= 3 * EIGHT {
        // Eight matches are thirteen bytes, and from the second time on always the same ones.
        eight(&mut bits);
        let before = bits.bytes.len() - 1;
        eight(&mut bits);
        let cycle: Vec<u8> = bits.bytes[before..before + 13].to_vec();
        let last = bits.bytes.pop();
        let more = left / EIGHT - 2;
        (0..more).for_each(|_| bits.bytes.extend_from_slice(&cycle));
        bits.bytes.extend(last);
        left %= EIGHT;
    }
    while left >= 258 {
        bits.put(0b1010_0011, 13);
        left -= 258;
    }
    (0..left).for_each(|_| bits.put(literal, 8));
    bits.put(0, 7);
    let sum = u32::try_from(size % 65_521).expect("below the modulus") << 16 | 1;
    bits.bytes.extend_from_slice(&sum.to_be_bytes());
    bits.bytes
}

/// zlib of bytes as they are, fewer than 65536.
fn stored(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).expect("a stored block holds 65535 bytes");
    let (a, b) = bytes.iter().fold((1_u32, 0_u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    let head = [0x78, 0x01, 0x01].into_iter().chain(length.to_le_bytes()).chain((!length).to_le_bytes());
    head.chain(bytes.iter().copied()).chain((b << 16 | a).to_be_bytes()).collect()
}

/// Bits in the order of deflate.
struct Bits {
    bytes: Vec<u8>,
    /// Bits of the last byte that are used; none when it is full.
    count: u32,
}

impl Bits {
    fn put(&mut self, value: u32, count: u32) {
        for bit in 0..count {
            if self.count == 0 {
                self.bytes.push(0);
            }
            if let Some(last) = self.bytes.last_mut() {
                *last |= u8::try_from(value >> bit & 1).expect("one bit") << self.count;
            }
            self.count = (self.count + 1) % 8;
        }
    }
}
