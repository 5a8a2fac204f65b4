//! What is said when nobody could be believed, or nobody had a file.

use crate::{
    errors::{Failure, Fault, Kind},
    select::is_upstream_name,
    trust::Believed,
};

/// The failure of a crate or project of which nobody could be believed. `tool` as in `cargo mirror probe TOOL`; of a
/// `private` name mirrors did not hear.
pub fn nobody(what: &str, tool: &str, believed: &Believed, failed: &[(String, Fault)], private: bool) -> Failure {
    let reasons = reasons(failed);
    if private {
        let text = format!("{what}: upstream does not answer, and mirrors may not hear of a private name{reasons}");
        return Failure::new(kind(failed), text)
            .hint(format!("`{tool}.private` names it; try again when upstream can be reached"));
    }
    if believed.contradicted.is_empty() && believed.unattested.is_empty() {
        let failure = Failure::new(kind(failed), format!("{what}: neither upstream nor mirrors answer{reasons}"));
        return failure.hint(hint(failed, tool));
    }
    let text = format!("{what}: upstream does not answer, and too few mirrors agree{reasons}");
    // Less trust helps where the network is the cause; what this machine does wrong on the way is to be put right.
    let upstream = failed.iter().find(|(name, _)| is_upstream_name(name)).map(|(_, fault)| fault.kind());
    match upstream {
        Some(cause @ (Kind::Tls | Kind::Proxy)) => Failure::new(cause, text).hint(hint_for(cause, tool)),
        _ => Failure::new(Kind::Quorum, text).hint(format!(
            "try again later, or accept one mirror's word with `MIRROR_{}__TRUST=tofu`",
            tool.to_uppercase()
        )),
    }
}

/// The failure of a file that nobody has.
pub fn no_copy(what: &str, tool: &str, failed: &[(String, Fault)]) -> Failure {
    Failure::new(kind(failed), format!("{what}: nobody has a right copy{}", reasons(failed))).hint(hint(failed, tool))
}

/// The kind of all faults together: that of each, where the way is to blame and not who was asked; and too slow, where who was
/// left in the end crawled.
fn kind(failed: &[(String, Fault)]) -> Kind {
    if failed.iter().any(|(_, fault)| matches!(fault, Fault::Crawls(_))) {
        return Kind::Slow;
    }
    let ways = [Kind::Proxy, Kind::Dns, Kind::Tls];
    let of_all = |kind: &Kind| !failed.is_empty() && failed.iter().all(|(_, fault)| fault.kind() == *kind);
    ways.into_iter().find(of_all).unwrap_or(Kind::Exhausted)
}

fn hint(failed: &[(String, Fault)], tool: &str) -> String {
    hint_for(kind(failed), tool)
}

fn hint_for(kind: Kind, tool: &str) -> String {
    match kind {
        Kind::Tls => {
            "cargo mirror probe --tls, which names the authority; one of your own: MIRROR_TLS__CA_FILE=FILE".into()
        }
        Kind::Proxy => {
            "look at `[proxy]`, HTTPS_PROXY and HTTP_PROXY: is it there, and are its credentials right?".into()
        }
        Kind::Slow => "try again later, or wait however slow it is: set MIRROR_NET__LOW_SPEED_TIME=0".into(),
        _ => format!("cargo mirror probe {tool}"),
    }
}

/// Who was asked, and why each could not help, each once.
fn reasons(failed: &[(String, Fault)]) -> String {
    let mut seen: Vec<String> = Vec::new();
    for (name, fault) in failed {
        let name = if is_upstream_name(name) { "upstream" } else { name };
        let reason = format!("{name}: {fault}");
        if !seen.contains(&reason) {
            seen.push(reason);
        }
    }
    if seen.is_empty() { String::new() } else { format!(" ({})", seen.join("; ")) }
}
