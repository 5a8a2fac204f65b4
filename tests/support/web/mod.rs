//! A web server, and what stands on it.

pub(crate) mod archive;
mod page;
mod server;
mod files;
mod tamper;

pub use files::FileServer;
pub(crate) use page::Page;
pub use page::sha256;
pub use server::WebServer;
pub use tamper::Tamper;
