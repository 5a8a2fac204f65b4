//! The store of one repository: objects, tips, parts of slices that have not landed.

pub mod tree;
pub mod repository;
pub mod view;
pub mod parts;

pub use parts::{Heard, Part, Parts};
pub use repository::{Store, hash_of, newest, object_id, objects_of_repository, reaches};
pub use view::view;
