//! git's objects: what was received, whether it is whole, what it proves. The only room that uses `gix`.

pub mod store;
pub mod tips;
pub mod parts;
pub mod merge;
mod weight;
mod watched;
mod shared;
mod index;
mod closed;
pub mod land;
pub mod tidy;
mod tree;
pub mod prefix;
pub mod history;
pub mod edge;
