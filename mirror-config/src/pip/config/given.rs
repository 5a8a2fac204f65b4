//! The index that `cargo mirror setup pip` put into the user's `pip.conf`: for what no shim sees, and no choice of the
//! user's. So the shim does not stand aside for it.
//!
//! What tells is the record by which the set-up is undone. Without a state folder, or with a damaged record, the index
//! counts as the user's own.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::system::{Environment, state};

/// The key in the record: section and option.
pub const KEY: &str = "global.index-url";
/// The record, below the state folder.
const RECORD: &str = "undo/pip.json";

/// As much of the record as matters here.
#[derive(Debug, Default, Deserialize)]
struct Record {
    #[serde(default)]
    files: Vec<Changed>,
}

#[derive(Debug, Deserialize)]
struct Changed {
    file: PathBuf,
    added: Vec<Added>,
}

#[derive(Debug, Deserialize)]
struct Added {
    key: String,
    value: String,
}

/// Whether a set-up gave pip this index in this file.
pub fn is_given(env: &Environment, file: &Path, index: &str) -> bool {
    let record: Record =
        state::file(env.state_dir().as_deref(), RECORD).as_deref().map(state::read).unwrap_or_default();
    let ours = record.files.iter().filter(|changed| changed.file == file).flat_map(|changed| &changed.added);
    ours.into_iter().any(|added| added.key == KEY && added.value == index)
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::is_given;
    use crate::system::Environment;

    #[test]
    fn only_what_a_set_up_wrote_is_given() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let env = Environment::of([("XDG_STATE_HOME", folder.path())], "/");
        let is = |file: &str, index: &str| is_given(&env, Path::new(file), index);
        assert!(!is("/c/pip.conf", "U"), "nothing was set up");
        fs::create_dir_all(folder.path().join("mirror/undo")).expect("our folder");
        let record = folder.path().join("mirror/undo/pip.json");
        let text =
            r#"{"files":[{"file":"/c/pip.conf","before":null,"added":[{"key":"global.index-url","value":"U"}]}]}"#;
        fs::write(&record, text).expect("our folder");
        assert!(is("/c/pip.conf", "U"));
        assert!(!is("/c/pip.conf", "V") && !is("/other/pip.conf", "U"));
        fs::write(&record, "{\"files\":[{").expect("our folder");
        assert!(!is("/c/pip.conf", "U"), "damaged");
    }
}
