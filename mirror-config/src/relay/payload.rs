//! What an answer carries: bytes at hand, or a file that is read as it is sent.

use std::{
    fs::File,
    io::Read,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

/// Bytes read from a file at a time.
const CHUNK: usize = 0x1_0000;

/// Content of a known size.
#[derive(Debug)]
pub struct Payload {
    bytes: Bytes,
    file: Option<File>,
    left: u64,
}

impl Default for Payload {
    fn default() -> Self {
        Self::from(Vec::new())
    }
}

impl From<Vec<u8>> for Payload {
    fn from(bytes: Vec<u8>) -> Self {
        Self { left: bytes.len() as u64, bytes: bytes.into(), file: None }
    }
}

impl Payload {
    /// So many bytes of a file, from where it stands.
    pub fn file(file: File, size: u64) -> Self {
        Self { bytes: Bytes::new(), file: Some(file), left: size }
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let chunk = match &mut self.file {
            None => std::mem::take(&mut self.bytes),
            Some(file) => {
                // A file of this machine, which was read a moment ago: waiting for it elsewhere would take longer.
                let mut chunk = vec![0; CHUNK];
                match file.read(&mut chunk) {
                    Ok(0) => return Poll::Ready(Some(Err(std::io::ErrorKind::UnexpectedEof.into()))),
                    Ok(count) => chunk.truncate(count),
                    Err(error) => return Poll::Ready(Some(Err(error))),
                }
                Bytes::from(chunk)
            }
        };
        self.left = self.left.saturating_sub(chunk.len() as u64);
        Poll::Ready(Some(Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
