//! Finds the layers of this process, merges them, and reads what they say.

use std::path::{Path, PathBuf};

use config::ValueKind;

use super::{
    layer::Layer,
    merge::merge,
    origin::{BUILT_IN, CATALOG, DEFAULTS},
    project::{project_file, tightened},
    settings::Config,
    signed_list, signers,
    standing::ListState,
};
use crate::{
    errors::{Failure, Kind},
    system::{Environment, MIRROR_CONFIG},
};

const SYSTEM_FILE: &str = "/etc/mirror/config.toml";

impl Config {
    /// Reads all layers as this process sees them.
    ///
    /// # Errors
    ///
    /// [`Kind::Config`] names file, line and key; [`Kind::Transport`] an address whose scheme is not allowed.
    pub fn load(env: &Environment) -> Result<Self, Failure> {
        let mut files = Vec::new();
        let mut base = vec![Layer::from_toml(DEFAULTS, BUILT_IN, false)?];
        let mut own = Vec::new();
        match env.var_os(MIRROR_CONFIG) {
            Some(path) => {
                let path = Path::new(path);
                let text = read(path)?.ok_or_else(|| {
                    Failure::new(
                        Kind::Config,
                        format!("{MIRROR_CONFIG} names {}, which does not exist", path.display()),
                    )
                })?;
                own.push(Layer::from_toml(&text, &path.display().to_string(), true)?);
                files.push(path.to_owned());
            }
            None => {
                let user = env.config_dir().map(|dir| dir.join("config.toml"));
                for path in [Some(PathBuf::from(SYSTEM_FILE)), user].into_iter().flatten() {
                    if let Some(text) = read(&path)? {
                        own.push(Layer::from_toml(&text, &path.display().to_string(), true)?);
                        files.push(path);
                    }
                }
            }
        }
        let variables = Layer::from_variables(env.overrides())?;
        let project = project_file(env.cwd());
        let project = match &project {
            Some(path) => match read(path)? {
                Some(text) => {
                    files.push(path.clone());
                    Layer::from_toml(&text, &path.display().to_string(), true)?
                }
                None => Layer::default(),
            },
            None => Layer::default(),
        };
        // Whether the catalog takes part is itself configured, so that key is looked at first.
        let builtin =
            own.iter().chain([&project, &variables]).flat_map(|layer| &layer.0).rfind(|e| e.key() == "catalog.builtin");
        let mut list = ListState::default();
        if !builtin.is_some_and(|entry| entry.value == ValueKind::Boolean(false)) {
            base.insert(0, Layer::from_toml(CATALOG, BUILT_IN, false)?);
            if let Some(stored) = signed_list::stored(env) {
                let above: Vec<&Layer> = own.iter().chain([&project, &variables]).collect();
                let all: Vec<Layer> = base.iter().chain(above.iter().copied()).cloned().collect();
                let (standing, layer) = stored.stand(&signers::policy(&merge(&all)?)?, &base, &above);
                base.insert(1, layer);
                list = standing;
            }
        }
        base.extend(own);
        let project = tightened(project, &merge(&base)?)?;
        base.push(project);
        base.push(variables);
        Self::from_merged(&merge(&base)?, files, list)
    }
}

/// A file's text, or nothing when there is no such file.
fn read(path: &Path) -> Result<Option<String>, Failure> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(Failure::new(Kind::Config, format!("{}: {error}", path.display()))),
    }
}
