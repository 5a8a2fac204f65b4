//! What holds for one of pip's commands, of all that pip is told. Pure.
//!
//! Rule: `ConfigOptionParser`: `[global]` < `[COMMAND]` < `PIP_*`, and in each the stronger file.

use std::collections::BTreeMap;

use super::levels::{CHOICES, GLOBAL, Levels, Told};

/// What holds, by the long option without its dashes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings(BTreeMap<String, Told>);

impl Settings {
    /// For the command of this name.
    pub fn of(levels: &Levels, command: &str) -> Self {
        let files = || levels.files.iter().filter(|file| !file.hidden);
        let sections = [GLOBAL, command].into_iter().flat_map(|section| files().flat_map(move |file| file.of(section)));
        let variables = levels.told.iter().filter(|told| told.file.is_none()).cloned();
        // Who comes later replaces who came before.
        Self(sections.chain(variables).map(|told| (told.key.clone(), told)).collect())
    }

    /// The first of these options that is set.
    pub fn get(&self, names: &[&str]) -> Option<&Told> {
        names.iter().find_map(|name| self.0.get(*name))
    }

    /// A flag that is on.
    pub fn on(&self, name: &str) -> Option<&Told> {
        self.0.get(name).filter(|told| told.is_on())
    }

    /// The parts of an option that may be given several times.
    pub fn list(&self, name: &str) -> Vec<&str> {
        self.0.get(name).map(|told| told.text.split_whitespace().collect()).unwrap_or_default()
    }

    /// Who says which index pip uses, if anybody does.
    pub fn chosen(&self) -> Option<&Told> {
        CHOICES.iter().filter_map(|name| self.0.get(*name)).find(|told| told.chooses())
    }
}

#[cfg(test)]
mod tests {
    use super::Settings;
    use crate::pip::config::{Document, Level, LevelFile, Levels};

    fn settings(texts: &[&str], variables: &[(&str, &str)]) -> Settings {
        let file = |(n, text): (usize, &&str)| {
            let document = Some(Document::read(text));
            LevelFile { path: format!("file {n}").into(), level: Level::Global, hidden: false, document }
        };
        let files = texts.iter().enumerate().map(file).collect();
        Settings::of(&Levels::of(files, variables.iter().copied()), "install")
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
            (&["[global]\nindex_url = G\n[DEFAULT]\nindex-url = D\n"], &[], Some(("file 0", "G"))),
            (&["[DEFAULT]\nindex-url = D\n[install]\n"], &[], Some(("file 0", "D"))),
            (&["[DEFAULT]\nindex-url = D\n"], &[], None),
            (&[], &[("PIP_NO_INDEX", "1"), ("PIP_INDEX_URL", "E")], Some(("PIP_NO_INDEX", "1"))),
            (&[], &[("PIP_NO_INDEX", "off")], None),
            (&[], &[("PIP_FIND_LINKS", "L"), ("PIP_EXTRA_INDEX_URL", "X")], None),
            (&[], &[("PIP_index_url", "E")], Some(("PIP_index_url", "E"))),
        ] {
            let found = settings(texts, variables);
            let found = found.chosen().map(|told| (told.origin(), told.text.clone()));
            let chosen = chosen.map(|(origin, text)| (origin.to_owned(), text.to_owned()));
            assert_eq!(found, chosen, "{texts:?} {variables:?}");
        }
    }
}
