//! The words of the suite: what there is, and by which names it may be asked for.

pub mod address;
pub mod spelling;
pub mod refs;
pub mod service;
pub mod forge;
pub mod repository;
pub mod template;
pub mod mirror;
pub mod upstream;

pub use address::{Address, check_address, is_loopback};
pub use forge::{Forge, name_before_page};
pub use mirror::{Mirror, OwnProxy};
pub use refs::{Oid, Ref};
pub(crate) use repository::decoded as percent_decoded;
pub use repository::{Repo, Repository, is_part};
pub use service::Service;
pub use spelling::{spelled, unspelled};
pub use template::Template;
pub use upstream::{Signers, Upstream, located};
