//! HTTP: one client, one verifier of certificates, and how long it waits.

pub mod agent;
pub mod cancel;
pub mod patience;
pub mod untrusted;
pub mod client;
pub mod certificate;

pub use agent::git_agent;
pub use cancel::Cancel;
pub use certificate::Looked;
pub use client::{Body, Http, Request, Response};
pub use patience::Patience;
