//! One clone on the ground: plain or through the suite, watched while it runs, and looked at when it has ended.
//!
//! A clone that fails, hangs or is wrong is a result like others, not the end of the benchmark.

use std::{fs, path::Path, process::Command, time::Duration};

use mirror_tests::{Ended, NAME, Ran, plain_git, run};

use super::git::Ground;
use crate::measure::Trial;

/// Where clones are made.
const TARGET: &str = "target";
/// The option of clones whose refs are compared with upstream's.
pub(crate) const BARE: &[&str] = &["--bare"];
/// The longest excerpt of what a program said.
const EXCERPT: usize = 140;

/// How a clone came to its end.
#[derive(Debug)]
pub(crate) enum End {
    /// It is there and right, after so many seconds.
    Whole(f64),
    /// It failed by itself, after so many seconds.
    Failed(f64, String),
    /// Whoever watched it had it killed.
    Killed,
    /// It did not end within the time that the ground allows.
    Hung(String),
}

impl End {
    /// The seconds of a clone that was to succeed.
    pub(crate) fn whole(self) -> Trial {
        match self {
            Self::Whole(seconds) => Ok(seconds),
            Self::Failed(seconds, why) => Err(format!("after {seconds:.1} s: {why}")),
            Self::Killed => Err("killed".to_owned()),
            Self::Hung(why) => Err(why),
        }
    }
}

impl Ground {
    /// Seconds of `git clone OPTIONS URL`; the clone does not stay.
    pub(crate) fn clone(&self, url: &str, options: &[&str]) -> Trial {
        self.watch(url, options, TARGET, |_| false).whole()
    }

    /// The same through the suite.
    pub(crate) fn clone_ours(&self, options: &[&str]) -> Trial {
        self.clone(&ours(), options)
    }

    /// A bare clone from an address; `look` is called every 2 ms with the time.
    pub(crate) fn watch_plain(&self, url: &str, mut look: impl FnMut(Duration)) -> End {
        self.watch(url, BARE, TARGET, |at| {
            look(at);
            false
        })
    }

    /// A bare clone through the suite; `look` is called every 2 ms with the time, and has it killed by saying so.
    pub(crate) fn watch_ours(&self, look: impl FnMut(Duration) -> bool) -> End {
        self.watch(&ours(), BARE, TARGET, look)
    }

    /// The command of a bare clone through the suite.
    pub(crate) fn command_ours(&self) -> Command {
        self.command(&ours(), BARE, TARGET)
    }

    /// The same from an address.
    pub(crate) fn command_plain(&self, url: &str) -> Command {
        self.command(url, BARE, TARGET)
    }

    /// Takes away what a clone has left that was killed.
    pub(crate) fn clear(&self) {
        // git takes the folder of a failed clone away by itself.
        let _ = fs::remove_dir_all(self.stage.work(TARGET));
    }

    /// One of several bare clones through the suite at once, told apart by numbers.
    pub(crate) fn clone_numbered(&self, number: usize) -> Trial {
        self.watch(&ours(), BARE, &format!("{TARGET}-{number}"), |_| false).whole()
    }

    /// Seconds of `git ls-remote` from upstream.
    pub(crate) fn list_refs(&self) -> Trial {
        let mut command = self.stage.sandbox.command("git");
        command.args(["ls-remote", "-q", &self.stage.origin.repo_url(NAME)]);
        let ran = self.stage.sandbox.run_with_timeout(command, self.patience);
        if ran.code == 0 { Ok(ran.seconds) } else { Err(excerpt(&ran)) }
    }

    /// The bytes of a pack with everything in it, as a plain clone from upstream receives it. For use before the
    /// servers are slowed.
    ///
    /// # Panics
    ///
    /// When plain git cannot clone.
    pub(crate) fn full_pack(&self) -> u64 {
        self.count_anew();
        self.clone(&self.stage.origin.repo_url(NAME), BARE).expect("plain git clones from upstream");
        let pack = self.stage.origin.fetched();
        self.count_anew();
        pack
    }

    fn watch(&self, url: &str, options: &[&str], target: &str, mut look: impl FnMut(Duration) -> bool) -> End {
        let command = self.command(url, options, target);
        let mut hung = false;
        let ended = self.stage.sandbox.run_until(command, |elapsed| {
            hung = elapsed > self.patience;
            hung || look(elapsed)
        });
        let target = self.stage.work(target);
        let end = match ended {
            Ended::Killed(_) if hung => End::Hung(format!("still running after {:.0} s", self.patience.as_secs_f64())),
            Ended::Killed(_) => End::Killed,
            Ended::Itself(ran) if ran.code != 0 => End::Failed(ran.seconds, excerpt(&ran)),
            Ended::Itself(ran) if options.contains(&"--bare") && !self.is_right(&target) => {
                End::Failed(ran.seconds, "refs differ from upstream's".to_owned())
            }
            Ended::Itself(ran) => {
                *self.clients_cpu.lock().expect("nobody panics while holding it") = ran.cpu;
                End::Whole(ran.seconds)
            }
        };
        // git takes the folder of a failed clone away by itself.
        let _ = fs::remove_dir_all(target);
        end
    }

    fn command(&self, url: &str, options: &[&str], target: &str) -> Command {
        let mut command = self.stage.sandbox.command("git");
        command.args(["clone", "-q"]).args(options).args([url, target]);
        command
    }

    /// Whether a bare clone has upstream's refs. That all objects are there git has seen to.
    fn is_right(&self, clone: &Path) -> bool {
        let mut command = plain_git(clone);
        command.args(["for-each-ref", "refs/heads", "refs/tags"]);
        run(command, self.patience).stdout == self.refs
    }
}

fn ours() -> String {
    format!("mirror::{NAME}")
}

/// The line that tells why a program failed.
pub(crate) fn excerpt(ran: &Ran) -> String {
    let mut lines = ran.stderr.lines().filter(|line| !line.trim().is_empty());
    let told = ran.stderr.lines().find(|line| line.contains("error[")).or_else(|| lines.next_back());
    told.map_or(format!("code {}", ran.code), |line| line.chars().take(EXCERPT).collect())
}

#[cfg(test)]
mod tests {
    use super::excerpt;
    use mirror_tests::Ran;

    #[test]
    fn a_failure_is_told_by_our_error_or_the_last_line() {
        for (stderr, expected) in [
            ("mirror: note\nmirror: error[E-SLOW]: x\nfatal: y\n", "mirror: error[E-SLOW]: x"),
            ("warning: x\nfatal: y\n\n", "fatal: y"),
            ("", "code 128"),
        ] {
            let ran = Ran {
                command: String::new(),
                code: 128,
                stdout: String::new(),
                stderr: stderr.to_owned(),
                seconds: 0.0,
                cpu: 0.0,
            };
            assert_eq!(excerpt(&ran), expected);
        }
    }
}
