//! The status of all three tools in one.

use mirror_config::errors::Failure;

use super::{
    cargo::{CargoStatus, cargo_status},
    git::{GitStatus, git_status},
    pip::{PipStatus, pip_status},
    print::{print, print_json},
};

/// Shows the state of all tools, which in JSON is one object with a key for each.
///
/// # Errors
///
/// As [`print()`].
pub fn statuses(cargo: &CargoStatus, git: &GitStatus, pip: &PipStatus, json: bool) -> Result<(), Failure> {
    if json {
        return print_json(&serde_json::json!({ "cargo": cargo, "git": git, "pip": pip }));
    }
    cargo_status(cargo, false)?;
    print("")?;
    git_status(git, false)?;
    print("")?;
    pip_status(pip, false)
}
