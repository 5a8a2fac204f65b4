//! The pip that would have run without us: the next one on PATH that is not this program.

use std::{
    ffi::{OsStr, OsString},
    fs,
    path::{Path, PathBuf},
};

use mirror_config::{
    environment::Environment,
    failure::{Failure, Kind},
};

/// Finds the real pip of a name such as `pip` or `pip3.12`.
///
/// This program is told by its file, whatever link leads to it, and nothing is looked for in the working directory.
///
/// # Errors
///
/// [`Kind::Config`] when there is no other pip on PATH.
pub fn find(env: &Environment, name: &OsStr, own: &Path) -> Result<PathBuf, Failure> {
    let own = fs::canonicalize(own).ok();
    let path: OsString = env.var_os("PATH").unwrap_or_default().to_owned();
    let folders = std::env::split_paths(&path).filter(|folder| folder.is_absolute());
    let absolute = std::env::join_paths(folders).unwrap_or_default();
    which::which_in_all(name, Some(absolute), "/")
        .into_iter()
        .flatten()
        .find(|found| fs::canonicalize(found).ok().as_ref() != own.as_ref())
        .ok_or_else(|| {
            Failure::new(Kind::Config, format!("there is no `{}` on PATH but this shim", name.display()))
                .hint("install pip, or put its folder on PATH behind the shim's")
        })
}

#[cfg(all(test, unix))]
mod tests {
    use super::find;
    use mirror_config::environment::Environment;
    use std::{fs, os::unix::fs::PermissionsExt, path::Path};

    fn program(path: &Path) {
        fs::create_dir_all(path.parent().expect("in a folder")).expect("a folder");
        fs::write(path, "#!/bin/sh\n").expect("a file");
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("a mode");
    }

    #[test]
    fn shim_never_finds_itself() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let (shim, real) = (dir.path().join("shim/pip-shim"), dir.path().join("real/pip"));
        program(&shim);
        program(&real);
        std::os::unix::fs::symlink(&shim, dir.path().join("shim/pip")).expect("a link");
        let folder = |name: &str| dir.path().join(name).display().to_string();
        for (path, found) in [
            (format!("{}:{}", folder("shim"), folder("real")), Some(&real)),
            (folder("shim"), None),
            (format!(".:{}", folder("shim")), None),
        ] {
            let env = Environment::of([("PATH", path.as_str())], dir.path().join("real"));
            assert_eq!(find(&env, "pip".as_ref(), &shim).ok().as_ref(), found, "{path}");
        }
    }
}
