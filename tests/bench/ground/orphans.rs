//! What is left of a clone when git alone is killed: how long its helper and what that started live on, and what they are
//! still sent.

use std::{
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use mirror_tests::{Process, processes};

use super::git::Ground;

/// How often it is looked whether anybody is left.
const TICK: Duration = Duration::from_millis(2);
/// The longest that anybody is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// How the others ended.
#[derive(Debug)]
pub(crate) struct Orphaned {
    /// Seconds until nobody was left.
    pub(crate) seconds: f64,
    /// Bytes that servers sent after the kill.
    pub(crate) bytes: u64,
}

impl Ground {
    /// Kills git with -9, and nobody else, when so many bytes of packs have been sent to a bare clone: of ours, or from an
    /// address. Counts are begun anew.
    pub(crate) fn orphan(&self, url: Option<&str>, limit: u64) -> Result<Orphaned, String> {
        self.count_anew();
        let mut command = url.map_or_else(|| self.command_ours(), |url| self.command_plain(url));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let start = Instant::now();
        let mut git = command.spawn().expect("git can be started");
        while self.fetched() < limit && start.elapsed() < self.patience {
            if git.try_wait().expect("a child of ours can be waited for").is_some() {
                self.clear();
                return Err("it ended before it could be killed".to_owned());
            }
            thread::sleep(TICK);
        }
        let came = self.fetched() >= limit;
        let (sent, killed) = (self.sent(), Instant::now());
        // An error means that it has ended just now.
        let _ = git.kill();
        let _ = git.wait();
        let gone = self.wait_until_gone(killed);
        self.settle();
        self.clear();
        match came {
            true => gone.map(|seconds| Orphaned { seconds, bytes: self.sent() - sent }),
            false => Err(format!("still below {limit} B after {:.0} s", self.patience.as_secs_f64())),
        }
    }

    fn wait_until_gone(&self, since: Instant) -> Result<f64, String> {
        loop {
            let left = processes(&self.stage.sandbox);
            if left.is_empty() {
                return Ok(since.elapsed().as_secs_f64());
            }
            if since.elapsed() > PATIENCE {
                left.iter().for_each(Process::kill);
                let names: Vec<String> = left.into_iter().map(|process| process.name).collect();
                return Err(format!("after {:.0} s there were {}", PATIENCE.as_secs_f64(), names.join(", ")));
            }
            thread::sleep(TICK);
        }
    }
}
