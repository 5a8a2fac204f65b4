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

/// Bytes that show what an answer of another content type is.
const FIRST_LINE: u64 = 128;

/// The body of an `ls-refs` request to this server; without prefixes all refs are meant. `unborn` asks for a HEAD without
/// commits as well, where the server can say that.
pub fn ls_refs(server: &Advertisement, prefixes: &[&[u8]], unborn: bool) -> Vec<u8> {
    let mut arguments = vec![b"peel".to_vec(), b"symrefs".to_vec()];
    let unborn = unborn && server.has_feature("ls-refs", "unborn");
    arguments.extend(unborn.then(|| b"unborn".to_vec()));
    arguments.extend(prefixes.iter().map(|prefix| [b"ref-prefix ", *prefix].concat()));
    command("ls-refs", server, &arguments)
}

/// A `fetch` request of our own.
#[derive(Debug, Clone, Default)]
pub struct Fetch<'a> {
    /// Objects wanted with all that they reach.
    pub wants: &'a [Oid],
    /// Objects had with all that they reach.
    pub haves: &'a [Oid],
    /// A filter such as `tree:0`, if the server can leave anything out.
    pub filter: Option<&'a str>,
    /// Only this many commits deep, if the server can do that.
    pub depth: Option<u32>,
    /// Objects of the pack may be deltas against what is had.
    pub thin: bool,
    /// Annotated tags come along with what they stand for.
    pub tags: bool,
    /// Ask what is common and send no pack (`wait-for-done`, which the server must have advertised).
    pub only_negotiate: bool,
}

impl Fetch<'_> {
    /// The body of the request to this server, which says nothing that the server has not advertised: git dies of a capability
    /// that it does not know (`serve.c`, up to 2.27 of `object-format` as well), and of an unknown argument of `fetch`.
    pub fn request(&self, server: &Advertisement) -> Vec<u8> {
        let can = |feature: &str| server.has_feature("fetch", feature);
        let mut arguments = vec!["ofs-delta".to_owned(), "no-progress".to_owned()];
        arguments.extend(self.thin.then(|| "thin-pack".to_owned()));
        arguments.extend(self.tags.then(|| "include-tag".to_owned()));
        arguments.extend(self.depth.filter(|_| can("shallow")).map(|depth| format!("deepen {depth}")));
        arguments.extend(self.filter.filter(|_| can("filter")).map(|filter| format!("filter {filter}")));
        arguments.extend(self.wants.iter().map(|oid| format!("want {oid}")));
        arguments.extend(self.haves.iter().map(|oid| format!("have {oid}")));
        arguments.push(if self.only_negotiate { "wait-for-done" } else { "done" }.to_owned());
        let arguments: Vec<Vec<u8>> = arguments.into_iter().map(String::into_bytes).collect();
        command("fetch", server, &arguments)
    }
}

fn command(name: &str, server: &Advertisement, arguments: &[Vec<u8>]) -> Vec<u8> {
    let mut body = Vec::new();
    let mut line =
        |text: String| Packet::Data(text.as_bytes()).write(&mut body).expect("a line of a request fits a packet");
    line(format!("command={name}\n"));
    if server.has("agent") {
        line(format!("agent={}\n", git_agent()));
    }
    if server.has("object-format") {
        line(format!("object-format={}\n", server.object_format()));
    }
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
    /// The [`Fault`] of the request; [`Fault::Dialect`] when the server speaks an older protocol, or serves plain files,
    /// [`Fault::NotAMirror`] when the answer is not one of git's.
    pub fn open(http: &Http, source: &Source, patience: Patience) -> Result<Self, Fault> {
        let address = below(&source.address, "info/refs", Some("service=git-upload-pack"));
        let request = Request::get(address, &source.route, patience).apart().to(&source.name);
        let request = request.header("git-protocol", "version=2");
        let answer = http.send(&request)?;
        if answer.content_type != "application/x-git-upload-pack-advertisement" {
            let mut head = Vec::new();
            // What cannot be read is no list either.
            let _ = answer.body.take(FIRST_LINE).read_to_end(&mut head);
            return Err(match is_list_of_files(&head) {
                true => Fault::Dialect("it serves plain files, which only git itself can fetch".to_owned()),
                false => Fault::NotAMirror(format!("its answer is `{}`", redact::controls(&answer.content_type))),
            });
        }
        let base = redirected(&source.address, &answer.address)?;
        let first_byte = answer.first_byte;
        let advertisement = Advertisement::read(&mut Packets::new(answer.body.take(limits::GIT_PREAMBLE)))?;
        let (http, source, cancel) = (http.clone(), Arc::new(source.clone()), Cancel::default());
        Ok(Self { http, source, base, cancel, advertisement, first_byte })
    }

    /// Where it has redirected us, if it has.
    pub fn redirected_to(&self) -> Option<&Address> {
        let path = |address: &Address| address.expose().path().trim_end_matches('/').to_owned();
        let same = self.base.expose().origin() == self.source.address.expose().origin()
            && path(&self.base) == path(&self.source.address);
        (!same).then_some(&self.base)
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
            .apart()
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
        let body = self.command(ls_refs(&self.advertisement, prefixes, false), patience)?;
        read_refs(body)
    }

    /// The same with another limit of bytes, and with a HEAD without commits where the place tells of such.
    ///
    /// # Errors
    ///
    /// As there, and [`Fault::TooLarge`] beyond it.
    pub fn refs_within(&self, limit: u64, prefixes: &[&[u8]], patience: Patience) -> Result<Vec<Ref>, Fault> {
        let body = self.command(ls_refs(&self.advertisement, prefixes, true), patience)?;
        read_refs_within(limit, body)
    }

    /// Sends a `fetch` and finds the beginning of its pack.
    ///
    /// # Errors
    ///
    /// [`Fault::Missing`] when the place has not got a wanted object, else the [`Fault`] of the request.
    pub fn fetch(&self, fetch: &Fetch<'_>, patience: Patience) -> Result<PackStream<Body>, Fault> {
        let body = self.command(fetch.request(&self.advertisement), patience)?;
        let mut stream = PackStream::open(body, fetch.depth.is_some())?;
        stream.when_alive(self.sign_of_life());
        Ok(stream)
    }

    /// Asks whether the place has these objects, with all that they reach; next to nothing is sent, since they are had as well.
    ///
    /// # Errors
    ///
    /// [`Fault::Missing`] when it has not got one of them, [`Fault::Shallow`] when its history is cut off somewhere, else the
    /// [`Fault`] of the request.
    pub fn has(&self, tips: &[Oid], patience: Patience) -> Result<(), Fault> {
        self.fetch(&Fetch { wants: tips, haves: tips, ..Fetch::default() }, patience).map(drop)
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
    /// The [`Fault`] of the request; [`Fault::Missing`] when it has not got a wanted object, [`Fault::Dialect`] where it
    /// cannot be asked without sending a pack.
    pub fn common(&self, wants: &[Oid], haves: &[Oid], patience: Patience) -> Result<Vec<Oid>, Fault> {
        if !self.advertisement.has_feature("fetch", "wait-for-done") {
            return Err(Fault::Dialect("it cannot be asked what is common".to_owned()));
        }
        let fetch = Fetch { wants, haves, only_negotiate: true, ..Fetch::default() };
        let body = self.command(fetch.request(&self.advertisement), patience)?;
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

/// Whether this is the beginning of `info/refs` as `git update-server-info` writes it: an id, a tab, the name of a ref
/// (gitrepository-layout(5), http-protocol: "Dumb Clients").
fn is_list_of_files(head: &[u8]) -> bool {
    let id = head.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    matches!(id, 40 | 64) && head[id..].starts_with(b"\trefs/")
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
    use super::{Fetch, below, ls_refs, read_refs_within, redirected};
    use crate::{
        errors::Fault,
        git::{Advertisement, Packet, Packets, pkt_line::written},
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
        let fetch = Fetch { wants: &[oid], filter: Some("tree:0"), depth: Some(1), ..Fetch::default() };
        // What servers of several ages and makes advertise, and what a request to each of them holds.
        for (lines, says, does_not) in [
            (
                &[
                    "version 2",
                    "agent=git/2.47.3",
                    "ls-refs=unborn",
                    "fetch=shallow wait-for-done filter",
                    "object-format=sha1",
                ][..],
                &["agent=git/", "object-format=sha1\n", "deepen 1\n", "filter tree:0\n"][..],
                &[][..],
            ),
            (
                &["version 2", "agent=git/2.25.1", "ls-refs", "fetch=shallow", "server-option"],
                &["agent=git/", "deepen 1\n"],
                &["object-format", "filter"],
            ),
            (
                &["version 2", "ls-refs", "fetch", "object-format=sha256"],
                &["object-format=sha256\n"],
                &["agent", "deepen", "filter"],
            ),
            (&["version 2", "fetch=filter"], &["filter tree:0\n"], &["agent", "deepen", "object-format"]),
        ] {
            let packets: Vec<Packet<'_>> = lines.iter().map(|line| Packet::Data(line.as_bytes())).collect();
            let bytes = written(&[&packets[..], &[Packet::Flush]].concat());
            let server = Advertisement::read(&mut Packets::new(&bytes[..])).expect("an advertisement");
            let text = String::from_utf8(fetch.request(&server)).expect("text");
            assert!(text.contains("command=fetch\n") && text.ends_with("0009done\n0000"), "{text}");
            assert!(says.iter().all(|word| text.contains(word)), "{lines:?}: {text}");
            assert!(!does_not.iter().any(|word| text.contains(word)), "{lines:?}: {text}");
            let text = String::from_utf8(ls_refs(&server, &[], false)).expect("text");
            assert!(!does_not.iter().any(|word| text.contains(word)), "{lines:?}: {text}");
        }
    }

    #[test]
    fn the_list_of_a_server_of_plain_files_is_known() {
        let id = "7e1785e08e1fca2908ba6aefc65ce6b1adba7431";
        for (head, is_list) in [
            (format!("{id}\trefs/heads/main\n"), true),
            (format!("{id}{}\trefs/tags/v1^{{}}\n", &id[..24]), true),
            (format!("{id} refs/heads/main\n"), false),
            (format!("{}\trefs/heads/main\n", &id[1..]), false),
            ("<html>".to_owned(), false),
            (String::new(), false),
        ] {
            assert_eq!(super::is_list_of_files(head.as_bytes()), is_list, "{head}");
        }
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
