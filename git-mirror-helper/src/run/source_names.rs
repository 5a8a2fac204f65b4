//! How sources are called in reports and messages.

use mirror_config::model::Repository;

/// How reports and memory call an upstream: a name no mirror can have.
pub fn upstream_name(repository: &Repository) -> String {
    format!("upstream:{}", repository.upstream)
}
