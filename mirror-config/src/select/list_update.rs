//! Takes a newer signed list of mirrors: fetches it with its signatures, holds it against what was taken before.
//!
//! What a list may say, and what it is worth afterwards, is `config::signed_list`'s matter.

use super::choose::Select;
use crate::{
    config::{SignedList, Stored, signed_list},
    errors::{Failure, Fault, Kind},
    model::{Address, is_loopback},
    system::{Environment, state},
    transport::http::{Patience, Request, limits},
    trust::signature,
};

/// What became of an update.
#[derive(Debug, Clone)]
pub struct Updated {
    /// The list that was fetched.
    pub list: SignedList,
    /// Whose signatures make it count.
    pub signers: Vec<String>,
    /// The version that was there before.
    pub before: Option<u64>,
    /// Whether it was in force already.
    pub same: bool,
}

/// Fetches a list and takes it, or with `dry_run` only says whether it would be taken.
///
/// # Errors
///
/// [`Kind::Signature`], [`Kind::Expired`], [`Kind::Rollback`]; [`Kind::Transport`] for an address that is not https;
/// [`Kind::Config`] for what a list may not say; the kind of the fault that kept it from coming.
pub fn update(env: &Environment, select: &Select, address: &str, dry_run: bool) -> Result<Updated, Failure> {
    let policy = &select.config.signatures;
    if policy.keys().is_empty() {
        // Said before anybody is asked.
        signature::check(&[], &[], policy).map_err(|failure| about("a list of mirrors", failure))?;
    }
    let address = checked(address)?;
    let path = signed_list::path(env).ok_or_else(|| {
        Failure::new(Kind::Config, "there is no state folder to keep a list in").hint("set HOME or XDG_STATE_HOME")
    })?;
    let text = fetch(select, &address, limits::LIST)?
        .ok_or_else(|| Failure::new(Kind::Exhausted, format!("{address}: {}", Fault::Missing)))?;
    let name = address.expose().path_segments().and_then(|mut parts| parts.next_back()).unwrap_or_default();
    let signatures = signature::beside(name, |name| {
        let beside = address.expose().join(&format!("./{name}")).map(Address::from);
        let beside = beside.map_err(|error| Failure::new(Kind::Usage, format!("{address}: {error}")))?;
        fetch(select, &beside, limits::SIGNATURE)
    })?;
    let fetched = Stored { text, signatures, source: address.to_string(), taken: state::now() };
    let (list, signers) = fetched.check(policy)?;
    if list.expires <= state::now() {
        let day = state::day(list.expires.saturating_sub(1));
        return Err(Failure::new(Kind::Expired, format!("{address}: version {} expired on {day}", list.version))
            .hint("ask whoever publishes it for a newer one; the list in force stays"));
    }
    // The version counts even when its time is over: what was taken is not taken back.
    let known = |stored: &Stored| stored.check(policy).ok().map(|(list, _)| list.version);
    let mut verdict = newer(&list, &fetched, known(&state::read(&path)), &state::read(&path));
    if !dry_run && matches!(verdict, Ok(Updated { same: false, .. })) {
        // Another update may have been faster.
        let written = state::change(&path, |stored: &mut Stored| {
            verdict = newer(&list, &fetched, known(stored), stored);
            if matches!(verdict, Ok(Updated { same: false, .. })) {
                *stored = fetched.clone();
            }
        });
        written.map_err(|error| Failure::new(Kind::Io, format!("{}: {error}", path.display())))?;
    }
    verdict.map(|updated| Updated { signers, ..updated })
}

/// Whether a list may take the place of what is stored.
fn newer(list: &SignedList, fetched: &Stored, before: Option<u64>, stored: &Stored) -> Result<Updated, Failure> {
    let same = stored.text == fetched.text;
    match before {
        Some(before) if list.version < before || (list.version == before && !same) => {
            let what = format!(
                "{}: version {} is not newer than version {before}, which was taken before",
                fetched.source, list.version
            );
            Err(Failure::new(Kind::Rollback, what).hint("`cargo mirror catalog` shows the list in force, which stays"))
        }
        _ => Ok(Updated { list: list.clone(), signers: Vec::new(), before, same: same && before.is_some() }),
    }
}

/// The address of a list: https, or http on this machine; without credentials, which would be shown and kept.
fn checked(text: &str) -> Result<Address, Failure> {
    let address = crate::model::check_address(text, false)?;
    let url = address.expose();
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Failure::new(Kind::Usage, format!("{address}: a list is for everybody, and takes no credentials")));
    }
    match url.scheme() {
        "https" => Ok(address),
        "http" if is_loopback(url) => Ok(address),
        other => Err(Failure::new(Kind::Transport, format!("{address}: lists do not come over {other}"))
            .hint("cargo mirror catalog update https://…/mirrors.toml")),
    }
}

/// A file's text; nothing where there is none.
fn fetch(select: &Select, address: &Address, limit: u64) -> Result<Option<String>, Failure> {
    let failed = |fault: Fault| Failure::new(fault.kind(), format!("{address}: {fault}"));
    let route = select.proxies.route(address.expose(), None);
    let answer = select.http.send(&Request::get(address.clone(), &route, Patience::LAST));
    let body = match answer {
        Ok(answer) => answer.body,
        Err(Fault::Missing) => return Ok(None),
        Err(fault) => return Err(failed(fault)),
    };
    let bytes = body.read_all(limit).map_err(failed)?;
    String::from_utf8(bytes).map(Some).map_err(|_| failed(Fault::NotAMirror("it is not text".to_owned())))
}

fn about(what: &str, failure: Failure) -> Failure {
    Failure { what: format!("{what}: {}", failure.what), ..failure }
}
