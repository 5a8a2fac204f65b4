//! What set-up wants to stand in cargo's configuration, and where: in the file itself, or in one of ours that it includes.

use super::{
    editor::Editor,
    read::read,
    text::{REPLACE, SOURCE, Wrong, quoted, unquoted},
};
use crate::change::Entry;

/// The name of our own file, beside the one that includes it.
pub(crate) const INCLUDED: &str = "mirror.toml";
/// The first line of our own file, by which it is known.
pub(crate) const OWN_HEADER: &str = "# Written by `cargo mirror setup cargo`; `cargo mirror undo cargo` takes it back.";
/// The key of what is included.
const INCLUDE: &str = "include";

/// What cargo is to use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// The index as cargo names it: `sparse+https://…/`.
    pub(crate) index: String,
    /// Whether git dependencies go through git itself, since its rules lead to the helper.
    pub(crate) git: bool,
}

/// A text after its change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Edited {
    /// The text.
    pub(crate) body: String,
    /// What was set, each value as TOML writes it.
    pub(crate) added: Vec<Entry>,
    /// What stood there, likewise.
    pub(crate) replaced: Vec<Entry>,
}

impl Wanted {
    fn keys(&self) -> Vec<Entry> {
        let mut keys = vec![
            Entry::new(REPLACE, quoted(SOURCE)),
            Entry::new(format!("source.{SOURCE}.registry"), quoted(&self.index)),
            Entry::new(format!("registries.{SOURCE}.index"), quoted(&self.index)),
        ];
        if self.git {
            keys.push(Entry::new("net.git-fetch-with-cli", "true"));
        }
        keys
    }
}

/// Everything in one text, for a cargo that cannot include.
pub(crate) fn direct(body: &str, wanted: &Wanted) -> Result<Edited, Wrong> {
    set(body, &wanted.keys())
}

/// The including text, and our own. What the first one sets itself is set there, since it wins; so is the replacement if
/// `taken` says that another included file has one.
pub(crate) fn including(body: &str, own: &str, wanted: &Wanted, taken: bool) -> Result<(Edited, Edited), Wrong> {
    let known = read(body)?;
    // What stands in the way of a key here would stand in the way of the same key in a file that is merged with this one.
    direct(body, wanted)?;
    let (mut here, mut there) = (Vec::new(), Vec::new());
    for entry in wanted.keys() {
        let is_set = known.values.iter().any(|value| value.key() == entry.key);
        if is_set || (taken && entry.key == REPLACE) { here.push(entry) } else { there.push(entry) }
    }
    let mut main = set(body, &here)?;
    main.body = included(&main.body)?;
    if !known.includes.iter().any(|include| include.path == INCLUDED) {
        main.added.push(Entry::new(INCLUDE, INCLUDED));
    }
    let own = if own.is_empty() { format!("{OWN_HEADER}\n") } else { own.to_owned() };
    Ok((main, set(&own, &there)?))
}

/// The text with these keys, whatever it says of them now.
pub(crate) fn with_keys(body: &str, keys: &[(String, &str)]) -> Result<String, Wrong> {
    let keys: Vec<Entry> = keys.iter().map(|(key, value)| Entry::new(key.clone(), quoted(value))).collect();
    set(body, &keys).map(|edited| edited.body)
}

/// The text with our own file among those that it includes, in the form that every cargo loads.
pub(crate) fn included(body: &str) -> Result<String, Wrong> {
    let mut editor = Editor::new(body);
    editor.include(INCLUDED)?;
    Ok(editor.into_body())
}

/// The text without what set-ups added and is still there, with what stood in its place; and what went.
pub(crate) fn without(body: &str, added: &[Entry], replaced: &[Entry]) -> Result<(String, Vec<Entry>), Wrong> {
    let mut editor = Editor::new(body);
    let mut gone: Vec<Entry> = Vec::new();
    for entry in added {
        let path: Vec<&str> = entry.key.split('.').collect();
        if entry.key == INCLUDE {
            let there = read(body)?.includes.iter().any(|include| include.path == entry.value);
            editor.exclude(&entry.value)?;
            gone.extend(there.then(|| entry.clone()));
        } else if editor.literal(&path)?.is_some_and(|now| unquoted(&now) == unquoted(&entry.value)) {
            match replaced.iter().find(|old| old.key == entry.key) {
                Some(old) => editor.set(&path, &old.value)?,
                None => editor.remove(&path)?,
            }
            gone.push(entry.clone());
        }
    }
    let left = editor.into_body();
    let only_header = left.trim() == OWN_HEADER;
    Ok((if only_header { String::new() } else { left }, gone))
}

fn set(body: &str, entries: &[Entry]) -> Result<Edited, Wrong> {
    let mut editor = Editor::new(body);
    let (mut added, mut replaced) = (Vec::new(), Vec::new());
    for entry in entries {
        let path: Vec<&str> = entry.key.split('.').collect();
        let old = editor.literal(&path)?;
        if old.as_ref().is_some_and(|old| unquoted(old) == unquoted(&entry.value)) {
            continue;
        }
        editor.set(&path, &entry.value)?;
        added.push(entry.clone());
        replaced.extend(old.map(|old| Entry::new(entry.key.clone(), old)));
    }
    Ok(Edited { body: editor.into_body(), added, replaced })
}

#[cfg(test)]
mod tests {
    use super::{Wanted, direct, including, without};

    fn wanted() -> Wanted {
        Wanted { index: "sparse+https://m.example/index/".to_owned(), git: false }
    }

    #[test]
    fn an_older_cargo_gets_everything_in_one_file() {
        let edited = direct("", &wanted()).expect("TOML");
        assert_eq!(
            edited.body,
            "[source.crates-io]\nreplace-with = \"cargo-mirror\"\n\n[source.cargo-mirror]\nregistry = \"sparse+https://m.example/index/\"\n\n[registries.cargo-mirror]\nindex = \"sparse+https://m.example/index/\"\n"
        );
        let again = direct(&edited.body, &wanted()).expect("TOML");
        assert_eq!((again.body, again.added.len()), (edited.body, 0), "twice is once");
    }

    #[test]
    fn a_replacement_of_the_including_file_is_taken_over_there() {
        let body = "[source.crates-io]\nreplace-with = 'tuna' # fast\n";
        let (main, own) = including(body, "", &wanted(), false).expect("TOML");
        assert!(main.body.contains("replace-with = \"cargo-mirror\" # fast"), "{}", main.body);
        assert!(!own.body.contains("replace-with") && own.body.contains("registry = "), "{}", own.body);
        assert_eq!(main.replaced[0].value, "'tuna'");
        let (left, gone) = without(&main.body, &main.added, &main.replaced).expect("TOML");
        assert_eq!((left.as_str(), gone.len()), (body, 2));
    }

    #[test]
    fn a_replacement_of_another_included_file_is_overruled_in_the_including_one() {
        let (main, own) = including("include = ['a.toml']\n", "", &wanted(), true).expect("TOML");
        assert!(main.body.contains("replace-with = \"cargo-mirror\""), "{}", main.body);
        assert!(!own.body.contains("replace-with"), "{}", own.body);
    }

    #[test]
    fn only_what_is_still_ours_goes() {
        let edited = direct("# mine\n", &wanted()).expect("TOML");
        let changed = edited.body.replace("replace-with = \"cargo-mirror\"", "replace-with = \"other\"");
        let (left, gone) = without(&changed, &edited.added, &edited.replaced).expect("TOML");
        assert_eq!(left, "# mine\n\n[source.crates-io]\nreplace-with = \"other\"\n");
        assert_eq!(gone.len(), 2);
    }

    #[test]
    fn our_own_file_without_our_keys_is_nothing() {
        let (_, own) = including("", "", &wanted(), false).expect("TOML");
        assert_eq!(without(&own.body, &own.added, &[]).expect("TOML").0, "");
    }
}
