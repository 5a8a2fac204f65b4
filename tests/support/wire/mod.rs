//! What all servers have in common: a port, HTTP, caps, a log, faults; and what stands before one, or in its place.

mod pace;
mod http;
mod fault;
mod seen;
mod state;
mod kept;
mod connections;
mod line;
mod silent;
mod front;
mod h2;
#[cfg(unix)]
mod squid;

pub(crate) use connections::Connections;
pub use fault::{Bomb, Fault, Place, Plan, Scope};
pub use front::{Certificate, SocksProxy, TlsFront};
pub use h2::{GoesAway, Http2Server};
pub(crate) use http::{Request, Requests, basic_credentials, header};
pub use kept::Kept;
pub(crate) use line::Line;
pub(crate) use pace::Pace;
pub use seen::Seen;
pub use silent::{BlackHole, SilentServer, refused_url};
#[cfg(unix)]
pub use squid::Squid;
pub(crate) use state::{Wire, lock};
