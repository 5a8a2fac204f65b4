//! Archives made in memory: what cargo unpacks as a crate, and what pip unpacks as a wheel.
//!
//! The same files give the same bytes. tar by POSIX.1-2024, "pax", "ustar Interchange Format"; zip by PKWARE's APPNOTE 6.3.

use std::io::Write;

use flate2::{Compression, Crc, write::GzEncoder};

/// A block of tar.
const BLOCK: usize = 512;
/// Where the checksum of a tar header stands, and how long it is.
const SUM: std::ops::Range<usize> = 148..156;
/// The first of January 1980, where the clock of zip starts.
const DAY: u16 = 0x21;

/// Bytes in gzip's coding.
pub(crate) fn gzip(bytes: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    bytes.into_iter().for_each(|piece| encoder.write_all(&piece).expect("memory takes all"));
    encoder.finish().expect("memory takes all")
}

/// A gzipped tar archive of regular files, by path; paths of at most 100 bytes.
pub(crate) fn tar_gz(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut archive = Vec::new();
    for (path, contents) in files {
        let mut header = [0; BLOCK];
        let mut put = |at: usize, text: &[u8]| header[at..at + text.len()].copy_from_slice(text);
        put(0, path.as_bytes());
        put(100, b"0000644\0");
        put(108, b"0000000\0");
        put(116, b"0000000\0");
        put(124, format!("{:011o}\0", contents.len()).as_bytes());
        put(136, b"00000000000\0");
        put(SUM.start, b"        ");
        put(156, b"0");
        put(257, b"ustar\x0000");
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[SUM].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        archive.extend_from_slice(&header);
        archive.extend_from_slice(contents);
        archive.resize(archive.len().next_multiple_of(BLOCK), 0);
    }
    archive.resize(archive.len() + 2 * BLOCK, 0);
    gzip([archive])
}

/// A zip archive of files that are stored as they are, by path.
pub(crate) fn zip(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let size = |bytes: &[u8]| u32::try_from(bytes.len()).expect("made files are small").to_le_bytes();
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for (path, contents) in files {
        let mut crc = Crc::new();
        crc.update(contents);
        let name = u16::try_from(path.len()).expect("a path is short").to_le_bytes();
        // Version, flags, method, time; then day, checksum, both sizes, lengths of name and extra field.
        let common = [
            &[20, 0, 0, 0, 0, 0, 0, 0][..],
            &DAY.to_le_bytes(),
            &crc.sum().to_le_bytes(),
            &size(contents),
            &size(contents),
            &name,
            &[0, 0],
        ]
        .concat();
        let at = size(&archive);
        archive.extend_from_slice(&[b"PK\x03\x04", &common[..], path.as_bytes(), contents].concat());
        // Made by Unix; behind the lengths: no comment, disk 0, no attributes but the mode, where it is.
        let mode = (0o100_644_u32 << 16).to_le_bytes();
        let entry = [b"PK\x01\x02\x14\x03", &common[..], &[0; 6], &mode, &at, path.as_bytes()].concat();
        directory.extend_from_slice(&entry);
    }
    let count = u16::try_from(files.len()).expect("a few files").to_le_bytes();
    let at = size(&archive);
    let end = [b"PK\x05\x06\0\0\0\0", &count[..], &count, &size(&directory), &at, &[0, 0]].concat();
    [archive, directory, end].concat()
}

#[cfg(test)]
mod tests {
    use std::{fs, process::Command};

    use super::{tar_gz, zip};

    fn files() -> Vec<(String, Vec<u8>)> {
        [("a-1/one.txt", &b"one\n"[..]), ("a-1/deep/two.txt", &[7; 1000])]
            .map(|(path, contents)| (path.to_owned(), contents.to_vec()))
            .to_vec()
    }

    #[test]
    fn the_machines_own_tar_unpacks_it() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::write(folder.path().join("a.tar.gz"), tar_gz(&files())).expect("our folder");
        let ran = Command::new("tar").args(["xzf", "a.tar.gz"]).current_dir(folder.path()).status();
        assert!(ran.expect("tar is there").success());
        for (path, contents) in files() {
            assert_eq!(fs::read(folder.path().join(path)).expect("unpacked"), contents);
        }
    }

    #[test]
    fn a_zip_says_where_its_files_are() {
        let archive = zip(&files());
        let end = archive.len() - 22;
        assert!(archive[end..].starts_with(b"PK\x05\x06"));
        let number = |at: usize| u32::from_le_bytes(archive[at..at + 4].try_into().expect("four bytes")) as usize;
        let (size, at) = (number(end + 12), number(end + 16));
        assert_eq!(at + size, end);
        assert!(archive[at..].starts_with(b"PK\x01\x02"));
        assert!(archive[number(at + 42)..].starts_with(b"PK\x03\x04"));
    }
}
