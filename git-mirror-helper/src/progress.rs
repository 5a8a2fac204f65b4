//! One line on a terminal while bytes arrive.

use std::{
    io::{self, Read},
    time::{Duration, Instant},
};

use mirror_config::report;

/// Between two updates of the line.
const EVERY: Duration = Duration::from_millis(200);

/// A stream that shows how it is getting on.
#[derive(Debug)]
pub struct Progress<'a, R> {
    inner: R,
    from: &'a str,
    shown: bool,
    started: Instant,
    last: Option<Instant>,
    bytes: u64,
}

impl<'a, R: Read> Progress<'a, R> {
    /// Shows the stream's progress, or not.
    pub fn new(inner: R, from: &'a str, shown: bool) -> Self {
        Self { inner, from, shown, started: Instant::now(), last: None, bytes: 0 }
    }

    fn line(&self) -> String {
        let rate = self.bytes as f64 / self.started.elapsed().as_secs_f64().max(0.001);
        format!("Receiving from {}: {} | {}/s", self.from, report::bytes(self.bytes), report::bytes(rate as u64))
    }
}

impl<R: Read> Read for Progress<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buf)?;
        self.bytes += count as u64;
        if self.shown && self.last.is_none_or(|last| last.elapsed() >= EVERY) {
            crate::report::redraw(&self.line());
            self.last = Some(Instant::now());
        }
        Ok(count)
    }
}

impl<R> Drop for Progress<'_, R> {
    fn drop(&mut self) {
        if self.last.is_some() {
            crate::report::redraw("");
        }
    }
}
