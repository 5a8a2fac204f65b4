//! What a server says in git's line format: packets, advertisements, refs, and the side band that carries a pack.
#![no_main]

use std::io::Read;

use libfuzzer_sys::fuzz_target;
use mirror_config::{
    git::{Advertisement, PackStream, Packet, Packets, read_refs},
    model::Ref,
};
use mirror_fuzz::assert_calm;

/// Packets until the end or the first error, written again.
fn rewritten(bytes: &[u8]) -> (Vec<u8>, bool) {
    let mut packets = Packets::new(bytes);
    let mut out = Vec::new();
    loop {
        match packets.next_packet() {
            Ok(Some(packet)) => packet.write(&mut out).expect("what came in a packet fits one"),
            Ok(None) => return (out, true),
            Err(_) => return (out, false),
        }
    }
}

fn any(bytes: &[u8]) {
    let (out, whole) = rewritten(bytes);
    assert!(bytes.len() >= out.len() && bytes[..out.len()].eq_ignore_ascii_case(&out), "packets are written as read");
    assert_eq!(whole, out.len() == bytes.len());

    if let Ok(found) = Advertisement::read(&mut Packets::new(bytes)) {
        let handed = found.packets(&[]);
        assert_calm(&String::from_utf8(handed.clone()).expect("text"));
        let again = Advertisement::read(&mut Packets::new(&handed[..])).expect("our own");
        assert_eq!(again.packets(&[]), handed, "handed on once more it is the same");
        assert!(!again.has("bundle-uri") && !again.has_feature("fetch", "packfile-uris"));
    }
    if let Ok(refs) = read_refs(bytes) {
        for found in &refs {
            let line = found.to_string();
            assert_eq!(Ref::parse(&line).as_ref(), Some(found), "{line:?}");
            assert_eq!(Ref::read(&found.line()).as_ref(), Some(found), "{line:?}");
            assert!(!found.name.contains("..") && !found.name.starts_with('-') && !found.name.contains([' ', '\n']));
            assert!(!line.chars().any(|c| c.is_ascii_control()), "{line:?}");
        }
    }
    for shallow in [false, true] {
        if let Ok(Some(mut stream)) = PackStream::find(bytes, shallow) {
            let (mut whole, mut bitwise) = (Vec::new(), Vec::new());
            let first = stream.read_to_end(&mut whole).map_err(|error| error.kind());
            let mut stream = PackStream::find(bytes, shallow).expect("as before").expect("as before");
            let mut byte = [0];
            let second = loop {
                match stream.read(&mut byte) {
                    Ok(0) => break Ok(bitwise.len()),
                    Ok(_) => bitwise.push(byte[0]),
                    Err(error) => break Err(error.kind()),
                }
            };
            assert_eq!((first, &whole), (second, &bitwise), "read in any steps it is the same");
        }
    }
}

fuzz_target!(|data: &[u8]| {
    any(data);
    // The same as lines, framed here: the fuzzer need not count.
    let mut framed = Vec::new();
    for line in data.split_inclusive(|byte| *byte == b'\n') {
        let packet = match line {
            b"0000\n" => Packet::Flush,
            b"0001\n" => Packet::Delimiter,
            b"0002\n" => Packet::ResponseEnd,
            line => Packet::Data(line),
        };
        let _ = packet.write(&mut framed);
    }
    any(&framed);
});
