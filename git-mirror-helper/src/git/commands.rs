//! The lines git writes to a remote helper (gitremote-helpers), as types. Pure.

use mirror_config::transport::http::Family;

/// What the helper can do. `fetch` and what belongs to it serve protocol v0 and v1, by relay to git's own helper.
pub const CAPABILITIES: &str = "stateless-connect\nfetch\noption\npush\ncheck-connectivity\nobject-format\n\n";

/// One line of git's; names in it are bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// `capabilities`
    Capabilities,
    /// `stateless-connect git-upload-pack`: protocol v2.
    ConnectUploadPack,
    /// `stateless-connect git-upload-archive`: `git archive --remote`, which git's own helper serves since 2.44; the line.
    ConnectUploadArchive(Vec<u8>),
    /// `stateless-connect` to any other service.
    ConnectOther,
    /// `option NAME VALUE`, which git says before it says what it wants.
    Option(Vec<u8>),
    /// An empty line: git has nothing more to say.
    End,
    /// Anything else belongs to a conversation that git's own helper leads: `list`, `fetch`, `push`.
    Relayed(Vec<u8>),
}

impl Command {
    /// Reads a line, newline included or not.
    pub fn parse(line: &[u8]) -> Self {
        match line.strip_suffix(b"\n").unwrap_or(line) {
            b"" => Self::End,
            b"capabilities" => Self::Capabilities,
            b"stateless-connect git-upload-pack" => Self::ConnectUploadPack,
            archive @ b"stateless-connect git-upload-archive" => Self::ConnectUploadArchive(archive.to_owned()),
            other if other.starts_with(b"stateless-connect ") => Self::ConnectOther,
            other if other.starts_with(b"option ") => Self::Option(other.to_owned()),
            other => Self::Relayed(other.to_owned()),
        }
    }
}

/// Where git is in a conversation that its own helper leads: which lines come one after the other until an empty one, and
/// whether that was the end. A conversation that breaks off elsewhere was not ended by git.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Course {
    /// The beginning of the line that is under way, as far as it matters.
    line: Vec<u8>,
    in_batch: bool,
    ended: bool,
    /// From here on git speaks with a service, and closes its side when it has all it asked for.
    connected: bool,
}

/// Commands that come several at once.
const BATCHES: [&[u8]; 2] = [b"fetch ", b"push "];
/// The beginning of the one after which come no more lines.
const CONNECT: &[u8] = b"statel";
/// Bytes of the longest of these beginnings.
const LONGEST: usize = 6;

impl Course {
    /// Takes in what git says next, in whatever pieces.
    pub fn hear(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if self.connected {
                return;
            }
            if *byte != b'\n' {
                if self.line.len() < LONGEST {
                    self.line.push(*byte);
                }
                continue;
            }
            let line = std::mem::take(&mut self.line);
            self.connected |= line.starts_with(CONNECT);
            match line.as_slice() {
                [] if self.in_batch => self.in_batch = false,
                [] => self.ended = true,
                line => self.in_batch |= BATCHES.iter().any(|batch| line.starts_with(batch)),
            }
        }
    }

    /// Whether git has said that it needs nothing more.
    pub fn has_ended(&self) -> bool {
        self.ended || self.connected
    }
}

/// The options of a conversation: what they mean here, and all of them for git's own helper, should it take over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The lines as they came.
    pub lines: Vec<Vec<u8>>,
    /// git shows progress.
    pub progress: bool,
    /// `-4` or `-6`.
    pub family: Option<Family>,
    /// 0 for `-q`, 1 normally, more for each `-v`.
    pub verbosity: u32,
    /// A shallow upstream is not to be cloned from.
    pub rejects_shallow: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { lines: Vec::new(), progress: false, family: None, verbosity: 1, rejects_shallow: false }
    }
}

impl Options {
    /// Takes an option in. All that git's own helper knows are `ok`: in protocol v2 git repeats what matters in its
    /// request, otherwise that helper hears them.
    pub fn note(&mut self, line: &[u8]) -> &'static str {
        let mut words = line.strip_prefix(b"option ").unwrap_or(line).splitn(2, |byte| *byte == b' ');
        match (words.next().unwrap_or_default(), words.next().unwrap_or_default()) {
            (b"progress", value) => self.progress = value == b"true",
            (b"family", value) => self.family = std::str::from_utf8(value).ok().and_then(Family::parse),
            (b"verbosity", value) => {
                self.verbosity = std::str::from_utf8(value).ok().and_then(|value| value.parse().ok()).unwrap_or(1);
            }
            // By git's own name for it, TRANS_OPT_REJECT_SHALLOW.
            (b"rejectshallow", _) => self.rejects_shallow = true,
            (b"servpath", _) => return "unsupported\n",
            _ => {}
        }
        self.lines.push(line.to_owned());
        "ok\n"
    }
}

#[cfg(test)]
mod tests {
    use super::{Command, Course, Family, Options};

    #[test]
    fn options_are_understood_and_kept() {
        let mut options = Options::default();
        assert_eq!((options.progress, options.verbosity), (false, 1));
        for (line, answer) in [
            ("option progress true", "ok\n"),
            ("option verbosity 0", "ok\n"),
            ("option servpath x", "unsupported\n"),
            ("option depth 3", "ok\n"),
            ("option family ipv6", "ok\n"),
        ] {
            assert_eq!(options.note(line.as_bytes()), answer);
        }
        assert_eq!((options.progress, options.verbosity, options.lines.len()), (true, 0, 4));
        assert_eq!(options.family, Some(Family::V6));
    }

    #[test]
    fn a_conversation_ends_with_an_empty_line_that_closes_nothing_else() {
        for (said, ended) in [
            ("", false),
            ("list\n", false),
            ("list\n\n", true),
            ("list for-push\noption verbosity 1\npush a:b\npush c:d\n\n", false),
            ("list for-push\npush a:b\n\n\n", true),
            ("fetch 7e17 refs/heads/main\n", false),
            ("fetch 7e17 refs/heads/main\n\n", false),
            ("fetch 7e17 refs/heads/main\n\nfetch 7e18 refs/heads/main\n\n", false),
            ("fetch 7e17 refs/heads/main\n\nlist\n\n", true),
            ("stateless-connect git-upload-archive", false),
            ("stateless-connect git-upload-archive\n", true),
            ("option verbosity 1\nstateless-connect git-upload-archive\n0011argument HEAD\nfetch ", true),
        ] {
            for piece in [1, 3, 100] {
                let mut course = Course::default();
                said.as_bytes().chunks(piece).for_each(|piece| course.hear(piece));
                assert_eq!(course.has_ended(), ended, "{said:?} by {piece}");
            }
        }
    }

    #[test]
    fn names_in_lines_stay_bytes() {
        for line in [&b"push refs/heads/\xb9\xa6:refs/heads/\xb9\xa7"[..], b"fetch 7e17 refs/tags/caf\xe9"] {
            assert_eq!(Command::parse(&[line, b"\n"].concat()), Command::Relayed(line.to_vec()));
        }
        let mut options = Options::default();
        let line = b"option cas refs/heads/\xb9\xa6:0000";
        assert_eq!((Command::parse(line), options.note(line)), (Command::Option(line.to_vec()), "ok\n"));
        assert_eq!(options.lines, [line]);
    }

    #[test]
    fn lines_are_told_apart() {
        for (line, command) in [
            ("capabilities\n", Command::Capabilities),
            ("\n", Command::End),
            ("stateless-connect git-upload-pack\n", Command::ConnectUploadPack),
            (
                "stateless-connect git-upload-archive\n",
                Command::ConnectUploadArchive("stateless-connect git-upload-archive".into()),
            ),
            ("stateless-connect git-receive-pack\n", Command::ConnectOther),
            ("option verbosity 1\n", Command::Option("option verbosity 1".into())),
            ("list for-push\n", Command::Relayed("list for-push".into())),
        ] {
            assert_eq!(Command::parse(line.as_bytes()), command);
        }
    }
}
