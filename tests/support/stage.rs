//! A stage for the suite: an upstream, mirrors with copies of it, and a configuration that names them.

use std::path::PathBuf;

use crate::{GitServer, History, Ran, Repository, Sandbox};

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
        let sandbox = Sandbox::new();
        let upstream = history.write(sandbox.path("upstream"), NAME);
        let origin = GitServer::start(sandbox.path("upstream"));
        let mirrors = mirrors
            .iter()
            .map(|name| {
                let repository = upstream.copy_to(sandbox.path(name));
                let server = GitServer::start(sandbox.path(name));
                StageMirror { name: (*name).to_owned(), repository, server }
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

    /// The configuration of the stage.
    pub fn configuration(&self, extra: &str) -> String {
        let mut text =
            format!("[catalog]\nbuiltin = false\n[upstreams.github]\nurl = \"{}/{{repo}}.git\"\n", self.origin.url());
        for mirror in &self.mirrors {
            text +=
                &format!("[mirrors.{}]\ngit = {{ github = \"{}/{{repo}}.git\" }}\n", mirror.name, mirror.server.url());
        }
        text + extra
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
}
