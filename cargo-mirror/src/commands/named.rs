//! The repository that an argument names.

use mirror_config::{
    config::Config,
    errors::Failure,
    model::{Repository, is_part},
};

/// The repository that is meant, with its upstream or without, as in `gitlab:owner/repo`, or by an upstream's own address;
/// `mirror::` may stand before it, as it does for git.
pub(super) fn repository(text: &str, config: &Config) -> Result<Repository, Failure> {
    let text = text.strip_prefix("mirror::").unwrap_or(text);
    if let Some(found) = config.repository_at(text) {
        return Ok(found);
    }
    let (upstream, repo) = match text.split_once(':') {
        Some((upstream, repo)) if is_part(upstream) => (upstream, repo),
        _ => (config.git.upstream.value.as_str(), text),
    };
    config.repository(upstream, repo)
}

#[cfg(test)]
mod tests {
    use super::repository;
    use mirror_config::{config::Config, system::Environment};

    #[test]
    fn a_repository_is_named_as_it_is_for_git() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let env = Environment::of([("HOME", home.path().as_os_str())], home.path());
        let config = Config::load(&env).expect("the defaults");
        for (text, expected) in [
            ("openglm/.github", Ok("github:openglm/.github")),
            ("gitlab:group/team/project", Ok("gitlab:group/team/project")),
            ("https://gitlab.com/group/team/project.git", Ok("gitlab:group/team/project")),
            ("mirror::https://github.com/a/b", Ok("github:a/b")),
            ("mirror::a/b", Ok("github:a/b")),
            ("a/../b", Err("E-NAME")),
            ("--all", Err("E-NAME")),
            ("https://evil.example/a/b", Err("E-NAME")),
        ] {
            let found = repository(text, &config).map(|found| found.to_string());
            assert_eq!(found.as_deref().map_err(|failure| failure.kind.word()), expected, "{text}");
        }
    }
}
