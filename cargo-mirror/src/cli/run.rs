//! `cargo mirror run`: its arguments, and the help that teaches it.

use std::{ffi::OsString, path::PathBuf};

use clap::Args;

pub(super) const RUN_EXAMPLES: &str = "\
Examples:
  cargo mirror run -- build
  cargo mirror run -- fetch --locked
  cargo mirror run -- +nightly test --workspace

cargo gets its crates from a server on this machine, for as long as the command runs. It fetches them from all mirrors,
falls back from one to the other, and gives cargo nothing whose checksum the upstream index, two agreeing operators or
Cargo.lock do not confirm. No configuration is changed. Crates are kept under $XDG_CACHE_HOME/mirror/files.

cargo's own exit code is passed on.";

/// What to run.
#[derive(Debug, PartialEq, Eq, Args)]
pub struct Run {
    /// cargo's arguments.
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
    pub arguments: Vec<OsString>,
}

impl Run {
    /// The manifest that cargo is told to use.
    pub fn manifest(&self) -> Option<PathBuf> {
        let own = || self.arguments.iter().take_while(|argument| *argument != "--");
        let after = own().skip_while(|argument| *argument != "--manifest-path").nth(1);
        let joined = own().find_map(|argument| argument.to_str()?.strip_prefix("--manifest-path="));
        after.map(PathBuf::from).or_else(|| joined.map(PathBuf::from))
    }
}

#[cfg(test)]
mod tests {
    use super::Run;
    use std::path::PathBuf;

    #[test]
    fn the_manifest_is_found_in_both_spellings() {
        for (line, expected) in [
            ("build", None),
            ("build --manifest-path a/Cargo.toml", Some("a/Cargo.toml")),
            ("build --manifest-path=a/Cargo.toml --release", Some("a/Cargo.toml")),
            ("run -- --manifest-path x", None),
        ] {
            let run = Run { arguments: line.split(' ').map(Into::into).collect() };
            assert_eq!(run.manifest(), expected.map(PathBuf::from), "{line}");
        }
    }
}
