//! Processes around this one: a program that runs in our place while we serve it, who started this one, and all that this
//! one has started. Nobody is to stay behind.

use std::{
    io,
    process::{Child, Command, ExitStatus},
};

/// The exit code of a program that a signal ended, as shells have it: this and the signal's number.
const SIGNALED: i32 = 128;

/// Runs a program to its end. Signals of the terminal reach it by themselves, and it decides what to do about them; others
/// are passed on to it.
///
/// # Errors
///
/// When it cannot be started.
#[cfg(unix)]
pub fn run(mut command: Command) -> io::Result<ExitStatus> {
    use rustix::process::{Pid, Signal, kill_process};
    use signal_hook::{
        consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM},
        iterator::Signals,
    };

    let mut signals = Signals::new([SIGINT, SIGQUIT, SIGTERM, SIGHUP])?;
    let handle = signals.handle();
    let mut child = command.spawn()?;
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let passing = std::thread::spawn(move || {
        for signal in signals.forever() {
            let passed = match signal {
                SIGTERM => Some(Signal::TERM),
                SIGHUP => Some(Signal::HUP),
                _ => None,
            };
            if let (Some(pid), Some(signal)) = (pid, passed) {
                // It may have ended just now.
                let _ = kill_process(pid, signal);
            }
        }
    });
    let status = child.wait();
    handle.close();
    // A panic there has been shown already.
    let _ = passing.join();
    status
}

/// Where the platform allows it this process becomes that program, and this returns only when that fails; elsewhere it
/// runs, and this returns its exit code.
///
/// # Errors
///
/// When it cannot be started.
#[cfg(unix)]
pub fn become_it(command: &mut Command) -> io::Result<u8> {
    Err(std::os::unix::process::CommandExt::exec(command))
}

/// Runs that program to its end; returns its exit code.
///
/// # Errors
///
/// When it cannot be started.
#[cfg(not(unix))]
pub fn become_it(command: &mut Command) -> io::Result<u8> {
    command.status().map(code)
}

/// Has this process end when its parent does, in whatever way, also after this process has become another program.
/// Returns whether that parent, whose process id this is, is still there. Linux only (prctl(2), `PR_SET_PDEATHSIG`).
///
/// # Errors
///
/// Those of the system.
#[cfg(target_os = "linux")]
pub(super) fn follow(parent: u32) -> io::Result<bool> {
    use rustix::process::{Signal, getppid, set_parent_process_death_signal};

    set_parent_process_death_signal(Some(Signal::TERM))?;
    // It may have ended before.
    Ok(getppid().is_some_and(|id| u32::try_from(id.as_raw_nonzero().get()) == Ok(parent)))
}

/// Runs a program to its end.
///
/// # Errors
///
/// When it cannot be started.
#[cfg(not(unix))]
pub fn run(mut command: Command) -> io::Result<ExitStatus> {
    command.status()
}

/// The exit code to end with when that program ended so.
pub fn code(status: ExitStatus) -> u8 {
    #[cfg(unix)]
    let signal = std::os::unix::process::ExitStatusExt::signal(&status).map(|signal| SIGNALED + signal);
    #[cfg(not(unix))]
    let signal = None;
    u8::try_from(status.code().or(signal).unwrap_or(1)).unwrap_or(1)
}

/// The id of whoever started this process, or of who has taken its place since it is gone.
#[cfg(unix)]
pub fn starter() -> Option<u32> {
    rustix::process::getppid().and_then(|id| u32::try_from(id.as_raw_nonzero().get()).ok())
}

/// Elsewhere nobody is told.
#[cfg(not(unix))]
pub fn starter() -> Option<u32> {
    None
}

/// Whether this is a pipe, or a connection, that nobody reads any more. Of anything else that is not known, and false.
#[cfg(unix)]
pub fn is_deserted(out: &impl std::os::fd::AsFd) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    // Nothing is asked for: that nobody is there is said always (poll(2)).
    let mut looked = [PollFd::new(out, PollFlags::empty())];
    let found = poll(&mut looked, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }));
    found.is_ok() && looked[0].revents().intersects(PollFlags::ERR | PollFlags::HUP)
}

/// Elsewhere whoever writes finds out.
#[cfg(not(unix))]
pub fn is_deserted<T>(_: &T) -> bool {
    false
}

/// Ends all that this process has started, with what they have started in turn, and does not wait for it. Each may tidy up:
/// it is a request (`SIGTERM`).
pub fn end_all() {
    end_below(std::process::id());
}

/// Ends a child with all that it has started, and waits for it alone.
pub fn end(child: &mut Child) {
    end_below(child.id());
    // Both fail only when it has ended already.
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(unix)]
fn end_below(id: u32) {
    use rustix::process::{Pid, Signal, kill_process};

    for id in below(id, &processes()) {
        if let Some(id) = i32::try_from(id).ok().and_then(Pid::from_raw) {
            // It may have ended just now.
            let _ = kill_process(id, Signal::TERM);
        }
    }
}

/// Elsewhere they find out by themselves, since nobody reads what they say.
#[cfg(not(unix))]
fn end_below(_: u32) {}

/// Every process by its id, with that of its parent.
#[cfg(target_os = "linux")]
fn processes() -> Vec<(u32, u32)> {
    let read = |entry: std::fs::DirEntry| {
        let id = entry.file_name().to_str()?.parse().ok()?;
        Some((id, parent(&std::fs::read_to_string(entry.path().join("stat")).ok()?)?))
    };
    std::fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(read).collect()
}

/// The parent in a line of `/proc/ID/stat`: it stands behind the name, which may have anything in it, and the state (proc(5)).
#[cfg(target_os = "linux")]
fn parent(stat: &str) -> Option<u32> {
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

/// Every process by its id, with that of its parent, as POSIX has it.
#[cfg(all(unix, not(target_os = "linux")))]
fn processes() -> Vec<(u32, u32)> {
    let listed =
        Command::new("ps").args(["-A", "-o", "pid=", "-o", "ppid="]).stdin(std::process::Stdio::null()).output();
    let text = listed.map(|listed| String::from_utf8_lossy(&listed.stdout).into_owned()).unwrap_or_default();
    let read = |line: &str| {
        let mut numbers = line.split_whitespace().map(str::parse);
        Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
    };
    text.lines().filter_map(read).collect()
}

/// All that a process has started, and what those have started in turn.
#[cfg(unix)]
fn below(id: u32, processes: &[(u32, u32)]) -> Vec<u32> {
    let mut found = vec![id];
    let mut at = 0;
    while let Some(above) = found.get(at).copied() {
        at += 1;
        let children = processes.iter().filter(|(child, parent)| *parent == above && !found.contains(child));
        let children: Vec<u32> = children.map(|(child, _)| *child).collect();
        found.extend(children);
    }
    found.split_off(1)
}

#[cfg(all(test, unix))]
mod tests {
    use super::{below, is_deserted};

    #[test]
    fn all_below_a_process_are_found_and_nobody_else() {
        let processes = [(1, 0), (7, 5), (5, 1), (6, 5), (9, 7), (8, 1), (0, 0), (10, 8)];
        for (id, found) in [(5, vec![7, 6, 9]), (9, vec![]), (8, vec![10]), (77, vec![])] {
            assert_eq!(below(id, &processes), found, "{id}");
        }
        assert_eq!(below(1, &[(2, 1), (1, 2)]), [2], "also where the list makes no sense");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_parent_is_read_whatever_the_name() {
        for (stat, expected) in
            [("12 (git) S 7 1 1", Some(7)), ("12 (a) b ) R 3) S 8 1", Some(8)), ("12 (git", None), ("", None)]
        {
            assert_eq!(super::parent(stat), expected, "{stat}");
        }
    }

    #[test]
    fn a_pipe_is_deserted_when_nobody_reads_it() {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        assert!(!is_deserted(&writer));
        drop(reader);
        assert!(is_deserted(&writer));
        assert!(!is_deserted(&tempfile::tempfile().expect("a temporary file")));
    }
}
