//! The pip behind us: which one. What is to be known of it is the library's matter (`pip::installed`).

pub mod find;
#[cfg(test)]
mod tests;

pub use find::OWN_NAME;
