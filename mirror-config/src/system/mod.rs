//! What this machine is: its variables and folders, children, digests, small files that are whole or not there.

pub mod bytes;
pub mod child;
pub mod environment;
pub mod tether;
pub mod digest;
pub mod state;

pub use bytes::os_string;
pub use digest::{hex, sha256};
pub use environment::{
    Environment, MIRROR_CARGO_HOME, MIRROR_CONFIG, MIRROR_DEPTH, MIRROR_LOCK, MIRROR_LOG, MIRROR_PIP_TRIED,
    MIRROR_REPORT,
};
pub use state::day;
