//! How a server speaks, where that is not the way of the machine's git: older, narrower, or plain files.
//!
//! The machine's git answers behind it; requests are refused, and advertisements rewritten, as those servers do. Observed with
//! git 2.25.1 built from its sources, behind its own `git-http-backend`: it advertises [`GIT_2_25`], and to a request with a
//! capability, or an argument of `fetch`, that it has not advertised it sends an empty answer with status 200.

use std::{fs, path::Path};

use super::forgery::packet;
use crate::{
    wire::Request,
    world::{PATIENCE, plain_git, run},
};

/// What git 2.25.1 advertises in protocol v2.
pub const GIT_2_25: &[&str] = &["version 2", "agent=git/2.25.1", "ls-refs", "fetch=shallow", "server-option"];

/// A whole answer: status, headers, body.
type Whole = (u16, Vec<(String, String)>, Vec<u8>);

/// How a server speaks; by default as the machine's git does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dialect {
    /// The lines of its advertisement in protocol v2, which are all it understands.
    pub advertises: Option<Vec<String>>,
    /// The protocol that reaches its git, such as `version=1`; nothing where a proxy drops the header (`""`).
    pub protocol: Option<&'static str>,
    /// Gives out only what it advertises, and says this to others, `{}` being the object.
    pub only_tips: Option<&'static str>,
    /// Serves files, after `git update-server-info`.
    pub files: bool,
    /// Says `# service=…` before its advertisement, or does not.
    pub service_line: Option<bool>,
    /// The content types of its advertisements, and of its other answers.
    pub content_types: [Option<&'static str>; 2],
}

impl Dialect {
    /// A server that advertises and understands these lines.
    pub fn advertising(lines: &[&str]) -> Self {
        Self { advertises: Some(lines.iter().map(ToString::to_string).collect()), ..Self::default() }
    }

    /// The request as its git hears it.
    pub(super) fn heard(&self, request: &Request) -> Request {
        let mut request = request.clone();
        if let Some(protocol) = self.protocol {
            request.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("Git-Protocol"));
            if !protocol.is_empty() {
                request.headers.push(("Git-Protocol".to_owned(), protocol.to_owned()));
            }
        }
        request
    }

    /// What it answers without asking its git.
    pub(super) fn instead(&self, request: &Request, repository: &Path, path: &str) -> Option<Whole> {
        if self.files {
            return Some(file(request, repository, path));
        }
        if request.method != "POST" || !path.ends_with("/git-upload-pack") {
            return None;
        }
        let lines = lines(&request.plain_body());
        let kind = vec![("Content-Type".to_owned(), "application/x-git-upload-pack-result".to_owned())];
        if lines.iter().any(|line| !self.understands(line)) {
            return Some((200, kind, Vec::new()));
        }
        let tips = self.only_tips.map(|said| (said, tips(repository)));
        let (said, tips) = tips?;
        let wanted = lines.iter().filter_map(|line| line.strip_prefix("want "));
        let other = wanted.map(|oid| oid.split(' ').next().unwrap_or_default()).find(|oid| !tips.contains(*oid))?;
        Some((200, kind, packet(&format!("ERR {}\n", said.replace("{}", other)))))
    }

    /// Whether its answer to this request differs from its git's.
    pub(super) fn changes(&self, request: &Request) -> bool {
        let advertises = request.method == "GET";
        match advertises {
            true => self.advertises.is_some() || self.service_line.is_some() || self.content_types[0].is_some(),
            false => self.content_types[1].is_some(),
        }
    }

    /// Its headers, and the whole of its answer, for what its git has answered.
    pub(super) fn said(
        &self,
        request: &Request,
        headers: &[(String, String)],
        body: &[u8],
    ) -> (Vec<(String, String)>, Vec<u8>) {
        let advertises = request.method == "GET" && request.target.contains("service=git-upload-pack");
        let mut headers = headers.to_vec();
        if let Some(kind) = self.content_types[usize::from(!advertises)] {
            headers.retain(|(name, _)| !name.eq_ignore_ascii_case("Content-Type"));
            headers.push(("Content-Type".to_owned(), kind.to_owned()));
        }
        if !advertises {
            return (headers, body.to_vec());
        }
        let service = [&packet("# service=git-upload-pack\n")[..], b"0000"].concat();
        let own = body.strip_prefix(service.as_slice()).unwrap_or(body);
        let own = match &self.advertises {
            Some(lines) if own.starts_with(b"000eversion 2\n") => {
                let packets = lines.iter().flat_map(|line| packet(&format!("{line}\n")));
                packets.chain(*b"0000").collect()
            }
            _ => own.to_vec(),
        };
        let with_service = self.service_line.unwrap_or_else(|| body.starts_with(&service));
        (headers, if with_service { [service, own].concat() } else { own })
    }

    /// Whether a line of a request is one that it has advertised.
    fn understands(&self, line: &str) -> bool {
        let Some(lines) = &self.advertises else { return true };
        let has = |name: &str| lines.iter().any(|line| line.split('=').next() == Some(name));
        let fetch = lines.iter().find_map(|line| line.strip_prefix("fetch=")).unwrap_or_default();
        match line.split(['=', ' ']).next().unwrap_or_default() {
            "command" => has(line.trim_start_matches("command=")),
            name @ ("agent" | "object-format" | "server-option" | "session-id") => has(name),
            "shallow" | "deepen" | "deepen-since" | "deepen-not" | "deepen-relative" => {
                fetch.split(' ').any(|word| word == "shallow")
            }
            "want-ref" => fetch.split(' ').any(|word| word == "ref-in-want"),
            name @ ("filter" | "wait-for-done" | "sideband-all" | "packfile-uris") => {
                fetch.split(' ').any(|word| word == name)
            }
            "unborn" => lines.iter().any(|line| line == "ls-refs=unborn"),
            _ => true,
        }
    }
}

/// The lines of a request.
fn lines(body: &[u8]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut at = 0;
    while let Some(head) = body.get(at..at + 4) {
        let length = std::str::from_utf8(head).ok().and_then(|digits| usize::from_str_radix(digits, 16).ok());
        let Some(length) = length else { break };
        if length > 4 {
            let line = body.get(at + 4..at + length).unwrap_or_default();
            lines.push(String::from_utf8_lossy(line).trim_end().to_owned());
        }
        at += length.max(4);
    }
    lines
}

/// What a repository advertises.
fn tips(repository: &Path) -> String {
    let mut command = plain_git(repository);
    command.args(["for-each-ref", "--format=%(objectname)"]);
    run(command, PATIENCE).ok().stdout
}

/// A file of a repository, as any web server gives it.
fn file(request: &Request, repository: &Path, path: &str) -> Whole {
    let none = (404, vec![("Content-Type".to_owned(), "text/html".to_owned())], b"<h1>Not found</h1>".to_vec());
    let name = path.split_once(".git/").map_or("", |(_, name)| name);
    if request.method != "GET" || name.contains("..") {
        return none;
    }
    let kind = if name == "info/refs" { "text/plain" } else { "application/octet-stream" };
    match fs::read(repository.join(name)) {
        Ok(bytes) => (200, vec![("Content-Type".to_owned(), kind.to_owned())], bytes),
        Err(_) => none,
    }
}

#[cfg(test)]
mod tests {
    use super::{Dialect, GIT_2_25, lines, packet};
    use crate::wire::Request;
    use std::path::Path;

    #[test]
    fn an_old_server_dies_of_what_it_has_not_advertised() {
        let old = Dialect::advertising(GIT_2_25);
        for (said, dies) in [
            (&["command=ls-refs", "agent=git/2.47", "peel"][..], false),
            (&["command=ls-refs", "object-format=sha1"], true),
            (&["command=fetch", "want 7e17", "deepen 1", "done"], false),
            (&["command=fetch", "want 7e17", "filter blob:none", "done"], true),
            (&["command=fetch", "want 7e17", "wait-for-done"], true),
            (&["command=object-info", "size"], true),
        ] {
            let body: Vec<u8> = said.iter().flat_map(|line| packet(&format!("{line}\n"))).chain(*b"0000").collect();
            assert_eq!(lines(&body), said);
            let target = "/a/b.git/git-upload-pack".to_owned();
            let request = Request { method: "POST".to_owned(), target: target.clone(), headers: Vec::new(), body };
            let answer = old.instead(&request, Path::new("/"), &target);
            assert_eq!(answer.map(|(status, _, body)| (status, body)), dies.then(|| (200, Vec::new())), "{said:?}");
        }
    }

    #[test]
    fn an_advertisement_is_the_lines_that_were_asked_for() {
        let request = Request {
            method: "GET".to_owned(),
            target: "/a/b.git/info/refs?service=git-upload-pack".to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        };
        let own = b"000eversion 2\n0014agent=git/2.47.3\n0000";
        for (service_line, begins) in
            [(None, "000eversion"), (Some(true), "001e# service="), (Some(false), "000eversion")]
        {
            let dialect = Dialect { service_line, ..Dialect::advertising(GIT_2_25) };
            let (_, body) = dialect.said(&request, &[], own);
            let text = String::from_utf8(body).expect("text");
            assert!(text.starts_with(begins) && text.ends_with("0012server-option\n0000"), "{text}");
        }
    }
}
