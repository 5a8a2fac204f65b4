//! Where a file that is not what it must be is damaged, as far as its own format tells: wheels are zip archives, and each of
//! their members has a checksum. Nothing is believed because of it; it only says where to look first.
//!
//! Format: PKWARE's APPNOTE, 4.3. Members that are stored or deflated; archives beyond 4 GB have no parts here. (A crate that
//! reads archives would be two more for these three headers, and checks nothing of a member that it cannot begin.)

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    ops::Range,
};

use zlib_rs::{Inflate, InflateFlush, Status, crc32::crc32};

/// Bytes at the end where the directory of an archive that cannot be read most likely is.
const TAIL: u64 = 256 << 10;
/// Bytes of the end record, and of a comment behind it, at most.
const END: u64 = 22 + 0xffff;
/// Bytes looked at a time.
const CHUNK: usize = 0x1_0000;

/// What the directory says of a member.
struct Member {
    header: u64,
    method: u16,
    crc: u32,
    compressed: u64,
}

/// The parts that seem to be damaged, the likeliest in front. The directory is always one of them: it is what says so.
pub(super) fn parts(file: &File) -> Vec<Range<u64>> {
    let Ok(size) = file.metadata().map(|metadata| metadata.len()) else { return Vec::new() };
    let Ok((directory, members)) = members(file, size) else {
        return std::iter::once(size.saturating_sub(TAIL)..size).collect();
    };
    let mut damaged: Vec<Range<u64>> = members.iter().filter_map(|member| damage(file, member)).collect();
    damaged.push(directory..size);
    damaged
}

/// Where the directory begins, and what is in it.
fn members(mut file: &File, size: u64) -> io::Result<(u64, Vec<Member>)> {
    let strange = || io::Error::from(io::ErrorKind::InvalidData);
    let mut end = Vec::new();
    file.seek(SeekFrom::Start(size.saturating_sub(END)))?;
    file.take(END).read_to_end(&mut end)?;
    let at = end.windows(4).rposition(|four| four == b"PK\x05\x06").ok_or_else(strange)?;
    let record = end.get(at..at + 22).ok_or_else(strange)?;
    let (count, length, begin) = (u16_at(record, 10), u32_at(record, 12), u64::from(u32_at(record, 16)));
    file.seek(SeekFrom::Start(begin))?;
    let mut directory = Vec::new();
    file.take(u64::from(length)).read_to_end(&mut directory)?;
    let (mut rest, mut members) = (directory.as_slice(), Vec::new());
    for _ in 0..count {
        let fixed = rest.get(..46).filter(|fixed| fixed.starts_with(b"PK\x01\x02")).ok_or_else(strange)?;
        members.push(Member {
            header: u64::from(u32_at(fixed, 42)),
            method: u16_at(fixed, 10),
            crc: u32_at(fixed, 16),
            compressed: u64::from(u32_at(fixed, 20)),
        });
        let names = [28, 30, 32].map(|at| usize::from(u16_at(fixed, at))).iter().sum::<usize>();
        rest = rest.get(46 + names..).ok_or_else(strange)?;
    }
    Ok((begin, members))
}

/// The place of a member that is not what its checksum says.
fn damage(mut file: &File, member: &Member) -> Option<Range<u64>> {
    let mut header = [0; 30];
    let read = file.seek(SeekFrom::Start(member.header)).and_then(|_| file.read_exact(&mut header));
    let names = u64::from(u16_at(&header, 26)) + u64::from(u16_at(&header, 28));
    let place = member.header..member.header + 30 + names + member.compressed;
    if read.is_err() || !header.starts_with(b"PK\x03\x04") {
        return Some(place);
    }
    let data = file.seek(SeekFrom::Start(member.header + 30 + names)).map(|_| file.take(member.compressed));
    let sum = data.ok().and_then(|data| match member.method {
        0 => stored(data),
        8 => deflated(data),
        // Of others nothing is known.
        _ => Some(member.crc),
    });
    (sum != Some(member.crc)).then_some(place)
}

fn stored(mut data: impl Read) -> Option<u32> {
    let (mut chunk, mut sum) = (vec![0; CHUNK], 0);
    loop {
        match data.read(&mut chunk).ok()? {
            0 => return Some(sum),
            count => sum = crc32(sum, &chunk[..count]),
        }
    }
}

fn deflated(mut data: impl Read) -> Option<u32> {
    // As long as windows are (RFC 1951, 2): 15 bits.
    let (mut inflate, mut sum) = (Inflate::new(false, 15), 0);
    let (mut input, mut output) = (vec![0; CHUNK], vec![0; CHUNK]);
    loop {
        let count = data.read(&mut input).ok()?;
        let mut rest = &input[..count];
        loop {
            let (read, written) = (inflate.total_in(), inflate.total_out());
            let status = inflate.decompress(rest, &mut output, InflateFlush::NoFlush).ok();
            let came = usize::try_from(inflate.total_out() - written).ok()?;
            sum = crc32(sum, &output[..came]);
            rest = rest.get(usize::try_from(inflate.total_in() - read).ok()?..)?;
            match status? {
                Status::StreamEnd => return Some(sum),
                _ if came == 0 && rest.is_empty() && count == 0 => return None,
                _ if came == 0 => break,
                _ => {}
            }
        }
    }
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..at + 2).map_or(0, |two| u16::from_le_bytes([two[0], two[1]]))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).map_or(0, |four| u32::from_le_bytes([four[0], four[1], four[2], four[3]]))
}

#[cfg(test)]
mod tests {
    use std::{
        fs::File,
        io::{Read, Seek, SeekFrom, Write},
        process::Command,
    };

    use super::parts;

    /// An archive of three members, each by this method of Python's `zipfile`; nothing where there is no Python.
    fn archive(method: &str) -> Option<File> {
        let script = format!(
            "import sys, zipfile, io, random\nr = random.Random(1)\nb = io.BytesIO()\n\
             z = zipfile.ZipFile(b, 'w', zipfile.{method})\nt = bytes(r.choice(b'abcdefgh') for _ in range(300000))\n\
             [z.writestr(n, t) for n in 'abc']\nz.close()\nsys.stdout.buffer.write(b.getvalue())\n"
        );
        let made = Command::new("python3").args(["-c", &script]).output().ok()?;
        let mut file = tempfile::tempfile().expect("a temporary file");
        file.write_all(&made.stdout).expect("ours");
        made.status.success().then_some(file)
    }

    #[test]
    fn a_flipped_byte_is_found_in_its_member() {
        for method in ["ZIP_STORED", "ZIP_DEFLATED"] {
            let Some(mut file) = archive(method) else {
                println!("no python3 here: nothing was seen");
                return;
            };
            assert_eq!(parts(&file).len(), 1, "{method}: the directory alone");
            let size = file.metadata().expect("ours").len();
            for share in [0.1, 0.35, 0.5, 0.9] {
                let at = (size as f64 * share) as u64;
                let flip = |file: &mut File| {
                    let mut byte = [0];
                    file.seek(SeekFrom::Start(at)).expect("ours");
                    file.read_exact(&mut byte).expect("ours");
                    file.seek(SeekFrom::Start(at)).expect("ours");
                    file.write_all(&[byte[0] ^ 1]).expect("ours");
                };
                flip(&mut file);
                let found = parts(&file);
                assert!(found.len() == 2 && found[0].contains(&at), "{method} {at}: {found:?}");
                flip(&mut file);
            }
        }
    }

    #[test]
    fn what_is_no_archive_has_its_end_looked_at() {
        for bytes in [&b""[..], b"PK", &[b'x'; 400_000], b"PK\x05\x06 and too short", &[0xff; 30]] {
            let mut file = tempfile::tempfile().expect("a temporary file");
            file.write_all(bytes).expect("ours");
            let found = parts(&file);
            assert!(found.len() == 1 && found[0].end == bytes.len() as u64, "{found:?}");
        }
    }
}
