//! Checksums in a project's `Cargo.lock`.

use std::path::{Path, PathBuf};

use cargo_lock::Lockfile;
use mirror_config::registry::Locked;

/// The lock file that cargo would use: beside the manifest, or in a folder above, where the workspace is.
pub(crate) fn find(manifest: Option<&Path>, cwd: &Path) -> Option<PathBuf> {
    let start =
        manifest.map_or_else(|| cwd.to_owned(), |manifest| cwd.join(manifest).parent().unwrap_or(cwd).to_owned());
    start.ancestors().map(|folder| folder.join("Cargo.lock")).find(|path| path.is_file())
}

/// The checksums of what comes from the official registry. A file that cannot be read has none: cargo will say so.
pub(crate) fn checksums(path: &Path) -> Locked {
    let Ok(lock) = Lockfile::load(path) else { return Locked::new() };
    let official =
        |package: &cargo_lock::Package| package.source.as_ref().is_some_and(cargo_lock::SourceId::is_default_registry);
    let checksum = |package: cargo_lock::Package| {
        Some(((package.name.to_string(), package.version.to_string()), package.checksum?.to_string()))
    };
    lock.packages.into_iter().filter(official).filter_map(checksum).collect()
}
