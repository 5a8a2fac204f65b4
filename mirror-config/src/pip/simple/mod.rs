//! Pages of simple indexes.

pub mod index;
pub mod page;

pub use index::{ACCEPT, File, files, fits, may_be_of, normalized, versions};
pub use page::{Page, metadata_sha256, sha256};
