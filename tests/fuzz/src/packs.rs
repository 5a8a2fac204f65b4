//! Packs made from the fuzzer's bytes, by a writer of our own that knows what must come of them.

use std::collections::BTreeSet;

use arbitrary::Arbitrary;
use sha1::{Digest, Sha1};

/// One entry, in terms of the objects before it.
#[derive(Debug, Clone, Arbitrary)]
pub enum Entry {
    /// A file.
    Blob(Vec<u8>),
    /// A folder: a mode and an object for each name.
    Tree(Vec<(Mode, u8)>),
    /// A commit of a tree, with parents.
    Commit { tree: u8, parents: Vec<u8>, seconds: u16 },
    /// An annotated tag.
    Tag(u8),
    /// Bytes said to be of a kind.
    Raw(Kind, Vec<u8>),
    /// All of an earlier object and more, as a delta against its place.
    OfsDelta(u8, Vec<u8>),
    /// The same against its id.
    RefDelta(u8, Vec<u8>),
    /// A delta of any bytes against a place so far back.
    WildDelta(u16, Vec<u8>),
    /// An entry that claims another size than it has.
    Liar(Kind, u32, Vec<u8>),
}

/// What a tree says of an entry.
#[derive(Debug, Clone, Copy, Arbitrary)]
pub enum Mode {
    File,
    Folder,
    Submodule,
}

/// The four kinds of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Arbitrary)]
pub enum Kind {
    Commit,
    Tree,
    Blob,
    Tag,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Tree => "tree",
            Self::Blob => "blob",
            Self::Tag => "tag",
        }
    }
}

/// What is done to the finished pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Arbitrary)]
pub enum Tamper {
    Nothing,
    Flip(u16, u8),
    Cut(u16),
    Append(u8),
    Count(u32),
    Trailer,
}

/// An object as it is meant to be.
#[derive(Debug, Clone)]
pub struct Object {
    pub kind: Kind,
    pub data: Vec<u8>,
    pub id: [u8; 20],
    /// What it points to, where that is known to be well-formed.
    pub links: Vec<[u8; 20]>,
    offset: u64,
}

/// A pack, and what is true of it.
#[derive(Debug, Clone, Default)]
pub struct Pack {
    pub bytes: Vec<u8>,
    pub objects: Vec<Object>,
    /// All entries are what they claim, and every object is well-formed.
    pub sound: bool,
}

/// Digits of an id.
pub fn hex(id: &[u8; 20]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes entries as one pack (gitformat-pack).
pub fn write(entries: &[Entry], tamper: Tamper) -> Pack {
    let mut pack = Pack { sound: true, ..Pack::default() };
    pack.bytes.extend_from_slice(b"PACK\0\0\0\x02");
    let count = match tamper {
        Tamper::Count(count) => count,
        _ => u32::try_from(entries.len()).expect("few"),
    };
    pack.bytes.extend_from_slice(&count.to_be_bytes());
    for entry in entries {
        pack.add(entry);
    }
    let mut sum: [u8; 20] = Sha1::digest(&pack.bytes).into();
    if tamper == Tamper::Trailer {
        sum[0] ^= 1;
    }
    pack.bytes.extend_from_slice(&sum);
    let length = pack.bytes.len();
    match tamper {
        Tamper::Flip(at, bit) => pack.bytes[usize::from(at) % length] ^= 1 << (bit % 8),
        Tamper::Cut(at) => pack.bytes.truncate(usize::from(at) % length),
        Tamper::Append(byte) => pack.bytes.push(byte),
        _ => {}
    }
    pack
}

impl Pack {
    /// Whether everything that these objects point to is among them.
    pub fn is_closed(&self) -> bool {
        self.objects.iter().all(|object| object.links.iter().all(|link| self.has(link)))
    }

    /// Whether it has each object once.
    pub fn is_unique(&self) -> bool {
        self.objects.iter().map(|object| object.id).collect::<BTreeSet<_>>().len() == self.objects.len()
    }

    /// Whether an object of this id is in it.
    pub fn has(&self, id: &[u8; 20]) -> bool {
        self.objects.iter().any(|object| object.id == *id)
    }

    fn nth(&self, index: u8) -> Option<&Object> {
        (!self.objects.is_empty() && index != 255).then(|| &self.objects[usize::from(index) % self.objects.len()])
    }

    /// The id of an earlier object; 255 is one that nobody has.
    fn link(&self, index: u8, kinds: &[Kind]) -> [u8; 20] {
        let fitting: Vec<&Object> = self.objects.iter().filter(|object| kinds.contains(&object.kind)).collect();
        match fitting.is_empty() || index == 255 {
            true => [0xee; 20],
            false => fitting[usize::from(index) % fitting.len()].id,
        }
    }

    fn add(&mut self, entry: &Entry) {
        let offset = self.bytes.len() as u64;
        match entry {
            Entry::Blob(data) => self.plain(Kind::Blob, data.clone(), Vec::new()),
            Entry::Raw(kind, data) => {
                self.sound &= *kind == Kind::Blob;
                self.plain(*kind, data.clone(), Vec::new());
            }
            Entry::Tree(found) => {
                let (mut data, mut links) = (Vec::new(), Vec::new());
                for (number, (mode, target)) in found.iter().enumerate() {
                    let (mode, id) = match mode {
                        Mode::File => ("100644", self.link(*target, &[Kind::Blob])),
                        Mode::Folder => ("40000", self.link(*target, &[Kind::Tree])),
                        Mode::Submodule => ("160000", [*target; 20]),
                    };
                    data.extend_from_slice(format!("{mode} n{number:03}\0").as_bytes());
                    data.extend_from_slice(&id);
                    links.extend((mode != "160000").then_some(id));
                }
                self.plain(Kind::Tree, data, links);
            }
            Entry::Commit { tree, parents, seconds } => {
                let tree = self.link(*tree, &[Kind::Tree]);
                let parents: Vec<_> = parents.iter().map(|parent| self.link(*parent, &[Kind::Commit])).collect();
                let lines: String = parents.iter().map(|id| format!("parent {}\n", hex(id))).collect();
                let who = format!("A <a@h.example> {seconds} +0000");
                let data = format!("tree {}\n{lines}author {who}\ncommitter {who}\n\nx\n", hex(&tree));
                self.plain(Kind::Commit, data.into_bytes(), [vec![tree], parents].concat());
            }
            Entry::Tag(target) => {
                let kinds = [Kind::Commit, Kind::Tree, Kind::Blob, Kind::Tag];
                let id = self.link(*target, &kinds);
                let kind = self.objects.iter().find(|object| object.id == id).map_or(Kind::Commit, |found| found.kind);
                let data =
                    format!("object {}\ntype {}\ntag t\ntagger A <a@h.example> 1 +0000\n\nx\n", hex(&id), kind.word());
                self.plain(Kind::Tag, data.into_bytes(), vec![id]);
            }
            Entry::OfsDelta(base, more) | Entry::RefDelta(base, more) => {
                let Some(base) = self.nth(*base).cloned() else { return self.add(&Entry::Blob(more.clone())) };
                let more = &more[..more.len().min(127)];
                let data = [base.data.as_slice(), more].concat();
                let mut delta = Vec::new();
                varint(&mut delta, base.data.len());
                varint(&mut delta, data.len());
                copy_all(&mut delta, base.data.len());
                if !more.is_empty() {
                    delta.push(u8::try_from(more.len()).expect("cut to fit"));
                    delta.extend_from_slice(more);
                }
                if matches!(entry, Entry::OfsDelta(..)) {
                    self.header(6, delta.len());
                    self.distance(offset - base.offset);
                } else {
                    self.header(7, delta.len());
                    self.bytes.extend_from_slice(&base.id);
                }
                self.deflate(&delta);
                // What is appended to anything but a file makes it something that is not well-formed.
                self.sound &= base.kind == Kind::Blob || more.is_empty();
                let links = if more.is_empty() { base.links } else { Vec::new() };
                self.remember(base.kind, data, links, offset);
            }
            Entry::WildDelta(distance, delta) => {
                self.sound = false;
                self.header(6, delta.len());
                self.distance(u64::from(*distance));
                self.deflate(delta);
            }
            Entry::Liar(kind, size, data) => {
                self.sound = false;
                self.header(number(*kind), *size as usize);
                self.deflate(data);
            }
        }
    }

    fn plain(&mut self, kind: Kind, data: Vec<u8>, links: Vec<[u8; 20]>) {
        let offset = self.bytes.len() as u64;
        self.header(number(kind), data.len());
        self.deflate(&data);
        self.remember(kind, data, links, offset);
    }

    fn remember(&mut self, kind: Kind, data: Vec<u8>, links: Vec<[u8; 20]>, offset: u64) {
        let named = [format!("{} {}\0", kind.word(), data.len()).as_bytes(), &data].concat();
        let id = Sha1::digest(&named).into();
        self.objects.push(Object { kind, data, id, links, offset });
    }

    fn header(&mut self, kind: u8, size: usize) {
        let mut rest = size >> 4;
        let mut byte = kind << 4 | u8::try_from(size & 15).expect("four bits");
        while rest > 0 {
            self.bytes.push(byte | 0x80);
            byte = u8::try_from(rest & 0x7f).expect("seven bits");
            rest >>= 7;
        }
        self.bytes.push(byte);
    }

    fn distance(&mut self, mut distance: u64) {
        let mut bytes = vec![u8::try_from(distance & 0x7f).expect("seven bits")];
        while distance > 0x7f {
            distance = (distance >> 7) - 1;
            bytes.push(0x80 | u8::try_from(distance & 0x7f).expect("seven bits"));
        }
        self.bytes.extend(bytes.iter().rev());
    }

    /// zlib without compression (RFC 1950, RFC 1951).
    fn deflate(&mut self, data: &[u8]) {
        self.bytes.extend_from_slice(&[0x78, 0x01]);
        let mut blocks = data.chunks(0xffff).peekable();
        if data.is_empty() {
            self.bytes.extend_from_slice(&[1, 0, 0, 0xff, 0xff]);
        }
        while let Some(block) = blocks.next() {
            let length = u16::try_from(block.len()).expect("a chunk of this size");
            self.bytes.push(u8::from(blocks.peek().is_none()));
            self.bytes.extend_from_slice(&length.to_le_bytes());
            self.bytes.extend_from_slice(&(!length).to_le_bytes());
            self.bytes.extend_from_slice(block);
        }
        let (a, b) = data.iter().fold((1_u32, 0_u32), |(a, b), byte| {
            let a = (a + u32::from(*byte)) % 65521;
            (a, (b + a) % 65521)
        });
        self.bytes.extend_from_slice(&(b << 16 | a).to_be_bytes());
    }
}

fn number(kind: Kind) -> u8 {
    match kind {
        Kind::Commit => 1,
        Kind::Tree => 2,
        Kind::Blob => 3,
        Kind::Tag => 4,
    }
}

fn varint(out: &mut Vec<u8>, mut value: usize) {
    while value > 0x7f {
        out.push(u8::try_from(value & 0x7f).expect("seven bits") | 0x80);
        value >>= 7;
    }
    out.push(u8::try_from(value).expect("seven bits"));
}

/// Copy instructions for all of a base.
fn copy_all(delta: &mut Vec<u8>, size: usize) {
    let mut at = 0;
    while at < size {
        let length = (size - at).min(0xffff);
        delta.push(0b1011_1111);
        delta.extend_from_slice(&u32::try_from(at).expect("small").to_le_bytes());
        delta.extend_from_slice(&u16::try_from(length).expect("cut to fit").to_le_bytes());
        at += length;
    }
}
