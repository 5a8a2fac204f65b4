//! The folders of stores: who uses one, which ones there are. What is inside is the business of `git-remote-mirror`.

pub mod hold;
pub mod turn;
pub mod all;
pub mod folder;
#[cfg(test)]
mod tests;

pub use all::{StoreFacts, Stores};
pub use folder::Folder;
pub use turn::Held;
