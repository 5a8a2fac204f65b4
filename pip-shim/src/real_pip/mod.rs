//! The pip behind us: which one, its Python, and the index that it would ask.

pub mod find;
pub mod python;
pub mod index;
#[cfg(test)]
mod tests;

pub use find::OWN_NAME;
