//! A file that came in segments from several sources and is not what it must be: who lied, and what is to come again.
//!
//! Segments are compared with what somebody else has in their place: one of each source first, those in damaged parts before
//! others. Where two differ, the hash of the whole or a third one tells who is wrong; then only that one's segments come
//! anew. Honest sources lose nothing by it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    sync::Arc,
    time::Duration,
};

use super::{
    damage,
    part::{Open, Part},
    sources::{SourceId, Sources},
};
use crate::{errors::Fault, select::Source, system::digest, transport::http::Cancel};

/// Who sent which segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sent {
    /// Bytes of the file.
    pub(super) size: u64,
    /// Bytes of a segment, but of the last one.
    pub(super) segment: u64,
    /// The senders, by number.
    pub(super) by: BTreeMap<u64, SourceId>,
    /// Who has sent anything of a segment.
    pub(super) touched: BTreeSet<(u64, SourceId)>,
    /// Those who were found to lie meanwhile.
    pub(super) liars: Vec<SourceId>,
}

impl Sent {
    fn part(&self, number: u64) -> Part {
        let from = number * self.segment;
        Part { from, to: Some((from + self.segment).min(self.size)), alone: false }
    }

    /// The numbers in the order in which they are worth a look: those in damaged parts in front, in the order of the parts, of
    /// each sender one before all others.
    fn order(&self, damaged: &[std::ops::Range<u64>]) -> Vec<u64> {
        let place = |number: &u64| {
            let part = self.part(*number);
            let hit =
                |range: &std::ops::Range<u64>| range.start < part.to.unwrap_or(self.size) && part.from < range.end;
            damaged.iter().position(hit).unwrap_or(damaged.len())
        };
        let mut numbers: Vec<u64> = self.by.keys().copied().collect();
        numbers.sort_by_key(place);
        let mut seen = BTreeSet::new();
        let mut order: Vec<(usize, bool, u64)> = numbers
            .into_iter()
            .map(|number| (place(&number).min(damaged.len()), !seen.insert(self.by[&number]), number))
            .collect();
        // The last place is for all that is in no such part.
        order.sort_by_key(|(place, again, _)| (*place == damaged.len(), *again, *place));
        order.into_iter().map(|(_, _, number)| number).collect()
    }
}

/// What is done about it.
struct Repair<'a> {
    sources: &'a Sources,
    open: &'a Open,
    file: File,
    sha256: &'a str,
    sent: &'a Sent,
}

/// Puts the file right, and says who lied; nothing where that was not found out at less than the file's own cost.
pub(super) fn repair(
    sources: &Sources,
    path: &std::path::Path,
    sha256: &str,
    sent: &Sent,
    open: &Open,
) -> Option<SourceId> {
    let file = File::options().read(true).write(true).open(path).ok()?;
    let damaged = damage::parts(&file);
    tracing::debug!(?damaged, liars = ?sent.liars, "a file is not what it must be");
    let mut repair = Repair { sources, open, file, sha256, sent };
    for liar in &sent.liars {
        if repair.renew(*liar, None) {
            return Some(*liar);
        }
    }
    for number in sent.order(&damaged) {
        let sender = *sent.by.get(&number)?;
        let (other, theirs) = repair.fetch(number, &[sender])?;
        let mine = repair.read(number).ok()?;
        tracing::debug!(number, sender, other, same = mine == theirs, "compared");
        if mine == theirs {
            continue;
        }
        repair.write(number, &theirs).ok()?;
        if repair.is_right() {
            return Some(sender);
        }
        // More than this one is wrong, or the other one lies as well.
        let liar = match repair.fetch(number, &[sender, other]) {
            Some((_, third)) if third == mine => {
                repair.write(number, &mine).ok()?;
                other
            }
            _ => sender,
        };
        return repair.renew(liar, Some(number)).then_some(liar);
    }
    None
}

impl Repair<'_> {
    /// Has all segments of one come from others, but for the one that has.
    fn renew(&mut self, liar: SourceId, but: Option<u64>) -> bool {
        let theirs = self.sent.touched.iter().filter(|(number, sender)| *sender == liar && Some(*number) != but);
        let numbers: Vec<u64> = theirs.map(|(number, _)| *number).collect();
        numbers
            .into_iter()
            .all(|number| self.fetch(number, &[liar]).is_some_and(|(_, bytes)| self.write(number, &bytes).is_ok()))
            && self.is_right()
    }

    fn fetch(&self, number: u64, but: &[SourceId]) -> Option<(SourceId, Vec<u8>)> {
        let part = self.sent.part(number);
        from_others(self.sources, self.open, part, but).or_else(|| {
            let (id, upstream) = self.sources.order().into_iter().find(|(_, source)| source.is_upstream())?;
            self.sources.begin(id);
            let (answer, first_byte) = ask(self.open, part, &upstream);
            let bytes = answer.as_ref().map_or(0, Vec::len) as u64;
            self.sources.end(id, bytes, 0, first_byte, answer.as_ref().err().cloned());
            Some((id, answer.ok()?))
        })
    }

    fn read(&mut self, number: u64) -> io::Result<Vec<u8>> {
        let part = self.sent.part(number);
        let mut bytes = Vec::new();
        self.file.seek(SeekFrom::Start(part.from))?;
        (&self.file).take(part.to.unwrap_or(self.sent.size) - part.from).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn write(&mut self, number: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(self.sent.part(number).from))?;
        self.file.write_all(bytes)
    }

    fn is_right(&mut self) -> bool {
        self.file.rewind().is_ok() && digest::sha256(&self.file).is_ok_and(|sum| sum == self.sha256)
    }
}

/// A part from the first who gives it and is none of these. Only mirrors that answer are asked: no file is missing yet.
pub(super) fn from_others(sources: &Sources, open: &Open, part: Part, but: &[SourceId]) -> Option<(SourceId, Vec<u8>)> {
    let may_be = |id: SourceId, source: &Source| !but.contains(&id) && !source.is_upstream() && sources.answers(id);
    for (id, source) in sources.order().into_iter().filter(|(id, source)| may_be(*id, source)) {
        sources.begin(id);
        let (answer, first_byte) = ask(open, part, &source);
        match answer {
            Ok(bytes) => {
                sources.end(id, bytes.len() as u64, 0, first_byte, None);
                return Some((id, bytes));
            }
            Err(fault) => sources.end(id, 0, 0, first_byte, Some(fault)),
        }
    }
    None
}

fn ask(open: &Open, part: Part, source: &Arc<Source>) -> (Result<Vec<u8>, Fault>, Option<Duration>) {
    let bytes = part.to.unwrap_or_default().saturating_sub(part.from);
    match open(source, part, &Cancel::new()) {
        Err(fault) => (Err(fault), None),
        Ok(response) if response.status != 206 => (Err(Fault::Said("it does not give parts".to_owned())), None),
        Ok(response) => {
            let first_byte = Some(response.first_byte);
            let whole = |read: Vec<u8>| if read.len() as u64 == bytes { Ok(read) } else { Err(Fault::Cut) };
            (response.body.read_all(bytes).and_then(whole), first_byte)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BTreeSet, Sent};

    #[test]
    fn damaged_parts_are_looked_at_first_and_of_each_sender_one_before_others() {
        let by = [(0, 0), (1, 0), (2, 1), (3, 1), (4, 2), (5, 0)].into_iter().collect();
        let sent = Sent { size: 55, segment: 10, by, touched: BTreeSet::new(), liars: Vec::new() };
        let one = |range: std::ops::Range<u64>| std::iter::once(range).collect::<Vec<_>>();
        for (damaged, expected) in [
            (Vec::new(), &[0, 2, 4, 1, 3, 5][..]),
            (one(15..16), &[1, 2, 4, 0, 3, 5]),
            (vec![15..35, 52..53], &[1, 2, 3, 5, 4, 0]),
            (one(0..55), &[0, 2, 4, 1, 3, 5]),
            (vec![52..53, 15..16], &[5, 1, 2, 4, 0, 3]),
        ] {
            assert_eq!(sent.order(&damaged), expected, "{damaged:?}");
        }
    }
}
