//! How the suite fails: the kinds of DESIGN 9 with their exit codes, and one form for the message.

use std::fmt;

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

/// An end of the road: what happened and where, and what to do next.
///
/// `Display` is the message form of the contract, one line for each of its parts, without secrets and escapes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Failure {
    /// The word for it.
    pub kind: Kind,
    /// What happened, and where.
    pub what: String,
    /// What works when pasted.
    pub hint: Option<String>,
}

impl Failure {
    /// A failure without a hint.
    pub fn new(kind: Kind, what: impl Into<String>) -> Self {
        Self { kind, what: what.into(), hint: None }
    }

    /// The same with what to do next.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clean = |text: &str| crate::redact::controls(&crate::redact::secrets(text));
        write!(f, "mirror: error[{}]: {}", self.kind.word(), clean(&self.what))?;
        if let Some(hint) = &self.hint {
            write!(f, "\nmirror: hint: {}", clean(hint))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Failure, Kind};

    #[test]
    fn a_message_has_the_form_of_the_contract_and_no_secret() {
        let failure = Failure::new(Kind::Quorum, "https://u:p@h/x says\u{1b}[2J so").hint("set `trust = \"tofu\"`");
        assert_eq!(
            failure.to_string(),
            "mirror: error[E-QUORUM]: https://***@h/x says[2J so\nmirror: hint: set `trust = \"tofu\"`"
        );
        assert_eq!(failure.kind.exit_code(), 77);
    }
}
