//! HTTP on a socket of this machine, for cargo and pip. Knows nothing of registries.
//!
//! A new registry: a folder beside `cargo` and `pip`, whose `routes` make answers of what it has.

pub mod payload;
pub mod answer;
pub mod port;
pub mod upgrade;
pub mod forward;
pub mod server;

pub use answer::{Answer, Serve, decoded, encoded};
pub use forward::Forward;
pub use payload::Payload;
pub use server::Relay;
