//! What the user, the machine and the project want: layers merged, every value with the place it comes from.
//!
//! defaults < system < user < project < environment. Reading only; nothing here writes configuration.
//!
//! A new key: its default and what it means, a line of `data/default-config.toml`; its shape and what a project may do to
//! it, a row of `schema`; its value, a field of `settings` (of `mirror` for one of a mirror, and of `model::Mirror`). That
//! it is shown by `status` and explained follows from those, and tests hold them against each other.

pub mod schema;
pub mod layer;
pub mod merge;
pub mod origin;
pub mod read;
pub mod mirror;
pub mod project;
pub mod rows;
pub mod signers;
pub mod standing;
pub mod settings;
pub mod signed_list;
pub mod load;
pub mod lazy;
#[cfg(test)]
mod tests;

pub use lazy::LazyConfig;
pub use origin::Setting;
pub use read::bytes;
pub use rows::Row;
pub use settings::{Config, Disabled, Net};
pub use signed_list::{SignedList, Stored};
pub use standing::{InForce, ListState};
