//! The bytes of an entry as they came: in memory, or where they are many in a file without a name.

use std::{
    fs::File,
    io::{Read, Seek, Write},
    path::Path,
    sync::Arc,
};

use mirror_config::errors::Fault;

use super::disk::local;

/// Bytes beyond which they are in a file.
const IN_MEMORY: usize = 4 << 20;
/// Bytes that are read at once.
const PIECE: usize = 0x1_0000;

/// The bytes.
#[derive(Debug, Clone)]
pub(crate) enum Deflated {
    Memory(Vec<u8>),
    /// So many, from the beginning.
    File(Arc<File>, u64),
}

impl Default for Deflated {
    fn default() -> Self {
        Self::Memory(Vec::new())
    }
}

impl Deflated {
    /// How many there are.
    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::File(_, count) => *count,
        }
    }

    /// Takes more in. A file is made in this folder, or where the system has such.
    pub(crate) fn extend(&mut self, more: &[u8], folder: Option<&Path>) -> Result<(), Fault> {
        match self {
            Self::Memory(bytes) if bytes.len() + more.len() <= IN_MEMORY => bytes.extend_from_slice(more),
            Self::Memory(bytes) => {
                let file = folder.map_or_else(tempfile::tempfile, tempfile::tempfile_in).map_err(local)?;
                (&file).write_all(bytes).and_then(|()| (&file).write_all(more)).map_err(local)?;
                let count = (bytes.len() + more.len()) as u64;
                *self = Self::File(Arc::new(file), count);
            }
            Self::File(file, count) => {
                file.as_ref().write_all(more).map_err(local)?;
                *count += more.len() as u64;
            }
        }
        Ok(())
    }

    /// Hands all of them over, in pieces.
    pub(crate) fn each(&self, mut take: impl FnMut(&[u8]) -> Result<(), Fault>) -> Result<(), Fault> {
        let Self::File(file, _) = self else {
            return if let Self::Memory(bytes) = self { take(bytes) } else { Ok(()) };
        };
        let mut file = file.as_ref();
        file.rewind().map_err(local)?;
        let mut piece = vec![0; PIECE];
        loop {
            match file.read(&mut piece).map_err(local)? {
                0 => return Ok(()),
                count => take(&piece[..count])?,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Deflated, IN_MEMORY};

    #[test]
    fn what_was_taken_in_is_handed_over_however_much_it_is() {
        for (pieces, piece) in [(0, 0), (3, 1000), (4, IN_MEMORY / 4), (5, IN_MEMORY / 4), (3, IN_MEMORY + 1)] {
            let mut deflated = Deflated::default();
            for number in 0..pieces {
                deflated.extend(&vec![number; piece], None).expect("room");
            }
            let is_file = matches!(deflated, Deflated::File(..));
            assert_eq!(is_file, usize::from(pieces) * piece > IN_MEMORY, "{pieces} of {piece}");
            for _ in 0..2 {
                let mut all = Vec::new();
                deflated
                    .each(|bytes| {
                        all.extend_from_slice(bytes);
                        Ok(())
                    })
                    .expect("readable");
                assert_eq!(all.len() as u64, deflated.len());
                assert!(all.iter().enumerate().all(|(at, byte)| usize::from(*byte) == at / piece));
            }
        }
    }
}
