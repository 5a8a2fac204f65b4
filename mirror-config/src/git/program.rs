//! git as a child: the only place that starts it. Each way to start it says whose settings and which repository it sees.
//!
//! git tells its children by variables which repository is meant. That is right for who works on the user's repository,
//! and wrong for who works on another one.

use std::{
    ffi::OsStr,
    path::Path,
    process::{Command, Stdio},
};

use crate::{
    system::{Environment, MIRROR_DEPTH},
    transport::Route,
};

/// Variables that lead git to a repository, or to parts of one. With [`SETTINGS`] this is all that
/// `git rev-parse --local-env-vars` lists: what git itself clears before it goes to another repository.
const REPOSITORY: &[&str] = &[
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INTERNAL_SUPER_PREFIX", // until git 2.39
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
];
/// Variables that bring settings: `git -c` and its like, and the part of the refs that is meant (gitnamespaces(7)).
const SETTINGS: &[&str] = &["GIT_CONFIG", "GIT_CONFIG_COUNT", "GIT_CONFIG_PARAMETERS", "GIT_NAMESPACE"];

/// Variables that name proxies and exceptions (git's `http.c`, and curl).
const PROXIES: &[&str] =
    &["http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"];

/// git as the user has it, asked for something: the repository that the surroundings name, the user's settings. It says
/// things in English, and has nothing to read.
pub fn git() -> Command {
    let mut command = plain();
    command.stdin(Stdio::null()).env("LC_ALL", "C");
    command
}

/// [`git`] for the repository that this folder belongs to, whatever repository whoever started us works on. The user's
/// settings hold, `safe.directory` among them.
pub fn git_in(folder: &Path) -> Command {
    let mut command = git();
    clear(&mut command, REPOSITORY);
    command.arg("-C").arg(folder);
    command
}

/// [`git`] that knows nothing but this repository (the folder with its objects), and fetches nothing that is missing in it.
pub fn isolated(repository: &Path) -> Command {
    let mut command = git();
    clear(&mut command, REPOSITORY);
    clear(&mut command, SETTINGS);
    command.env("GIT_DIR", repository).env("GIT_NO_LAZY_FETCH", "1").env("GIT_OPTIONAL_LOCKS", "0");
    command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", if cfg!(windows) { "NUL" } else { "/dev/null" });
    command
}

/// `git upload-pack PATH`, protocol v2, for a repository on this machine's disks. It is another repository than the one
/// git works on.
pub fn upload_pack(path: &Path) -> Command {
    let mut command = plain();
    clear(&mut command, REPOSITORY);
    command.arg("upload-pack").arg("--").arg(path).env("GIT_PROTOCOL", "version=2");
    command
}

/// The same for a repository of our own making: with nothing of the user's settings, and able to leave out what is to be
/// left out.
pub fn upload_pack_of_store(path: &Path) -> Command {
    let mut command = isolated(path);
    command.args(["-c", "uploadpack.allowFilter=true", "upload-pack", "--"]).arg(path);
    command.env("GIT_PROTOCOL", "version=2");
    command
}

/// Whose name and password a child may give to a server that asks for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credentials {
    /// The user's, from wherever git has them; it may ask a person.
    Users,
    /// Nobody's, but those in an address and in curl's own file. It says things in English, to be held back.
    Nobodys,
}

/// `git remote-https REMOTE URL` with all that is the user's, marked so that no helper of the suite starts another in a
/// circle.
pub fn remote_https(env: &Environment, remote: &OsStr, url: &OsStr, credentials: Credentials) -> Command {
    let mut command = plain();
    if credentials == Credentials::Nobodys {
        // An empty one takes back all that stand before it (gitcredentials(7)).
        command.args(["-c", "credential.helper="]).env("GIT_ASKPASS", "").env("GIT_TERMINAL_PROMPT", "0");
        command.env("LC_ALL", "C").stderr(Stdio::piped());
    }
    // A remote's name selects its own settings; what is no name (an address, an option) selects none. Names are bytes, and
    // those that may stand in the name of a ref (git-check-ref-format(1)).
    let bytes = remote.as_encoded_bytes();
    let is_name = !bytes.is_empty()
        && !bytes.starts_with(b"-")
        && !bytes.iter().any(|b| *b < 0x21 || *b == 0x7f || b"~^:?*[\\".contains(b));
    command.arg("remote-https").arg(if is_name { remote } else { url }).arg(url);
    command.env(MIRROR_DEPTH, (env.depth() + 1).to_string());
    command
}

/// Has a child go by this way, which the user's configuration of the suite names, where git's own names no proxy. By
/// variables, since others see command lines.
pub fn go_by(command: &mut Command, route: &Route) {
    clear(command, PROXIES);
    match route {
        Route::Direct => command.env("no_proxy", "*"),
        Route::Through(proxy) => {
            let proxy = proxy.expose().as_str();
            command.env("http_proxy", proxy).env("https_proxy", proxy)
        }
    };
}

fn plain() -> Command {
    Command::new("git")
}

fn clear(command: &mut Command, variables: &[&str]) {
    for variable in variables {
        command.env_remove(variable);
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, ffi::OsStr, path::Path, process::Command};

    use super::{
        Credentials, REPOSITORY, SETTINGS, git, git_in, isolated, remote_https, upload_pack, upload_pack_of_store,
    };
    use crate::system::Environment;

    /// What a command clears for the child.
    fn cleared(command: &Command) -> BTreeSet<&str> {
        command.get_envs().filter(|(_, value)| value.is_none()).filter_map(|(name, _)| name.to_str()).collect()
    }

    #[test]
    fn all_that_git_calls_local_is_known() {
        let output = git().args(["rev-parse", "--local-env-vars"]).output().expect("git");
        assert!(output.status.success());
        for variable in String::from_utf8_lossy(&output.stdout).lines() {
            assert!(REPOSITORY.iter().chain(SETTINGS).any(|known| *known == variable), "{variable} is not known");
        }
    }

    #[test]
    fn each_way_clears_what_leads_elsewhere() {
        let folder = Path::new("/r.git");
        let repository: BTreeSet<&str> = REPOSITORY.iter().copied().collect();
        let upstream = OsStr::new("https://u.example/a/b");
        let env = Environment::of([("", ""); 0], "/");
        for (what, command, all) in [
            ("git", git(), BTreeSet::new()),
            ("git_in", git_in(folder), repository.clone()),
            ("upload_pack", upload_pack(folder), repository.clone()),
            ("remote_https", remote_https(&env, "origin".as_ref(), upstream, Credentials::Users), BTreeSet::new()),
        ] {
            assert_eq!(cleared(&command), all, "{what}");
        }
        let mut both: BTreeSet<&str> = repository.iter().chain(SETTINGS).copied().collect();
        // It is set, which is more than cleared.
        both.remove("GIT_DIR");
        for alone in [isolated(folder), upload_pack_of_store(folder)] {
            assert_eq!(cleared(&alone), both);
            assert!(alone.get_envs().any(|set| set == ("GIT_DIR".as_ref(), Some(folder.as_os_str()))));
        }
    }

    #[test]
    fn only_a_plain_name_selects_a_remotes_settings() {
        let url = "https://u.example/a/b";
        for (depth, remote, first) in [
            ("", "origin", "origin"),
            ("1", "a/b-c_d.e", "a/b-c_d.e"),
            ("", "", url),
            ("", "--upload-pack=x", url),
            ("", "mirror::a/b", url),
            ("", "功能", "功能"),
            ("", "a\nb", url),
        ] {
            let env = Environment::of([("MIRROR_DEPTH", depth)], "/");
            let command = remote_https(&env, remote.as_ref(), url.as_ref(), Credentials::Users);
            let arguments: Vec<_> = command.get_args().collect();
            assert_eq!(arguments, ["remote-https", first, url], "{remote}");
            let below = if depth.is_empty() { "1" } else { "2" };
            assert!(command.get_envs().any(|set| set == ("MIRROR_DEPTH".as_ref(), Some(below.as_ref()))), "{depth}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn names_and_addresses_stay_bytes() {
        use std::os::unix::ffi::OsStrExt;
        let (remote, url) = (OsStr::from_bytes(b"caf\xe9"), OsStr::from_bytes(b"https://u.example/\xb9\xa6/b"));
        let command = remote_https(&Environment::of([("", ""); 0], "/"), remote, url, Credentials::Users);
        assert_eq!(command.get_args().collect::<Vec<_>>(), [OsStr::new("remote-https"), remote, url]);
    }
}
