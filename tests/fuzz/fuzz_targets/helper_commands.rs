//! What git says to the helper: lines first, then requests of protocol v2. What is handed on is what was read.
#![no_main]

use git_mirror_helper::git::{Command, Options, Request};
use libfuzzer_sys::fuzz_target;
use mirror_config::{
    git::{Packet, Packets},
    model::Oid,
};

/// Lines as packets: `0000` and `0001` on a line of their own are what they are in git's format.
fn framed(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for line in data.split_inclusive(|byte| *byte == b'\n') {
        let packet = match line {
            b"0000\n" => Packet::Flush,
            b"0001\n" => Packet::Delimiter,
            b"0002\n" => Packet::ResponseEnd,
            line => Packet::Data(line),
        };
        // Longer ones than a packet holds cannot be said.
        let _ = packet.write(&mut out);
    }
    out
}

fn lines(data: &[u8]) {
    let mut options = Options::default();
    let mut noted = Vec::new();
    for line in data.split_inclusive(|byte| *byte == b'\n') {
        let bare = line.strip_suffix(b"\n").unwrap_or(line);
        match Command::parse(line) {
            Command::Capabilities => assert_eq!(bare, b"capabilities"),
            Command::ConnectUploadPack => assert_eq!(bare, b"stateless-connect git-upload-pack"),
            Command::ConnectUploadArchive(said) => {
                assert_eq!((said.as_slice(), bare), (bare, &b"stateless-connect git-upload-archive"[..]));
            }
            Command::ConnectOther => assert!(bare.starts_with(b"stateless-connect ")),
            Command::End => assert_eq!(bare, b""),
            Command::Relayed(said) => assert_eq!(said, bare),
            Command::Option(said) => {
                assert_eq!(said, bare);
                match options.note(&said) {
                    "ok\n" => noted.push(said),
                    answer => assert_eq!(answer, "unsupported\n"),
                }
            }
        }
    }
    assert_eq!(options.lines, noted, "git's own helper hears all that was accepted, in order");
    assert!(options.lines.iter().all(|line| line.starts_with(b"option ") && !line.contains(&b'\n')));
}

fn requests(bytes: &[u8]) {
    let mut packets = Packets::new(bytes);
    let oid: Oid = "7e1785e08e1fca2908ba6aefc65ce6b1adba7431".parse().expect("an id");
    while let Ok(Some(request)) = Request::read(&mut packets) {
        let again = |bytes: Vec<u8>| {
            let read = Request::read(&mut Packets::new(&bytes[..])).expect("of git's format");
            read.expect("a request")
        };
        // `done` is said once, at the end, as git does; all else stays.
        let handed = again(request.to_bytes());
        assert_eq!(again(handed.to_bytes()), handed);
        assert!(handed.command == request.command && handed.haves() == request.haves());
        let more = again(request.with_haves(std::slice::from_ref(&oid)));
        assert!(more.haves().contains(&oid) && more.wants() == request.wants() && more.is_done() == request.is_done());
        assert!(!(request.is_clone() && request.is_update()), "{request:?}");
        assert!(request.first_depth().is_none() || request.is_shallow(), "{request:?}");
        assert!(!request.is_update() || !(request.is_shallow() || request.is_filtered() || request.wants_names()));
    }
}

fuzz_target!(|data: &[u8]| {
    lines(data);
    requests(data);
    requests(&framed(data));
});
