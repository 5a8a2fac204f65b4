//! The known mirrors of one repository: who could carry it at all, who may hear its name.
//!
//! Not which one is best (that is `rank`), nor whether one is there (that is `probe`).

use crate::{
    config::Config,
    mirror::Mirror,
    redact::Address,
    upstream::{Repository, Upstream},
};

/// A mirror with its address of one repository.
#[derive(Debug, Clone)]
pub struct Carrier {
    /// The mirror.
    pub mirror: Mirror,
    /// Where it would have the repository.
    pub address: Address,
}

/// The mirrors that carry the repository's upstream, leaving out those that may not hear a private name.
///
/// `private` is what upstream says of the repository; the user's own patterns are looked at in any case.
pub fn git_carriers(config: &Config, repository: &Repository, private: bool) -> Vec<Carrier> {
    let private = private || config.is_private(&repository.repo);
    config
        .mirrors
        .iter()
        .filter(|mirror| !private || mirror.trusted)
        .filter_map(|mirror| Some(Carrier { address: mirror.git_address(repository)?, mirror: mirror.clone() }))
        .collect()
}

/// The upstream of a repository.
pub fn upstream<'a>(config: &'a Config, repository: &Repository) -> Option<&'a Upstream> {
    config.upstreams.get(&repository.upstream)
}
