//! The workspace that cargo would work on. The only door to `cargo_metadata`.

use std::path::{Path, PathBuf};

use cargo_metadata::{CargoOpt, MetadataCommand};
use mirror_config::errors::{Failure, Kind};

/// Where the workspace is. Asks cargo, without the network and without its dependencies.
///
/// # Errors
///
/// [`Kind::Config`] when there is none, with cargo's own words.
pub(crate) fn root(cargo: &Path, manifest: Option<&Path>, cwd: &Path) -> Result<PathBuf, Failure> {
    let mut command = MetadataCommand::new();
    command.cargo_path(cargo).current_dir(cwd).no_deps().features(CargoOpt::AllFeatures);
    command.other_options(["--offline".to_owned(), "--locked".to_owned()]);
    if let Some(manifest) = manifest {
        command.manifest_path(manifest);
    }
    match command.exec() {
        Ok(metadata) => Ok(metadata.workspace_root.into_std_path_buf()),
        Err(error) => {
            let said = error.to_string();
            // cargo's own prefix, in the middle of ours.
            let said = said.rsplit("error: ").next().unwrap_or(&said).trim().replace('\n', " ");
            Err(Failure::new(Kind::Config, format!("cargo finds no workspace: {said}"))
                .hint("go into a project, or name its manifest: `cargo mirror verify --manifest-path PATH/Cargo.toml`"))
        }
    }
}
