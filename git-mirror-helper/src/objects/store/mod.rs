//! The store of one repository: objects, tips, what each pack was landed for, parts of slices that have not landed, and a look at all that before it is
//! believed.

pub mod tree;
pub mod sums;
pub mod repository;
pub mod records;
pub mod view;
pub mod look;
pub mod parts;

pub use look::Damage;
pub use parts::{Heard, Part, Parts};
pub use records::{Record, Records};
pub use repository::{Store, hash_of, newest, object_id, objects_of_repository, reaches};
pub use view::view;
