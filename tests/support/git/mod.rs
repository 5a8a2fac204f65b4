//! A git server that is slowed, spoiled and lies as told, and a stage with several.

mod forgery;
mod dialect;
mod answer;
mod bomb;
mod gate;
mod backend;
mod server_state;
mod exchange;
mod server;
mod random_fault;
mod stage;

pub use dialect::{Dialect, GIT_2_25};
pub use forgery::Forgery;
pub(crate) use forgery::packet;
pub use random_fault::{Copy, apply, random_fault, random_rate};
pub use server::GitServer;
pub use stage::{NAME, Stage, StageMirror};
