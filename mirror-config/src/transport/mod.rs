//! How bytes leave and come: which way (`route`), and by which protocol (a folder each).
//!
//! A new transport: a file or a folder here; `git::upload_pack` and `fetch::download` ask it for what they ask `http`.

pub mod route;
pub mod http;

pub use route::{Exceptions, Proxies, Route};
