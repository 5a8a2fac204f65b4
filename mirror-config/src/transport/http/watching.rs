//! The certificate that a host shows, believed or not. The verifier that every connection has decides as always, and notes
//! what it was shown; verification is never turned off.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use rustls::{
    ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::CryptoProvider,
    pki_types::{CertificateDer, ServerName, UnixTime},
};

use super::{certificate::Certificate, client::Http, request::Request, untrusted::wrong};
use crate::errors::Fault;

/// A certificate that was shown, with the verdict on it.
#[derive(Debug, Clone)]
pub struct Looked {
    /// The certificate; absent when none was shown.
    pub certificate: Option<Certificate>,
    /// `ok`, or in a word what is wrong with it: `expired`, `not-yet-valid`, `wrong-name`, `unknown-issuer`, `revoked`,
    /// `not-believed`; without a certificate the fault's name.
    pub verdict: &'static str,
    /// The same in a sentence; empty when all is well.
    pub why: String,
}

/// Certificates by the host they were shown for, each with the verdict.
type Seen = Arc<Mutex<HashMap<String, (Vec<u8>, Result<(), Error>)>>>;

/// The usual verifier, with a note of what it was shown and said.
#[derive(Debug)]
struct Watching {
    usual: Arc<dyn ServerCertVerifier>,
    seen: Seen,
}

impl ServerCertVerifier for Watching {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verdict = self.usual.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        let noted = (end_entity.to_vec(), verdict.as_ref().map(|_| ()).map_err(Clone::clone));
        let host = server_name.to_str().into_owned();
        self.seen.lock().expect("nobody panics while holding it").insert(host, noted);
        verdict
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.usual.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.usual.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.usual.supported_verify_schemes()
    }
}

impl Http {
    /// Has a server show its certificate on the way to an answer that does not matter.
    pub fn certificate(&self, request: &Request) -> Looked {
        let fault = |fault: Fault| Looked { certificate: None, verdict: fault.name(), why: fault.to_string() };
        let host = request.address.expose().host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let seen = Arc::new(Mutex::new(HashMap::new()));
        let client = match self.watching(request, &seen) {
            Ok(client) => client,
            Err(found) => return fault(found),
        };
        let get = client.get(request.address.expose().clone()).send();
        let answer = self.wait(request.patience.head, (&request.who, &request.cancel), get, Fault::Timeout);
        // A proxy may have shown one of its own.
        let shown = seen.lock().expect("nobody panics while holding it").remove(&host);
        match (shown, answer) {
            (Some((der, verdict)), _) => {
                let (verdict, why) = verdict.err().map_or(("ok", String::new()), |error| wrong(&error));
                Looked { certificate: Certificate::read(&der), verdict, why }
            }
            (None, Err(found)) => fault(found),
            (None, Ok(Err(error))) => fault(super::faults::fault_of(&error)),
            (None, Ok(Ok(_))) => fault(Fault::Transport("no certificate was shown".to_owned())),
        }
    }

    fn watching(&self, request: &Request, seen: &Seen) -> Result<reqwest::Client, Fault> {
        let local = |why: String| Fault::Local(why);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let usual = rustls_platform_verifier::Verifier::new_with_extra_roots(
            self.0.extra_certificates.clone(),
            Arc::clone(&provider),
        )
        .map_err(|error| local(error.to_string()))?;
        let verifier = Watching { usual: Arc::new(usual), seen: Arc::clone(seen) };
        let config = ClientConfig::builder_with_provider(provider as Arc<CryptoProvider>)
            .with_safe_default_protocol_versions()
            .map_err(|error| local(error.to_string()))?
            // "Dangerous" is any verifier that is not rustls' own; this one asks the usual one.
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        let builder = self.builder(&request.route).map_err(|error| super::faults::fault_of(&error))?;
        builder.tls_backend_preconfigured(config).build().map_err(|error| super::faults::fault_of(&error))
    }
}
