//! Conversations that git's own helper leads: push, which goes to upstream always, and protocol v0 and v1.
//!
//! From the first line on, everything git says goes to a child `git remote-https`, and everything the child says goes
//! to git. Mirrors have no part in it, so they see no credentials.

use std::{
    io::{self, BufRead, Write},
    process::Stdio,
};

use mirror_config::{
    failure::{Failure, Kind},
};

use crate::{child, context::Context};

/// Hands the conversation over, beginning with a line that was read already; returns the child's exit code.
///
/// # Errors
///
/// [`Kind::Transport`] when upstream is not reached by HTTP, [`Kind::Io`] when the child cannot be started.
pub fn hand_over(context: &Context, first: &str, stdin: &mut dyn BufRead) -> Result<u8, Failure> {
    let scheme = context.upstream.expose().scheme();
    if !matches!(scheme, "https" | "http") {
        return Err(Failure::new(Kind::Transport, format!("{}: upstreams over {scheme} take no push through `mirror::`", context.repository))
            .hint(format!("set the push address: git remote set-url --push {} {}", context.remote, context.upstream)));
    }
    let failed = |error: io::Error| Failure::new(Kind::Io, format!("`git remote-https`: {error}"));
    let mut child = child::remote_https(&context.env, &context.remote, &context.upstream)
        .stdin(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let Some(mut to_child) = child.stdin.take() else { return Err(failed(io::ErrorKind::BrokenPipe.into())) };
    let mut pumped = writeln!(to_child, "{first}").and_then(|()| to_child.flush());
    while pumped.is_ok() {
        let buffer = stdin.fill_buf().map_err(failed)?;
        if buffer.is_empty() {
            break;
        }
        let count = buffer.len();
        pumped = to_child.write_all(buffer).and_then(|()| to_child.flush());
        stdin.consume(count);
    }
    drop(to_child);
    let status = child.wait().map_err(failed)?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(128))
}
