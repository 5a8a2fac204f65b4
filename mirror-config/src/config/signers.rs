//! Keys that count: those that sign lists and pins, and those that sign an upstream's commits.

use std::path::PathBuf;

use config::{Map, Value};

use super::{
    origin::Setting,
    read::{list, number, placed, text},
};
use crate::{
    errors::{Failure, Kind},
    model::Signers,
    trust::{Key, Policy},
};

/// `[signatures]`.
pub(super) fn policy(merged: &Value) -> Result<Policy, Failure> {
    let lines = list(merged, "signatures", "keys");
    let keys = lines.value.iter().map(|line| {
        let setting = Setting { value: line.clone(), origin: lines.origin.clone() };
        placed(&setting, line.parse::<Key>())
    });
    let threshold = number(merged, "signatures", "threshold").value as usize;
    Ok(Policy::new(keys.collect::<Result<Vec<_>, _>>()?, threshold))
}

/// Who must sign an upstream's commits and tags.
pub(super) fn of_upstream(name: &str, table: &Map<String, Value>) -> Result<Option<Signers>, Failure> {
    let path = |key: &str| text(table, key).map(|found| found.map(|setting| PathBuf::from(setting.value)));
    let (keyring, allowed_signers) = (path("keyring")?, path("allowed-signers")?);
    let Some(value) = table.get("signers") else {
        // Keys alone would look like protection, and be none.
        return match keyring.or(allowed_signers) {
            None => Ok(None),
            Some(_) => Err(Failure::new(Kind::Config, format!("`upstreams.{name}` has keys and no `signers`"))
                .hint(format!("`upstreams.{name}.signers` lists the full fingerprints that count"))),
        };
    };
    let origin = value.origin().unwrap_or(super::origin::BUILT_IN).to_owned();
    let texts = value.clone().into_array().unwrap_or_default().into_iter().filter_map(|v| v.into_string().ok());
    let fingerprints = texts
        .map(|value| {
            let setting = Setting { value, origin: origin.clone() };
            placed(&setting, Signers::fingerprint(&setting.value))
        })
        .collect::<Result<Vec<_>, _>>()?;
    if fingerprints.is_empty() {
        return Err(Failure::new(Kind::Config, format!("{origin}: `upstreams.{name}.signers` is empty"))
            .hint("leave the key out, if nobody has to sign"));
    }
    let (ssh, gpg): (Vec<_>, Vec<_>) = fingerprints.iter().partition(|print| print.starts_with("SHA256:"));
    for (prints, file, key) in [(gpg, &keyring, "keyring"), (ssh, &allowed_signers, "allowed-signers")] {
        if !prints.is_empty() && file.is_none() {
            let what = format!("{origin}: `upstreams.{name}.signers` needs `upstreams.{name}.{key}`");
            return Err(Failure::new(Kind::Config, what).hint(match key {
                "keyring" => "write the keys to a file: `gpg --export FINGERPRINT > signers.gpg`",
                _ => "a file with lines such as `ada@example.org ssh-ed25519 AAAA…`",
            }));
        }
    }
    Ok(Some(Signers { fingerprints, keyring, allowed_signers }))
}
