//! The configuration of one process: read at the first need and then kept, be it good or broken.
//!
//! So all that one command does rests on one reading of the files, and a command that needs none reads none. What is
//! changed meanwhile, by an editor or by a newer list of mirrors, counts for the next process.

use std::sync::OnceLock;

use super::settings::Config;
use crate::{errors::Failure, system::Environment};

/// What [`Config::load`] says to these surroundings, asked once.
#[derive(Debug)]
pub struct LazyConfig<'a> {
    env: &'a Environment,
    read: OnceLock<Result<Config, Failure>>,
}

impl<'a> LazyConfig<'a> {
    /// Reads nothing yet.
    pub fn new(env: &'a Environment) -> Self {
        Self { env, read: OnceLock::new() }
    }

    /// The configuration, which the first call reads; threads that come meanwhile wait for it.
    ///
    /// # Errors
    ///
    /// Those of [`Config::load`], the same ones each time.
    pub fn get(&self) -> Result<&Config, Failure> {
        self.read.get_or_init(|| Config::load(self.env)).as_ref().map_err(Failure::clone)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::LazyConfig;
    use crate::system::Environment;

    #[test]
    fn what_was_read_first_stays_be_it_good_or_broken() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("config.toml");
        let env = Environment::of([("MIRROR_CONFIG", &file)], folder.path());
        let trust = |config: &LazyConfig<'_>| config.get().map(|config| config.git.trust.value.to_string());
        let early = LazyConfig::new(&env);
        fs::write(&file, "[git]\ntrust = \"tofu\"\n").expect("our folder");
        assert_eq!(trust(&early).as_deref(), Ok("tofu"), "it is read when it is needed");
        fs::write(&file, "[git]\ntrust = 3\n").expect("our folder");
        assert_eq!(trust(&early).as_deref(), Ok("tofu"));
        let late = LazyConfig::new(&env);
        let broken = trust(&late).expect_err("it is broken now");
        fs::remove_file(&file).expect("our folder");
        assert_eq!(trust(&late), Err(broken));
    }
}
