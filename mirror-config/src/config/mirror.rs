//! What the tables of mirrors say, and other addresses of the configuration.

use std::collections::BTreeMap;

use config::{Map, Value};

use super::{
    origin::{BUILT_IN, Setting},
    read::{first_origin, flag, inner, list, placed, section, text},
};
use crate::{
    errors::{Failure, Kind},
    model::{Address, Mirror, OwnProxy, Template, Upstream, check_address},
};

pub(super) fn mirror(
    name: &str,
    table: &Map<String, Value>,
    upstreams: &BTreeMap<String, Upstream>,
) -> Result<Mirror, Failure> {
    let insecure = flag(table, "insecure").is_some_and(|s| s.value);
    let address = |key: &str, prefix: &str| -> Result<Option<Address>, Failure> {
        text(table, key)?
            .map(|s| {
                let bare = s.value.strip_prefix(prefix).ok_or_else(|| {
                    Failure::new(
                        Kind::Config,
                        format!("{}: `mirrors.{name}.{key}` must begin with `{prefix}`", s.origin),
                    )
                })?;
                placed(&s, check_address(bare, insecure))
            })
            .transpose()
    };
    let mut git = BTreeMap::new();
    for (upstream, value) in table.get("git").into_iter().flat_map(inner) {
        let setting = Setting { value: value.to_string(), origin: value.origin().unwrap_or(BUILT_IN).to_owned() };
        if !upstreams.contains_key(upstream) {
            return Err(Failure::new(
                Kind::Config,
                format!(
                    "{}: `mirrors.{name}.git.{upstream}` is for an upstream that no `[upstreams.{upstream}]` defines",
                    setting.origin
                ),
            ));
        }
        git.insert(upstream.clone(), placed(&setting, Template::parse(&setting.value, insecure))?);
    }
    let proxy = text(table, "proxy")?
        .map(|s| if s.value == "direct" { Ok(OwnProxy::Direct) } else { proxy_address(&s).map(OwnProxy::Through) })
        .transpose()?;
    Ok(Mirror {
        name: name.to_owned(),
        operator: text(table, "operator")?.map_or_else(|| name.to_owned(), |s| s.value),
        relays: flag(table, "relays").is_some_and(|s| s.value),
        trusted: flag(table, "trusted").is_some_and(|s| s.value),
        weight: table.get("weight").and_then(|v| v.clone().into_float().ok()).unwrap_or(1.0),
        insecure,
        proxy,
        git,
        cargo: address("cargo", "sparse+")?,
        pypi: address("pypi", "")?,
        rustup: address("rustup", "")?,
        announced: address("announced", "")?,
        origin: first_origin(table),
    })
}

/// An index that is an authority of the user's own.
pub(super) fn index(merged: &Value, tool: &str, prefix: &str) -> Result<Option<Setting<Address>>, Failure> {
    let Some(setting) = section(merged, tool).map_or(Ok(None), |table| text(table, "upstream"))? else {
        return Ok(None);
    };
    let bare = setting.value.strip_prefix(prefix).ok_or_else(|| {
        Failure::new(Kind::Config, format!("{}: `{tool}.upstream` must begin with `{prefix}`", setting.origin))
    })?;
    let value = placed(&setting, check_address(bare, false))?;
    Ok(Some(Setting { value, origin: setting.origin }))
}

pub(super) fn private(merged: &Value) -> Result<Setting<Vec<String>>, Failure> {
    let patterns = list(merged, "git", "private");
    match patterns
        .value
        .iter()
        .find(|p| p.split('/').count() < 2 || p.split('/').any(|part| part.is_empty() || part.matches('*').count() > 1))
    {
        Some(odd) => Err(Failure::new(Kind::Config, format!("{}: `git.private` has \"{odd}\"", patterns.origin)).hint(
            "a pattern is owner/name or group/team/project with at most one `*` in each part, such as \"mycorp/*\"",
        )),
        None => Ok(patterns),
    }
}

pub(super) fn proxy_address(setting: &Setting<String>) -> Result<Address, Failure> {
    let refused = |why: String| {
        Failure::new(Kind::Config, format!("{}: {why}", setting.origin))
            .hint("a proxy is an address such as \"socks5h://127.0.0.1:1080\"")
    };
    let address: Address =
        setting.value.parse().map_err(|error| refused(format!("the proxy is not an address: {error}")))?;
    match address.expose().scheme() {
        "http" | "https" | "socks5" | "socks5h" => Ok(address),
        scheme => Err(refused(format!("proxies of kind `{scheme}` are not supported"))),
    }
}
