//! Upstreams, and the grammar of names: what may be asked for at all. Pure.
//!
//! Every name and address from outside (a command line, a submodule, a configuration file) is parsed here before any
//! option parser or child process sees it, so that `--upload-pack=x` or `../..` never gets that far.

use std::path::PathBuf;

use super::template::Template;
use crate::{
    errors::{Failure, Kind},
    message::shortened,
};

/// A canonical place of repositories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstream {
    /// Its name in the configuration.
    pub name: String,
    /// Where its repositories are.
    pub url: Template,
    /// Who must have signed what comes from there; absent: nobody has to.
    pub signers: Option<Signers>,
}

/// Who must have signed the commits and tags of an upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signers {
    /// Full fingerprints: 40 hexadecimal digits in capitals for GPG, `SHA256:…` for SSH.
    pub fingerprints: Vec<String>,
    /// A file with GPG's public keys.
    pub keyring: Option<PathBuf>,
    /// A file of SSH's public keys, as in ssh-keygen(1), ALLOWED SIGNERS.
    pub allowed_signers: Option<PathBuf>,
}

impl Signers {
    /// Reads a fingerprint: blanks do not count, as GPG shows them in groups.
    ///
    /// # Errors
    ///
    /// [`Kind::Config`] for anything shorter: a short one can be made to match.
    pub fn fingerprint(text: &str) -> Result<String, Failure> {
        let bare: String = text.split_whitespace().collect();
        let is_base64 = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/');
        match bare.strip_prefix("SHA256:") {
            Some(hash) if hash.len() == 43 && hash.bytes().all(is_base64) => Ok(bare),
            None if bare.len() == 40 && bare.bytes().all(|b| b.is_ascii_hexdigit()) => Ok(bare.to_ascii_uppercase()),
            _ => Err(Failure::new(Kind::Config, format!("`{}` is not a full fingerprint", shortened(text))).hint(
                "40 hexadecimal digits, as `gpg --list-keys --with-colons` has them in `fpr`, or `SHA256:…`, as `ssh-keygen -lf KEY.pub` has it",
            )),
        }
    }
}
