//! The one HTTP client: who is believed, how long each phase may take, what is never sent.
//!
//! No credentials, no cookies, redirects only within a scheme, certificates always verified. Callers block; the
//! client's own runtime does the waiting. Other modules never name `reqwest`.

use std::{
    collections::HashMap,
    io::{self, Read},
    path::Path,
    sync::{Arc, Mutex, OnceLock},
    time::{Duration, Instant},
};

use bytes::Bytes;
use reqwest::{Client, ClientBuilder, redirect};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use tokio::runtime::Runtime;

use super::{
    cancel::Cancel,
    dropped::{Kept, is_dropped},
    family::Family,
    faults::{behind, fault_of},
    least_speed::LeastSpeed,
    patience::{Pace, Patience},
    request::Request,
    together::{Low, Together},
};
use crate::{
    errors::{Failure, Fault, Kind},
    model::Address,
    transport::{Outward, Route},
};

/// Redirects followed at most, as in git.
const REDIRECTS: usize = 5;
/// An answer has begun after so many bytes: servers send a few lines before they start to count objects.
const PREAMBLE: u64 = 512;
/// Longest wait for a connection, TLS included: as long as a silence is worth waiting for, and no less and no more than this
/// (curl's own limit). It is shared among the addresses of a host.
const CONNECT: [Duration; 2] = [Duration::from_secs(20), Duration::from_secs(300)];

/// An answer with a successful status, or 304 where the request had a condition.
#[derive(Debug)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// What names this content, for a condition later on.
    pub etag: Option<String>,
    /// Where it finally came from.
    pub address: Address,
    /// How many bytes the body has, where that is said.
    pub length: Option<u64>,
    /// The media type, in lower case and without parameters.
    pub content_type: String,
    /// From the start of the request to the head of the answer.
    pub first_byte: Duration,
    /// The body, to be read as it arrives.
    pub body: Body,
}

/// How a request is sent; each manner has a client of its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Manner {
    route: Route,
    tls: bool,
    /// Connections that are kept may not be used.
    fresh: bool,
    /// Answers that come at the same time have a connection each.
    apart: bool,
}

/// The client. Cheap to share; connections are kept for reuse.
#[derive(Debug, Clone)]
pub struct Http(pub(super) Arc<Inner>);

#[derive(Debug)]
pub(super) struct Inner {
    runtime: Runtime,
    clients: Mutex<HashMap<Manner, Client>>,
    kept: Kept,
    extra_roots: Vec<reqwest::Certificate>,
    /// The same in rustls' form.
    pub(super) extra_certificates: Vec<CertificateDer<'static>>,
    user_agent: String,
    family: OnceLock<Family>,
    together: Together,
}

impl Http {
    /// A client that believes the platform's roots, those of `ca_file` and those of the tool that it goes out for, calls itself
    /// as that does, and holds whom it waits for to the least speed.
    ///
    /// # Errors
    ///
    /// [`Kind::Config`] when the file cannot be read or is no PEM certificate.
    pub fn new(ca_file: Option<&Path>, outward: &Outward, least: LeastSpeed) -> Result<Self, Failure> {
        let (mut extra_roots, mut extra_certificates) = match ca_file {
            None => Default::default(),
            Some(path) => std::fs::read(path)
                .map_err(|error| error.to_string())
                .and_then(|pem| authorities(&pem))
                .map_err(|why| Failure::new(Kind::Config, format!("`tls.ca-file` {}: {why}", path.display())))?,
        };
        for (roots, certificates) in outward.pems().iter().filter_map(|pem| authorities(pem).ok()) {
            extra_roots.extend(roots);
            extra_certificates.extend(certificates);
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(|error| Failure::new(Kind::Io, format!("no thread for the network: {error}")))?;
        let (user_agent, clients, together) = (outward.agent.clone(), Mutex::default(), Together::new(least));
        let (family, kept) = (OnceLock::new(), Kept::default());
        let inner = Inner { runtime, clients, kept, extra_roots, extra_certificates, user_agent, family, together };
        Ok(Self(Arc::new(inner)))
    }

    /// Goes by these addresses alone from now on, to everybody. To be said before the first request, once.
    pub fn go_by(&self, family: Family) {
        // Said twice it is no other.
        let _ = self.0.family.set(family);
    }

    /// Has somebody know, once, when all who are waited for together bring too little.
    pub fn when_low(&self, tell: impl Fn(&Low) + Send + Sync + 'static) {
        self.0.together.tell(tell);
    }

    /// Somebody who is waited for said that it is alive, in bytes that mean nothing else.
    pub fn alive(&self) {
        self.0.together.alive();
    }

    /// Whether this program gets on: nobody is waited for as long as it takes, or something came a moment ago.
    pub fn gets_on(&self) -> bool {
        self.0.together.gets_on()
    }

    /// Sends a request and waits for the head of a successful answer.
    ///
    /// # Errors
    ///
    /// Any status but 2xx is a [`Fault`], as is everything that went wrong on the way.
    pub fn send(&self, request: &Request) -> Result<Response, Fault> {
        let (started, patience) = (Instant::now(), request.patience);
        // Asked afterwards: a connection may have been put aside while its first answer was still being read.
        let may_be_kept = || self.0.kept.may_be(&request.route, &request.address);
        let answer = match self.once(request, patience.head, false)? {
            Err(error) if is_dropped(&error) && may_be_kept() => {
                tracing::debug!(who = request.who, %error, "a kept connection was dropped");
                let left = match patience.head {
                    Patience::TOGETHER => Patience::TOGETHER,
                    head => head.saturating_sub(started.elapsed()),
                };
                self.once(request, left, true)?
            }
            answer => answer,
        };
        let answer = answer.map_err(|error| behind(&request.route, fault_of(&error)))?;
        // Whoever answers is alive, however few bytes that takes.
        self.alive();
        let address = Address::from(answer.url().clone());
        self.0.kept.note(&request.route, &request.address);
        self.0.kept.note(&request.route, &address);
        let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok());
        let unchanged = answer.status() == reqwest::StatusCode::NOT_MODIFIED;
        if !answer.status().is_success() && !unchanged {
            let retry_after = header("retry-after").and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs);
            return Err(match (answer.status().as_u16(), retry_after) {
                (404 | 410, _) => Fault::Missing,
                (407, _) => behind(&request.route, Fault::Proxy("it asks for credentials (HTTP 407)".to_owned())),
                (429 | 503, Some(wait)) => Fault::Busy(wait),
                (429, None) => Fault::Busy(Duration::from_secs(60)),
                (300..=399, _) => Fault::Redirect(header("location").map_or_else(String::new, crate::message::secrets)),
                (status, _) => Fault::Status(status),
            });
        }
        let content_type = header("content-type").unwrap_or_default();
        let content_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let length = answer.content_length();
        let (status, etag) = (answer.status().as_u16(), header("etag").map(str::to_owned));
        let first_byte = started.elapsed();
        let body = Body {
            http: self.clone(),
            answer,
            chunk: Bytes::new(),
            pace: Pace::new(patience),
            cancel: request.cancel.clone(),
            who: request.who.clone(),
            head: Instant::now(),
            arrived: 0,
            received: 0,
            limit: u64::MAX,
        };
        Ok(Response { status, etag, length, address, content_type, first_byte, body })
    }

    /// Sends a request, on a `fresh` connection or on any, and waits for the head of its answer.
    fn once(
        &self,
        request: &Request,
        longest: Duration,
        fresh: bool,
    ) -> Result<Result<reqwest::Response, reqwest::Error>, Fault> {
        let client = self.client(request, fresh)?;
        let url = request.address.expose().clone();
        let mut builder = match &request.body {
            None => client.get(url),
            Some(body) => client.post(url).body(body.clone()),
        };
        for (name, value) in &request.headers {
            builder = builder.header(*name, value);
        }
        self.wait(longest, (&request.who, &request.cancel), builder.send(), Fault::Timeout)
    }

    /// Waits for something from somebody, but not for longer than this, and not once it is canceled.
    pub(super) fn wait<T>(
        &self,
        longest: Duration,
        (who, cancel): (&str, &Cancel),
        what: impl Future<Output = T>,
        late: Fault,
    ) -> Result<T, Fault> {
        let held = async {
            match longest {
                Patience::TOGETHER => self.0.together.hold(who, what, late).await,
                longest => tokio::time::timeout(longest, what).await.map_err(|_| late),
            }
        };
        self.0.runtime.block_on(async {
            tokio::select! {
                biased;
                () = cancel.canceled() => Err(Fault::Canceled),
                done = held => done,
            }
        })
    }

    fn client(&self, request: &Request, fresh: bool) -> Result<Client, Fault> {
        let is_tls = |address: &Address| address.expose().scheme() == "https";
        let tls = is_tls(&request.address) || matches!(&request.route, Route::Through(proxy) if is_tls(proxy));
        let manner = Manner { route: request.route.clone(), tls, fresh, apart: request.apart };
        let mut clients = self.0.clients.lock().expect("nobody panics while holding it");
        if let Some(client) = clients.get(&manner) {
            return Ok(client.clone());
        }
        let client = self.build(&manner).map_err(|error| fault_of(&error))?;
        clients.insert(manner, client.clone());
        Ok(client)
    }

    /// What all clients have in common.
    pub(super) fn builder(&self, route: &Route) -> Result<ClientBuilder, reqwest::Error> {
        let builder = Client::builder()
            .user_agent(&self.0.user_agent)
            .connect_timeout(self.0.together.silence().clamp(CONNECT[0], CONNECT[1]))
            .local_address(self.0.family.get().map(|family| family.begins_at()))
            .tcp_nodelay(true)
            .referer(false)
            .redirect(redirect::Policy::custom(|attempt| {
                let same_scheme =
                    attempt.previous().first().is_some_and(|first| first.scheme() == attempt.url().scheme());
                if same_scheme && attempt.previous().len() <= REDIRECTS { attempt.follow() } else { attempt.stop() }
            }));
        Ok(match route {
            Route::Direct => builder.no_proxy(),
            Route::Through(proxy) => builder.proxy(reqwest::Proxy::all(proxy.expose().as_str())?),
        })
    }

    fn build(&self, manner: &Manner) -> Result<Client, reqwest::Error> {
        let mut builder = self.builder(&manner.route)?;
        if manner.fresh {
            builder = builder.pool_max_idle_per_host(0);
        }
        if manner.apart {
            builder = builder.http1_only();
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        if manner.tls {
            // Somebody else's earlier choice is as good as ours.
            let _ = rustls::crypto::CryptoProvider::install_default((*provider).clone());
            builder = builder.tls_certs_merge(self.0.extra_roots.clone());
        } else {
            // Redirects stay within a scheme, so plain http never needs the platform's roots; reading them takes
            // longer than a request on a local network.
            let config = rustls::ClientConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .expect("ring supports the default versions")
                .with_root_certificates(rustls::RootCertStore::empty())
                .with_no_client_auth();
            builder = builder.tls_backend_preconfigured(config);
        }
        builder.build()
    }
}

/// What arrives after the head of an answer. Errors carry a [`Fault`] inside (see [`Fault::from_io`]).
#[derive(Debug)]
pub struct Body {
    http: Http,
    answer: reqwest::Response,
    chunk: Bytes,
    pace: Pace,
    cancel: Cancel,
    who: String,
    /// When the head of the answer came.
    head: Instant,
    arrived: u64,
    received: u64,
    limit: u64,
}

impl Body {
    /// Bytes handed to the reader so far.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// Reads all of it, up to `limit` bytes.
    ///
    /// # Errors
    ///
    /// [`Fault::TooLarge`] past the limit, else what happened on the way.
    pub fn read_all(mut self, limit: u64) -> Result<Vec<u8>, Fault> {
        let mut bytes = Vec::new();
        self.by_ref().take(limit + 1).read_to_end(&mut bytes).map_err(|error| Fault::from_io(&error))?;
        if bytes.len() as u64 > limit { Err(Fault::TooLarge) } else { Ok(bytes) }
    }

    /// Takes no more than this many bytes; what goes on is [`Fault::TooLarge`].
    pub fn limit(&mut self, bytes: u64) {
        self.limit = bytes;
    }
}

impl Read for Body {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.received > self.limit {
            return Err(Fault::TooLarge.into());
        }
        while self.chunk.is_empty() {
            let patience = self.pace.patience;
            let begun = self.arrived > PREAMBLE;
            let (longest, late) = match begun {
                true => (patience.silence, Fault::Stalled),
                // Drop by drop is no better than nothing.
                false => (patience.first_byte, if self.arrived > 0 { Fault::Slow } else { Fault::Stalled }),
            };
            let longest = match longest {
                first if !begun && first != Patience::TOGETHER => first.saturating_sub(self.head.elapsed()),
                longest => longest,
            };
            match self.http.wait(longest, (&self.who, &self.cancel), self.answer.chunk(), late)? {
                Err(error) => return Err(fault_of(&error).into()),
                Ok(None) => return Ok(0),
                Ok(Some(bytes)) => {
                    if self.arrived <= PREAMBLE {
                        // Until now the server was looking, and its pace says nothing of the line.
                        self.pace = Pace::new(self.pace.patience);
                    }
                    self.http.0.together.received(bytes.len() as u64);
                    self.pace.note(bytes.len() as u64).map_err(io::Error::from)?;
                    self.arrived += bytes.len() as u64;
                    self.chunk = bytes;
                }
            }
        }
        let count = self.chunk.len().min(buf.len());
        buf[..count].copy_from_slice(&self.chunk.split_to(count));
        self.received += count as u64;
        Ok(count)
    }
}

/// The certificates of a file, in the forms that the two verifiers take.
fn authorities(pem: &[u8]) -> Result<(Vec<reqwest::Certificate>, Vec<CertificateDer<'static>>), String> {
    let roots = reqwest::Certificate::from_pem_bundle(pem).map_err(|error| error.to_string())?;
    let certificates = CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>();
    Ok((roots, certificates.map_err(|error| error.to_string())?))
}
