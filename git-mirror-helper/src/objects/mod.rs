//! The door to gix: packs, the store, what lands in it, how that gets into git's repository, and what objects prove.

pub mod pack;
pub mod store;
pub mod landing;
pub mod placing;
pub mod proof;
