//! The lines git writes to a remote helper (gitremote-helpers), as types. Pure.

/// What the helper can do. `fetch` and what belongs to it serve protocol v0 and v1, by relay to git's own helper.
pub const CAPABILITIES: &str = "stateless-connect\nfetch\noption\npush\ncheck-connectivity\nobject-format\n\n";

/// One line of git's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// `capabilities`
    Capabilities,
    /// `stateless-connect git-upload-pack`: protocol v2.
    ConnectUploadPack,
    /// `stateless-connect` to any other service.
    ConnectOther,
    /// An empty line: git has nothing more to say.
    End,
    /// Anything else belongs to a conversation that git's own helper leads: `list`, `option`, `fetch`, `push`.
    Relayed(String),
}

impl Command {
    /// Reads a line, newline included or not.
    pub fn parse(line: &str) -> Self {
        match line.strip_suffix('\n').unwrap_or(line) {
            "" => Self::End,
            "capabilities" => Self::Capabilities,
            "stateless-connect git-upload-pack" => Self::ConnectUploadPack,
            other if other.starts_with("stateless-connect ") => Self::ConnectOther,
            other => Self::Relayed(other.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Command;

    #[test]
    fn lines_are_told_apart() {
        for (line, command) in [
            ("capabilities\n", Command::Capabilities),
            ("\n", Command::End),
            ("stateless-connect git-upload-pack\n", Command::ConnectUploadPack),
            ("stateless-connect git-upload-archive\n", Command::ConnectOther),
            ("list for-push\n", Command::Relayed("list for-push".into())),
        ] {
            assert_eq!(Command::parse(line), command);
        }
    }
}
