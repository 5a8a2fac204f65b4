//! The kinds of failure of DESIGN 9: a word for messages and reports, and an exit code. Both are part of the contract.
//!
//! A new kind: a variant, its word, its exit code, its line in the help of `cargo mirror` and in the README.

/// What went wrong, in one word. The word and its exit code are part of the suite's contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each variant is the word of the contract; `word` spells it")]
pub enum Kind {
    Usage,
    Name,
    Digest,
    Truncated,
    LockPoison,
    Exhausted,
    Slow,
    Proxy,
    Dns,
    Internal,
    Io,
    Busy,
    Rate,
    NotAMirror,
    Limit,
    Unpinned,
    Quorum,
    Rollback,
    Expired,
    Signature,
    Tls,
    Transport,
    Redirect,
    Config,
    Permission,
    IndexOverride,
}

impl Kind {
    /// The word that stands in messages and reports, such as `E-QUORUM`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Usage => "E-USAGE",
            Self::Name => "E-NAME",
            Self::Digest => "E-DIGEST",
            Self::Truncated => "E-TRUNCATED",
            Self::LockPoison => "E-LOCK-POISON",
            Self::Exhausted => "E-EXHAUSTED",
            Self::Slow => "E-SLOW",
            Self::Proxy => "E-PROXY",
            Self::Dns => "E-DNS",
            Self::Internal => "E-INTERNAL",
            Self::Io => "E-IO",
            Self::Busy => "E-BUSY",
            Self::Rate => "E-RATE",
            Self::NotAMirror => "E-NOT-A-MIRROR",
            Self::Limit => "E-LIMIT",
            Self::Unpinned => "E-UNPINNED",
            Self::Quorum => "E-QUORUM",
            Self::Rollback => "E-ROLLBACK",
            Self::Expired => "E-EXPIRED",
            Self::Signature => "E-SIG",
            Self::Tls => "E-TLS",
            Self::Transport => "E-TRANSPORT",
            Self::Redirect => "E-REDIRECT",
            Self::Config => "E-CONFIG",
            Self::Permission => "E-PERM",
            Self::IndexOverride => "E-INDEX-OVERRIDE",
        }
    }

    /// The kind that this word stands for.
    pub fn of_word(word: &str) -> Option<Self> {
        ALL.iter().copied().find(|kind| kind.word() == word)
    }

    /// The exit code, from the ranges of BSD's `sysexits.h`.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Usage | Self::Name => 64,
            Self::Digest | Self::Truncated | Self::LockPoison => 65,
            Self::Exhausted | Self::Slow | Self::Proxy | Self::Dns => 69,
            Self::Internal => 70,
            Self::Io => 74,
            Self::Busy | Self::Rate => 75,
            Self::NotAMirror | Self::Limit => 76,
            Self::Unpinned | Self::Quorum | Self::Rollback | Self::Expired | Self::Signature => 77,
            Self::Tls | Self::Transport | Self::Redirect => 77,
            Self::Config | Self::Permission | Self::IndexOverride => 78,
        }
    }
}

/// Every kind.
const ALL: &[Kind] = &[
    Kind::Usage,
    Kind::Name,
    Kind::Digest,
    Kind::Truncated,
    Kind::LockPoison,
    Kind::Exhausted,
    Kind::Slow,
    Kind::Proxy,
    Kind::Dns,
    Kind::Internal,
    Kind::Io,
    Kind::Busy,
    Kind::Rate,
    Kind::NotAMirror,
    Kind::Limit,
    Kind::Unpinned,
    Kind::Quorum,
    Kind::Rollback,
    Kind::Expired,
    Kind::Signature,
    Kind::Tls,
    Kind::Transport,
    Kind::Redirect,
    Kind::Config,
    Kind::Permission,
    Kind::IndexOverride,
];
