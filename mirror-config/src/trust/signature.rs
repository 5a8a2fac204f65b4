//! Detached signatures over bytes: minisign's, and those of `ssh-keygen -Y sign`, by so many of these keys.
//!
//! Where a key comes from and what a signature is worth is decided elsewhere; git's own signatures are git's matter.

use std::{fmt, io, path::Path, str::FromStr};

use ring::signature::{ED25519, UnparsedPublicKey};
use sha2::{Digest, Sha256};
use ssh_key::{
    Algorithm, HashAlg, SshSig,
    public::{Ed25519PublicKey, KeyData},
};

use crate::errors::{Failure, Kind};

/// What `ssh-keygen -Y sign -n` must have been told, so that a signature made for something else says nothing here.
pub const NAMESPACE: &str = "mirror";
/// Most signatures of one kind beside a file.
const MOST: usize = 9;
/// Bytes of the signature itself.
const ED25519_SIGNATURE: usize = 64;
/// A public key that may vouch.
#[derive(Debug, Clone, PartialEq)]
pub enum Key {
    /// The second line of `minisign.pub`.
    Minisign(String, minisign_verify::PublicKey),
    /// A line such as `ssh-ed25519 AAAA… ada@example.org`.
    Ssh(Box<ssh_key::PublicKey>),
}

impl Key {
    /// Whether this is a signature of this key over these bytes.
    fn signed(&self, content: &[u8], signature: &str) -> bool {
        match self {
            // Signatures in minisign's older form are valid too: the bytes themselves are signed, not their hash.
            Self::Minisign(_, key) => minisign_verify::Signature::decode(signature)
                .is_ok_and(|signature| key.verify(content, &signature, true).is_ok()),
            Self::Ssh(key) => SshSig::from_pem(signature.trim()).is_ok_and(|signature| ssh(key, content, &signature)),
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Minisign(_, one), Self::Minisign(_, other)) => one == other,
            (Self::Ssh(one), Self::Ssh(other)) => one.key_data() == other.key_data(),
            _ => false,
        }
    }
}

/// Whether this is a signature of this key over these bytes, and made for us.
fn ssh(key: &ssh_key::PublicKey, content: &[u8], signature: &SshSig) -> bool {
    let by = |key: &Ed25519PublicKey, signed: &[u8], signature: &[u8]| {
        UnparsedPublicKey::new(&ED25519, key.as_ref()).verify(signed, signature).is_ok()
    };
    // What is reserved is signed as well, and empty in all signatures of this version.
    if signature.public_key() != key.key_data()
        || signature.namespace() != NAMESPACE
        || !signature.reserved().is_empty()
    {
        return false;
    }
    let Ok(signed) = SshSig::signed_data(NAMESPACE, signature.hash_alg(), content) else { return false };
    let bytes = signature.signature_bytes();
    match (key.key_data(), signature.algorithm()) {
        (KeyData::Ed25519(key), Algorithm::Ed25519) => by(key, &signed, bytes),
        // A key in hardware signs a hash, and with it whether it was touched and how often it has signed.
        (KeyData::SkEd25519(key), Algorithm::SkEd25519) => {
            bytes.split_at_checked(ED25519_SIGNATURE).is_some_and(|(signature, use_of_it)| {
                let (application, hash) = (Sha256::digest(key.application()), Sha256::digest(&signed));
                by(key.public_key(), &[&application[..], use_of_it, &hash[..]].concat(), signature)
            })
        }
        _ => false,
    }
}

impl FromStr for Key {
    type Err = Failure;

    fn from_str(line: &str) -> Result<Self, Failure> {
        let refused = |why: &str| {
            Failure::new(Kind::Config, format!("`{}` is no public key: {why}", beginning(line))).hint(
                "a key is the second line of `minisign.pub`, or a line such as `ssh-ed25519 AAAA… ada@example.org`",
            )
        };
        let line = line.trim();
        if !line.contains(' ') {
            let key = minisign_verify::PublicKey::from_base64(line).map_err(|error| refused(&error.to_string()))?;
            return Ok(Self::Minisign(line.to_owned(), key));
        }
        let key = ssh_key::PublicKey::from_openssh(line).map_err(|error| refused(&error.to_string()))?;
        match key.algorithm() {
            Algorithm::Ed25519 | Algorithm::SkEd25519 => Ok(Self::Ssh(Box::new(key))),
            other => Err(refused(&format!("of SSH's keys only ed25519 counts, not {other}"))),
        }
    }
}

impl fmt::Display for Key {
    /// How people know the key: minisign's line, or the fingerprint of an SSH key with its comment.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Minisign(line, _) => write!(f, "minisign {line}"),
            Self::Ssh(key) if key.comment().is_empty() => write!(f, "ssh {}", key.fingerprint(HashAlg::Sha256)),
            Self::Ssh(key) => write!(f, "ssh {} {}", key.fingerprint(HashAlg::Sha256), key.comment()),
        }
    }
}

/// Who may vouch, and how many of them have to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Policy {
    keys: Vec<Key>,
    threshold: usize,
}

impl Policy {
    /// These keys, each counted once however often it is named.
    pub fn new(keys: impl IntoIterator<Item = Key>, threshold: usize) -> Self {
        let mut policy = Self { keys: Vec::new(), threshold: threshold.max(1) };
        for key in keys {
            if !policy.keys.iter().any(|known| known.is_same(&key)) {
                policy.keys.push(key);
            }
        }
        policy
    }

    /// The keys.
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// How many of them have to vouch.
    pub fn threshold(&self) -> usize {
        self.threshold
    }
}

/// Who of the policy's keys has signed these bytes, if they are enough.
///
/// # Errors
///
/// [`Kind::Signature`]; the caller puts in front what it was that is not signed.
pub fn check(content: &[u8], signatures: &[String], policy: &Policy) -> Result<Vec<String>, Failure> {
    if policy.keys.is_empty() {
        return Err(Failure::new(Kind::Signature, "no key is known to check its signature with").hint(
            "put the signers' public keys into your own configuration file: \
             `[signatures]` and `keys = [\"RWQ…\", \"ssh-ed25519 AAAA…\"]`",
        ));
    }
    if policy.threshold > policy.keys.len() {
        let (needed, known) = (policy.threshold, policy.keys.len());
        return Err(Failure::new(
            Kind::Signature,
            format!("{needed} signatures are needed, and only {known} keys known"),
        )
        .hint("name more keys in `signatures.keys`, or lower `signatures.threshold`"));
    }
    if signatures.is_empty() {
        return Err(Failure::new(Kind::Signature, "it is not signed").hint(HOW));
    }
    let signed = |key: &&Key| signatures.iter().any(|signature| key.signed(content, signature));
    let who: Vec<String> = policy.keys.iter().filter(signed).map(ToString::to_string).collect();
    if who.len() >= policy.threshold {
        return Ok(who);
    }
    let by = if who.is_empty() { "none of the keys that count".to_owned() } else { format!("only {}", who.join(", ")) };
    let needed = policy.threshold;
    Err(Failure::new(Kind::Signature, format!("it is signed by {by}; {needed} of `signatures.keys` must have"))
        .hint(HOW))
}

const HOW: &str = "whoever publishes it signs with `minisign -Sm FILE`, or `ssh-keygen -Y sign -n mirror -f KEY FILE`";

/// The signatures that stand beside a file: `FILE.minisig` and `FILE.sig`, and of further signers `FILE.2.minisig`,
/// `FILE.3.minisig` … up to 9, each kind up to the first number that is missing. `read` has nothing where none is.
///
/// # Errors
///
/// Those of `read`.
pub fn beside<E>(file: &str, mut read: impl FnMut(&str) -> Result<Option<String>, E>) -> Result<Vec<String>, E> {
    let mut found = Vec::new();
    for kind in ["minisig", "sig"] {
        for number in 1..=MOST {
            let name = if number == 1 { format!("{file}.{kind}") } else { format!("{file}.{number}.{kind}") };
            match read(&name)? {
                Some(text) => found.push(text),
                None => break,
            }
        }
    }
    Ok(found)
}

/// The signatures beside a file of this machine.
///
/// # Errors
///
/// Those of the file system, but for files that are not there.
pub fn beside_path(path: &Path) -> io::Result<Vec<String>> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    beside(&name, |name| match std::fs::read_to_string(path.with_file_name(name)) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    })
}

fn beginning(line: &str) -> String {
    line.chars().take(24).map(|c| if c.is_control() { '?' } else { c }).collect()
}
