//! HTTP: one client, one verifier of certificates, and how long it waits: for each (`patience`), and for all together
//! (`least_speed`).

pub mod agent;
pub mod cancel;
pub mod family;
pub mod patience;
pub mod least_speed;
pub mod together;
pub mod limits;
pub mod request;
pub mod untrusted;
pub mod faults;
pub mod dropped;
pub mod certificate;
pub mod client;
pub mod watching;

pub use agent::git_agent;
pub use cancel::Cancel;
pub use client::{Body, Http, Response};
pub use family::Family;
pub use least_speed::LeastSpeed;
pub use patience::Patience;
pub use request::Request;
pub use together::Low;
pub use watching::Looked;
