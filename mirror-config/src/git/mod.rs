//! What is git's: the program, its protocol as a client speaks it, and the folders of stores.

pub mod program;
pub mod pkt_line;
pub mod advertisement;
pub mod pack_stream;
pub mod store;
pub mod upload_pack;
pub mod presence;
pub mod settings;

pub use advertisement::Advertisement;
pub use pack_stream::{PackStream, is_sign_of_life, refusal};
pub use pkt_line::{LONGEST_LINE, Packet, Packets};
pub use presence::{Pin, Presence};
pub use upload_pack::{Fetch, Session, read_refs};
