//! A stream that remembers its fault: what reads it wraps errors until they cannot be recognized.

use std::io::{self, BufRead, BufReader, Read};

use mirror_config::errors::Fault;

/// The stream.
pub(crate) struct Watched<R> {
    inner: BufReader<R>,
    fault: Option<Fault>,
}

impl<R: Read> Watched<R> {
    pub(crate) fn new(inner: R) -> Self {
        Self { inner: BufReader::with_capacity(0x1_0000, inner), fault: None }
    }

    /// The stream's own fault, or else that its content is at fault.
    pub(crate) fn fault_or(&mut self, why: &str) -> Fault {
        tracing::debug!(why, "the pack was not read to its end");
        self.fault.take().unwrap_or_else(|| match why {
            full if full.contains("No space left") || full.contains("temporary") || full.contains("persist") => {
                Fault::Local(full.to_owned())
            }
            _ => Fault::Corrupt("a damaged pack".to_owned()),
        })
    }

    /// What was read ahead.
    pub(crate) fn buffered(&self) -> &[u8] {
        self.inner.buffer()
    }

    /// An empty pack has a trailer as well, which nobody reads for us.
    pub(crate) fn skip_trailer(&mut self) -> Result<(), Fault> {
        io::copy(self, &mut io::sink()).map(|_| ()).map_err(|error| Fault::from_io(&error))
    }

    /// Behind the pack there must be nothing.
    pub(crate) fn finish(&mut self) -> Result<(), Fault> {
        match self.fill_buf() {
            Ok([]) => Ok(()),
            Ok(_) => Err(Fault::TooLarge),
            Err(error) => Err(Fault::from_io(&error)),
        }
    }
}
impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if let Some(fault) = &self.fault {
            return Err(fault.clone().into());
        }
        self.inner.read(buf).inspect_err(|error| self.fault = Some(Fault::from_io(error)))
    }
}

impl<R: Read> BufRead for Watched<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        // Asked again after an error, a stream may say something else; the first word counts.
        if let Some(fault) = &self.fault {
            return Err(fault.clone().into());
        }
        match self.inner.fill_buf() {
            Err(error) => {
                self.fault = Some(Fault::from_io(&error));
                Err(error)
            }
            Ok(_) => Ok(self.inner.buffer()),
        }
    }

    fn consume(&mut self, amount: usize) {
        self.inner.consume(amount);
    }
}
