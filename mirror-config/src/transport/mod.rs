//! How bytes leave and come: which way (`route`), and by which protocol (a folder each).
//!
//! A new transport: a file or a folder here that takes a `Request` and gives a `Response`, as `http::Http::send` does;
//! `git::upload_pack::Session` and `fetch::download::ask` choose it by the address, and `model::check_address` allows it.

mod spelled;
pub mod route;
pub mod outward;
pub mod netrc;
pub mod passed_on;
pub mod http;

pub use outward::Outward;
pub use route::{Exceptions, Proxies, Route};
pub use spelled::proxy;
