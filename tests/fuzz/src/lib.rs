//! What the targets share: a folder in memory, and a Python that answers for pip.

pub mod packs;
pub mod pip;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use mirror_config::{config::Config, errors::Failure, system::Environment};

/// A folder that is new for each call and goes away with its handle; in memory where the system has such a place.
pub fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let place = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    tempfile::Builder::new().prefix("mirror-fuzz-").tempdir_in(place).expect("a folder of our own")
}

/// Surroundings in which nothing of this machine's counts: a home, and more variables.
pub fn surroundings(home: &Path, more: &[(&str, &str)]) -> Environment {
    let mut variables: BTreeMap<String, String> = BTreeMap::new();
    for (name, below) in [("HOME", ""), ("XDG_CACHE_HOME", "cache"), ("XDG_STATE_HOME", "state")] {
        variables.insert(name.to_owned(), home.join(below).to_str().expect("a plain name").to_owned());
    }
    variables.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    Environment::of(variables, home)
}

/// A configuration with addresses of every shape, made once.
pub fn configuration() -> &'static Config {
    static CONFIG: OnceLock<Config> = OnceLock::new();
    CONFIG.get_or_init(|| {
        let home = folder();
        let file: PathBuf = home.path().join("config.toml");
        std::fs::write(&file, include_str!("configuration.toml")).expect("our own folder");
        let env = surroundings(home.path(), &[("MIRROR_CONFIG", file.to_str().expect("a plain name"))]);
        Config::load(&env).expect("a configuration that is written here")
    })
}

/// What every message must be, whoever sent what it is about: short, and nothing that a terminal obeys.
pub fn assert_presentable(failure: &Failure) {
    let shown = failure.to_string();
    assert!(shown.len() < 4000, "a message of {} bytes", shown.len());
    assert_calm(&shown);
}

/// No control characters but newline and tab, nothing that turns the direction of writing.
pub fn assert_calm(text: &str) {
    let odd = text.chars().find(|c| {
        (c.is_control() && !matches!(c, '\n' | '\t'))
            || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    });
    assert_eq!(odd, None, "in {text:?}");
}
