//! Where pip's configuration files are. Nothing is opened here.
//!
//! Rule: `pip._internal.configuration`. Global < user (old place, new place) < the environment's own < `PIP_CONFIG_FILE`,
//! which hides the user's when it names a file that is there.

use std::path::{Path, PathBuf};

use crate::system::Environment;

/// The variable that names one more file.
pub const PIP_CONFIG_FILE: &str = "PIP_CONFIG_FILE";

const NAME: &str = if cfg!(windows) { "pip.ini" } else { "pip.conf" };
const NULL_DEVICE: &str = if cfg!(windows) { "nul" } else { "/dev/null" };

/// Whose a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Everybody's on this machine.
    Global,
    /// The user's.
    User,
    /// Of one environment: a virtual one, or an installation of Python.
    Site,
    /// The one that [`PIP_CONFIG_FILE`] names.
    Own,
}

impl Level {
    /// As pip calls it; `pip config` has no word for the last one.
    pub fn name(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::User => "user",
            Self::Site => "site",
            Self::Own => PIP_CONFIG_FILE,
        }
    }
}

/// Where pip looks for files, weakest first, whether they exist or not. `prefixes` are those of the Python that runs it
/// (`sys.prefix`); `isolated` is pip's own option.
pub fn files(env: &Environment, prefixes: &[PathBuf], isolated: bool) -> Vec<(Level, PathBuf)> {
    let own = env.var_os(PIP_CONFIG_FILE).map(|file| env.cwd().join(file));
    if own.as_deref() == Some(Path::new(NULL_DEVICE)) {
        return Vec::new();
    }
    let mut found: Vec<(Level, PathBuf)> = global(env).into_iter().map(|file| (Level::Global, file)).collect();
    if !isolated && !own.as_deref().is_some_and(Path::exists) {
        found.extend(user(env).into_iter().map(|file| (Level::User, file)));
    }
    found.extend(prefixes.iter().map(|prefix| (Level::Site, prefix.join(NAME))));
    found.extend(own.map(|file| (Level::Own, file)));
    found
}

fn global(env: &Environment) -> Vec<PathBuf> {
    if cfg!(windows) {
        return env.var_os("PROGRAMDATA").map(|data| Path::new(data).join("pip").join(NAME)).into_iter().collect();
    }
    if cfg!(target_os = "macos") {
        return vec![Path::new("/Library/Application Support/pip").join(NAME)];
    }
    let folders = env.var_os("XDG_CONFIG_DIRS").unwrap_or("/etc/xdg".as_ref());
    let xdg = std::env::split_paths(folders).map(|folder| env.cwd().join(folder).join("pip"));
    xdg.chain([PathBuf::from("/etc")]).map(|folder| folder.join(NAME)).collect()
}

/// The user's files: the old place, then the new one, which is the one that `pip config --user` edits. None without a home.
pub fn user(env: &Environment) -> Vec<PathBuf> {
    let Some(home) = env.home() else { return Vec::new() };
    let old = home.join(if cfg!(windows) { "pip" } else { ".pip" });
    let application_support = home.join("Library/Application Support/pip");
    let new = if cfg!(windows) {
        env.var_os("APPDATA").map_or_else(|| home.join("AppData/Roaming"), PathBuf::from).join("pip")
    } else if cfg!(target_os = "macos") && application_support.is_dir() {
        application_support
    } else if cfg!(target_os = "macos") {
        home.join(".config/pip")
    } else {
        env.var_os("XDG_CONFIG_HOME").map_or_else(|| home.join(".config"), |dir| env.cwd().join(dir)).join("pip")
    };
    vec![old.join(NAME), new.join(NAME)]
}

#[cfg(all(test, unix, not(target_os = "macos")))]
mod tests {
    use std::path::PathBuf;

    use super::files;
    use crate::system::Environment;

    #[test]
    fn files_are_those_of_pip_weakest_first() {
        let own = std::env::current_exe().expect("a file that exists").display().to_string();
        let all = "/x/pip/pip.conf /y/pip/pip.conf /etc/pip.conf /h/.pip/pip.conf /c/pip/pip.conf /v/pip.conf";
        let alone = format!("/x/pip/pip.conf /y/pip/pip.conf /etc/pip.conf /v/pip.conf {own}");
        for (pip_config_file, isolated, wanted) in [
            ("", false, all.to_owned()),
            ("", true, "/x/pip/pip.conf /y/pip/pip.conf /etc/pip.conf /v/pip.conf".to_owned()),
            ("/missing", false, format!("{all} /missing")),
            (own.as_str(), false, alone),
            ("/dev/null", false, String::new()),
        ] {
            let variables = [
                ("HOME", "/h"),
                ("XDG_CONFIG_HOME", "/c"),
                ("XDG_CONFIG_DIRS", "/x:/y"),
                ("PIP_CONFIG_FILE", pip_config_file),
            ];
            let found = files(&Environment::of(variables, "/"), &[PathBuf::from("/v")], isolated);
            let shown: Vec<String> = found.iter().map(|(_, file)| file.display().to_string()).collect();
            assert_eq!(shown.join(" "), wanted, "{pip_config_file} {isolated}");
        }
    }
}
