//! Whether a tip is signed by whom the upstream asks for.

pub mod said;
pub mod verify;
