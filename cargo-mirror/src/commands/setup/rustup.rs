//! The lines by which rustup uses a mirror, for the shell that is in use. Printed, never written. Pure.

use mirror_config::redact::Address;

/// rustup's own variables (The rustup book, "Environment variables").
pub(in crate::commands) const VARIABLES: [&str; 2] = ["RUSTUP_DIST_SERVER", "RUSTUP_UPDATE_ROOT"];

/// The lines, and the file in which they last.
pub(super) fn lines(server: &Address, shell: Option<&str>) -> String {
    let server = server.expose().as_str().trim_end_matches('/').to_owned();
    let values = [server.clone(), format!("{server}/rustup")];
    let name = shell.and_then(|path| path.rsplit('/').next()).unwrap_or_default();
    let (line, file): (fn(&str, &str) -> String, _) = match name {
        "fish" => (|key, value| format!("  set -gx {key} '{value}'"), "~/.config/fish/config.fish"),
        "zsh" => (|key, value| format!("  export {key}='{value}'"), "~/.zshrc"),
        "" if cfg!(windows) => (|key, value| format!("  $env:{key} = '{value}'"), "$PROFILE"),
        "bash" => (|key, value| format!("  export {key}='{value}'"), "~/.bashrc"),
        _ => (|key, value| format!("  export {key}='{value}'"), "~/.profile"),
    };
    let lines: Vec<String> = VARIABLES.iter().zip(&values).map(|(key, value)| line(key, value)).collect();
    format!("rustup uses this mirror too with these lines, which last in {file}:\n{}", lines.join("\n"))
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
        ] {
            let text = lines(&server, Some(shell));
            assert!(text.contains(line), "{shell}: {text}");
        }
    }
}
