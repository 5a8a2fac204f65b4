//! A real HTTP proxy: squid as a child on loopback, with a password or without, with names of its own.
//!
//! Everything it reads and writes is in a folder of its own; nothing of the system's squid is touched. Unix only.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::world::{end_group, own_group, search_path};

/// Where systems keep it, which is not on everybody's PATH.
const SYSTEM: &str = "/usr/sbin/squid";
/// How long it may take to listen.
const PATIENCE: Duration = Duration::from_secs(30);
/// Ports that are tried: somebody else may take a free one first.
const TRIES: usize = 3;

/// squid; it ends when it is dropped.
#[derive(Debug)]
pub struct Squid {
    child: Child,
    port: u16,
    folder: TempDir,
}

impl Squid {
    /// Starts it; `names` lead to 127.0.0.1. With `credentials`, as `user password`, it asks for them. Nothing where
    /// there is no squid.
    ///
    /// # Panics
    ///
    /// When it does not start to listen.
    pub fn start(names: &[&str], credentials: Option<&str>) -> Option<Self> {
        let program = program()?;
        let started = (0..TRIES).find_map(|_| Self::try_start(&program, names, credentials));
        Some(started.expect("squid listens on loopback"))
    }

    fn try_start(program: &Path, names: &[&str], credentials: Option<&str>) -> Option<Self> {
        let folder = tempfile::Builder::new().prefix("squid-").tempdir().expect("a temporary folder can be made");
        // Started by root it becomes somebody else, who has to write here.
        let open = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("our folder");
        open(folder.path(), 0o777);
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port();
        let at = |name: &str| folder.path().join(name).display().to_string();
        let write = |name: &str, text: &str| {
            fs::write(folder.path().join(name), text).expect("our folder");
            open(&folder.path().join(name), 0o755);
        };
        write("hosts", &names.iter().map(|name| format!("127.0.0.1 {name}\n")).collect::<String>());
        let mut access = "http_access allow all\n".to_owned();
        if let Some(credentials) = credentials {
            write(
                "ask",
                &format!("while read -r said; do [ \"$said\" = '{credentials}' ] && echo OK || echo ERR; done\n"),
            );
            access = format!(
                "auth_param basic program /bin/sh {}\nauth_param basic children 1 startup=1\n\
                 acl known proxy_auth REQUIRED\nhttp_access allow known\nhttp_access deny all\n",
                at("ask")
            );
        }
        let text = format!(
            "http_port 127.0.0.1:{port}\npid_filename none\ncache deny all\ncache_log {}\naccess_log stdio:{}\n\
             logfile_rotate 0\ncoredump_dir {}\nnetdb_filename none\npinger_enable off\nhosts_file {}\n\
             dns_nameservers 127.0.0.1\ndns_timeout 1 second\nshutdown_lifetime 0 seconds\n\
             max_filedescriptors 1024\nvisible_hostname localhost\n{access}",
            at("cache.log"),
            at("access.log"),
            folder.path().display(),
            at("hosts"),
        );
        write("squid.conf", &text);
        let mut command = Command::new(program);
        command.arg("-N").arg("-f").arg(folder.path().join("squid.conf")).current_dir(folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        own_group(&mut command);
        let child = command.spawn().expect("squid can be started");
        let mut squid = Self { child, port, folder };
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Some(squid);
            }
            if squid.child.try_wait().expect("a child of ours can be waited for").is_some() {
                return None;
            }
            thread::sleep(Duration::from_millis(20));
        }
        None
    }

    /// Its address, with credentials, as `user:password@`, or without.
    pub fn url(&self, credentials: &str) -> String {
        format!("http://{credentials}127.0.0.1:{}", self.port)
    }

    /// What it was asked for: a line for each request that is over.
    pub fn log(&self) -> Vec<String> {
        let text = fs::read_to_string(self.folder.path().join("access.log")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

impl Drop for Squid {
    fn drop(&mut self) {
        end_group(&mut self.child);
        // It has been killed, and is to leave no zombie.
        let _ = self.child.wait();
    }
}

fn program() -> Option<PathBuf> {
    let path = search_path();
    let on_path = std::env::split_paths(&path).map(|folder| folder.join("squid"));
    on_path.chain([PathBuf::from(SYSTEM)]).find(|program| program.is_file())
}
