//! How bytes leave and come.

pub mod route;
pub mod http;

pub use route::{Exceptions, Proxies, Route};
