//! From HTTP/1.1 to HTTP/2 without TLS, as RFC 7540, section 3.2, has it and libcurl asks for it.
//!
//! cargo opens two connections to a host and no more. With HTTP/2 all its requests share one and are under way at once;
//! without, they wait for each other. hyper has no upgrade, so the request that asks for it is written once more, as the
//! first stream of the new conversation, behind the client's own greeting.

use std::{convert::Infallible, io, pin::Pin, sync::Arc};

use hyper::{
    Request, Response, StatusCode,
    body::Incoming,
    header::{self, HeaderName, HeaderValue},
    server::conn::http2,
    service::service_fn,
    upgrade::{OnUpgrade, Upgraded},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, join, split};

use super::payload::Payload;

/// What a client of HTTP/2 sends first (RFC 9113, section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Bytes before the payload of a frame.
const FRAME_HEAD: usize = 9;
/// Largest frame that needs nobody's consent; greetings and heads are far smaller.
const LARGEST_FRAME: usize = 16_384;
/// The frame type of heads, with the flags for "ends the stream" and "ends the head".
const HEADERS: [u8; 2] = [0x1, 0x5];
/// Fields that are about the old connection.
const OLD: [HeaderName; 3] = [header::CONNECTION, header::UPGRADE, header::HOST];
/// The client's settings, which it repeats in its greeting.
const SETTINGS: &str = "http2-settings";

/// Answers the requests of the new conversation.
pub(super) type Answering = Arc<
    dyn Fn(Request<Incoming>) -> Pin<Box<dyn Future<Output = Result<Response<Payload>, Infallible>> + Send>>
        + Send
        + Sync,
>;

/// Whether the request asks for HTTP/2 on its connection.
pub(super) fn is_asked_for(request: &Request<Incoming>) -> bool {
    let wanted = request.headers().get(header::UPGRADE).is_some_and(|value| value.as_bytes() == b"h2c");
    wanted && request.headers().contains_key(SETTINGS) && first_stream(request).is_some()
}

/// Says yes, and goes on in HTTP/2 once that is said.
pub(super) fn accept(request: &mut Request<Incoming>, answering: Answering) -> Response<Payload> {
    let Some(first) = first_stream(request) else { return Response::new(Payload::default()) };
    let coming = hyper::upgrade::on(request);
    tokio::spawn(async move {
        if let Err(error) = go_on(coming, first, answering).await {
            tracing::debug!(%error, "a connection to the relay");
        }
    });
    let mut response = Response::new(Payload::default());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    response.headers_mut().insert(header::UPGRADE, HeaderValue::from_static("h2c"));
    response
}

async fn go_on(coming: OnUpgrade, first: Vec<u8>, answering: Answering) -> io::Result<()> {
    let upgraded: TokioIo<Upgraded> = TokioIo::new(coming.await.map_err(io::Error::other)?);
    let (mut reader, writer) = split(upgraded);
    // The preface and the client's settings, which come first in any case.
    let mut greeting = vec![0; PREFACE.len() + FRAME_HEAD];
    reader.read_exact(&mut greeting).await?;
    let head = &greeting[PREFACE.len()..];
    let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
    if !greeting.starts_with(PREFACE) || length > LARGEST_FRAME {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut settings = vec![0; length];
    reader.read_exact(&mut settings).await?;
    greeting.extend(settings);
    greeting.extend(first);
    let stream = join(io::Cursor::new(greeting).chain(reader), writer);
    let service = service_fn(move |request| answering(request));
    http2::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), service)
        .await
        .map_err(io::Error::other)
}

/// The request as the head of stream 1; `None` when it is too long for one frame.
fn first_stream(request: &Request<Incoming>) -> Option<Vec<u8>> {
    let host = request.headers().get(header::HOST).map_or(&b""[..], HeaderValue::as_bytes);
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let kept = request.headers().iter().filter(|(name, _)| !OLD.contains(name) && *name != SETTINGS);
    let fields = kept.map(|(name, value)| (name.as_str(), value.as_bytes()));
    frame(request.method().as_str(), path, host, fields)
}

fn frame<'a>(
    method: &'a str,
    path: &'a str,
    authority: &'a [u8],
    fields: impl Iterator<Item = (&'a str, &'a [u8])>,
) -> Option<Vec<u8>> {
    let mut block = Vec::new();
    let pseudo =
        [(":method", method.as_bytes()), (":scheme", b"http"), (":path", path.as_bytes()), (":authority", authority)];
    for (name, value) in pseudo.into_iter().chain(fields) {
        // Literal, not remembered (RFC 7541, section 6.2.2), so that both sides' tables stay as they are.
        block.push(0);
        string(&mut block, name.as_bytes());
        string(&mut block, value);
    }
    if block.len() > LARGEST_FRAME {
        return None;
    }
    let length = u32::try_from(block.len()).ok()?.to_be_bytes();
    let stream = 1_u32.to_be_bytes();
    Some([&length[1..], &HEADERS, &stream, &block].concat())
}

/// A string without Huffman code: its length as an integer of 7 bits and more (RFC 7541, section 5).
fn string(block: &mut Vec<u8>, text: &[u8]) {
    let mut length = text.len();
    if length < 127 {
        block.push(length as u8);
    } else {
        block.push(127);
        length -= 127;
        while length >= 128 {
            block.push((length % 128) as u8 | 128);
            length /= 128;
        }
        block.push(length as u8);
    }
    block.extend_from_slice(text);
}

#[cfg(test)]
mod tests {
    use super::{frame, string};

    #[test]
    fn lengths_are_written_as_the_rfc_has_them() {
        for (length, head) in [(0, vec![0]), (126, vec![126]), (127, vec![127, 0]), (1337, vec![127, 0xba, 0x09])] {
            let mut block = Vec::new();
            string(&mut block, &vec![b'x'; length]);
            assert_eq!(block[..head.len()], head, "{length}");
            assert_eq!(block.len(), head.len() + length);
        }
    }

    #[test]
    fn a_head_that_is_too_long_is_not_upgraded() {
        let long = vec![b'x'; 20_000];
        assert!(frame("GET", "/", b"h", [("a", long.as_slice())].into_iter()).is_none());
        let short = frame("GET", "/", b"h", std::iter::empty()).expect("it is short");
        assert_eq!(usize::from(short[2]), short.len() - 9);
        assert_eq!(short[3..9], [1, 5, 0, 0, 0, 1]);
    }
}
