//! Deltas: what instructions make of a base. Pure. Format: gitformat-pack(5), "Deltified representation".

/// Bytes that a copy without a size takes.
const COPIED: usize = 0x1_0000;

/// What a delta says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    /// Bytes of the base that it is for.
    pub(crate) base: u64,
    /// Bytes of what it makes.
    pub(crate) result: u64,
    /// Bytes in front of the instructions.
    pub(crate) length: usize,
}

/// Reads the head of a delta; `None` where there is none.
pub(crate) fn head(delta: &[u8]) -> Option<Head> {
    let (base, first) = number(delta)?;
    let (result, second) = number(delta.get(first..)?)?;
    Some(Head { base, result, length: first + second })
}

/// A number of seven bits a byte, the lowest first, and its bytes.
fn number(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut number = 0_u64;
    for (place, byte) in bytes.iter().enumerate().take(9) {
        number |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some((number, place + 1));
        }
    }
    None
}

/// What a delta makes of its base; `None` when it is not for this base, or no delta.
pub(crate) fn apply(base: &[u8], delta: &[u8]) -> Option<Vec<u8>> {
    let head = head(delta)?;
    let size = usize::try_from(head.result).ok()?;
    if head.base != base.len() as u64 {
        return None;
    }
    let mut result = Vec::with_capacity(size);
    let mut rest = delta.get(head.length..)?;
    while let Some((first, others)) = rest.split_first() {
        rest = others;
        let piece = if first & 0x80 == 0 {
            // Zero is reserved.
            let (new, behind) = rest.split_at_checked(usize::from(*first)).filter(|(new, _)| !new.is_empty())?;
            rest = behind;
            new
        } else {
            let mut field = |bits: std::ops::Range<u32>| -> Option<usize> {
                let mut value = 0;
                for (place, bit) in bits.enumerate() {
                    if first & (1 << bit) != 0 {
                        let (byte, behind) = rest.split_first()?;
                        rest = behind;
                        value |= usize::from(*byte) << (8 * place);
                    }
                }
                Some(value)
            };
            let (from, length) = (field(0..4)?, field(4..7)?);
            base.get(from..)?.get(..if length == 0 { COPIED } else { length })?
        };
        if piece.len() > size - result.len() {
            return None;
        }
        result.extend_from_slice(piece);
    }
    (result.len() == size).then_some(result)
}

#[cfg(test)]
mod tests {
    use super::{Head, apply, head};

    #[test]
    fn instructions_copy_and_insert() {
        let base = b"a base of some bytes";
        let long = vec![7; 0x1_0003];
        for (case, base, delta, expected) in [
            ("an insertion", &base[..], &[20, 3, 3, b'n', b'e', b'w'][..], Some(&b"new"[..])),
            ("a copy", base, &[20, 4, 0x91, 2, 4], Some(b"base")),
            ("both", base, &[20, 6, 0x90, 1, 1, b'n', 0x91, 2, 4], Some(b"anbase")),
            ("nothing", base, &[20, 0], Some(b"")),
            ("a copy without a size", &long, &[0x83, 0x80, 4, 0x80, 0x80, 4, 0x81, 1], Some(&long[1..0x1_0001])),
            ("another base", base, &[19, 1, 1, b'x'], None),
            ("too much", base, &[20, 2, 3, b'n', b'e', b'w'], None),
            ("too little", base, &[20, 4, 3, b'n', b'e', b'w'], None),
            ("a copy beyond the base", base, &[20, 4, 0x91, 18, 4], None),
            ("an instruction that is reserved", base, &[20, 1, 0, b'x'], None),
            ("cut in an insertion", base, &[20, 3, 3, b'n'], None),
            ("cut in a copy", base, &[20, 4, 0x91, 2], None),
            ("empty", base, &[], None),
        ] {
            assert_eq!(apply(base, delta).as_deref(), expected, "{case}");
        }
    }

    #[test]
    fn a_head_is_two_numbers() {
        for (bytes, expected) in [
            (&[5, 7, 1][..], Some((5, 7, 2))),
            (&[0x85, 1, 0x80, 0x80, 1], Some((133, 1 << 14, 5))),
            (&[0x85], None),
            (&[0xff; 20], None),
        ] {
            let expected = expected.map(|(base, result, length)| Head { base, result, length });
            assert_eq!(head(bytes), expected, "{bytes:?}");
        }
    }
}
