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
