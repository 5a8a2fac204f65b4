//! Where programs are. The only door to the crate `which`.

use std::path::{Path, PathBuf};

use mirror_config::{
    errors::{Failure, Kind},
    system::Environment,
};

use crate::terminal::quoted;

/// The program that git starts for `mirror::` addresses.
pub(crate) const HELPER: &str = "git-remote-mirror";

/// What to do when [`HELPER`] is not found.
pub(crate) const HELPER_MISSING: &str = "git-remote-mirror is not on PATH, so git cannot use `mirror::` addresses yet: install it, or add its folder to PATH";

/// Where [`HELPER`] is, as this process would find it; git looks in its own exec path before.
pub(crate) fn helper(env: &Environment) -> Option<PathBuf> {
    which::which_in(HELPER, env.var_os("PATH"), env.cwd()).ok()
}

/// The program that stands before pip.
pub(crate) const PIP_SHIM: &str = "pip-shim";
/// Where its source was when this program was built, beside this one's.
const PIP_SHIM_SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../pip-shim");

/// Where [`PIP_SHIM`] is: on PATH, whose name for it outlives an update, else beside this program.
pub(crate) fn pip_shim(env: &Environment) -> Option<PathBuf> {
    let own = std::env::current_exe().ok();
    let beside = || which::which_in(PIP_SHIM, Some(own?.parent()?), "/").ok();
    all(env, PIP_SHIM).into_iter().next().or_else(beside)
}

/// What to say when [`PIP_SHIM`] is not found.
pub(crate) fn pip_shim_missing() -> Failure {
    let source = Path::new(PIP_SHIM_SOURCE).canonicalize();
    let source = source.map_or_else(|_| PIP_SHIM.to_owned(), |source| quoted(&source));
    Failure::new(Kind::Config, "pip-shim is neither on PATH nor beside cargo-mirror")
        .hint(format!("cargo install --locked --path {source}"))
}

/// The folders on PATH. Nothing is looked for in the working directory, which may be anybody's.
pub(crate) fn folders(env: &Environment) -> Vec<PathBuf> {
    let path = env.var_os("PATH").unwrap_or_default();
    std::env::split_paths(path).filter(|folder| folder.is_absolute()).collect()
}

/// All programs of a name on PATH, in its order.
pub(crate) fn all(env: &Environment, name: &str) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = Vec::new();
    for folder in folders(env) {
        found.extend(which::which_in(name, Some(folder), "/").ok().filter(|program| !found.contains(program)));
    }
    found
}

/// Whether two names are of one folder.
pub(crate) fn same_place(one: &Path, other: &Path) -> bool {
    one == other || matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// Whether this file is one that can be started.
pub(crate) fn is_program(file: &Path) -> bool {
    which::which_in(file, None::<&str>, "/").is_ok()
}

/// The Pythons on PATH, best first: the one that runs `pip` here is most likely the first of them.
pub(crate) fn pythons(env: &Environment) -> Vec<PathBuf> {
    ["python3", "python"].iter().filter_map(|name| all(env, name).into_iter().next()).collect()
}
