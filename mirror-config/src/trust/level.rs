//! How strong evidence is. Pure.

use std::{fmt, str::FromStr};

/// Evidence; a later one is stronger (DESIGN 6). All but `Seen` can be the least that is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trust {
    /// Trust on first use: one mirror's word.
    Tofu,
    /// What upstream or a quorum said before, as of then. Where a quorum is asked for, it is enough.
    Seen,
    /// Two operators that agree.
    Quorum,
    /// The upstream's own word.
    Upstream,
    /// A pin.
    Pinned,
}

impl FromStr for Trust {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "tofu" => Ok(Self::Tofu),
            "quorum" => Ok(Self::Quorum),
            "upstream" => Ok(Self::Upstream),
            "pinned" => Ok(Self::Pinned),
            _ => Err("one of \"pinned\", \"upstream\", \"quorum\" and \"tofu\"".to_owned()),
        }
    }
}

impl fmt::Display for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tofu => "tofu",
            Self::Seen => "seen",
            Self::Quorum => "quorum",
            Self::Upstream => "upstream",
            Self::Pinned => "pinned",
        })
    }
}
