//! A stage for the suite: an upstream, mirrors with copies of it, and a configuration that names them.

use std::{fs, path::PathBuf, thread, time::Duration};

use super::server::GitServer;
use crate::{
    TlsFront,
    history::{History, Repository},
    world::{Ran, Sandbox},
};

/// What the repository on stage is called.
pub const NAME: &str = "owner/small";

/// One mirror on stage.
#[derive(Debug)]
pub struct StageMirror {
    /// Its name, and that of its operator.
    pub name: String,
    /// Its copy.
    pub repository: Repository,
    /// What serves it.
    pub server: GitServer,
    /// Where the configuration says it is, if not at its server.
    address: Option<String>,
    /// Further keys of its entry.
    keys: String,
}

impl StageMirror {
    /// A mirror as its server shows it.
    pub fn new(name: &str, repository: Repository, server: GitServer) -> Self {
        Self { name: name.to_owned(), repository, server, address: None, keys: String::new() }
    }
}

/// An upstream with mirrors, and a sandbox configured for them.
#[derive(Debug)]
pub struct Stage {
    /// Where the programs run.
    pub sandbox: Sandbox,
    /// Upstream's repository.
    pub upstream: Repository,
    /// What serves it.
    pub origin: GitServer,
    /// The mirrors, in the order of their names.
    pub mirrors: Vec<StageMirror>,
}

impl Stage {
    /// Sets the stage: each mirror is a copy of upstream.
    pub fn new(history: &History, mirrors: &[&str]) -> Self {
        Self::with(Sandbox::new(), |root| history.write(root, NAME), mirrors)
    }

    /// The same in a sandbox of the caller's, with an upstream that the caller writes as [`NAME`] below a root.
    pub fn with(sandbox: Sandbox, write: impl FnOnce(PathBuf) -> Repository, mirrors: &[&str]) -> Self {
        let upstream = write(sandbox.path("upstream"));
        let origin = GitServer::start(sandbox.path("upstream"));
        let mirrors = mirrors
            .iter()
            .map(|name| {
                let repository = upstream.copy_to(sandbox.path(name));
                let server = GitServer::start(sandbox.path(name));
                StageMirror::new(name, repository, server)
            })
            .collect();
        let stage = Self { sandbox, upstream, origin, mirrors };
        stage.configure("");
        stage
    }

    /// Writes the configuration: the stage's upstream and mirrors, and what the test adds.
    pub fn configure(&self, extra: &str) {
        self.sandbox.mirror_config(&self.configuration(extra));
    }

    /// Writes a configuration of upstream alone, reached by a front whose authority is known.
    ///
    /// # Panics
    ///
    /// When the sandbox takes no file.
    pub fn configure_behind(&self, front: &TlsFront) {
        let file = self.sandbox.path("authority.pem");
        fs::write(&file, front.authority()).expect("a sandbox takes files");
        self.sandbox.mirror_config(&format!(
            "[catalog]\nbuiltin = false\n[upstreams.github]\nurl = \"{}/{{repo}}.git\"\n[tls]\nca-file = \"{}\"\n",
            front.url(),
            file.display()
        ));
    }

    /// Writes the configuration with these of the mirrors only, as if there were no others.
    pub fn configure_only(&self, names: &[&str]) {
        self.sandbox.mirror_config(&self.configuration_of(|mirror| names.contains(&mirror.name.as_str())));
    }

    /// The configuration of the stage.
    pub fn configuration(&self, extra: &str) -> String {
        self.configuration_of(|_| true) + extra
    }

    fn configuration_of(&self, wanted: impl Fn(&StageMirror) -> bool) -> String {
        let mut text =
            format!("[catalog]\nbuiltin = false\n[upstreams.github]\nurl = \"{}/{{repo}}.git\"\n", self.origin.url());
        for mirror in self.mirrors.iter().filter(|mirror| wanted(mirror)) {
            let address = mirror.address.clone().unwrap_or_else(|| mirror.server.url());
            text += &format!("[mirrors.{}]\ngit = {{ github = \"{address}/{{repo}}.git\" }}\n", mirror.name);
            text += &mirror.keys;
        }
        text
    }

    /// Gives a mirror's entry further keys in place of those it had, and writes the configuration.
    pub fn set_keys(&mut self, name: &str, keys: &str) {
        self.mirror_mut(name).keys = format!("{keys}\n");
        self.configure("");
    }

    /// Says that a mirror is at another base address than its server's, and writes the configuration.
    pub fn set_address(&mut self, name: &str, base: &str) {
        self.mirror_mut(name).address = Some(base.to_owned());
        self.configure("");
    }

    /// The stores that the programs keep, one for each upstream's repository.
    pub fn stores(&self) -> Vec<PathBuf> {
        let Ok(folder) = fs::read_dir(self.sandbox.path("cache/mirror/store")) else { return Vec::new() };
        folder.flatten().map(|entry| entry.path()).collect()
    }

    /// Has the programs forget what they remember: state, caches and reports.
    ///
    /// # Panics
    ///
    /// When the folders cannot be emptied.
    pub fn forget(&self) {
        for folder in ["state", "cache"] {
            let folder = self.sandbox.path(folder);
            // A helper may still write down what it has measured, for a moment after git has ended.
            let emptied = (0..50).any(|_| {
                let done = fs::remove_dir_all(&folder).is_ok();
                thread::sleep(Duration::from_millis(if done { 0 } else { 20 }));
                done
            });
            assert!(emptied, "{} cannot be emptied", folder.display());
            fs::create_dir(&folder).expect("the sandbox is ours");
        }
        self.sandbox.forget_reports();
    }

    /// `git clone OPTIONS mirror::owner/small TARGET`.
    pub fn clone(&self, options: &[&str], target: &str) -> Ran {
        self.sandbox.git(["clone"].iter().chain(options).chain(&["mirror::owner/small", target]))
    }

    /// The same from upstream, with git alone.
    pub fn plain_clone(&self, options: &[&str], target: &str) -> Ran {
        let url = self.origin.repo_url(NAME);
        self.sandbox.git(["clone"].iter().chain(options).chain(&[url.as_str(), target]))
    }

    /// A folder that a clone was made into.
    pub fn work(&self, target: &str) -> PathBuf {
        self.sandbox.work().join(target)
    }

    /// Takes upstream off the network.
    pub fn upstream_goes_away(&mut self) {
        self.origin.stop();
    }

    /// A mirror by name.
    pub fn mirror(&self, name: &str) -> &StageMirror {
        self.mirrors.iter().find(|mirror| mirror.name == name).expect("a mirror of this stage")
    }

    fn mirror_mut(&mut self, name: &str) -> &mut StageMirror {
        self.mirrors.iter_mut().find(|mirror| mirror.name == name).expect("a mirror of this stage")
    }

    /// The outcome of each source in the last report, as `name outcome`.
    pub fn outcomes(&self) -> Vec<String> {
        let reports = self.sandbox.report();
        let last = reports.last().expect("a run writes a report");
        let sources = last["sources"].as_array().expect("a list of sources");
        sources
            .iter()
            .map(|s| format!("{} {}", s["name"].as_str().expect("a name"), s["outcome"].as_str().expect("an outcome")))
            .collect()
    }

    /// The outcome of each mirror in all reports.
    pub fn mirror_outcomes(&self) -> Vec<String> {
        let reports = self.sandbox.report();
        let sources = reports.iter().filter_map(|report| report["sources"].as_array()).flatten();
        let mirrors =
            sources.filter(|source| !source["name"].as_str().is_some_and(|name| name.starts_with("upstream:")));
        mirrors.filter_map(|source| Some(source["outcome"].as_str()?.to_owned())).collect()
    }
}
