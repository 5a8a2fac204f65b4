//! The repository that an argument names.

use mirror_config::{
    config::Config,
    errors::Failure,
    model::{Repository, is_part},
};

/// The repository that is meant, with its upstream or without, as in `gitlab:owner/repo`.
pub(super) fn repository(text: &str, config: &Config) -> Result<Repository, Failure> {
    let (upstream, repo) = match text.split_once(':') {
        Some((upstream, repo)) if is_part(upstream) => (upstream, repo),
        _ => (config.git.upstream.value.as_str(), text),
    };
    config.repository(upstream, repo)
}
