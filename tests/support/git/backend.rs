//! One request answered by the machine's git: `git http-backend`, or `git upload-pack` where that is not installed.
//!
//! Gives the answer as git makes it, unspoiled and unpaced. CGI by RFC 3875 and git-http-backend(1).

use std::{
    ffi::{OsStr, OsString},
    fs::{self, OpenOptions},
    io::{self, Read, Seek, Write},
    os::unix::ffi::OsStringExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
};

use tempfile::NamedTempFile;

use crate::{
    wire::Request,
    world::{own_group, plain_git},
};

/// The repositories below a root, and the git that serves them.
#[derive(Debug)]
pub(crate) struct Backend {
    root: PathBuf,
    has_cgi: bool,
    complaints: NamedTempFile,
}

/// An answer that git is still making.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) code: u16,
    pub(crate) headers: Vec<(String, String)>,
    stdout: ChildStdout,
    rest: Vec<u8>,
}

impl Backend {
    pub(crate) fn new(root: PathBuf) -> Self {
        let asked = plain_git(Path::new("/")).arg("--exec-path").output();
        let folder = asked.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
        let has_cgi = Path::new(&folder).join("git-http-backend").is_file();
        Self { root, has_cgi, complaints: NamedTempFile::new().expect("a temporary file can be made") }
    }

    /// What git said on standard error so far.
    pub(crate) fn complaints(&self) -> String {
        let bytes = fs::read(self.complaints.path()).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Starts git on a request, with a ref that it does not name. The child is the caller's to wait for; its output is not read yet.
    pub(crate) fn spawn(&self, request: &Request, user: Option<&str>, hidden: Option<&str>) -> io::Result<Child> {
        let (path, query) = request.split();
        let path = &decoded(below_root(path));
        let mut command = if self.has_cgi { self.cgi(request, path, query) } else { self.direct(request, path, query) };
        if let Some(user) = user {
            command.env("REMOTE_USER", user);
        }
        if let Some(hidden) = hidden {
            command.env("GIT_CONFIG_COUNT", "1").env("GIT_CONFIG_KEY_0", "transfer.hideRefs");
            command.env("GIT_CONFIG_VALUE_0", hidden);
        }
        if let Some(protocol) = request.header("Git-Protocol") {
            command.env("GIT_PROTOCOL", protocol);
        }
        // A file for stdin cannot block either side.
        let mut stdin = tempfile::tempfile()?;
        stdin.write_all(&if self.has_cgi { request.body.clone() } else { request.plain_body() })?;
        stdin.rewind()?;
        command.stdin(stdin).stdout(Stdio::piped());
        command.stderr(OpenOptions::new().append(true).open(self.complaints.path())?);
        own_group(&mut command);
        command.spawn()
    }

    /// The repository that a request is about, and the path that names it.
    pub(crate) fn place<'a>(&self, request: &'a Request) -> (PathBuf, &'a str) {
        let path = below_root(request.split().0);
        let repository = path.find(".git/").map_or(path, |at| &path[..at + 4]);
        (self.root.join(repository.trim_start_matches('/')), path)
    }

    /// Reads the head of the answer that a child makes.
    pub(crate) fn reply(&self, request: &Request, mut stdout: ChildStdout) -> io::Result<Reply> {
        if !self.has_cgi {
            return Ok(direct_reply(request, stdout));
        }
        let mut buffer = Vec::new();
        loop {
            let mut piece = [0; 4096];
            let count = stdout.read(&mut piece)?;
            buffer.extend_from_slice(&piece[..count]);
            let mut headers = [httparse::EMPTY_HEADER; 32];
            match httparse::parse_headers(&buffer, &mut headers).map_err(io::Error::other)? {
                httparse::Status::Complete((length, headers)) => {
                    let pair =
                        |h: &httparse::Header<'_>| (h.name.to_owned(), String::from_utf8_lossy(h.value).into_owned());
                    let mut headers: Vec<_> = headers.iter().map(pair).collect();
                    let status = headers.iter().position(|(name, _)| name.eq_ignore_ascii_case("Status"));
                    let status = status.map(|index| headers.remove(index).1);
                    let code = status.and_then(|value| value.split(' ').next()?.parse().ok()).unwrap_or(200);
                    headers.retain(|(name, _)| !name.eq_ignore_ascii_case("Content-Length"));
                    return Ok(Reply { code, headers, stdout, rest: buffer.split_off(length) });
                }
                httparse::Status::Partial if count > 0 => {}
                httparse::Status::Partial => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
    }

    fn cgi(&self, request: &Request, path: &OsStr, query: &str) -> Command {
        let mut command = plain_git(&self.root);
        command.arg("http-backend").env("GIT_PROJECT_ROOT", &self.root).env("GIT_HTTP_EXPORT_ALL", "1");
        command.env("PATH_INFO", path).env("QUERY_STRING", query).env("REQUEST_METHOD", &request.method);
        command.env("CONTENT_LENGTH", request.body.len().to_string());
        for (variable, name) in [("CONTENT_TYPE", "Content-Type"), ("HTTP_CONTENT_ENCODING", "Content-Encoding")] {
            if let Some(value) = request.header(name) {
                command.env(variable, value);
            }
        }
        command
    }

    fn direct(&self, request: &Request, path: &OsStr, query: &str) -> Command {
        let path = path.to_string_lossy();
        let repository = path.trim_end_matches("/info/refs").trim_end_matches("/git-upload-pack");
        let mut command = plain_git(&self.root);
        command.args(["upload-pack", "--stateless-rpc"]);
        if query.contains("service=git-upload-pack") && request.method == "GET" {
            command.arg("--advertise-refs");
        }
        command.arg(self.root.join(repository.trim_start_matches('/')));
        command
    }
}

impl Reply {
    /// The next bytes of the body; none at its end.
    pub(crate) fn piece(&mut self) -> io::Result<Vec<u8>> {
        if !self.rest.is_empty() {
            return Ok(std::mem::take(&mut self.rest));
        }
        let mut piece = vec![0; 1 << 16];
        let count = self.stdout.read(&mut piece)?;
        piece.truncate(count);
        Ok(piece)
    }
}

/// The path below the root. `/https://github.com/OWNER/NAME.git/…`, as prefix relays are asked, is without the host.
fn below_root(path: &str) -> &str {
    let Some((_, address)) = path.split_once("://") else { return path };
    address.find('/').map_or(path, |start| &address[start..])
}

/// A path as programs get it from servers (RFC 3875, 4.1.5): the bytes that were percent-encoded.
fn decoded(path: &str) -> OsString {
    let (mut bytes, mut rest) = (Vec::new(), path.as_bytes());
    while let [first, behind @ ..] = rest {
        let digits = behind.get(..2).filter(|_| *first == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &behind[2..] } else { behind };
    }
    OsString::from_vec(bytes)
}

fn direct_reply(request: &Request, stdout: ChildStdout) -> Reply {
    let version_2 = request.header("Git-Protocol").is_some_and(|protocol| protocol.contains("version=2"));
    let advertises = request.method == "GET";
    let kind = if advertises { "advertisement" } else { "result" };
    let headers = vec![("Content-Type".to_owned(), format!("application/x-git-upload-pack-{kind}"))];
    let rest = if advertises && !version_2 { b"001e# service=git-upload-pack\n0000".to_vec() } else { Vec::new() };
    Reply { code: 200, headers, stdout, rest }
}

#[cfg(test)]
mod tests {
    use super::{Backend, below_root};
    use crate::{git::answer::pack_ranges, history::History, wire::Request};

    #[test]
    fn a_prefix_relay_is_asked_for_a_whole_address() {
        assert_eq!(below_root("/https://github.com/a/b.git/info/refs"), "/a/b.git/info/refs");
        assert_eq!(below_root("/a/b.git/info/refs"), "/a/b.git/info/refs");
    }

    #[test]
    fn without_http_backend_upload_pack_answers_the_same() {
        let root = tempfile::tempdir().expect("a temporary folder can be made");
        let tip = History::small().write(root.path(), "a/b").tip();
        let packet = |line: &str| format!("{:04x}{line}", line.len() + 4);
        let want =
            format!("{}0001{}{}0000", packet("command=fetch"), packet(&format!("want {tip}\n")), packet("done\n"));
        for (version, method, target, body) in [
            ("version=0", "GET", "/a/b.git/info/refs?service=git-upload-pack", String::new()),
            ("version=2", "GET", "/a/b.git/info/refs?service=git-upload-pack", String::new()),
            ("version=2", "POST", "/a/b.git/git-upload-pack", want),
        ] {
            let kind = "application/x-git-upload-pack-request";
            let headers = [("Git-Protocol", version), ("Content-Type", kind)];
            let request = Request {
                method: method.to_owned(),
                target: target.to_owned(),
                headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
                body: body.into_bytes(),
            };
            let [with, without] = [true, false].map(|has_cgi| {
                let backend = Backend { has_cgi, ..Backend::new(root.path().to_owned()) };
                read(&backend, &request)
            });
            assert!(!with.is_empty() && with == without, "{version} {method}: {with:?} and {without:?}");
        }
    }

    /// The answer, less the progress that depends on the clock.
    fn read(backend: &Backend, request: &Request) -> Vec<u8> {
        let mut child = backend.spawn(request, None, None).expect("git can be started");
        let stdout = child.stdout.take().expect("stdout is a pipe");
        let mut reply = backend.reply(request, stdout).expect("git answers");
        let mut body = Vec::new();
        while let Some(piece) = reply.piece().ok().filter(|piece| !piece.is_empty()) {
            body.extend(piece);
        }
        child.wait().expect("a child of ours can be waited for");
        let pack = pack_ranges(&body);
        if pack.is_empty() { body } else { pack.into_iter().flat_map(|range| body[range].to_vec()).collect() }
    }
}
