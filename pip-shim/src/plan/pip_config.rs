//! What pip itself is configured to do: its files in all their levels, and its variables. Nothing is written.
//!
//! Rule: `ConfigOptionParser`. First the files, as `pip::config::files` orders them; then `[global]` < `[COMMAND]` <
//! `PIP_*`. An empty value counts as none.

use std::{collections::BTreeMap, path::PathBuf};

use mirror_config::{
    pip::config::{Document, files},
    system::Environment,
};

use crate::command_line::Command;

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
        let files = files::files(env, prefixes, isolated);
        let texts = files.into_iter().filter_map(|(_, file)| {
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
            for (section, values) in Document::read(&text).sections() {
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

#[cfg(test)]
mod tests {
    use super::Settings;
    use crate::command_line::Command;

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
}
