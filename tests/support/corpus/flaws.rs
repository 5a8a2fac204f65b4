//! The flaws of a case as faults of servers.

use std::time::Duration;

use super::case::Flaw;
use crate::{
    git::{GitServer, packet},
    web::{WebServer, archive},
    wire::{Fault, Plan, Scope, Seen},
};

/// How a web server's requests are told apart: whether one of these words stands for a request.
pub(super) type Which = fn(&str, &Seen) -> bool;

/// Puts a flaw on a git server. `fill` puts addresses where the case names places.
///
/// # Errors
///
/// For what git's servers cannot do.
pub(super) fn on_git(server: &GitServer, flaw: &Flaw, fill: &dyn Fn(&str) -> String) -> Result<(), String> {
    let scope = match flaw.r#in.as_deref() {
        None => None,
        Some("advertisement") => Some(Scope::InfoRefs),
        Some("answers") => Some(Scope::UploadPack),
        Some("packs") => Some(Scope::Fetch),
        Some(other) => return Err(format!("`in = \"{other}\"` means nothing for git")),
    };
    let kind = if scope == Some(Scope::InfoRefs) { "advertisement" } else { "result" };
    let fault = fault(flaw, &format!("application/x-git-upload-pack-{kind}"), fill)?;
    if matches!(fault, Fault::WrongLength(_) | Fault::WrongRange(_)) {
        return Err("git's servers know no lengths and ranges".to_owned());
    }
    let plan = scope.map_or_else(|| Plan::from(fault.clone()), |scope| fault.clone().only(scope));
    server.also(flaw.times.map_or_else(|| plan.clone(), |times| plan.clone().times(times)));
    Ok(())
}

/// Puts a flaw on a web server.
///
/// # Errors
///
/// For what is git's alone.
pub(super) fn on_web(
    server: &WebServer,
    flaw: &Flaw,
    which: Which,
    fill: &dyn Fn(&str) -> String,
) -> Result<(), String> {
    let fault = fault(flaw, "text/plain", fill)?;
    if matches!(fault, Fault::SidebandEscapes | Fault::EndlessPack) {
        return Err("that is git's alone".to_owned());
    }
    let plan = flaw.times.map_or_else(|| Plan::from(fault.clone()), |times| fault.clone().times(times));
    let word = flaw.r#in.clone();
    server.also_where(move |seen| word.as_deref().is_none_or(|word| which(word, seen)), plan);
    Ok(())
}

fn fault(flaw: &Flaw, kind: &str, fill: &dyn Fn(&str) -> String) -> Result<Fault, String> {
    let answer = |code: u16, more: &[(&str, &str)], body: Vec<u8>| {
        let mut headers: Vec<(String, String)> =
            flaw.headers.iter().map(|(name, value)| (name.clone(), fill(value))).collect();
        headers.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        Fault::Status { code, headers, body }
    };
    let own = flaw.headers.contains_key("Content-Type");
    let typed: &[(&str, &str)] = if own { &[] } else { &[("Content-Type", kind)] };
    let bomb = |mebibytes: u64| {
        let zeros = (0..mebibytes).map(|_| vec![0; 1 << 20]);
        answer(200, &[typed, &[("Content-Encoding", "gzip")]].concat(), archive::gzip(zeros))
    };
    let candidates = [
        flaw.silent.then_some(Fault::BlackHole),
        flaw.portal.then(Fault::captive_portal),
        flaw.escapes.then_some(Fault::SidebandEscapes),
        flaw.cut_at.map(|share| Fault::CutAt(share.into())),
        flaw.end_at.map(|share| Fault::EndAt(share.into())),
        flaw.stall_at.map(|share| Fault::StallAt(share.into())),
        flaw.flip_at.map(|share| Fault::FlipByteAt(share.into())),
        flaw.drip.map(Fault::Drip),
        flaw.wait.map(|seconds| Fault::Delay(Duration::from_secs_f64(seconds))),
        flaw.status.map(|code| answer(code, typed, fill(&flaw.body).into_bytes())),
        flaw.err.as_ref().map(|text| answer(200, typed, packet(&format!("ERR {text}\n")))),
        flaw.redirect.as_ref().map(|place| Fault::Redirect(fill(place))),
        flaw.gzip_bomb.map(bomb),
        flaw.endless.as_ref().map(|what| if what == "pack" { Fault::EndlessPack } else { Fault::EndlessBody }),
        flaw.wrong_length.map(Fault::WrongLength),
        flaw.wrong_range.map(Fault::WrongRange),
    ];
    let mut given = candidates.into_iter().flatten();
    match (given.next(), given.next()) {
        (Some(fault), None) => Ok(fault),
        (None, _) => Err("a flaw without a word for it".to_owned()),
        (Some(_), Some(_)) => Err("two flaws in one".to_owned()),
    }
}
