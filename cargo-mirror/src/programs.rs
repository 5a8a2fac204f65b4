//! Where programs are. The only door to the crate `which`.

use std::path::PathBuf;

use mirror_config::environment::Environment;

/// The program that git starts for `mirror::` addresses.
pub(crate) const HELPER: &str = "git-remote-mirror";

/// What to do when [`HELPER`] is not found.
pub(crate) const HELPER_MISSING: &str = "git-remote-mirror is not on PATH, so git cannot use `mirror::` addresses yet: install it, or add its folder to PATH";

/// Where [`HELPER`] is, as this process would find it; git looks in its own exec path before.
pub(crate) fn helper(env: &Environment) -> Option<PathBuf> {
    which::which_in(HELPER, env.var_os("PATH"), env.cwd()).ok()
}

/// The Pythons on PATH, best first: the one that runs `pip` here is most likely the first of them.
pub(crate) fn pythons(env: &Environment) -> Vec<PathBuf> {
    // Nothing is looked for in the working directory, which may be anybody's.
    let folders = std::env::split_paths(env.var_os("PATH").unwrap_or_default()).filter(|folder| folder.is_absolute());
    let path = std::env::join_paths(folders).unwrap_or_default();
    ["python3", "python"].iter().filter_map(|name| which::which_in(name, Some(&path), "/").ok()).collect()
}
