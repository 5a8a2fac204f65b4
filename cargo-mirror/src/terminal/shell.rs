//! How shells spell what a person pastes: a variable, a folder in front on PATH, a file's name. Pure; writes no file.

use std::path::Path;

/// A family of shells, with the file that is read when one starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shell {
    /// Those that know `export`.
    Posix(&'static str),
    /// fish.
    Fish,
    /// csh and tcsh.
    C(&'static str),
    /// Nushell.
    Nu,
    /// PowerShell.
    Power,
}

impl Shell {
    /// The one that `$SHELL` names.
    pub(crate) fn of(shell: Option<&str>) -> Self {
        let name = shell.and_then(|path| path.rsplit(['/', '\\']).next()).unwrap_or_default();
        match name.strip_suffix(".exe").unwrap_or(name) {
            "bash" if cfg!(target_os = "macos") => Self::Posix("~/.bash_profile"),
            "bash" => Self::Posix("~/.bashrc"),
            "zsh" => Self::Posix("~/.zshrc"),
            "fish" => Self::Fish,
            "csh" => Self::C("~/.cshrc"),
            "tcsh" => Self::C("~/.tcshrc"),
            "nu" => Self::Nu,
            "pwsh" => Self::Power,
            "" if cfg!(windows) => Self::Power,
            _ => Self::Posix("~/.profile"),
        }
    }

    /// Where a line lasts.
    pub(crate) fn file(self) -> &'static str {
        match self {
            Self::Posix(file) | Self::C(file) => file,
            Self::Fish => "~/.config/fish/config.fish",
            Self::Nu => "config.nu (`$nu.config-path` says where it is)",
            Self::Power => "$PROFILE",
        }
    }

    /// The line that sets a variable to a value without quotes in it.
    pub(crate) fn set(self, key: &str, value: &str) -> String {
        match self {
            Self::Posix(_) => format!("export {key}='{value}'"),
            Self::Fish => format!("set -gx {key} '{value}'"),
            Self::C(_) => format!("setenv {key} '{value}'"),
            Self::Nu => format!("$env.{key} = '{value}'"),
            Self::Power => format!("$env:{key} = '{value}'"),
        }
    }

    /// The line that puts a folder in front on PATH.
    pub(crate) fn in_front(self, folder: &Path, home: Option<&Path>) -> String {
        let whole = folder.display().to_string();
        // The home's own name need not stand in a file that people share between machines.
        let plain = |text: &str| !text.contains(['"', '$', '`', '\\', '\'', '!']);
        let below = home.and_then(|home| folder.strip_prefix(home).ok()).map(|below| below.display().to_string());
        match (self, below.filter(|below| plain(below))) {
            (Self::Posix(_), Some(below)) => format!("export PATH=\"$HOME/{below}:$PATH\""),
            (Self::Posix(_), None) => format!("export PATH={}:\"$PATH\"", quoted(folder)),
            (Self::Fish, Some(below)) => format!("set -gx PATH \"$HOME/{below}\" $PATH"),
            (Self::Fish, None) => format!("set -gx PATH '{}' $PATH", whole.replace('\\', "\\\\").replace('\'', "\\'")),
            (Self::C(_), Some(below)) => format!("setenv PATH \"$HOME/{below}:$PATH\""),
            (Self::C(_), None) => format!("setenv PATH {}:\"$PATH\"", quoted(folder).replace('!', "\\!")),
            (Self::Nu, _) => format!("$env.PATH = ($env.PATH | split row (char esep) | prepend r#'{whole}'#)"),
            (Self::Power, _) => {
                format!("$env:PATH = '{}' + [IO.Path]::PathSeparator + $env:PATH", whole.replace('\'', "''"))
            }
        }
    }
}

/// A file's name as one word of a POSIX shell, also with odd signs in it.
pub(crate) fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Shell, quoted};

    #[test]
    fn each_shell_gets_its_own_spelling() {
        let (folder, home) = (Path::new("/h/a/.local/share/mirror/shims"), Some(Path::new("/h/a")));
        for (shell, line, set) in [
            ("/bin/bash", "export PATH=\"$HOME/.local/share/mirror/shims:$PATH\"", "export K='v:w'"),
            ("/bin/zsh", "export PATH=\"$HOME/.local/share/mirror/shims:$PATH\"", "export K='v:w'"),
            ("/bin/dash", "export PATH=\"$HOME/.local/share/mirror/shims:$PATH\"", "export K='v:w'"),
            ("/usr/bin/fish", "set -gx PATH \"$HOME/.local/share/mirror/shims\" $PATH", "set -gx K 'v:w'"),
            ("/bin/tcsh", "setenv PATH \"$HOME/.local/share/mirror/shims:$PATH\"", "setenv K 'v:w'"),
            (
                "/usr/bin/nu",
                "$env.PATH = ($env.PATH | split row (char esep) | prepend r#'/h/a/.local/share/mirror/shims'#)",
                "$env.K = 'v:w'",
            ),
            (
                "/usr/bin/pwsh",
                "$env:PATH = '/h/a/.local/share/mirror/shims' + [IO.Path]::PathSeparator + $env:PATH",
                "$env:K = 'v:w'",
            ),
        ] {
            let shell = Shell::of(Some(shell));
            assert_eq!((shell.in_front(folder, home), shell.set("K", "v:w")), (line.to_owned(), set.to_owned()));
        }
        let files = ["/bin/zsh", "/bin/fish", "/bin/csh", "/bin/tcsh", "/bin/ksh"].map(|s| Shell::of(Some(s)).file());
        assert_eq!(files, ["~/.zshrc", "~/.config/fish/config.fish", "~/.cshrc", "~/.tcshrc", "~/.profile"]);
    }

    #[test]
    fn odd_names_stay_one_word() {
        let odd = Path::new("/s/it's $5");
        assert_eq!(quoted(odd), r"'/s/it'\''s $5'");
        let bash = Shell::of(Some("bash"));
        assert_eq!(bash.in_front(odd, Some(Path::new("/s"))), r#"export PATH='/s/it'\''s $5':"$PATH""#);
        assert_eq!(Shell::Fish.in_front(odd, None), r"set -gx PATH '/s/it\'s $5' $PATH");
    }
}
