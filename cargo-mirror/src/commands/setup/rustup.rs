//! The lines by which rustup uses a mirror, for the shell that is in use. Printed, never written. Pure.

use mirror_config::model::Address;

use crate::terminal::Shell;

/// rustup's own variables (The rustup book, "Environment variables").
pub(crate) const VARIABLES: [&str; 2] = ["RUSTUP_DIST_SERVER", "RUSTUP_UPDATE_ROOT"];

/// The lines, and the file in which they last.
pub(super) fn lines(server: &Address, shell: Option<&str>) -> String {
    let server = server.expose().as_str().trim_end_matches('/').to_owned();
    let values = [server.clone(), format!("{server}/rustup")];
    let shell = Shell::of(shell);
    let lines = VARIABLES.iter().zip(&values).map(|(key, value)| format!("  {}", shell.set(key, value)));
    let (file, lines) = (shell.file(), lines.collect::<Vec<_>>().join("\n"));
    format!("rustup uses this mirror too with these lines, which last in {file}:\n{lines}")
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn each_shell_gets_its_own_spelling() {
        let server = "https://m.example/rust/".parse().expect("an address");
        for (shell, line) in [
            ("/bin/bash", "  export RUSTUP_DIST_SERVER='https://m.example/rust'"),
            ("/usr/bin/zsh", "  export RUSTUP_UPDATE_ROOT='https://m.example/rust/rustup'"),
            ("/usr/bin/fish", "  set -gx RUSTUP_DIST_SERVER 'https://m.example/rust'"),
            ("/bin/dash", "~/.profile"),
            ("/bin/tcsh", "  setenv RUSTUP_DIST_SERVER 'https://m.example/rust'"),
        ] {
            let text = lines(&server, Some(shell));
            assert!(text.contains(line), "{shell}: {text}");
        }
    }
}
