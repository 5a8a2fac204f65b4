//! The known mirrors of one repository, or of an index: who could carry it at all, who may hear its name.
//!
//! Not which one is best (that is `rank`), nor whether one is there (that is `probe`).

use super::source::Source;
use crate::{
    config::Config,
    model::{Mirror, Repository, Service, Upstream},
    transport::Proxies,
};

/// The mirrors that carry the repository's upstream, leaving out those that may not hear a private name.
///
/// `private` is what upstream says of the repository; the user's own patterns are looked at in any case.
pub fn git(config: &Config, proxies: &Proxies, repository: &Repository, private: bool) -> Vec<Source> {
    let private = private || config.is_private(&repository.repo);
    config
        .mirrors
        .iter()
        .filter(|mirror| !private || mirror.trusted)
        .filter_map(|mirror| Some(Source::mirror(mirror, mirror.git_address(repository)?, proxies)))
        .collect()
}

/// The mirrors of crates (their sparse indexes) or of Python packages (their simple indexes).
pub fn index(config: &Config, proxies: &Proxies, service: Service) -> Vec<Source> {
    let address = |mirror: &Mirror| match service {
        Service::CargoIndex | Service::Crates => mirror.cargo.clone(),
        Service::PypiIndex | Service::Wheels => mirror.pypi.clone(),
        Service::Git => None,
    };
    let source = |mirror: &Mirror| Some(Source::mirror(mirror, address(mirror)?, proxies));
    config.mirrors.iter().filter_map(source).collect()
}

/// The upstream of a repository.
pub fn upstream<'a>(config: &'a Config, repository: &Repository) -> Option<&'a Upstream> {
    config.upstreams.get(&repository.upstream)
}
