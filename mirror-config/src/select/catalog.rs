//! The known mirrors of one repository, or of an index: who could carry it at all, who may hear its name.
//!
//! Not which one is best (that is `rank`), nor whether one is there (that is `probe`).

use crate::{
    config::Config,
    model::{Address, Mirror, Repository, Service, Upstream},
};

/// A mirror with its address of one repository, or of its index.
#[derive(Debug, Clone)]
pub struct Carrier {
    /// The mirror.
    pub mirror: Mirror,
    /// Where it would have that.
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

/// The mirrors of crates (their sparse indexes) or of Python packages (their simple indexes).
pub fn index_carriers(config: &Config, service: Service) -> Vec<Carrier> {
    let address = |mirror: &Mirror| match service {
        Service::CargoIndex | Service::Crates => mirror.cargo.clone(),
        Service::PypiIndex | Service::Wheels => mirror.pypi.clone(),
        Service::Git => None,
    };
    let carrier = |mirror: &Mirror| Some(Carrier { address: address(mirror)?, mirror: mirror.clone() });
    config.mirrors.iter().filter_map(carrier).collect()
}

/// The upstream of a repository.
pub fn upstream<'a>(config: &'a Config, repository: &Repository) -> Option<&'a Upstream> {
    config.upstreams.get(&repository.upstream)
}
