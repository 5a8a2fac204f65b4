//! What a server says it can do (gitprotocol-v2, "Capability Advertisement"), read and handed on.

use std::io::Read;

use super::pkt_line::{LONGEST_LINE, Packet, Packets};
use crate::{errors::Fault, message::redact};

/// What a server can do: the lines of its capability advertisement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advertisement(Vec<String>);

impl Advertisement {
    /// Reads packets up to a flush; the `# service=` preamble of HTTP may stand before them.
    ///
    /// # Errors
    ///
    /// [`Fault::NotAMirror`] for anything but protocol v2, [`Fault::Said`] for an `ERR` packet.
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
            return Err(Fault::NotAMirror("it does not speak protocol version 2".to_owned()));
        }
        Ok(Self(lines))
    }

    /// What a store of ours can do, whose objects have this hash: `sha1` or `sha256`.
    pub fn of_store(object_format: &str) -> Self {
        let lines = ["version 2", "ls-refs", "fetch=shallow filter"].map(str::to_owned);
        Self(lines.into_iter().chain([format!("object-format={object_format}")]).collect())
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
    pub fn packets(&self, hidden: &[&str]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for mut line in self.0.iter().filter(|line| !line.starts_with("bundle-uri")).cloned() {
            if let Some(features) = line.strip_prefix("fetch=") {
                let shown = |word: &&str| !word.ends_with("packfile-uris") && !hidden.contains(word);
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
            Packet::Data(b"fetch=shallow filter packfile-uris wait-for-done\n"),
            Packet::Data(b"bundle-uri\n"),
            Packet::Data(b"bun\0dle-uri\n"),
            Packet::Data(b"object-format=sha1\n"),
            Packet::Flush,
        ]);
        let read = Advertisement::read(&mut Packets::new(&bytes[..])).expect("an advertisement");
        assert!(read.has_feature("fetch", "filter") && !read.has_feature("fetch", "filte"));
        let handed = String::from_utf8(read.packets(&["filter"])).expect("text");
        assert!(handed.contains("fetch=shallow wait-for-done\n"), "{handed}");
        assert!(!handed.contains("uri") && !handed.contains("service"), "{handed}");
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
