//! A server on loopback that cargo and pip take for their registry, while one command of theirs runs.
//!
//! It speaks HTTP/1.1, and HTTP/2 to those who begin with it or upgrade to it, as cargo does (`upgrade`): then all its
//! requests are under way at once. It knows nothing of registries; `serve` answers, on a thread that may wait.

use std::{convert::Infallible, io, net::SocketAddr, sync::Arc};

use hyper::{
    Method, Response, StatusCode,
    body::{Body, Incoming},
    header,
    service::service_fn,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use tokio::{net::TcpStream, runtime::Runtime};

use super::{
    answer::{Answer, Asked, Serve},
    forward::{self, Forward},
    payload::Payload,
    port, upgrade,
};

/// The server. It ends with this.
#[derive(Debug)]
pub struct Relay {
    address: SocketAddr,
    runtime: Option<Runtime>,
}

impl Relay {
    /// Starts to listen on a port that follows from the name, the same in every run where that can be: cargo names its
    /// cache by the address. `serve` is told the address. What is asked of it as a proxy goes on by `forward`.
    ///
    /// # Errors
    ///
    /// Those of sockets and threads.
    pub fn start(
        name: &str,
        forward: Option<Arc<Forward>>,
        serve: impl FnOnce(SocketAddr) -> Serve,
    ) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let listener = runtime.block_on(async { port::listen(name) })?;
        let address = listener.local_addr()?;
        let serve = serve(address);
        runtime.spawn(async move {
            // Ends with the runtime.
            loop {
                match listener.accept().await {
                    Ok((stream, _)) => {
                        tokio::spawn(connection(stream, Arc::clone(&serve), forward.clone()));
                    }
                    // Out of file descriptors, perhaps; others will be closed in a moment.
                    Err(_) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
                }
            }
        });
        Ok(Self { address, runtime: Some(runtime) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Whoever still waits for an answer has gone away, or goes with us.
            runtime.shutdown_background();
        }
    }
}

async fn connection(stream: TcpStream, serve: Serve, forward: Option<Arc<Forward>>) {
    // Without it answers wait for acknowledgments; failing that they are slower.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let (serve, forward) = (Arc::clone(&serve), forward.clone());
        async move {
            match *hyper::Request::method(&request) {
                Method::CONNECT => Ok(forward::tunnel(forward, request).await),
                _ => answer(request, serve).await,
            }
        }
    });
    let builder = auto::Builder::new(TokioExecutor::new());
    if let Err(error) = builder.serve_connection_with_upgrades(TokioIo::new(stream), service).await {
        tracing::debug!(error, "a connection to the relay");
    }
}

/// Answers one request.
pub(super) async fn answer(
    mut request: hyper::Request<Incoming>,
    serve: Serve,
) -> Result<Response<Payload>, Infallible> {
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return Ok(respond(Answer::text(405, "the relay only reads"), true));
    }
    if upgrade::is_asked_for(&request) {
        return Ok(upgrade::accept(&mut request, in_http2(serve)));
    }
    let head = request.method() == Method::HEAD;
    let field = |name| request.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let asked = Asked {
        path: request.uri().path().to_owned(),
        if_none_match: field(header::IF_NONE_MATCH),
        accept: field(header::ACCEPT),
    };
    let had = asked.if_none_match.clone();
    let answer = match tokio::task::spawn_blocking(move || serve(&asked)).await {
        Ok(answer) => answer,
        Err(error) => Answer::text(500, format!("the relay failed: {error}")),
    };
    let unchanged = answer.status == 200 && had.is_some() && had == answer.etag;
    let answer = if unchanged { Answer { status: 304, payload: Payload::default(), ..answer } } else { answer };
    Ok(respond(answer, !head))
}

/// The same service for a connection that has been switched to HTTP/2.
fn in_http2(serve: Serve) -> upgrade::Answering {
    Arc::new(move |request| Box::pin(answer(request, Arc::clone(&serve))))
}

fn respond(answer: Answer, with_body: bool) -> Response<Payload> {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut builder = Response::builder().status(status).header(header::CONTENT_TYPE, answer.content_type);
    if let Some(etag) = &answer.etag {
        builder = builder.header(header::ETAG, etag);
    }
    let payload = match with_body {
        true => answer.payload,
        false if status == StatusCode::NOT_MODIFIED => Payload::default(),
        false => {
            // As long as it would be (RFC 9110, section 9.3.2); pip reads parts of wheels by that.
            builder = builder.header(header::CONTENT_LENGTH, answer.payload.size_hint().exact().unwrap_or_default());
            Payload::default()
        }
    };
    builder.body(payload).unwrap_or_else(|_| {
        // An ETag of a mirror that is no header.
        Response::new(Payload::default())
    })
}
