//! Where a file that is not what it must be is damaged, as far as its own format tells: wheels are zip archives, and each of
//! their members has a checksum. The only door to `zip`. Nothing is believed because of it; it only says where to look first.

use std::{
    fs::File,
    io::{self, Read},
    ops::Range,
};

use zip::ZipArchive;

/// More bytes than a member of an archive may have when it is unpacked, to be looked at.
const LARGEST: u64 = 1 << 30;

/// Bytes at the end where the directory of an archive that cannot be read most likely is.
const DIRECTORY: u64 = 256 << 10;

/// The parts that seem to be damaged, the likeliest in front. The directory is always one of them: it is what says so.
pub(super) fn parts(file: &File) -> Vec<Range<u64>> {
    let Ok(size) = file.metadata().map(|metadata| metadata.len()) else { return Vec::new() };
    let Ok(mut archive) = ZipArchive::new(file) else { return vec![size.saturating_sub(DIRECTORY)..size] };
    let directory = archive.central_directory_start()..size;
    let mut damaged = Vec::new();
    for number in 0..archive.len() {
        let Ok(raw) = archive.by_index_raw(number) else { continue };
        let (begin, data, size) = (raw.header_start(), raw.data_start().unwrap_or_default(), raw.compressed_size());
        drop(raw);
        let end = data.saturating_add(size).max(begin.saturating_add(1));
        let is_whole = archive.by_index(number).is_ok_and(|member| {
            let all = member.size().min(LARGEST);
            // Up to its end, where its checksum is compared.
            io::copy(&mut member.take(all + 1), &mut io::sink()).is_ok_and(|count| count == all)
        });
        if !is_whole {
            damaged.push(begin..end);
        }
    }
    damaged.push(directory);
    damaged
}

#[cfg(test)]
mod tests {
    use std::io::{Seek, SeekFrom, Write};

    use zip::{ZipWriter, write::SimpleFileOptions};

    use super::parts;

    #[test]
    fn a_flipped_byte_is_found_in_its_member() {
        let mut file = tempfile::tempfile().expect("a temporary file");
        let mut archive = ZipWriter::new(file.try_clone().expect("a handle"));
        let text: Vec<u8> = (0..200_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        for name in ["a", "b", "c"] {
            archive.start_file(name, SimpleFileOptions::default()).expect("our archive");
            archive.write_all(&text).expect("our archive");
        }
        archive.finish().expect("our archive");
        assert_eq!(parts(&file).len(), 1, "the directory alone");
        let size = file.metadata().expect("ours").len();
        for share in [0.1, 0.5, 0.9] {
            let at = (size as f64 * share) as u64;
            let flip = |file: &mut std::fs::File| {
                let mut byte = [0];
                file.seek(SeekFrom::Start(at)).expect("ours");
                std::io::Read::read_exact(file, &mut byte).expect("ours");
                file.seek(SeekFrom::Start(at)).expect("ours");
                file.write_all(&[byte[0] ^ 1]).expect("ours");
            };
            flip(&mut file);
            let found = parts(&file);
            assert!(found.len() == 2 && found[0].contains(&at), "{at}: {found:?}");
            flip(&mut file);
        }
        let mut other = tempfile::tempfile().expect("a temporary file");
        other.write_all(&text).expect("ours");
        assert_eq!(parts(&other).len(), 1, "no archive");
    }
}
