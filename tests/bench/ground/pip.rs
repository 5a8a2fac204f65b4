//! What installations of pip's take place on: an upstream and mirrors with the same real wheels, the shim, a real pip, and
//! an empty folder for each installation.
//!
//! Whatever pip says, an installation counts when every file that the wheel lists is there.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use mirror_tests::{Ended, IndexServer, Pip, Sandbox, WheelStock, search_path};
use tempfile::TempDir;

use super::{cargo::MEMORY, clone::excerpt, git::megabytes, programs::sandbox};
use crate::measure::Trial;

/// What pip is told on both sides. Compiling takes as long on both, and longer than all the rest.
const INSTALL: &[&str] =
    &["--disable-pip-version-check", "install", "--quiet", "--no-cache-dir", "--no-compile", "--target"];
/// Patience with one installation.
const PATIENCE: Duration = Duration::from_secs(180);

/// What is installed: a name for pip, and the wheels that come of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    pub(crate) name: &'static str,
    wheels: &'static [&'static str],
}

/// Small wheels, one after the other.
pub(crate) const REQUESTS: Wanted =
    Wanted { name: "requests", wheels: &["requests", "idna", "urllib3", "certifi", "charset-normalizer"] };
/// One large wheel.
pub(crate) const NUMPY: Wanted = Wanted { name: "numpy", wheels: &["numpy"] };

/// Servers and a sandbox with a pip.
pub(crate) struct PipGround {
    pub(crate) sandbox: Sandbox,
    pub(crate) stock: WheelStock,
    pub(crate) upstream: IndexServer,
    pub(crate) mirrors: Vec<(&'static str, IndexServer)>,
    pip: PathBuf,
    /// Where pip installs to, in memory where there is such a place.
    sites: TempDir,
}

impl PipGround {
    /// Mirrors of these names; all of them and upstream have everything.
    pub(crate) fn new(pip: &Pip, names: &[&'static str]) -> Self {
        let stock = WheelStock::downloaded();
        let sandbox = sandbox();
        fs::create_dir(sandbox.path("shim")).expect("the sandbox is ours");
        symlink(sandbox.path("programs/pip-shim"), sandbox.path("shim/pip")).expect("the sandbox is ours");
        let pip = match pip {
            Pip::Newest(folder) => folder.join("pip"),
            Pip::Machines => machines().expect("there is a pip on PATH"),
        };
        symlink(&pip, sandbox.path("bin/pip")).expect("the sandbox is ours");
        let mut folder = tempfile::Builder::new();
        folder.prefix("mirror-");
        let sites = folder.tempdir_in(MEMORY).or_else(|_| folder.tempdir()).expect("a temporary folder can be made");
        let mirrors = names.iter().map(|name| (*name, IndexServer::start(&stock))).collect();
        let ground = Self { upstream: IndexServer::start(&stock), sandbox, stock, mirrors, pip, sites };
        ground.configure(|_, server| server.index(), "");
        ground
    }

    /// Writes the configuration, with the address of each mirror, and keys for the first one.
    pub(crate) fn configure(&self, address: impl Fn(&str, &IndexServer) -> String, keys: &str) {
        let mut text = format!("[catalog]\nbuiltin = false\n[pip]\nupstream = \"{}\"\n", self.upstream.index());
        for (at, (name, server)) in self.mirrors.iter().enumerate() {
            let keys = if at == 0 { keys } else { "" };
            text += &format!("[mirrors.{name}]\npypi = \"{}\"\n{keys}\n", address(name, server));
        }
        self.sandbox.mirror_config(&text);
    }

    pub(crate) fn mirror(&self, name: &str) -> &IndexServer {
        &self.mirrors.iter().find(|(own, _)| *own == name).expect("a mirror of this ground").1
    }

    /// Seconds of plain pip with a mirror as its index.
    pub(crate) fn plain(&self, mirror: &str, wanted: Wanted) -> Trial {
        let mut command = self.sandbox.command(&self.pip);
        command.env("PIP_INDEX_URL", self.mirror(mirror).index());
        self.install(command, wanted)
    }

    /// Seconds of pip through the shim and its relay.
    pub(crate) fn ours(&self, wanted: Wanted) -> Trial {
        self.install(self.sandbox.command(self.sandbox.path("shim/pip")), wanted)
    }

    /// Empties the relay's cache; which mirrors are good is still known.
    pub(crate) fn forget_cache(&self) {
        // An error means that there is none yet.
        let _ = fs::remove_dir_all(self.sandbox.path("cache/mirror"));
    }

    /// The same, and nothing is known of mirrors; what pip has said of itself stays.
    pub(crate) fn forget(&self) {
        self.forget_cache();
        let state = self.sandbox.path("state/mirror");
        for file in fs::read_dir(state).into_iter().flatten().flatten() {
            if file.file_name() != "pip.json" {
                // Somebody else may be doing the same.
                let _ = fs::remove_file(file.path());
            }
        }
    }

    /// Counts requests from 0.
    pub(crate) fn count_anew(&self) {
        self.servers().for_each(|(_, server)| server.web.forget_log());
    }

    /// Requests for files since [`PipGround::count_anew`], at upstream and at all mirrors together.
    pub(crate) fn files(&self) -> (usize, usize) {
        let all: usize = self.servers().map(|(_, server)| count(server)).sum();
        let upstream = count(&self.upstream);
        (upstream, all - upstream)
    }

    /// How many requests for files everyone got since [`PipGround::count_anew`], for the notes of a row.
    pub(crate) fn requests(&self) -> String {
        let got = self.servers().map(|(name, server)| (name, count(server))).filter(|(_, files)| *files > 0);
        let got: Vec<String> = got.map(|(name, files)| format!("{name} {files}")).collect();
        if got.is_empty() { "none".to_owned() } else { got.join(" ") }
    }

    /// What is installed, for the notes of a row.
    pub(crate) fn size(&self, wanted: Wanted) -> String {
        let bytes = wanted.wheels.iter().map(|name| self.stock.wheel(name).bytes().len() as u64).sum();
        format!("{} wheels, {}", wanted.wheels.len(), megabytes(bytes))
    }

    /// The value, if mirrors carried most files.
    pub(crate) fn by_mirrors(&self, value: f64) -> Trial {
        let (upstream, mirrors) = self.files();
        if mirrors > upstream { Ok(value) } else { Err("went past the mirrors".to_owned()) }
    }

    fn servers(&self) -> impl Iterator<Item = (&'static str, &IndexServer)> {
        [("upstream", &self.upstream)].into_iter().chain(self.mirrors.iter().map(|(name, server)| (*name, server)))
    }

    fn install(&self, mut command: Command, wanted: Wanted) -> Trial {
        let site = self.sites.path().join("site");
        // An error means that there is none yet.
        let _ = fs::remove_dir_all(&site);
        command.args(INSTALL).arg(&site).arg(wanted.name);
        match self.sandbox.run_until(command, |elapsed| elapsed > PATIENCE) {
            Ended::Killed(_) => Err(format!("still running after {:.0} s", PATIENCE.as_secs_f64())),
            Ended::Itself(ran) if ran.code != 0 => Err(format!("after {:.1} s: {}", ran.seconds, excerpt(&ran))),
            Ended::Itself(ran) => match installed(&site) {
                Some(wheels) if wheels == wanted.wheels.len() => Ok(ran.seconds),
                found => Err(format!("{found:?} of {} wheels are there", wanted.wheels.len())),
            },
        }
    }
}

/// The first pip on PATH.
pub(crate) fn machines() -> Option<PathBuf> {
    std::env::split_paths(&search_path()).map(|folder| folder.join("pip")).find(|pip| pip.is_file())
}

fn count(server: &IndexServer) -> usize {
    server.web.log().iter().filter(|seen| IndexServer::is_file(seen)).count()
}

/// How many wheels are unpacked in a folder; nothing where one lacks a file of its list (the `RECORD` of PEP 376).
fn installed(site: &Path) -> Option<usize> {
    let mut wheels = 0;
    for folder in fs::read_dir(site).ok()?.flatten() {
        let Ok(record) = fs::read_to_string(folder.path().join("RECORD")) else { continue };
        wheels += 1;
        let files = record.lines().filter_map(|line| line.split(',').next());
        // Scripts go elsewhere with --target.
        let mut files = files.filter(|file| !file.starts_with("..") && !file.starts_with('"'));
        if !files.all(|file| site.join(file).exists()) {
            return None;
        }
    }
    Some(wheels)
}

#[cfg(test)]
mod tests {
    use super::installed;
    use std::fs;

    #[test]
    fn a_wheel_counts_when_all_its_files_are_there() {
        let site = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir(site.path().join("x-1.dist-info")).expect("our folder");
        assert_eq!(installed(site.path()), Some(0));
        fs::write(site.path().join("x-1.dist-info/RECORD"), "x.py,sha256=a,1\n../../bin/x,,\n").expect("our folder");
        assert_eq!(installed(site.path()), None);
        fs::write(site.path().join("x.py"), "").expect("our folder");
        assert_eq!(installed(site.path()), Some(1));
    }
}
