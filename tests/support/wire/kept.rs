//! What a server does with connections that its clients keep for their next request.

use std::{io, net::TcpStream};

use super::state::{Wire, lock};

/// What becomes of a connection on which something has been answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kept {
    /// It waits for the next request.
    #[default]
    Kept,
    /// It is closed after the answer, which does not say so.
    Closed,
    /// The next request is read, and the connection closed.
    DroppedOnNext,
    /// The next request is not even read: the client's system hears of a reset.
    ResetOnNext,
}

impl Wire {
    /// From now on this becomes of kept connections.
    pub(crate) fn set_kept(&self, kept: Kept) {
        *lock(&self.kept) = kept;
    }

    /// Whether a connection with so many answers is over before its next request is read.
    pub(crate) fn is_over_before(&self, answered: u32, stream: &TcpStream) -> io::Result<bool> {
        let kept = *lock(&self.kept);
        match kept {
            Kept::Closed => Ok(answered > 0),
            // With something unread in it, a closed connection is a reset one.
            Kept::ResetOnNext if answered > 0 => stream.peek(&mut [0]).map(|_| true),
            _ => Ok(false),
        }
    }

    /// Whether a connection with so many answers is over now that its next request was read.
    pub(crate) fn is_over_after(&self, answered: u32) -> bool {
        answered > 0 && *lock(&self.kept) == Kept::DroppedOnNext
    }
}
