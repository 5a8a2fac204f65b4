//! What the objects of a pack take in memory while they are rebuilt, found before one of them is.
//!
//! A megabyte of zeros, deflated, is a kilobyte; a delta of a few bytes may stand for any size, and a chain of them holds
//! on to every base that has further deltas. So sizes are read where entries claim them, and chains are added up.

use std::thread;

use gix::zlib::Inflate;
use gix_pack::data::{self, Offset, entry::Header, input::Entry};
use mirror_config::errors::Fault;

/// Largest object that is taken, inflated: the largest file that GitHub takes.
pub(crate) const LARGEST_OBJECT: u64 = 100 << 20;
/// Bytes that say how large the base of a delta is, and its result: two numbers of seven bits a byte.
const HEAD: usize = 20;
/// Deflated bytes that are enough for that: the tables of a block (RFC 1951, section 3.2.7) take fewer than 300.
const ENOUGH: u64 = 1024;

/// The delta at an offset.
#[derive(Debug, Clone, Copy)]
struct Delta {
    offset: Offset,
    base: Offset,
    /// Bytes of its instructions.
    size: u64,
    /// Bytes of the header in front of them.
    header: u16,
}

/// What is known of a pack's entries, in their order.
#[derive(Debug, Default)]
pub(crate) struct Weights {
    entries: u64,
    largest: u64,
    deltas: Vec<Delta>,
    /// Deltas whose base is named by its id and is in the pack itself, where no git puts them.
    loose: Vec<Delta>,
}

/// Sizes of a delta's base and result.
type Sizes = (u64, u64);

impl Weights {
    /// Takes an entry in.
    pub(crate) fn note(&mut self, entry: &Entry) {
        let (offset, size, header) = (entry.pack_offset, entry.decompressed_size, entry.header_size);
        self.entries += 1;
        self.largest = self.largest.max(size);
        match entry.header {
            Header::OfsDelta { base_distance } => {
                // One that reaches out of the pack is refused by who builds the chains.
                let base = offset.saturating_sub(base_distance);
                self.deltas.push(Delta { offset, base, size, header });
            }
            Header::RefDelta { .. } => self.loose.push(Delta { offset, base: 0, size, header }),
            _ => {}
        }
    }

    /// Whether there was no entry.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries == 0
    }

    /// The most bytes that one thread holds at a time while it rebuilds the objects of this pack.
    ///
    /// # Errors
    ///
    /// [`Fault::TooLarge`] for an object beyond [`LARGEST_OBJECT`], [`Fault::Corrupt`] for a delta that is none.
    pub(crate) fn peak(&self, pack: &data::File) -> Result<u64, Fault> {
        if self.largest > LARGEST_OBJECT {
            return Err(Fault::TooLarge);
        }
        let (sizes, loose) = (sizes(pack, &self.deltas)?, sizes(pack, &self.loose)?);
        if sizes.iter().chain(&loose).any(|(base, result)| *base.max(result) > LARGEST_OBJECT) {
            return Err(Fault::TooLarge);
        }
        let mut bases: Vec<Offset> = self.deltas.iter().map(|delta| delta.base).collect();
        bases.sort_unstable();
        let first = |base: Offset| bases.partition_point(|other| *other < base);
        let has_more = |base: Offset| bases.get(first(base) + 1) == Some(&base);
        // For each delta what is held by those below it that wait for their turn.
        let mut held: Vec<u64> = Vec::with_capacity(self.deltas.len());
        let mut peak = self.largest;
        for (delta, (base, result)) in self.deltas.iter().zip(&sizes) {
            let below = self.deltas.binary_search_by_key(&delta.base, |other| other.offset);
            let below = below.ok().and_then(|at| held.get(at)).copied().unwrap_or_default();
            let all = below.saturating_add(if has_more(delta.base) { *base } else { 0 });
            peak = peak.max(all.saturating_add(*base + *result + delta.size));
            held.push(all);
        }
        // Nobody knows what these rest on: each might on all others.
        let loose = loose.iter().fold(0_u64, |all, (base, result)| all.saturating_add(*base + *result));
        Ok(peak.saturating_add(loose))
    }
}

/// Reads the heads of deltas, in as many threads as there are processors.
fn sizes(pack: &data::File, deltas: &[Delta]) -> Result<Vec<Sizes>, Fault> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let each = deltas.len().div_ceil(threads).max(1);
    let read = |deltas: &[Delta]| -> Result<Vec<Sizes>, Fault> {
        let mut inflate = Inflate::default();
        deltas.iter().map(|delta| head(pack, delta, &mut inflate)).collect()
    };
    thread::scope(|scope| {
        let parts: Vec<_> = deltas.chunks(each).map(|part| scope.spawn(move || read(part))).collect();
        let mut all = Vec::with_capacity(deltas.len());
        for part in parts {
            all.extend(part.join().expect("reading numbers does not panic")?);
        }
        Ok(all)
    })
}

fn head(pack: &data::File, delta: &Delta, inflate: &mut Inflate) -> Result<Sizes, Fault> {
    let none = || Fault::Corrupt("a delta that is none".to_owned());
    let begin = delta.offset + u64::from(delta.header);
    // Empty blocks in front, which nobody writes, would make it longer; then numbers are missing below.
    let end = (begin + ENOUGH).min(pack.pack_end() as u64);
    let deflated = pack.entry_slice(begin..end).ok_or_else(none)?;
    let mut bytes = [0; HEAD];
    inflate.reset();
    let (_, _, count) = inflate.prefix(deflated, &mut bytes).map_err(|_| none())?;
    let mut bytes = bytes[..count].iter();
    let mut number = || -> Result<u64, Fault> {
        let mut number = 0_u64;
        for place in 0..HEAD / 2 {
            let byte = bytes.next().ok_or_else(none)?;
            number |= u64::from(byte & 0x7f).checked_shl(7 * place as u32).unwrap_or(0);
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(none())
    };
    Ok((number()?, number()?))
}

#[cfg(test)]
mod tests {
    use super::{Delta, LARGEST_OBJECT, Weights};
    use gix::hash::Kind;
    use gix_pack::data;
    use mirror_config::errors::Fault;

    /// A file that is a pack for whoever looks at its head and reads entries by their places: one delta after the other,
    /// each with a header of two bytes, deflated without compression.
    fn pack(heads: &[&[u8]]) -> (tempfile::NamedTempFile, Vec<u64>) {
        let mut bytes = b"PACK\0\0\0\x02\0\0\0\x01".to_vec();
        let mut places = Vec::new();
        for head in heads {
            places.push(bytes.len() as u64);
            // Instructions behind it, so that nobody gets to the checksum at the end.
            bytes.extend_from_slice(&[0, 0, 0x78, 0x01, 0x01, 40, 0, !40, 0xff]);
            bytes.extend_from_slice(head);
            bytes.resize(bytes.len() + 40 - head.len(), 0);
        }
        bytes.extend_from_slice(&[0; 300]);
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        std::fs::write(file.path(), bytes).expect("our own file");
        (file, places)
    }

    fn number(mut number: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        while number > 0x7f {
            bytes.push(0x80 | (number & 0x7f) as u8);
            number >>= 7;
        }
        bytes.push(number as u8);
        bytes
    }

    #[test]
    fn chains_are_added_up_where_they_branch() {
        const MIB: u64 = 1 << 20;
        let sizes = |base: u64, result: u64| [number(base), number(result)].concat();
        // Each case: for each delta what it rests on (0: a whole object), the size of that, and its own.
        for (case, links, expected) in [
            ("one delta", &[(0, 4, 5)][..], Ok(9)),
            ("a line holds nothing", &[(0, 4, 4), (1, 4, 4), (2, 4, 4)], Ok(8)),
            ("two on one hold it", &[(0, 4, 4), (0, 4, 4)], Ok(12)),
            ("branches on branches", &[(0, 4, 4), (0, 4, 4), (2, 4, 4), (2, 4, 4), (4, 4, 4)], Ok(16)),
            ("a result beyond the limit", &[(0, 1, 101)], Err(Fault::TooLarge)),
            ("a base beyond the limit", &[(0, 1 << 40, 1)], Err(Fault::TooLarge)),
        ] {
            let heads: Vec<Vec<u8>> = links.iter().map(|(_, base, result)| sizes(base * MIB, result * MIB)).collect();
            let (file, places) = pack(&heads.iter().map(Vec::as_slice).collect::<Vec<_>>());
            let place = |number: usize| if number == 0 { 1 } else { places[number - 1] };
            let deltas = links.iter().zip(&places);
            let deltas =
                deltas.map(|((base, ..), offset)| Delta { offset: *offset, base: place(*base), size: 0, header: 2 });
            let weights = Weights { entries: 1, deltas: deltas.collect(), ..Weights::default() };
            let pack = data::File::at(file.path(), Kind::Sha1).expect("it begins like a pack");
            assert_eq!(weights.peak(&pack), expected.map(|size| size * MIB), "{case}");
        }
        let (file, places) = pack(&[&[0x80; 12]]);
        let pack = data::File::at(file.path(), Kind::Sha1).expect("it begins like a pack");
        let endless = Delta { offset: places[0], base: 1, size: 0, header: 2 };
        let weights = Weights { entries: 1, deltas: vec![endless], ..Weights::default() };
        assert!(matches!(weights.peak(&pack), Err(Fault::Corrupt(_))), "a number without end");
        let weights = Weights { entries: 1, largest: LARGEST_OBJECT + 1, ..Weights::default() };
        assert_eq!(weights.peak(&pack), Err(Fault::TooLarge));
    }
}
