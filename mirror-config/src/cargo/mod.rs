//! What is cargo's: an index, its entries, and the registry that the relay serves.

mod meaning;
pub mod index;
pub mod entry;
pub mod entry_cache;
pub mod entry_request;
pub mod registry;
pub mod ahead;
pub mod routes;
pub mod verify;

pub use ahead::{Ahead, Needs};
pub use index::{CONFIG, Downloads, official, path_of, versions};
pub use registry::{Checksums, Registry};
pub use verify::{Finding, Pinned};
