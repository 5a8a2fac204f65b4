//! Why a certificate is not believed, in words.

use rustls::{CertificateError, Error};

use crate::system::state;

/// A word and a sentence for what is wrong.
pub(super) fn wrong(error: &Error) -> (&'static str, String) {
    let Error::InvalidCertificate(error) = error else { return ("not-believed", error.to_string()) };
    match error {
        CertificateError::Expired => ("expired", "it has expired".to_owned()),
        CertificateError::ExpiredContext { not_after, .. } => {
            ("expired", format!("it expired on {}", state::day(not_after.as_secs())))
        }
        CertificateError::NotValidYet => ("not-yet-valid", "its time has not come".to_owned()),
        CertificateError::NotValidYetContext { not_before, .. } => {
            ("not-yet-valid", format!("its time begins on {}", state::day(not_before.as_secs())))
        }
        CertificateError::NotValidForName => ("wrong-name", "it is for another host".to_owned()),
        CertificateError::NotValidForNameContext { expected, presented } => {
            // Each is shown as its kind and the name: `DnsName("elsewhere.example")`.
            let plain = |name: &String| name.split('"').nth(1).unwrap_or(name).to_owned();
            let presented: Vec<String> = presented.iter().map(plain).collect();
            ("wrong-name", format!("it is for {}, not for {}", presented.join(", "), expected.to_str()))
        }
        CertificateError::UnknownIssuer => {
            ("unknown-issuer", "no authority that is known here has issued it (`tls.ca-file` adds one)".to_owned())
        }
        CertificateError::Revoked => ("revoked", "it has been revoked".to_owned()),
        other => ("not-believed", other.to_string()),
    }
}
