//! What stands between a client and a server: a TLS front with a certificate of the test's choice, and a SOCKS proxy.
//!
//! Both only carry bytes; what is said inside is the server's matter.

use std::{
    collections::VecDeque,
    io::{self, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::{
    RootCertStore, ServerConfig, ServerConnection, StreamOwned, pki_types::PrivateKeyDer, server::WebPkiClientVerifier,
};

/// How many authorities there are.
static AUTHORITIES: AtomicU32 = AtomicU32::new(0);

/// What is wrong with a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certificate {
    /// Nothing.
    Good,
    /// Its time is over.
    Expired,
    /// It is for another host.
    WrongName,
}

/// A loopback address that serves until it is dropped.
#[derive(Debug)]
pub(super) struct Listening {
    port: u16,
    stopping: Arc<AtomicBool>,
}

impl Listening {
    pub(super) fn start(serve: impl Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let stopping = Arc::new(AtomicBool::new(false));
        let (stop, serve) = (Arc::clone(&stopping), Arc::new(serve));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let serve = Arc::clone(&serve);
                // A client that does not believe us hangs up, and that is its right.
                thread::spawn(move || drop(serve(stream)));
            }
        });
        Self { port, stopping }
    }
}

impl Listening {
    /// Where it listens.
    pub(super) fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Relaxed);
        // Wakes the thread that accepts.
        drop(TcpStream::connect(("127.0.0.1", self.port)));
    }
}

/// TLS before a plain server.
#[derive(Debug)]
pub struct TlsFront {
    listening: Listening,
    authority: String,
}

impl TlsFront {
    /// Stands before the server at `http://127.0.0.1:PORT`, with a certificate by an authority of its own.
    ///
    /// # Panics
    ///
    /// When no certificate can be made.
    pub fn start(server: &str, certificate: Certificate) -> Self {
        let name = if certificate == Certificate::WrongName { "elsewhere.example" } else { "127.0.0.1" };
        Self::named(server, certificate, name)
    }

    /// The same, where the first connections wait so long before they begin with TLS.
    ///
    /// # Panics
    ///
    /// When no certificate can be made.
    pub fn slow(server: &str, times: &[Duration]) -> Self {
        let front = Arc::new(Self::start(server, Certificate::Good));
        let (authority, behind) = (front.authority.clone(), Arc::clone(&front));
        let times = Mutex::new(times.iter().copied().collect::<VecDeque<_>>());
        let listening = Listening::start(move |client| {
            let time = times.lock().expect("nobody panics while holding it").pop_front();
            thread::sleep(time.unwrap_or_default());
            splice(client, TcpStream::connect(("127.0.0.1", behind.port()))?)
        });
        Self { listening, authority }
    }

    /// The same, where connections are kept after an answer, and end without a word in the middle of the next request.
    ///
    /// # Panics
    ///
    /// When no certificate can be made.
    pub fn dropping(server: &str) -> Self {
        let (config, authority, _) = identity(Certificate::Good, "127.0.0.1", false);
        let server = server.trim_start_matches("http://").to_owned();
        let listening = Listening::start(move |client| {
            let mut tls =
                StreamOwned::new(ServerConnection::new(Arc::clone(&config)).map_err(io::Error::other)?, client);
            let mut plain = TcpStream::connect(&server)?;
            plain.write_all(&closing(&mut tls)?)?;
            plain.shutdown(Shutdown::Write)?;
            io::copy(&mut plain, &mut tls)?;
            tls.flush()?;
            tls.read_exact(&mut [0])
        });
        Self { listening, authority }
    }

    /// The same with a certificate for this name, for clients that come by a proxy which knows it.
    ///
    /// # Panics
    ///
    /// When no certificate can be made.
    pub fn named(server: &str, certificate: Certificate, name: &str) -> Self {
        let (config, authority, _) = identity(certificate, name, false);
        Self::serving(server, config, authority)
    }

    /// The same, where HTTP/2 is offered as well, in front of HTTP/1.1; who takes it is not understood.
    ///
    /// # Panics
    ///
    /// When no certificate can be made.
    pub fn offering_http2(server: &str) -> Self {
        let (config, authority, _) = identity(Certificate::Good, "127.0.0.1", false);
        let mut config = (*config).clone();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Self::serving(server, Arc::new(config), authority)
    }

    /// Stands before a server, and lets nobody in but who has a certificate of its own authority: that and its key, as PEM.
    ///
    /// # Panics
    ///
    /// When no certificate can be made.
    pub fn for_members(server: &str) -> (Self, String) {
        let (config, authority, member) = identity(Certificate::Good, "127.0.0.1", true);
        (Self::serving(server, config, authority), member)
    }

    fn serving(server: &str, config: Arc<ServerConfig>, authority: String) -> Self {
        let server = server.trim_start_matches("http://").to_owned();
        let listening = Listening::start(move |client| {
            let mut tls =
                StreamOwned::new(ServerConnection::new(Arc::clone(&config)).map_err(io::Error::other)?, client);
            // One request a connection, so that neither side has to be watched while the other speaks.
            let request = closing(&mut tls)?;
            let mut plain = TcpStream::connect(&server)?;
            plain.write_all(&request)?;
            let answer = closing(&mut plain)?;
            tls.write_all(&answer)?;
            io::copy(&mut plain, &mut tls).map(|_| ())
        });
        Self { listening, authority }
    }

    /// `https://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.listening.port)
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.listening.port
    }

    /// The certificate of the authority, as PEM.
    pub fn authority(&self) -> &str {
        &self.authority
    }
}

/// What a front shows, the certificate of its authority, and one of the same authority for a client with its key, who has to
/// show it where there are members.
pub(super) fn identity(certificate: Certificate, name: &str, members: bool) -> (Arc<ServerConfig>, String, String) {
    let key = KeyPair::generate().expect("a key");
    let mut authority = CertificateParams::new(Vec::new()).expect("no names are fine names");
    // By name alone it is known from the others.
    let number = AUTHORITIES.fetch_add(1, Ordering::Relaxed);
    authority.distinguished_name.push(DnType::CommonName, format!("an authority of a test, {number}"));
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_certificate = authority.self_signed(&key).expect("a certificate");
    let issuer = Issuer::new(authority, key);
    let mut leaf = CertificateParams::new(vec![name.to_owned()]).expect("a name");
    if certificate == Certificate::Expired {
        (leaf.not_before, leaf.not_after) = (date_time_ymd(2001, 1, 1), date_time_ymd(2002, 1, 1));
    }
    let leaf_key = KeyPair::generate().expect("a key");
    let signed = leaf.signed_by(&leaf_key, &issuer).expect("a certificate");
    let member_key = KeyPair::generate().expect("a key");
    let member = CertificateParams::new(vec!["member.example".to_owned()]).expect("a name");
    let member = member.signed_by(&member_key, &issuer).expect("a certificate");
    let member = format!("{}{}", member.pem(), member_key.serialize_pem());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("ring supports the default versions");
    let config = match members {
        true => {
            let mut roots = RootCertStore::empty();
            roots.add(authority_certificate.der().clone()).expect("a certificate of ours");
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            config.with_client_cert_verifier(verifier.expect("there is an authority"))
        }
        false => config.with_no_client_auth(),
    };
    let config = config
        .with_single_cert(vec![signed.der().clone()], PrivateKeyDer::Pkcs8(leaf_key.serialize_der().into()))
        .expect("a key that fits its certificate");
    (Arc::new(config), authority_certificate.pem(), member)
}

/// A request or answer up to its head, and its body where its length is known, with word that it is the last one.
fn closing(from: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        from.read_exact(&mut byte)?;
        bytes.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&bytes).into_owned();
    let length =
        head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    from.read_exact(&mut body)?;
    let (first, rest) = head.split_once("\r\n").unwrap_or((&head, ""));
    Ok([format!("{first}\r\nconnection: close\r\n{rest}").as_bytes(), &body].concat())
}

/// A SOCKS5 proxy (RFC 1928) that leads every name to one server, and remembers the names.
#[derive(Debug)]
pub struct SocksProxy {
    listening: Listening,
    asked: Arc<Mutex<Vec<String>>>,
}

impl SocksProxy {
    /// Leads to the server at `http://127.0.0.1:PORT`.
    pub fn start(server: &str) -> Self {
        let server = server.trim_start_matches("http://").to_owned();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let names = Arc::clone(&asked);
        let listening = Listening::start(move |mut client| {
            let mut greeting = [0; 2];
            client.read_exact(&mut greeting)?;
            let mut methods = vec![0; usize::from(greeting[1])];
            client.read_exact(&mut methods)?;
            if methods.contains(&0) {
                client.write_all(&[5, 0])?;
            } else {
                // RFC 1929; any name and password will do.
                client.write_all(&[5, 2])?;
                let mut part = [0; 2];
                client.read_exact(&mut part)?;
                client.read_exact(&mut vec![0; usize::from(part[1])])?;
                client.read_exact(&mut part[..1])?;
                client.read_exact(&mut vec![0; usize::from(part[0])])?;
                client.write_all(&[1, 0])?;
            }
            let mut request = [0; 4];
            client.read_exact(&mut request)?;
            let name = match request[3] {
                3 => {
                    let mut length = [0];
                    client.read_exact(&mut length)?;
                    let mut name = vec![0; usize::from(length[0])];
                    client.read_exact(&mut name)?;
                    String::from_utf8_lossy(&name).into_owned()
                }
                _ => return Err(io::ErrorKind::Unsupported.into()),
            };
            names.lock().expect("nobody panics while holding it").push(name);
            client.read_exact(&mut [0; 2])?;
            client.write_all(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 0])?;
            splice(client, TcpStream::connect(&server)?)
        });
        Self { listening, asked }
    }

    /// `socks5h://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("socks5h://127.0.0.1:{}", self.listening.port)
    }

    /// The names it was asked for.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("nobody panics while holding it").clone()
    }
}

fn splice(mut one: TcpStream, mut other: TcpStream) -> io::Result<()> {
    let (mut from_other, mut to_one) = (other.try_clone()?, one.try_clone()?);
    thread::spawn(move || {
        let copied = io::copy(&mut from_other, &mut to_one);
        drop(to_one.shutdown(Shutdown::Both));
        copied
    });
    io::copy(&mut one, &mut other)?;
    other.shutdown(Shutdown::Both)
}
