//! Conversations that git's own helper leads: push, which goes to upstream always, protocol v0 and v1, and plain files.
//!
//! From the first line on, everything git says goes to a child `git remote-https`, and everything the child says goes
//! to git. Mirrors have no part in it, so they see no credentials.

use std::io::{self, BufRead, Write};

use mirror_config::{
    errors::{Failure, Kind},
    git::program::Credentials,
    system::child,
};

use super::listening::Listening;
use crate::{
    git::{Course, RemoteHttps, held_back::HeldBack},
    run::Run,
};

/// Hands the conversation over, to a child that has been asked something already or to a new one: the options that were heard
/// already, then a line that was read already, then whatever git says. Returns the child's exit code.
///
/// # Errors
///
/// [`Kind::Transport`] when upstream is not reached by HTTP, [`Kind::Io`] when the child cannot be started.
pub fn hand_over(run: &Run, git: &Listening, first: &[u8], leading: Option<Box<RemoteHttps>>) -> Result<u8, Failure> {
    let scheme = run.upstream.address.expose().scheme();
    if !matches!(scheme, "https" | "http") {
        return Err(Failure::new(
            Kind::Transport,
            format!("{}: upstreams over {scheme} take no push through `mirror::`", run.repository),
        )
        .hint(format!(
            "set the push address: git remote set-url --push {} {}",
            run.remote.display(),
            run.upstream.address
        )));
    }
    let failed = |error: io::Error| Failure::new(Kind::Io, format!("`git remote-https`: {error}"));
    let started = || RemoteHttps::start(run.gits_helper(Credentials::Users), false).map_err(|f| run.local(&f));
    let RemoteHttps { mut child, stdin: mut to_child, stdout: mut from_child, words } = match leading {
        Some(child) => *child,
        None => started()?,
    };
    let options = &run.options.lines;
    let lines = options.iter().map(Vec::as_slice).chain([first]);
    let opening = lines.flat_map(|line| [line, b"\n"]).collect::<Vec<_>>().concat();
    to_child.write_all(&opening).and_then(|()| to_child.flush()).map_err(failed)?;
    // The answers to the options were given already.
    for _ in options {
        from_child.read_until(b'\n', &mut Vec::new()).map_err(failed)?;
    }
    let mut course = Course::default();
    course.hear(&opening);
    let for_thread = git.clone();
    // The child may end while git waits for an answer, so nobody waits for this thread: it ends with the process.
    std::thread::spawn(move || {
        let mut stdin = io::stdin().lock();
        while let Ok(buffer) = stdin.fill_buf() {
            if buffer.is_empty() {
                // The child may be in the middle of something, and look at nothing else.
                if !course.has_ended() {
                    for_thread.has_gone();
                }
                break;
            }
            course.hear(buffer);
            if to_child.write_all(buffer).and_then(|()| to_child.flush()).is_err() {
                break;
            }
            let count = buffer.len();
            stdin.consume(count);
        }
    });
    let copied = copy_at_once(&mut from_child, &mut io::stdout().lock());
    if copied.is_err() {
        // Nobody listens any more.
        child::end(&mut child);
    }
    let status = child.wait().map_err(failed)?;
    words.iter().for_each(HeldBack::end);
    copied.map_err(failed)?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(128))
}

/// Copies without holding anything back: git waits for each answer before it says more.
fn copy_at_once(from: &mut impl BufRead, to: &mut impl Write) -> io::Result<()> {
    loop {
        let buffer = from.fill_buf()?;
        if buffer.is_empty() {
            return Ok(());
        }
        to.write_all(buffer)?;
        to.flush()?;
        let count = buffer.len();
        from.consume(count);
    }
}
