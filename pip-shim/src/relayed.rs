//! Running pip with the relay as its index. The relay ends with this process, and this process with pip.

use std::{
    collections::HashSet,
    ffi::OsString,
    path::Path,
    process::{Command, ExitCode, ExitStatus},
    sync::Arc,
    time::Instant,
};

use mirror_config::{
    blobs::Blobs,
    environment::Environment,
    failure::{Failure, Kind},
    packages::Packages,
    relay::{Relay, pip as routes},
    report::Report,
    select::Select,
};

use crate::{
    exec,
    pip_env::Change,
    plan::Authority,
    report::{note, warn},
};

/// The exit code of a program that a signal ended, as shells have it: this and the signal's number.
const SIGNALED: i32 = 128;

/// Runs it, and returns pip's exit code. `report` is finished and written.
///
/// # Errors
///
/// [`Kind::Io`] when the relay or pip cannot be started, else those of the configuration.
pub fn run(
    env: &Environment,
    pip: &Path,
    arguments: &[OsString],
    changes: &[Change],
    authority: &Authority,
    mut report: Report,
) -> Result<ExitCode, Failure> {
    let started = Instant::now();
    let io = |error: std::io::Error| Failure::new(Kind::Io, format!("the relay: {error}"));
    let select = Select::posing_as(env, &authority.agent)?;
    let blobs = Blobs::open(env).map_err(io)?;
    let packages = Arc::new(Packages::new(select, authority.index.clone(), blobs, HashSet::new()));
    let relay = Relay::start(env.state_dir().as_deref(), |address| routes::serve(Arc::clone(&packages), address));
    let relay = relay.map_err(io)?;

    let mut command = exec::command(env, pip, arguments, changes);
    command.env("PIP_INDEX_URL", routes::index(relay.address()));
    let ended = wait(command).map_err(|error| Failure::new(Kind::Io, format!("{}: {error}", pip.display())));
    drop(relay);

    let notices = packages.notices();
    packages.close(&mut report);
    report.seconds = started.elapsed().as_secs_f64();
    report.append(env, None);
    let status = ended?;
    for notice in &notices {
        if status.success() && notice.starts_with("mirror: error") {
            // pip found another way, such as an older version.
            tracing::debug!(notice, "in the end it went well");
        } else if notice.starts_with("mirror: ") {
            note(notice);
        } else {
            warn(notice);
        }
    }
    for source in &report.sources {
        if let Some(fault) = &source.why {
            warn(&format!("{}: {fault}; went on without it", source.name));
        }
    }
    Ok(ExitCode::from(code(status)))
}

/// Waits for pip to end. Signals of the terminal reach pip by themselves, and it decides; others are passed on.
#[cfg(unix)]
fn wait(mut command: Command) -> std::io::Result<ExitStatus> {
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

#[cfg(not(unix))]
fn wait(mut command: Command) -> std::io::Result<ExitStatus> {
    command.status()
}

fn code(status: ExitStatus) -> u8 {
    #[cfg(unix)]
    let signal = std::os::unix::process::ExitStatusExt::signal(&status).map(|signal| SIGNALED + signal);
    #[cfg(not(unix))]
    let signal = None;
    u8::try_from(status.code().or(signal).unwrap_or(1)).unwrap_or(1)
}
