//! Another program that runs in our place while we serve it.

use std::{
    io,
    process::{Command, ExitStatus},
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

/// Has this process end when its parent does, in whatever way, also after this process has become another program.
/// Returns whether that parent, whose process id this is, is still there. Linux only (prctl(2), `PR_SET_PDEATHSIG`).
///
/// # Errors
///
/// Those of the system.
#[cfg(target_os = "linux")]
pub fn follow(parent: u32) -> io::Result<bool> {
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
