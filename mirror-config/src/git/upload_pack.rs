//! What a client says to `git upload-pack` in protocol v2, and what it hears (gitprotocol-v2).
//!
//! Requests are values, apart from sending them; [`Session`] sends them to one place over HTTP. Which place, and
//! whether to believe it, is decided elsewhere.

use std::{io::Read, sync::Arc, time::Duration};

use super::{
    advertisement::Advertisement,
    pack_stream::{PackStream, refusal},
    pkt_line::{LONGEST_LINE, Packet, Packets},
};
use crate::{
    errors::Fault,
    message::redact,
    model::{Address, Oid, Ref},
    select::Source,
    transport::http::{Body, Cancel, Http, Patience, Request, git_agent, limits},
};

/// The body of an `ls-refs` request; without prefixes all refs are meant.
pub fn ls_refs(object_format: &str, prefixes: &[&[u8]]) -> Vec<u8> {
    let mut arguments = vec![b"peel".to_vec(), b"symrefs".to_vec()];
    arguments.extend(prefixes.iter().map(|prefix| [b"ref-prefix ", *prefix].concat()));
    command("ls-refs", object_format, &arguments)
}

/// A `fetch` request of our own.
#[derive(Debug, Clone, Default)]
pub struct Fetch<'a> {
    /// Objects wanted with all that they reach.
    pub wants: &'a [Oid],
    /// Objects had with all that they reach.
    pub haves: &'a [Oid],
    /// A filter such as `tree:0`; the server must have advertised it.
    pub filter: Option<&'a str>,
    /// Only this many commits deep.
    pub depth: Option<u32>,
    /// Objects of the pack may be deltas against what is had.
    pub thin: bool,
    /// Ask what is common and send no pack (`wait-for-done`, which the server must have advertised).
    pub only_negotiate: bool,
}

impl Fetch<'_> {
    /// The body of the request.
    pub fn request(&self, object_format: &str) -> Vec<u8> {
        let mut arguments = vec!["ofs-delta".to_owned(), "no-progress".to_owned()];
        arguments.extend(self.thin.then(|| "thin-pack".to_owned()));
        // A filtered pack is asked for to count or to prove, where tags are in the way.
        if self.filter.is_none() {
            arguments.push("include-tag".to_owned());
        }
        arguments.extend(self.depth.map(|depth| format!("deepen {depth}")));
        arguments.extend(self.filter.map(|filter| format!("filter {filter}")));
        arguments.extend(self.wants.iter().map(|oid| format!("want {oid}")));
        arguments.extend(self.haves.iter().map(|oid| format!("have {oid}")));
        arguments.push(if self.only_negotiate { "wait-for-done" } else { "done" }.to_owned());
        let arguments: Vec<Vec<u8>> = arguments.into_iter().map(String::into_bytes).collect();
        command("fetch", object_format, &arguments)
    }
}

fn command(name: &str, object_format: &str, arguments: &[Vec<u8>]) -> Vec<u8> {
    let mut body = Vec::new();
    let mut line =
        |text: String| Packet::Data(text.as_bytes()).write(&mut body).expect("a line of a request fits a packet");
    line(format!("command={name}\n"));
    line(format!("agent={}\n", git_agent()));
    line(format!("object-format={object_format}\n"));
    Packet::Delimiter.write(&mut body).expect("memory");
    for argument in arguments {
        Packet::Data(&[argument.as_slice(), b"\n"].concat())
            .write(&mut body)
            .expect("a line of a request fits a packet");
    }
    Packet::Flush.write(&mut body).expect("memory");
    body
}

/// A source that answers like a git server, with its advertisement already read. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Session {
    http: Http,
    base: Address,
    cancel: Cancel,
    /// Who that is.
    pub source: Arc<Source>,
    /// What it can do.
    pub advertisement: Advertisement,
    /// From the start of the first request to the head of its answer, connection included.
    pub first_byte: Duration,
}

impl Session {
    /// Asks a source for the advertisement of the repository at its address.
    ///
    /// # Errors
    ///
    /// The [`Fault`] of the request; [`Fault::NotAMirror`] when the answer is not one of git's.
    pub fn open(http: &Http, source: &Source, patience: Patience) -> Result<Self, Fault> {
        let address = below(&source.address, "info/refs", Some("service=git-upload-pack"));
        let request = Request::get(address, &source.route, patience).to(&source.name);
        let request = request.header("git-protocol", "version=2");
        let answer = http.send(&request)?;
        if answer.content_type != "application/x-git-upload-pack-advertisement" {
            return Err(Fault::NotAMirror(format!("its answer is `{}`", redact::controls(&answer.content_type))));
        }
        let base = redirected(&source.address, &answer.address)?;
        let first_byte = answer.first_byte;
        let advertisement = Advertisement::read(&mut Packets::new(answer.body.take(limits::GIT_PREAMBLE)))?;
        let (http, source, cancel) = (http.clone(), Arc::new(source.clone()), Cancel::default());
        Ok(Self { http, source, base, cancel, advertisement, first_byte })
    }

    /// The same, for requests that `cancel` ends early.
    pub fn until(&self, cancel: &Cancel) -> Self {
        Self { cancel: cancel.clone(), ..self.clone() }
    }

    /// Sends one command and hands back its answer as it arrives.
    ///
    /// # Errors
    ///
    /// The [`Fault`] of the request; [`Fault::NotAMirror`] for another content type.
    pub fn command(&self, body: Vec<u8>, patience: Patience) -> Result<Body, Fault> {
        let request = Request::get(below(&self.base, "git-upload-pack", None), &self.source.route, patience)
            .to(&self.source.name)
            .post(body)
            .header("git-protocol", "version=2")
            .header("content-type", "application/x-git-upload-pack-request")
            .header("accept", "application/x-git-upload-pack-result")
            .until(&self.cancel);
        let answer = self.http.send(&request)?;
        match answer.content_type.as_str() {
            "application/x-git-upload-pack-result" => Ok(answer.body),
            other => Err(Fault::NotAMirror(format!("its answer is `{}`", redact::controls(other)))),
        }
    }

    /// Lists refs.
    ///
    /// # Errors
    ///
    /// The [`Fault`] of the request; [`Fault::NotAMirror`] for a line that is no ref.
    pub fn refs(&self, prefixes: &[&[u8]], patience: Patience) -> Result<Vec<Ref>, Fault> {
        self.refs_within(limits::REFS, prefixes, patience)
    }

    /// The same with another limit of bytes.
    ///
    /// # Errors
    ///
    /// As there, and [`Fault::TooLarge`] beyond it.
    pub fn refs_within(&self, limit: u64, prefixes: &[&[u8]], patience: Patience) -> Result<Vec<Ref>, Fault> {
        let body = self.command(ls_refs(self.advertisement.object_format(), prefixes), patience)?;
        read_refs_within(limit, body)
    }

    /// Sends a `fetch` and finds the beginning of its pack.
    ///
    /// # Errors
    ///
    /// [`Fault::Missing`] when the place has not got a wanted object, else the [`Fault`] of the request.
    pub fn fetch(&self, fetch: &Fetch<'_>, patience: Patience) -> Result<PackStream<Body>, Fault> {
        let body = self.command(fetch.request(self.advertisement.object_format()), patience)?;
        let mut stream = PackStream::open(body, fetch.depth.is_some())?;
        stream.when_alive(self.sign_of_life());
        Ok(stream)
    }

    /// What is to be done when it says, while it is waited for, that it is alive and no more.
    pub fn sign_of_life(&self) -> impl Fn() + Send + 'static {
        let http = self.http.clone();
        move || http.alive()
    }

    /// Which of `haves` the place has as well.
    ///
    /// # Errors
    ///
    /// The [`Fault`] of the request; [`Fault::Missing`] when it has not got a wanted object.
    pub fn common(&self, wants: &[Oid], haves: &[Oid], patience: Patience) -> Result<Vec<Oid>, Fault> {
        let fetch = Fetch { wants, haves, only_negotiate: true, ..Fetch::default() };
        let body = self.command(fetch.request(self.advertisement.object_format()), patience)?;
        let mut packets = Packets::new(body.take(limits::REFS));
        let mut common = Vec::new();
        while let Some(packet) = packets.next_packet().map_err(|error| Fault::from_io(&error))? {
            let Some(text) = packet.text() else { break };
            if let Some(said) = text.strip_prefix("ERR ") {
                return Err(refusal(said));
            }
            common.extend(text.strip_prefix("ACK ").and_then(|oid| oid.parse().ok()));
        }
        Ok(common)
    }
}

/// Reads the answer to `ls-refs`.
///
/// # Errors
///
/// [`Fault::NotAMirror`] for a line that is no ref, [`Fault::Cut`] where the closing flush is missing,
/// [`Fault::TooLarge`] for more than memory should hold.
pub fn read_refs(from: impl Read) -> Result<Vec<Ref>, Fault> {
    read_refs_within(limits::REFS, from)
}

fn read_refs_within(limit: u64, from: impl Read) -> Result<Vec<Ref>, Fault> {
    let mut packets = Packets::new(from);
    let mut refs = Vec::new();
    let mut read = 0;
    loop {
        if read > limit {
            return Err(Fault::TooLarge);
        }
        let packet = packets.next_packet().map_err(|error| Fault::from_io(&error))?.ok_or(Fault::Cut)?;
        let Some(line) = packet.line() else { return Ok(refs) };
        read += line.len() as u64;
        match line.strip_prefix(b"ERR ") {
            Some(said) => return Err(refusal(&String::from_utf8_lossy(said))),
            None if line.len() > LONGEST_LINE => return Err(Fault::TooLarge),
            None => refs.push(Ref::read(line).ok_or_else(|| Fault::NotAMirror("a line that is no ref".to_owned()))?),
        }
    }
}

/// `address/path?query`; a query of the address itself stays in front.
fn below(address: &Address, path: &str, query: Option<&str>) -> Address {
    let mut url = address.expose().clone();
    let joined = format!("{}/{path}", url.path().trim_end_matches('/'));
    url.set_path(&joined);
    if let Some(query) = query {
        let all = url.query().map_or_else(|| query.to_owned(), |own| format!("{own}&{query}"));
        url.set_query(Some(&all));
    }
    url.into()
}

/// The repository's address after a redirect of `info/refs`, by git's own rule (http.followRedirects=initial): only
/// what stands before `/info/refs` may have changed.
fn redirected(asked: &Address, answered: &Address) -> Result<Address, Fault> {
    let mut url = answered.expose().clone();
    let Some(path) = url.path().strip_suffix("/info/refs").map(str::to_owned) else {
        return Err(Fault::Redirect(answered.to_string()));
    };
    url.set_path(&path);
    url.set_query(asked.expose().query());
    Ok(url.into())
}

#[cfg(test)]
mod tests {
    use super::{Fetch, below, read_refs_within, redirected};
    use crate::{
        errors::Fault,
        git::{Packet, pkt_line::written},
    };

    #[test]
    fn a_list_of_refs_has_a_limit() {
        let line = b"7e1785e08e1fca2908ba6aefc65ce6b1adba7431 refs/heads/main\n";
        let bytes = written(&[Packet::Data(line), Packet::Data(line), Packet::Data(line), Packet::Flush]);
        assert_eq!(read_refs_within(200, &bytes[..]).map(|refs| refs.len()), Ok(3));
        assert_eq!(read_refs_within(100, &bytes[..]), Err(Fault::TooLarge));
    }

    #[test]
    fn a_request_says_what_was_meant() {
        let oid = "7e1785e08e1fca2908ba6aefc65ce6b1adba7431".parse().expect("an id");
        let body = Fetch { wants: &[oid], filter: Some("tree:0"), ..Fetch::default() }.request("sha1");
        let text = String::from_utf8(body).expect("text");
        assert!(
            text.contains("command=fetch\n") && text.contains("filter tree:0\n") && text.ends_with("0009done\n0000"),
            "{text}"
        );
    }

    #[test]
    fn addresses_are_joined_as_git_joins_them() {
        let address = "https://h.example/a/b.git/?k=v".parse().expect("a URL");
        let asked = below(&address, "info/refs", Some("service=git-upload-pack"));
        assert_eq!(asked.expose().as_str(), "https://h.example/a/b.git/info/refs?k=v&service=git-upload-pack");
        let moved = "https://n.example/x/info/refs?service=git-upload-pack".parse().expect("a URL");
        assert_eq!(redirected(&address, &moved).expect("moved").expose().as_str(), "https://n.example/x?k=v");
        assert!(redirected(&address, &"https://n.example/login".parse().expect("a URL")).is_err());
    }
}
