//! Packs of a few small objects, made for tests.

use gix::{ObjectId, hash::Kind, objs};

/// What stands in a pack, each of fewer than 256 bytes: an object; a delta on the entry of this number, fewer than 128 before it, or on
/// what has this name.
pub(crate) enum Item<'a> {
    Whole(objs::Kind, &'a [u8]),
    On(usize, &'a [u8]),
    Named(ObjectId, &'a [u8]),
}

/// A pack of these, deflated without compression (RFC 1950, RFC 1951).
pub(crate) fn pack(items: &[Item<'_>]) -> Vec<u8> {
    let mut bytes = [&b"PACK\0\0\0\x02\0\0\0"[..], &[items.len() as u8]].concat();
    let mut places = Vec::new();
    for item in items {
        let at = bytes.len();
        places.push(at);
        let (kind, data) = match item {
            Item::Whole(objs::Kind::Commit, data) => (1, data),
            Item::Whole(objs::Kind::Tree, data) => (2, data),
            Item::Whole(objs::Kind::Blob, data) => (3, data),
            Item::Whole(objs::Kind::Tag, data) => (4, data),
            Item::On(_, data) => (6, data),
            Item::Named(_, data) => (7, data),
        };
        let size = data.len() as u8;
        bytes.extend([0x80 | kind << 4 | size & 15, size >> 4]);
        match item {
            Item::Whole(..) => {}
            Item::On(number, _) => bytes.push((at - places[*number]) as u8),
            Item::Named(id, _) => bytes.extend(id.as_slice()),
        }
        bytes.extend([0x78, 1, 1, size, 0, !size, 0xff]);
        bytes.extend_from_slice(data);
        let (a, b) = data.iter().fold((1_u32, 0_u32), |(a, b), byte| (a + u32::from(*byte), b + a + u32::from(*byte)));
        bytes.extend(((b % 65521) << 16 | (a % 65521)).to_be_bytes());
    }
    let mut hasher = gix::hash::hasher(Kind::Sha1);
    hasher.update(&bytes);
    bytes.extend_from_slice(hasher.try_finalize().expect("a hash").as_slice());
    bytes
}
