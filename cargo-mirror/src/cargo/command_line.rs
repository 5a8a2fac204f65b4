//! What a command line of cargo's says to us: which subcommand it is, and how to name a registry in it. Pure.

use std::ffi::OsString;

/// Commands that refuse to guess which registry is meant while crates-io is replaced, unless one is named.
const ASKS_WHICH: &[&str] = &["info", "login", "logout", "owner", "publish", "search", "yank"];

/// Commands of cargo's own that start no other cargo, by which nobody but they need to be told of a source. (No alias stands
/// before a command of cargo's own.)
const ALONE: &[&str] = &["add", "fetch", "generate-lockfile", "info", "metadata", "remove", "tree", "update", "vendor"];

/// Whether a cargo with these words starts no other one.
pub(crate) fn is_alone(words: &[OsString]) -> bool {
    name(words).is_some_and(|name| ALONE.contains(&name))
}

/// Whether they begin with `+toolchain`, which only rustup's cargo understands.
pub(crate) fn names_toolchain(words: &[OsString]) -> bool {
    words.first().is_some_and(|first| first.as_encoded_bytes().starts_with(b"+"))
}

/// The words with others in front of all but `+toolchain`.
pub(crate) fn with(words: &[OsString], options: &[String]) -> Vec<OsString> {
    let (toolchain, rest) = words.split_at(usize::from(names_toolchain(words)));
    toolchain.iter().cloned().chain(options.iter().map(OsString::from)).chain(rest.iter().cloned()).collect()
}

/// Where the subcommand is among cargo's words.
pub(crate) fn subcommand(words: &[OsString]) -> Option<usize> {
    let mut at = usize::from(names_toolchain(words));
    loop {
        match words.get(at)?.to_str()? {
            "--config" | "--color" | "-C" | "-Z" => at += 2,
            word if word.starts_with('-') => at += 1,
            _ => return Some(at),
        }
    }
}

/// The name of the subcommand, as far as there is one.
pub(crate) fn name(words: &[OsString]) -> Option<&str> {
    words[subcommand(words)?].to_str()
}

/// The words with this registry named, where cargo would ask which one is meant.
pub(crate) fn with_registry(words: &[OsString], registry: &str) -> Vec<OsString> {
    let names = |word: &OsString| {
        let word = word.to_string_lossy();
        ["--registry", "--index"].iter().any(|option| word == *option || word.starts_with(&format!("{option}=")))
    };
    let asks = name(words).is_some_and(|name| ASKS_WHICH.contains(&name));
    match asks && !words.iter().any(names) {
        true => behind_subcommand(words, &["--registry".to_owned(), registry.to_owned()]),
        false => words.to_vec(),
    }
}

/// The words with options of the subcommand's right behind it.
pub(crate) fn behind_subcommand(words: &[OsString], options: &[String]) -> Vec<OsString> {
    let at = subcommand(words).map_or(words.len(), |at| at + 1);
    words[..at].iter().cloned().chain(options.iter().map(OsString::from)).chain(words[at..].iter().cloned()).collect()
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::{is_alone, name, with, with_registry};

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    fn line(words: &[OsString]) -> String {
        words.join(OsString::from(" ").as_os_str()).into_string().expect("UTF-8")
    }

    #[test]
    fn the_registry_is_named_where_cargo_asks() {
        for (given, expected) in [
            ("publish --dry-run", "publish --registry crates-io --dry-run"),
            ("+nightly search x", "+nightly search --registry crates-io x"),
            ("--config a=1 -q yank x", "--config a=1 -q yank --registry crates-io x"),
            ("publish --registry corp", "publish --registry corp"),
            ("publish --index=https://h.example/", "publish --index=https://h.example/"),
            ("build --release", "build --release"),
            ("run -- publish", "run -- publish"),
            ("--version", "--version"),
        ] {
            assert_eq!(line(&with_registry(&words(given), "crates-io")), expected);
        }
    }

    #[test]
    fn what_may_start_another_cargo_is_told_apart() {
        for (given, expected) in [
            ("fetch --locked", true),
            ("+nightly --config a=1 tree", true),
            ("build", false),
            ("clippy", false),
            ("run -- fetch", false),
            ("--list", false),
            ("fetch-all", false),
        ] {
            assert_eq!(is_alone(&words(given)), expected, "{given}");
        }
    }

    #[test]
    fn a_toolchain_stays_in_front_and_the_subcommand_is_found_behind_options() {
        for (given, expected, subcommand) in [
            ("build -v", "-x build -v", Some("build")),
            ("+nightly build", "+nightly -x build", Some("build")),
            ("-C there --color always fetch", "-x -C there --color always fetch", Some("fetch")),
            ("--version", "-x --version", None),
        ] {
            assert_eq!(line(&with(&words(given), &["-x".to_owned()])), expected);
            assert_eq!(name(&words(given)), subcommand);
        }
    }
}
