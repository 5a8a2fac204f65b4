//! HTTP/1.1 on one connection, as far as the servers here need it: request heads and bodies in, answers out.
//!
//! What to answer is the servers' matter. Heads by httparse; chunks by RFC 9112, section 7.1.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    process::{Command, Stdio},
};

/// Heads and bodies beyond this are refused.
const LIMIT: usize = 1 << 30;

/// A request, read whole.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// As sent: path and query.
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    /// As sent, which may be gzip.
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// A header's value; names in any case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// The same request with another body, which is not coded.
    pub(crate) fn with_body(mut self, body: Vec<u8>) -> Self {
        self.body = body;
        self.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("Content-Encoding"));
        self
    }

    /// The path without the query, and the query.
    pub(crate) fn split(&self) -> (&str, &str) {
        self.target.split_once('?').unwrap_or((&self.target, ""))
    }

    /// The body with its gzip coding undone by the machine's `gzip`; as sent when there is no such program.
    pub(crate) fn plain_body(&self) -> Vec<u8> {
        if self.header("Content-Encoding").is_some_and(|coding| coding.contains("gzip")) {
            gunzip(&self.body).unwrap_or_else(|| self.body.clone())
        } else {
            self.body.clone()
        }
    }
}

/// A header's value; names in any case.
pub(crate) fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// Reads requests from a connection; keeps what came after the last one.
#[derive(Debug)]
pub(crate) struct Requests<'a> {
    stream: &'a TcpStream,
    buffer: Vec<u8>,
}

impl<'a> Requests<'a> {
    pub(crate) fn new(stream: &'a TcpStream) -> Self {
        Self { stream, buffer: Vec::new() }
    }

    /// The next request, or nothing when the client is done.
    pub(crate) fn next(&mut self) -> io::Result<Option<Request>> {
        let Some((length, mut request)) = self.head()? else { return Ok(None) };
        self.buffer.drain(..length);
        if request.header("Expect").is_some() {
            self.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        if request.header("Transfer-Encoding").is_some_and(|coding| coding.contains("chunked")) {
            request.body = self.chunks()?;
        } else if let Some(length) = request.header("Content-Length") {
            let length = length.parse().map_err(io::Error::other)?;
            request.body = self.exactly(length)?;
        }
        Ok(Some(request))
    }

    fn head(&mut self) -> io::Result<Option<(usize, Request)>> {
        loop {
            let mut headers = [httparse::EMPTY_HEADER; 64];
            let mut parsed = httparse::Request::new(&mut headers);
            if let httparse::Status::Complete(length) = parsed.parse(&self.buffer).map_err(io::Error::other)? {
                let value =
                    |h: &httparse::Header<'_>| (h.name.to_owned(), String::from_utf8_lossy(h.value).into_owned());
                let request = Request {
                    method: parsed.method.unwrap_or_default().to_owned(),
                    target: parsed.path.unwrap_or_default().to_owned(),
                    headers: parsed.headers.iter().map(value).collect(),
                    body: Vec::new(),
                };
                return Ok(Some((length, request)));
            }
            if !self.more()? {
                return Ok(None);
            }
        }
    }

    fn chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            match httparse::parse_chunk_size(&self.buffer) {
                Ok(httparse::Status::Complete((line, size))) => {
                    self.buffer.drain(..line);
                    let size = usize::try_from(size).map_err(io::Error::other)?;
                    body.extend(self.exactly(size)?);
                    self.exactly(2)?;
                    if size == 0 {
                        return Ok(body);
                    }
                }
                Ok(httparse::Status::Partial) if self.more()? => {}
                _ => return Err(io::ErrorKind::InvalidData.into()),
            }
        }
    }

    fn exactly(&mut self, count: usize) -> io::Result<Vec<u8>> {
        while self.buffer.len() < count {
            if !self.more()? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(self.buffer.drain(..count).collect())
    }

    fn more(&mut self) -> io::Result<bool> {
        let mut piece = [0; 1 << 14];
        let count = self.stream.read(&mut piece)?;
        self.buffer.extend_from_slice(&piece[..count]);
        if self.buffer.len() > LIMIT { Err(io::ErrorKind::InvalidData.into()) } else { Ok(count > 0) }
    }
}

/// The head of an answer. Without a length the body is chunked.
pub(crate) fn answer_head(code: u16, headers: &[(String, String)], length: Option<usize>) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {code} {}\r\n", reason(code));
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += &match length {
        // RFC 9110, section 15.4.5: what is not modified has no body, and must not speak of one.
        _ if code == 304 => "\r\n".to_owned(),
        Some(length) => format!("Content-Length: {length}\r\n\r\n"),
        None => "Transfer-Encoding: chunked\r\n\r\n".to_owned(),
    };
    head.into_bytes()
}

/// One chunk; not for an empty one, which would end the body.
pub(crate) fn chunk(bytes: &[u8]) -> Vec<u8> {
    let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
    chunk.extend_from_slice(bytes);
    chunk.extend_from_slice(b"\r\n");
    chunk
}

fn reason(code: u16) -> &'static str {
    match code {
        200 => "OK",
        206 => "Partial Content",
        302 => "Found",
        304 => "Not Modified",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        416 => "Range Not Satisfiable",
        429 => "Too Many Requests",
        503 => "Service Unavailable",
        _ => "Status",
    }
}

fn gunzip(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut command = Command::new("gzip");
    command.arg("-dc").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().ok()?;
    let mut stdin = child.stdin.take().expect("stdin is a pipe");
    // Written from aside, for gzip may fill its output before it has read its input.
    let output = std::thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(bytes));
        child.wait_with_output()
    });
    output.ok().filter(|output| output.status.success()).map(|output| output.stdout)
}

/// What a client that knows a name and password sends as `Authorization` (RFC 7617).
pub(crate) fn basic_credentials(name: &str, password: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = "Basic ".to_owned();
    for group in format!("{name}:{password}").as_bytes().chunks(3) {
        let bits = group.iter().chain([&0; 2]).take(3).fold(0_usize, |bits, byte| (bits << 8) | usize::from(*byte));
        for place in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * place)) & 63];
            text.push(if place <= group.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{basic_credentials, gunzip};

    #[test]
    fn credentials_are_those_of_rfc_7617() {
        assert_eq!(basic_credentials("Aladdin", "open sesame"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    }

    #[test]
    fn what_is_not_gzip_is_left_alone() {
        assert_eq!(gunzip(b"plain"), None);
    }
}
