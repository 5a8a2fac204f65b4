//! What the tests of the relay stand on: an upstream and three mirrors with real wheels, the shim, and a real pip behind
//! it: the machine's own, and the newest one. No tests here.

use std::{
    fs,
    os::unix::fs::symlink,
    path::PathBuf,
    process::{Command, Stdio},
};

use mirror_tests::{IndexServer, Pip, Ran, Sandbox, WheelStock, search_path, sha256};

/// Why a test says nothing.
pub(crate) const NO_PIP: &str = "there is no python3 with pip here";

/// Says why something is not tested here.
#[expect(clippy::print_stderr, reason = "nobody is to take a test for one that has seen something")]
pub(crate) fn skipped(why: &str) {
    eprintln!("skipped: {why}");
}

/// A project of the stock that needs no other.
pub(crate) const NAME: &str = "certifi";

/// The machine's pip and the newest one; says so where one is missing.
pub(crate) fn pips() -> Vec<Pip> {
    let mut python = Command::new("python3");
    python.args(["-c", "import pip"]).env("PATH", search_path()).stdout(Stdio::null()).stderr(Stdio::null());
    if !python.status().is_ok_and(|status| status.success()) {
        skipped(NO_PIP);
        return Vec::new();
    }
    match Pip::newest() {
        Ok(newest) => vec![Pip::Machines, newest],
        Err(why) => {
            skipped(&format!("there is no newest pip here: {why}"));
            vec![Pip::Machines]
        }
    }
}

/// Does something with each pip there is.
pub(crate) fn each_pip(test: impl Fn(&Pip)) {
    pips().iter().for_each(test);
}

/// Does something with one of them, where pip is not what counts.
pub(crate) fn one_pip(test: impl Fn(&Pip)) {
    if let Some(pip) = pips().last() {
        test(pip);
    }
}

/// An upstream, three mirrors, and a pip behind the shim.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) stock: WheelStock,
    pub(crate) upstream: IndexServer,
    pub(crate) mirrors: Vec<(&'static str, IndexServer)>,
}

impl World {
    pub(crate) fn new(pip: &Pip) -> Self {
        let stock = WheelStock::downloaded();
        let mirrors = ["ash", "birch", "cedar"].map(|name| (name, IndexServer::start(&stock)));
        let upstream = IndexServer::start(&stock);
        let world = Self { sandbox: Sandbox::new(), upstream, stock, mirrors: mirrors.into() };
        world.configure(|name| world.mirror(name).index(), "");
        let shim = world.sandbox.path("shim");
        fs::create_dir(&shim).expect("the sandbox is ours");
        symlink(world.sandbox.path("programs/pip-shim"), shim.join("pip")).expect("the sandbox is ours");
        if let Pip::Newest(folder) = pip {
            // In front of the machine's.
            symlink(folder.join("pip"), world.sandbox.path("bin/pip")).expect("the sandbox is ours");
        }
        world
    }

    pub(crate) fn configure(&self, address: impl Fn(&str) -> String, more: &str) {
        let mut text = format!("[catalog]\nbuiltin = false\n[pip]\nupstream = \"{}\"\n{more}", self.upstream.index());
        for (name, _) in &self.mirrors {
            text += &format!("[mirrors.{name}]\npypi = \"{}\"\n", address(name));
        }
        self.sandbox.mirror_config(&text);
    }

    pub(crate) fn mirror(&self, name: &str) -> &IndexServer {
        &self.mirrors.iter().find(|(own, _)| *own == name).expect("a mirror of this world").1
    }

    pub(crate) fn each_mirror(&self, spoil: impl Fn(&IndexServer)) {
        self.mirrors.iter().for_each(|(_, server)| spoil(server));
    }

    /// `pip download` through the shim into an empty folder.
    pub(crate) fn download(&self, arguments: &[&str]) -> Ran {
        self.sandbox.run(self.downloading(arguments))
    }

    /// The same, not started yet.
    pub(crate) fn downloading(&self, arguments: &[&str]) -> Command {
        // An error means that there is none.
        let _ = fs::remove_dir_all(self.folder());
        let mut command = self.pip();
        command.args(["--disable-pip-version-check", "download", "--no-cache-dir", "-d", "got"]).args(arguments);
        command
    }

    /// `pip` through the shim. It reads no configuration, for the machine may have one for everybody.
    pub(crate) fn pip(&self) -> Command {
        let mut command = self.sandbox.command(self.sandbox.path("shim/pip"));
        command.env("PIP_CONFIG_FILE", "/dev/null");
        command
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.sandbox.work().join("got")
    }

    /// A file in the work folder.
    pub(crate) fn file(&self, name: &str, text: &str) {
        fs::write(self.sandbox.work().join(name), text).expect("the sandbox is ours");
    }

    /// Whether the wheel that pip got is the true one.
    pub(crate) fn assert_right(&self, project: &str, kind: &str) {
        let wheel = self.stock.wheel(project);
        let got = fs::read(self.folder().join(&wheel.name)).unwrap_or_default();
        assert_eq!(sha256(&got), wheel.checksum, "{kind}: {project}");
    }

    pub(crate) fn files(server: &IndexServer) -> usize {
        server.web.log().iter().filter(|seen| IndexServer::is_file(seen) && seen.status < 300).count()
    }

    pub(crate) fn files_from_mirrors(&self) -> usize {
        self.mirrors.iter().map(|(_, server)| Self::files(server)).sum()
    }

    pub(crate) fn forget(&self) {
        for folder in ["state", "cache"] {
            let folder = self.sandbox.path(folder);
            fs::remove_dir_all(&folder).and_then(|()| fs::create_dir(&folder)).expect("the folder is ours");
        }
        self.sandbox.forget_reports();
    }
}
