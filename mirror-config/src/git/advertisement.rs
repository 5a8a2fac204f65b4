//! What a server says it can do (gitprotocol-v2, "Capability Advertisement"), read and handed on.

use std::io::Read;

use super::pkt_line::{LONGEST_LINE, Packet, Packets};
use crate::{errors::Fault, message::redact};

/// Features of `fetch` that git is never offered.
const NOT_OFFERED: [&str; 2] = ["packfile-uris", "sideband-all"];

/// What a server can do: the lines of its capability advertisement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advertisement(Vec<String>);

impl Advertisement {
    /// Reads packets up to a flush; the `# service=` preamble of HTTP may stand before them.
    ///
    /// # Errors
    ///
    /// [`Fault::Dialect`] for a protocol older than v2, [`Fault::NotAMirror`] for what is none of git's, [`Fault::Said`] for an
    /// `ERR` packet.
    pub fn read<R: Read>(packets: &mut Packets<R>) -> Result<Self, Fault> {
        let mut lines = Vec::new();
        loop {
            let packet = packets.next_packet().map_err(|error| Fault::from_io(&error))?.ok_or(Fault::Cut)?;
            // Before anything is looked for: a word may be hidden among control characters.
            match (packet.text().map(|text| redact::controls(&text)), packet) {
                (Some(text), _) if text.starts_with("# service=") => {
                    // The preamble has a flush of its own.
                    packets.next_packet().map_err(|error| Fault::from_io(&error))?;
                }
                (Some(text), _) => match text.strip_prefix("ERR ") {
                    Some(said) => return Err(Fault::Said(redact::controls(said))),
                    // Bytes that are no text grow when they are replaced.
                    None if text.len() > LONGEST_LINE => return Err(Fault::TooLarge),
                    None => lines.push(text),
                },
                (None, Packet::Flush) => break,
                (None, _) => return Err(Fault::NotAMirror("an advertisement of another kind".to_owned())),
            }
        }
        if lines.first().map(String::as_str) != Some("version 2") {
            return Err(Fault::Dialect("it does not speak protocol version 2".to_owned()));
        }
        Ok(Self(lines))
    }

    /// What a store of ours can do, whose objects have this hash: `sha1` or `sha256`.
    pub fn of_store(object_format: &str) -> Self {
        let lines = ["version 2", "ls-refs", "fetch=shallow filter"].map(str::to_owned);
        Self(lines.into_iter().chain([format!("object-format={object_format}")]).collect())
    }

    /// What mirrors can do together that answer in upstream's place: who has what is asked for is asked. What is upstream's
    /// alone to say (the value of a ref in a `fetch`, what options for the server mean) is not offered, nor other commands.
    pub fn of_mirrors<'a>(mirrors: impl Iterator<Item = &'a Self> + Clone) -> Self {
        let some = |feature: &&&str| mirrors.clone().any(|mirror| mirror.has_feature("fetch", feature));
        let features: Vec<&str> = ["shallow", "wait-for-done", "filter"].iter().filter(some).copied().collect();
        let fetch = if features.is_empty() { "fetch".to_owned() } else { format!("fetch={}", features.join(" ")) };
        // Their first lines are those that all of them could have said.
        let said = |name: &str| {
            let lines = mirrors.clone().flat_map(|mirror| &mirror.0);
            lines.clone().find(|line| line.split('=').next() == Some(name)).cloned()
        };
        let lines = [Some("version 2".to_owned()), said("agent"), said("ls-refs"), Some(fetch), said("object-format")];
        Self(lines.into_iter().flatten().collect())
    }

    /// Whether a command or capability is advertised.
    pub fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// Whether a command has a feature, such as `fetch` has `filter`.
    pub fn has_feature(&self, command: &str, feature: &str) -> bool {
        self.value(command).is_some_and(|value| value.split(' ').any(|word| word == feature))
    }

    /// The hash the repository uses: `sha1` or `sha256`.
    pub fn object_format(&self) -> &str {
        self.value("object-format").unwrap_or("sha1")
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find_map(|line| match line.split_once('=') {
            Some((key, value)) if key == name => Some(value),
            None if line == name => Some(""),
            _ => None,
        })
    }

    /// The packets to hand on to git, without what would let a server name further places to fetch from, without control
    /// characters, and without these features of `fetch`.
    ///
    /// Nor are all answers offered in the side band (`sideband-all`): whoever gives the next one may not know that form.
    pub fn packets(&self, hidden: &[&str]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for mut line in self.0.iter().filter(|line| !line.starts_with("bundle-uri")).cloned() {
            if let Some(features) = line.strip_prefix("fetch=") {
                let shown = |word: &&str| !NOT_OFFERED.iter().any(|end| word.ends_with(end)) && !hidden.contains(word);
                line = format!("fetch={}", features.split(' ').filter(shown).collect::<Vec<_>>().join(" "));
            }
            line.push('\n');
            Packet::Data(line.as_bytes()).write(&mut bytes).expect("a line of an advertisement fits a packet");
        }
        Packet::Flush.write(&mut bytes).expect("memory");
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::Advertisement;
    use crate::git::{Packet, Packets, pkt_line::written};

    #[test]
    fn the_advertisement_handed_on_names_no_further_places() {
        let bytes = written(&[
            Packet::Data(b"# service=git-upload-pack\n"),
            Packet::Flush,
            Packet::Data(b"version 2\n"),
            Packet::Data(b"fetch=shallow filter sideband-all packfile-uris wait-for-done\n"),
            Packet::Data(b"bundle-uri\n"),
            Packet::Data(b"bun\0dle-uri\n"),
            Packet::Data(b"object-format=sha1\n"),
            Packet::Flush,
        ]);
        let read = Advertisement::read(&mut Packets::new(&bytes[..])).expect("an advertisement");
        assert!(read.has_feature("fetch", "filter") && !read.has_feature("fetch", "filte"));
        let handed = String::from_utf8(read.packets(&["filter"])).expect("text");
        assert!(handed.contains("fetch=shallow wait-for-done\n"), "{handed}");
        assert!(!["uri", "service", "sideband-all"].iter().any(|word| handed.contains(word)), "{handed}");
    }

    fn advertised(lines: &[&str]) -> Advertisement {
        let packets: Vec<Packet<'_>> = lines.iter().map(|line| Packet::Data(line.as_bytes())).collect();
        let bytes = written(&[&packets[..], &[Packet::Flush]].concat());
        Advertisement::read(&mut Packets::new(&bytes[..])).expect("an advertisement")
    }

    #[test]
    fn mirrors_offer_what_one_of_them_can_do_and_nothing_that_is_upstreams() {
        let old = ["version 2", "agent=git/2.25.1", "ls-refs", "fetch=shallow", "server-option"];
        let new =
            ["version 2", "ls-refs=unborn", "fetch=shallow ref-in-want filter", "object-format=sha1", "object-info"];
        for (mirrors, offered) in [
            (&[&old[..]][..], "version 2\nagent=git/2.25.1\nls-refs\nfetch=shallow\n"),
            (&[&new[..]], "version 2\nls-refs=unborn\nfetch=shallow filter\nobject-format=sha1\n"),
            (&[&old[..], &new], "version 2\nagent=git/2.25.1\nls-refs\nfetch=shallow filter\nobject-format=sha1\n"),
            (&[&["version 2", "ls-refs", "fetch"]], "version 2\nls-refs\nfetch\n"),
        ] {
            let mirrors: Vec<Advertisement> = mirrors.iter().map(|lines| advertised(lines)).collect();
            let together = Advertisement::of_mirrors(mirrors.iter());
            assert_eq!(together.0.join("\n") + "\n", offered);
        }
    }

    #[test]
    fn an_older_protocol_is_a_dialect_and_a_web_page_is_none() {
        let old = b"7e1785e08e1fca2908ba6aefc65ce6b1adba7431 HEAD\0multi_ack thin-pack\n";
        let service = Packet::Data(b"# service=git-upload-pack\n");
        for (bytes, fault) in [
            (written(&[service, Packet::Flush, Packet::Data(old), Packet::Flush]), "dialect"),
            (written(&[Packet::Data(old), Packet::Flush]), "dialect"),
            (
                written(&[service, Packet::Flush, Packet::Data(b"version 1\n"), Packet::Data(old), Packet::Flush]),
                "dialect",
            ),
            (b"<html>sign in</html>".to_vec(), "not-a-mirror"),
        ] {
            let read = Advertisement::read(&mut Packets::new(&bytes[..]));
            assert_eq!(read.err().map(|fault| fault.name()), Some(fault));
        }
    }

    #[test]
    fn a_line_that_cannot_be_handed_on_is_a_fault() {
        for line in [vec![b'x'; 65_516], vec![0xff; 30_000]] {
            let bytes = written(&[Packet::Data(b"version 2\n"), Packet::Data(&line), Packet::Flush]);
            let read = Advertisement::read(&mut Packets::new(&bytes[..]));
            assert_eq!(read.err().map(|fault| fault.name()), Some("too-large"));
        }
    }
}
