//! What pip itself is configured to do: its files in all their levels, and its variables. Nothing is written.
//!
//! Rule: `pip._internal.configuration` and `ConfigOptionParser`. Files: global < user (old place, new place) < the
//! environment's own < `PIP_CONFIG_FILE`; then `[global]` < `[COMMAND]` < `PIP_*`. An empty value counts as none.

mod ini;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use mirror_config::environment::Environment;

use crate::options::Command;

const NAME: &str = if cfg!(windows) { "pip.ini" } else { "pip.conf" };
const NULL_DEVICE: &str = if cfg!(windows) { "nul" } else { "/dev/null" };
const PIP_CONFIG_FILE: &str = "PIP_CONFIG_FILE";

/// A value, and who set it: a file, or a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// As it was set.
    pub text: String,
    /// Who set it.
    pub origin: String,
}

/// What holds for one command, by the long option without its dashes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings(BTreeMap<String, Value>);

impl Settings {
    /// Reads the files and variables that pip would. `prefixes` are those of the Python that runs it; `isolated` is
    /// pip's own option.
    pub fn read(env: &Environment, prefixes: &[PathBuf], command: Command, isolated: bool) -> Self {
        let files = files(env, prefixes, isolated);
        let texts = files.into_iter().filter_map(|file| {
            let bytes = std::fs::read(&file).ok()?;
            Some((file.display().to_string(), String::from_utf8_lossy(&bytes).into_owned()))
        });
        let variables = env.beginning_with("PIP_").filter(|_| !isolated);
        Self::of(texts, variables, command)
    }

    /// The same from files' names and texts, weakest first, and variables.
    pub fn of<'a>(
        texts: impl IntoIterator<Item = (String, String)>,
        variables: impl IntoIterator<Item = (&'a str, &'a str)>,
        command: Command,
    ) -> Self {
        // To older pips an empty value hides those of weaker files. To stand aside then, too, does no harm.
        let mut merged: BTreeMap<(bool, String), Value> = BTreeMap::new();
        for (origin, text) in texts {
            for (section, values) in ini::read(&text) {
                if section != "global" && section != command.name() {
                    continue;
                }
                for (key, text) in values.into_iter().filter(|(_, text)| !text.is_empty()) {
                    merged.insert((section != "global", normal(&key)), Value { text, origin: origin.clone() });
                }
            }
        }
        let own = variables.into_iter().map(|(name, text)| {
            let key = normal(name.strip_prefix("PIP_").unwrap_or(name));
            (key, Value { text: text.to_owned(), origin: name.to_owned() })
        });
        // Sorted so that `[COMMAND]` comes behind `[global]` and replaces it.
        let files = merged.into_iter().map(|((_, key), value)| (key, value));
        Self(files.chain(own).filter(|(_, value)| !value.text.is_empty()).collect())
    }

    /// The first of these options that is set.
    pub fn get(&self, names: &[&str]) -> Option<&Value> {
        names.iter().find_map(|name| self.0.get(*name))
    }

    /// A flag that is on, by the words of pip's `strtobool`.
    pub fn on(&self, name: &str) -> Option<&Value> {
        let off = ["n", "no", "f", "false", "off", "0"];
        self.0.get(name).filter(|value| !off.contains(&value.text.to_lowercase().as_str()))
    }

    /// The parts of an option that may be given several times.
    pub fn list(&self, name: &str) -> Vec<&str> {
        self.0.get(name).map(|value| value.text.split_whitespace().collect()).unwrap_or_default()
    }

    /// Who says which index pip uses, if anybody does.
    pub fn chosen(&self) -> Option<&Value> {
        self.on("no-index").or_else(|| self.get(&["index-url", "pypi-url"]))
    }
}

fn normal(key: &str) -> String {
    let key = key.to_lowercase().replace('_', "-");
    key.strip_prefix("--").map(str::to_owned).unwrap_or(key)
}

/// Where pip looks for files, weakest first, whether they exist or not.
pub fn files(env: &Environment, prefixes: &[PathBuf], isolated: bool) -> Vec<PathBuf> {
    let own = env.var_os(PIP_CONFIG_FILE).map(|file| env.cwd().join(file));
    if own.as_deref() == Some(Path::new(NULL_DEVICE)) {
        return Vec::new();
    }
    let mut found = global(env);
    if !isolated && !own.as_deref().is_some_and(Path::exists) {
        found.extend(user(env));
    }
    found.extend(prefixes.iter().map(|prefix| prefix.join(NAME)));
    found.extend(own);
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

/// The old place, then the new one.
fn user(env: &Environment) -> Vec<PathBuf> {
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

#[cfg(test)]
mod tests {
    use super::{Settings, files};
    use crate::options::Command;
    use mirror_config::environment::Environment;
    use std::path::PathBuf;

    fn settings(texts: &[&str], variables: &[(&str, &str)]) -> Settings {
        let texts = texts.iter().enumerate().map(|(n, text)| (format!("file {n}"), (*text).to_owned()));
        Settings::of(texts, variables.iter().copied(), Command::Install)
    }

    #[test]
    fn who_chooses_the_index_is_who_pip_listens_to() {
        let global = "[global]\nindex-url = G\n";
        for (texts, variables, chosen) in [
            (&[][..], &[][..], None),
            (&[global], &[], Some(("file 0", "G"))),
            (&[global, "[global]\nindex_url = U"], &[], Some(("file 1", "U"))),
            (&["[install]\nindex-url = I", global], &[], Some(("file 0", "I"))),
            (&["[download]\nindex-url = D"], &[], None),
            (&[global, "[global]\nindex-url ="], &[], Some(("file 0", "G"))),
            (&[global], &[("PIP_INDEX_URL", "E")], Some(("PIP_INDEX_URL", "E"))),
            (&[global], &[("PIP_INDEX_URL", "")], Some(("file 0", "G"))),
            (&["[global]\npypi-url = P"], &[], Some(("file 0", "P"))),
            (&[], &[("PIP_NO_INDEX", "1"), ("PIP_INDEX_URL", "E")], Some(("PIP_NO_INDEX", "1"))),
            (&[], &[("PIP_NO_INDEX", "off")], None),
            (&[], &[("PIP_FIND_LINKS", "L"), ("PIP_EXTRA_INDEX_URL", "X")], None),
            (&[], &[("PIP_index_url", "E")], Some(("PIP_index_url", "E"))),
        ] {
            let found = settings(texts, variables);
            assert_eq!(found.chosen().map(|v| (v.origin.as_str(), v.text.as_str())), chosen, "{texts:?} {variables:?}");
        }
    }

    #[cfg(all(unix, not(target_os = "macos")))]
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
            let shown: Vec<String> = found.iter().map(|file| file.display().to_string()).collect();
            assert_eq!(shown.join(" "), wanted, "{pip_config_file} {isolated}");
        }
    }
}
