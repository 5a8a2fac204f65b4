//! Requirements files, read as pip reads them.

pub mod shlex;
pub mod hashes;
pub mod text;
pub mod read;
#[cfg(test)]
mod tests;

pub use read::{Named, Place, World};
