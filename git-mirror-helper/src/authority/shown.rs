//! What comes of opening upstream: somebody who speaks, and to whom that is shown; or silence.

use mirror_config::{errors::Fault, git::Session};

use crate::git::{RemoteHttps, UploadPack};

/// Why upstream does not serve.
#[derive(Debug)]
pub enum Silence {
    /// It was asked, and said no.
    Refused(Fault),
    /// It could not be asked.
    Unreachable(Fault),
}

/// An upstream that is there.
#[derive(Debug)]
pub enum Upstream {
    /// It speaks with our client, without credentials: the repository is public.
    Public(Box<Session>),
    /// It speaks with git's own helper, or is on this machine's disks; and who else is shown it.
    Child(Box<UploadPack>, Shown),
    /// The same, in an older protocol than v2 or with plain files: git's own helper is to lead the conversation.
    Older(Box<RemoteHttps>),
}

/// Who is shown what upstream shows, as far as it is known before it has said anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// Everybody.
    All,
    /// Perhaps this user alone: it is still to be compared.
    Doubtful,
    /// This user alone.
    User,
}
