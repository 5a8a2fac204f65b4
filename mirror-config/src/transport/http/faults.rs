//! What an error of the client means for the source it happened to.

use std::{error::Error as _, io};

use super::untrusted;
use crate::{errors::Fault, model::Address, transport::Route};

/// With a proxy it is the proxy that is connected to, and its name that has to be found. It is named, without its password.
pub(super) fn behind(route: &Route, fault: Fault) -> Fault {
    let named = |proxy: &Address, why: &str| Fault::Proxy(format!("{}: {why}", proxy.without_credentials()));
    match (route, fault) {
        (Route::Through(proxy), Fault::Refused) => named(proxy, "connection refused"),
        // Some SOCKS proxies are given addresses, not names.
        (Route::Through(proxy), Fault::Dns) if !proxy.expose().scheme().starts_with("socks") => {
            named(proxy, "its name does not resolve")
        }
        (Route::Through(proxy), Fault::Proxy(why)) => named(proxy, &why),
        (_, fault) => fault,
    }
}

/// What a client error means for the candidate it happened to.
pub(super) fn fault_of(error: &reqwest::Error) -> Fault {
    let mut texts = Vec::new();
    let mut source = error.source();
    while let Some(inner) = source {
        if let Some(tls) = tls_error(inner) {
            // The host that was asked last, which a redirect may have led to.
            let host = error.url().and_then(url::Url::host_str).unwrap_or_default();
            return Fault::Tls(format!("{host}: {}", untrusted::wrong(tls).1));
        }
        texts.push(inner.to_string());
        source = inner.source();
    }
    let texts = texts.join(": ");
    let clean = || crate::message::secrets(&texts);
    if error.is_dns() {
        Fault::Dns
    } else if texts.contains("proxy") || texts.contains("tunnel") || texts.contains("socks") || texts.contains("SOCKS")
    {
        Fault::Proxy(clean())
    } else if error.is_timeout() {
        Fault::Timeout
    } else if error.is_connect() {
        Fault::Refused
    } else if error.is_redirect() {
        Fault::Redirect(clean())
    } else if error.is_builder() {
        Fault::Local(clean())
    } else {
        Fault::Cut
    }
}

/// The word of TLS in an error, through all the `io::Error`s around it: those do not show what they hold as a source.
fn tls_error<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a rustls::Error> {
    match error.downcast_ref::<io::Error>() {
        Some(io) => tls_error(io.get_ref()?),
        None => error.downcast_ref(),
    }
}
