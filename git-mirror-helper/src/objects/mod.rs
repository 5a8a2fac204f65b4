//! The door to gix: packs, the store, what lands in it, and what objects prove.

pub mod pack;
pub mod store;
pub mod landing;
pub mod proof;
