//! git's own protocol v2 requests (gitprotocol-v2), read from its side of the pipe. Pure but for the reading.

use std::io::{self, Read};

use mirror_config::{
    git::{Advertisement, LONGEST_LINE, Packet, Packets},
    model::{Oid, unspelled},
};

use super::arguments::is_understood;

/// One request, as packets and as what they mean.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// `ls-refs`, `fetch`, …
    pub command: String,
    /// The other lines before the delimiter; names are bytes.
    capabilities: Vec<Vec<u8>>,
    /// The argument lines behind it.
    arguments: Vec<Vec<u8>>,
}

impl Request {
    /// Reads the next request; `None` when git has closed its side.
    ///
    /// # Errors
    ///
    /// Those of the pipe, and a stream that is not of git's format.
    pub fn read<R: Read>(packets: &mut Packets<R>) -> io::Result<Option<Self>> {
        let mut request = Self::default();
        let mut behind = false;
        loop {
            match packets.next_packet()? {
                None if request == Self::default() => return Ok(None),
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
                Some(Packet::Delimiter) => behind = true,
                Some(Packet::Flush) if request.command.is_empty() => return Ok(None),
                Some(Packet::Flush) => return Ok(Some(request)),
                Some(Packet::ResponseEnd) => return Err(io::ErrorKind::InvalidData.into()),
                Some(packet) => {
                    let line = packet.line().unwrap_or_default();
                    if line.len() > LONGEST_LINE {
                        // git ends every line: this is somebody else.
                        return Err(io::ErrorKind::InvalidData.into());
                    }
                    match line.strip_prefix(b"command=") {
                        Some(command) if !behind => {
                            let command = std::str::from_utf8(command).map_err(io::Error::other)?;
                            command.clone_into(&mut request.command);
                        }
                        _ if behind => request.arguments.push(line.to_vec()),
                        _ => request.capabilities.push(line.to_vec()),
                    }
                }
            }
        }
    }

    /// The request as git wrote it, with these lines in front of its `done`.
    pub fn with_haves(&self, haves: &[Oid]) -> Vec<u8> {
        self.written(|_| true, haves)
    }

    /// The same for a mirror, in its own dialect: git says what upstream has advertised, and a server dies of a capability that
    /// it does not know. What git says of itself beyond that (`session-id`, `server-option`) is for upstream.
    pub fn for_mirror(&self, server: &Advertisement) -> Vec<u8> {
        let known = |capability: &[u8]| {
            let name = capability.split(|byte| *byte == b'=').next().unwrap_or_default();
            ["agent", "object-format"].iter().any(|known| known.as_bytes() == name && server.has(known))
        };
        self.written(known, &[])
    }

    fn written(&self, says: impl Fn(&[u8]) -> bool, haves: &[Oid]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut line = |text: &[u8]| {
            Packet::Data(&[text, b"\n"].concat()).write(&mut bytes).expect("a line that came in a packet fits one");
        };
        line(format!("command={}", self.command).as_bytes());
        self.capabilities.iter().filter(|capability| says(capability)).for_each(|capability| line(capability));
        if !self.arguments.is_empty() || !haves.is_empty() {
            Packet::Delimiter.write(&mut bytes).expect("memory");
        }
        let mut line = |text: &[u8]| {
            Packet::Data(&[text, b"\n"].concat()).write(&mut bytes).expect("a line that came in a packet fits one");
        };
        self.arguments.iter().filter(|argument| *argument != b"done").for_each(|argument| line(argument));
        haves.iter().for_each(|oid| line(format!("have {oid}").as_bytes()));
        if self.is_done() {
            line(b"done");
        }
        Packet::Flush.write(&mut bytes).expect("memory");
        bytes
    }

    /// The request as git wrote it.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.with_haves(&[])
    }

    /// The prefixes an `ls-refs` asks for, in bytes; none means all.
    pub fn prefixes(&self) -> Vec<&[u8]> {
        self.values("ref-prefix ").collect()
    }

    /// Whether an `ls-refs` asks for the ref of this name, [`mirror_config::model::spelled`].
    pub fn asks_for(&self, name: &str) -> bool {
        let (prefixes, name) = (self.prefixes(), unspelled(name));
        prefixes.is_empty() || prefixes.iter().any(|prefix| name.starts_with(prefix))
    }

    /// Whether an `ls-refs` asks for a HEAD without commits.
    pub fn asks_for_unborn(&self) -> bool {
        self.has("unborn")
    }

    /// Whether an `ls-refs` asks for all of a folder that has more in it than branches and tags. git prunes below it what it
    /// is not told of; but not where it names none at all, to look for tags or for `ls-remote`.
    pub fn asks_beyond_branches_and_tags(&self) -> bool {
        let is_known = |prefix: &[u8]| prefix.starts_with(b"refs/heads/") || prefix.starts_with(b"refs/tags/");
        self.prefixes().into_iter().any(|prefix| prefix.ends_with(b"/") && !is_known(prefix))
    }

    /// Whether an `ls-refs` asks for all refs below this folder, such as `refs/heads/`.
    pub fn asks_for_all(&self, folder: &str) -> bool {
        let prefixes = self.prefixes();
        prefixes.is_empty() || prefixes.iter().any(|prefix| folder.as_bytes().starts_with(prefix))
    }

    /// Whether tags are to come along with what they point to.
    pub fn follows_tags(&self) -> bool {
        self.has("include-tag")
    }

    /// The same without that: git then asks for each tag.
    pub fn without_tags(&self) -> Self {
        let mut request = self.clone();
        request.arguments.retain(|argument| argument != b"include-tag");
        request
    }

    /// The objects a `fetch` wants.
    pub fn wants(&self) -> Vec<Oid> {
        self.words("want ").filter_map(|oid| oid.parse().ok()).collect()
    }

    /// The commits that git has, the newest first.
    pub fn haves(&self) -> Vec<Oid> {
        self.words("have ").filter_map(|oid| oid.parse().ok()).collect()
    }

    /// Whether git has part of this history, and wants all of what is new.
    pub fn is_update(&self) -> bool {
        self.has_haves() && !self.is_shallow() && !self.is_filtered() && !self.wants_names()
    }

    fn has_haves(&self) -> bool {
        self.values("have ").next().is_some()
    }

    /// Whether git has said all it has, and expects a pack.
    pub fn is_done(&self) -> bool {
        self.has("done")
    }

    /// Whether git only asks what is common, and wants nothing (`wait-for-done` without wants, gitprotocol-v2): `git fetch
    /// --negotiate-only`, and a push with `push.negotiate`.
    pub fn only_negotiates(&self) -> bool {
        self.has("wait-for-done") && !self.is_done() && !self.wants_names() && self.values("want ").next().is_none()
    }

    /// Whether git has nothing of this history: no commits to build on, no shallow edges.
    pub fn is_clone(&self) -> bool {
        self.is_done() && !self.has_haves() && !self.is_shallow()
    }

    /// Whether the history is cut off somewhere: then what a pack must contain depends on the server's word.
    pub fn is_shallow(&self) -> bool {
        self.arguments.iter().any(|a| a.starts_with(b"deepen") || a.starts_with(b"shallow "))
    }

    /// The depth of a first shallow clone, the one kind of shallow request whose answer can be checked.
    pub fn first_depth(&self) -> Option<usize> {
        let first = !self.has_haves() && self.values("shallow ").next().is_none();
        let plain = self.arguments.iter().filter(|a| a.starts_with(b"deepen")).count() == 1;
        self.words("deepen ").next().filter(|_| first && plain && self.is_done())?.parse().ok()
    }

    /// Whether objects are left out on purpose.
    pub fn is_filtered(&self) -> bool {
        self.values("filter ").next().is_some()
    }

    /// Whether refs are wanted by name, which leaves their value to the server's word.
    pub fn wants_names(&self) -> bool {
        self.values("want-ref ").next().is_some()
    }

    /// Whether git passes on options whose meaning is between its user and upstream (`--server-option`).
    pub fn has_server_options(&self) -> bool {
        self.capabilities.iter().any(|capability| capability.starts_with(b"server-option="))
    }

    /// Whether a server can do what is asked.
    pub fn fits(&self, server: &Advertisement, object_format: &str) -> bool {
        server.has("fetch")
            && server.object_format() == object_format
            && self.arguments.iter().all(|argument| is_understood(argument, server))
    }

    fn has(&self, argument: &str) -> bool {
        self.arguments.iter().any(|a| a == argument.as_bytes())
    }

    fn values<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.arguments.iter().filter_map(move |argument| argument.strip_prefix(prefix.as_bytes()))
    }

    /// Those that are text: object ids and numbers.
    fn words<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        self.values(prefix).filter_map(|value| std::str::from_utf8(value).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::Request;
    use mirror_config::git::{Advertisement, Packet, Packets};

    const OID: &str = "7e1785e08e1fca2908ba6aefc65ce6b1adba7431";

    fn request(arguments: &[&str]) -> (Request, Vec<u8>) {
        let mut bytes = Vec::new();
        let mut write = |packet: Packet<'_>| packet.write(&mut bytes).expect("memory");
        write(Packet::Data(b"command=fetch\n"));
        write(Packet::Data(b"agent=git/2.47\n"));
        write(Packet::Delimiter);
        arguments.iter().for_each(|a| write(Packet::Data(format!("{a}\n").as_bytes())));
        write(Packet::Flush);
        let read = Request::read(&mut Packets::new(&bytes[..])).expect("as git writes it").expect("a request");
        (read, bytes)
    }

    #[test]
    fn a_request_is_handed_on_as_it_came() {
        let want = format!("want {OID}");
        let (request, bytes) = request(&["thin-pack", "ofs-delta", &want, "done"]);
        assert_eq!(request.to_bytes(), bytes);
        let with = String::from_utf8(request.with_haves(&[OID.parse().expect("an id")])).expect("text");
        assert!(with.contains(&format!("have {OID}\n0009done\n0000")), "{with}");
        assert_eq!(request.wants().len(), 1);
    }

    fn server(lines: &[&str]) -> Advertisement {
        let mut bytes = Vec::new();
        let packets = lines.iter().map(|line| Packet::Data(line.as_bytes())).chain([Packet::Flush]);
        packets.for_each(|packet| packet.write(&mut bytes).expect("memory"));
        Advertisement::read(&mut Packets::new(&bytes[..])).expect("an advertisement")
    }

    #[test]
    fn a_mirror_is_asked_in_its_own_dialect() {
        let (mut request, _) = request(&["thin-pack", &format!("want {OID}"), "done"]);
        request.capabilities = ["agent=git/2.47", "object-format=sha1", "session-id=x", "server-option=y"]
            .map(|line| line.as_bytes().to_vec())
            .to_vec();
        assert!(request.has_server_options());
        for (lines, said) in [
            (
                &["version 2", "agent=a", "ls-refs", "fetch=shallow", "object-format=sha1"][..],
                &["agent=git/2.47", "object-format=sha1"][..],
            ),
            (&["version 2", "agent=git/2.25.1", "ls-refs", "fetch=shallow", "server-option"], &["agent=git/2.47"]),
            (&["version 2", "ls-refs", "fetch", "object-format=sha1", "session-id=z"], &["object-format=sha1"]),
            (&["version 2", "ls-refs", "fetch"], &[]),
        ] {
            let server = server(lines);
            assert!(request.fits(&server, "sha1") && !request.fits(&server, "sha256"), "{lines:?}");
            let asked =
                Request::read(&mut Packets::new(&request.for_mirror(&server)[..])).expect("bytes").expect("a request");
            assert_eq!(
                (asked.capabilities.clone(), asked.wants()),
                (said.iter().map(|line| line.as_bytes().to_vec()).collect(), request.wants()),
                "{lines:?}"
            );
        }
    }

    #[test]
    fn who_has_not_advertised_a_feature_is_not_asked_for_it() {
        let all = ["version 2", "fetch=shallow wait-for-done filter ref-in-want"];
        for (argument, needs) in [
            ("deepen 1", "shallow"),
            ("shallow 7e17", "shallow"),
            ("deepen-not refs/tags/v1", "shallow"),
            ("filter blob:none", "filter"),
            ("want-ref refs/heads/main", "ref-in-want"),
            ("wait-for-done", "wait-for-done"),
            ("of-tomorrow 1", "of-tomorrow"),
        ] {
            let (request, _) = request(&[&format!("want {OID}"), argument, "done"]);
            assert_eq!(request.fits(&server(&all), "sha1"), needs != "of-tomorrow", "{argument}");
            let without = all[1].replace(needs, "");
            assert!(!request.fits(&server(&["version 2", &without]), "sha1"), "{argument}");
            assert!(request.fits(&server(&["version 2", &format!("fetch={needs}")]), "sha1"), "{argument}");
        }
        let (plain, _) =
            request(&["thin-pack", "ofs-delta", "include-tag", "no-progress", &format!("want {OID}"), "done"]);
        assert!(
            plain.fits(&server(&["version 2", "fetch"]), "sha1")
                && !plain.fits(&server(&["version 2", "ls-refs"]), "sha1")
        );
    }

    #[test]
    fn a_line_that_cannot_be_handed_on_is_refused() {
        let mut bytes = Vec::new();
        Packet::Data(b"command=fetch\n").write(&mut bytes).expect("memory");
        Packet::Data(&[0xff; 65_516]).write(&mut bytes).expect("memory");
        Packet::Flush.write(&mut bytes).expect("memory");
        let read = Request::read(&mut Packets::new(&bytes[..])).expect_err("too long");
        assert_eq!(read.kind(), std::io::ErrorKind::InvalidData);
    }

    #[test]
    fn names_are_asked_for_in_bytes() {
        for (prefix, asked) in [
            (&b"refs/heads/\xb9\xa6"[..], [true, false, false]),
            (b"refs/heads/\xb9", [true, true, false]),
            ("refs/heads/\u{fffd}".as_bytes(), [false, false, false]),
            (b"refs/tags/caf\xe9", [false, false, true]),
        ] {
            let mut bytes = Vec::new();
            let mut write = |packet: Packet<'_>| packet.write(&mut bytes).expect("memory");
            write(Packet::Data(b"command=ls-refs\n"));
            write(Packet::Delimiter);
            write(Packet::Data(&[b"ref-prefix ", prefix, b"\n"].concat()));
            write(Packet::Flush);
            let request = Request::read(&mut Packets::new(&bytes[..])).expect("as git writes it").expect("a request");
            assert_eq!(request.to_bytes(), bytes);
            let names = [r"refs/heads/\xb9\xa6", r"refs/heads/\xb9\xa7", r"refs/tags/caf\xe9"];
            assert_eq!(names.map(|name| request.asks_for(name)), asked, "{prefix:?}");
        }
    }

    #[test]
    fn the_kinds_of_fetch_are_told_apart() {
        let (want, have) = (format!("want {OID}"), format!("have {OID}"));
        for (arguments, clone, shallow, depth, filtered) in [
            (vec![want.as_str(), "done"], true, false, None, false),
            (vec![&want], false, false, None, false),
            (vec![&want, &have, "done"], false, false, None, false),
            (vec![&want, "deepen 3", "done"], false, true, Some(3), false),
            (vec![&want, "deepen-since 3", "done"], false, true, None, false),
            (vec![&want, "shallow x", "deepen 3", "done"], false, true, None, false),
            (vec![&want, "filter blob:none", "done"], true, false, None, true),
        ] {
            let (request, _) = request(&arguments);
            let seen = (request.is_clone(), request.is_shallow(), request.first_depth(), request.is_filtered());
            assert_eq!(seen, (clone, shallow, depth, filtered), "{arguments:?}");
        }
    }

    #[test]
    fn who_only_negotiates_wants_nothing() {
        let (want, have) = (format!("want {OID}"), format!("have {OID}"));
        for (arguments, only) in [
            (&["wait-for-done", &have][..], true),
            (&["thin-pack", "ofs-delta", "wait-for-done", &have, &have], true),
            (&["wait-for-done"], true),
            (&["wait-for-done", &want, &have], false),
            (&["wait-for-done", "want-ref refs/heads/main", &have], false),
            (&["wait-for-done", &have, "done"], false),
            (&[&want, &have], false),
        ] {
            assert_eq!(request(arguments).0.only_negotiates(), only, "{arguments:?}");
        }
    }

    #[test]
    fn who_asks_for_more_than_branches_and_tags_is_known() {
        for (case, prefixes, beyond) in [
            ("a clone", &["HEAD", "refs/heads/", "refs/tags/"][..], false),
            ("a name", &["main", "refs/main", "refs/tags/main", "refs/heads/main", "refs/remotes/main"], false),
            ("some branches", &["refs/heads/release-", "refs/tags/"], false),
            ("a mirror", &["refs/", "HEAD"], true),
            ("changes under review as well", &["refs/heads/", "refs/pull/"], true),
            ("ls-remote", &[], false),
        ] {
            let arguments: Vec<String> = prefixes.iter().map(|prefix| format!("ref-prefix {prefix}")).collect();
            let (request, _) = request(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
            assert_eq!(request.asks_beyond_branches_and_tags(), beyond, "{case}");
            assert_eq!(request.asks_for("refs/heads/main"), case != "some branches", "{case}");
        }
    }
}
