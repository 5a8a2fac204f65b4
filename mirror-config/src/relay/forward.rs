//! The relay as a proxy for what is not its own: it goes on by the way that the configuration names, and keeps the password.
//!
//! Whatever runs below cargo or pip sees its environment: build scripts, setup.py. A proxy's password in it would be theirs too.
//! So they are told of this one, with a word that opens nothing but this, and only while the command runs. `CONNECT` alone
//! (RFC 9110, section 9.3.6); what travels through is not looked at.

use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hasher},
    net::SocketAddr,
    sync::Arc,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use hyper::{
    Request, Response, StatusCode, Uri,
    body::Incoming,
    header::{self, HeaderValue},
};
use hyper_util::{
    client::legacy::connect::{
        HttpConnector,
        proxy::{SocksV5, Tunnel},
    },
    rt::TokioIo,
};
use percent_encoding::percent_decode_str;
use tokio::{io::copy_bidirectional, net::TcpStream};
use tower_service::Service;
use url::Url;

use super::payload::Payload;
use crate::transport::{Proxies, Route};

/// The user's name in the address of this proxy.
const NAME: &str = "mirror";

/// Which ways there are, and the word that opens them.
#[derive(Debug)]
pub struct Forward {
    proxies: Proxies,
    word: String,
}

type Failed = Box<dyn std::error::Error + Send + Sync>;

impl Forward {
    /// By these proxies; nobody but whom it is told to knows the word.
    pub fn new(proxies: Proxies) -> Self {
        // Its keys are the system's random numbers, another one each time.
        let half = || RandomState::new().build_hasher().finish();
        Self { proxies, word: format!("{:016x}{:016x}", half(), half()) }
    }

    /// The address of this proxy, for a relay that listens there.
    pub fn address(&self, relay: SocketAddr) -> String {
        format!("http://{NAME}:{}@{relay}", self.word)
    }

    /// Whether the request has the word with it.
    fn knows(&self, request: &Request<Incoming>) -> bool {
        let expected = basic(NAME, &self.word);
        request.headers().get(header::PROXY_AUTHORIZATION).is_some_and(|said| said.as_bytes() == expected.as_bytes())
    }

    async fn connect(&self, to: &Uri) -> Result<TcpStream, Failed> {
        let target: Uri = format!("https://{}", to.authority().ok_or("no host")?).parse()?;
        let mut connector = HttpConnector::new();
        connector.enforce_http(false);
        connector.set_nodelay(true);
        let stream = match self.proxies.route(&Url::parse(&target.to_string())?, None) {
            Route::Direct => connector.call(target).await?,
            Route::Through(proxy) => {
                let url = proxy.expose();
                let place: Uri =
                    format!("http://{}", &url[url::Position::BeforeHost..url::Position::AfterPort]).parse()?;
                let own = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
                let (user, password) = (own(url.username()), own(url.password().unwrap_or_default()));
                let known = !user.is_empty() || !password.is_empty();
                match url.scheme() {
                    "http" => {
                        let mut tunnel = Tunnel::new(with_port(place, 80)?, connector);
                        if known {
                            tunnel = tunnel.with_auth(HeaderValue::from_str(&basic(&user, &password))?);
                        }
                        tunnel.call(target).await?
                    }
                    "socks5" | "socks5h" => {
                        let mut socks =
                            SocksV5::new(with_port(place, 1080)?, connector).local_dns(url.scheme() == "socks5");
                        if known {
                            socks = socks.with_auth(user, password);
                        }
                        socks.call(target).await?
                    }
                    other => return Err(format!("no way through a proxy of {other}").into()),
                }
            }
        };
        Ok(stream.into_inner())
    }
}

/// Answers a `CONNECT`.
pub(super) async fn tunnel(forward: Option<Arc<Forward>>, mut request: Request<Incoming>) -> Response<Payload> {
    let status = |status: StatusCode| {
        let mut response = Response::new(Payload::default());
        *response.status_mut() = status;
        response
    };
    let Some(forward) = forward else { return status(StatusCode::METHOD_NOT_ALLOWED) };
    if !forward.knows(&request) {
        let mut response = status(StatusCode::PROXY_AUTHENTICATION_REQUIRED);
        response.headers_mut().insert(header::PROXY_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"relay\""));
        return response;
    }
    match forward.connect(request.uri()).await {
        Err(error) => {
            tracing::debug!(to = %request.uri(), error, "a tunnel");
            status(StatusCode::BAD_GATEWAY)
        }
        Ok(mut there) => {
            let here = hyper::upgrade::on(&mut request);
            tokio::spawn(async move {
                if let Ok(here) = here.await {
                    // Either side may hang up; the other one hears of it.
                    let _ = copy_bidirectional(&mut TokioIo::new(here), &mut there).await;
                }
            });
            status(StatusCode::OK)
        }
    }
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")))
}

fn with_port(place: Uri, port: u16) -> Result<Uri, Failed> {
    Ok(match place.port() {
        Some(_) => place,
        None => format!("http://{}:{port}", place.host().unwrap_or_default()).parse()?,
    })
}
