//! The bulk of a clone: cut into slices, fetched from several mirrors at once, landed in order.

pub mod cuts;
pub mod by_name;
pub mod outlook;
pub mod first_request;
pub mod mirrors;
pub mod schedule;
pub mod stale;
pub mod one_piece;
pub mod joining;
pub mod in_flight;
pub mod state;
mod tips_only;
mod rest;
pub mod connection;
pub mod left;
pub mod slices;
pub mod bulk;

pub use bulk::Bulk;
pub use mirrors::Mirrors;
