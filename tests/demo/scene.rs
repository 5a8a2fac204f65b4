//! The scene: an upstream with a project and its submodule, five mirrors of which one is good, and a machine of its own
//! to clone on.

use std::path::{Path, PathBuf};

use mirror_tests::{
    AUTOGLM, AUTOGLM_ASSETS, Fault, GitServer, History, Ran, Repository, Sandbox, Submodule, refused_url,
};
use serde_json::Value;

use crate::{
    HELPER,
    show::{output, say},
};

/// Bytes a second of the slow mirror.
const SLOW: u64 = 3_000;
/// Commits that the stale mirror is behind.
const BEHIND: u32 = 15;
/// How much more a mirror weighs than the next one: near-equals are drawn by weight, and here the bad ones are to go
/// first, in this order.
const BIAS: f64 = 1e5;

/// A mirror of the scene.
pub(crate) struct Mirror {
    pub(crate) name: &'static str,
    about: String,
    url: String,
    server: Option<GitServer>,
}

impl Mirror {
    /// Takes it off the network.
    pub(crate) fn stop(&mut self) {
        self.server = None;
    }
}

/// All of it; servers stop and folders go when it is dropped.
pub(crate) struct Scene {
    pub(crate) upstream: Repository,
    pub(crate) assets: Repository,
    pub(crate) origin: GitServer,
    /// In the order in which they are to be asked.
    pub(crate) mirrors: Vec<Mirror>,
    sandbox: Sandbox,
}

impl Scene {
    /// Makes the repositories, starts the servers and writes the configuration.
    pub(crate) fn set() -> Self {
        let sandbox = Sandbox::new();
        sandbox.add_program(HELPER, &std::env::current_exe().expect("the system knows what it runs"));
        let root = sandbox.path("upstream");
        let upstream = History::autoglm(Submodule::Relative).write(&root, AUTOGLM);
        let assets = Repository::at(&root, AUTOGLM_ASSETS);
        let origin = GitServer::start(&root);
        let serve = |name: &'static str, about: &str| {
            let root = sandbox.path(name);
            let project = upstream.copy_to(&root);
            assets.copy_to(&root);
            let server = GitServer::start(root);
            (project, Mirror { name, about: about.to_owned(), url: server.url(), server: Some(server) })
        };
        let dead = Mirror { name: "dead", about: "nobody listens there".to_owned(), url: refused_url(), server: None };
        let (_, corrupt) = serve("corrupt", "turns over one bit in every pack");
        let (behind, stale) = serve("stale", &format!("{BEHIND} commits behind upstream"));
        let (_, slow) = serve("slow", &format!("sends {} kB a second", SLOW / 1000));
        let (_, fast) = serve("fast", "as good as upstream");
        if let Some(server) = &corrupt.server {
            server.set(Fault::FlipByteAt(0.5.into()));
        }
        behind.truncate_by(BEHIND);
        if let Some(server) = &slow.server {
            server.rate(SLOW);
        }
        let scene = Self { upstream, assets, origin, mirrors: vec![dead, corrupt, stale, slow, fast], sandbox };
        scene.sandbox.mirror_config(&scene.configuration());
        scene
    }

    /// Says who is there.
    pub(crate) fn introduce(&self) {
        say(&format!("{AUTOGLM} with a submodule; all of this is on 127.0.0.1:\n"));
        let upstream = ("upstream", self.origin.url(), "the authority: what it says of refs counts");
        let mirrors = self.mirrors.iter().map(|mirror| (mirror.name, mirror.url.clone(), mirror.about.as_str()));
        for (name, url, about) in std::iter::once(upstream).chain(mirrors) {
            say(&format!("  {name:<10} {url:<24} {about}"));
        }
    }

    /// Nothing is remembered, and nothing kept.
    pub(crate) fn forget(&self) {
        for folder in ["state", "cache"] {
            // An error means that there is none yet.
            let _ = std::fs::remove_dir_all(self.sandbox.path(folder));
        }
    }

    /// `git clone --recursive mirror::openglm/Open-AutoGLM TARGET` with nothing in the cache; shows it, and returns
    /// what was reported.
    pub(crate) fn clone(&self, target: &str) -> (Ran, Vec<Value>) {
        self.sandbox.forget_reports();
        let mut git = self.sandbox.command("git");
        git.args(["clone", "--recursive", &format!("mirror::{AUTOGLM}"), target]);
        git.env("XDG_CACHE_HOME", self.sandbox.path(format!("cache-of-{target}")));
        say(&format!("\n  $ git clone --recursive mirror::{AUTOGLM} {target}"));
        let ran = self.sandbox.run(git);
        output(&ran);
        (ran, self.sandbox.report())
    }

    /// Runs git in a clone.
    pub(crate) fn git(&self, folder: &Path, arguments: &[&str]) -> Ran {
        self.sandbox.git_in(folder, arguments)
    }

    /// Where a clone is.
    pub(crate) fn work(&self, target: &str) -> PathBuf {
        self.sandbox.work().join(target)
    }

    fn configuration(&self) -> String {
        let place = |url: &str| format!("{url}/{{repo}}.git");
        let mut text = "[catalog]\nbuiltin = false\n".to_owned();
        text += &format!("[upstreams.github]\nurl = \"{}\"\n", place(&self.origin.url()));
        let mut weight = BIAS.powi(4);
        for mirror in &self.mirrors {
            text += &format!(
                "[mirrors.{}]\nweight = {weight:.1}\ngit = {{ github = \"{}\" }}\n",
                mirror.name,
                place(&mirror.url)
            );
            weight /= BIAS;
        }
        text
    }
}
