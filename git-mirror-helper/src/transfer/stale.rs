//! What mirrors that lag behind are good for: upstream is asked which of their tips it knows too.

use std::time::Instant;

use mirror_config::{
    errors::Fault,
    git::Session,
    model::{Oid, Ref, unspelled},
    transport::http::Patience,
};

use super::mirrors::Mirrors;
use crate::authority::Authority;

/// Most refs of a lagging mirror that upstream is asked about.
const MOST_REFS: usize = 1000;

/// Tips that lagging mirrors have and upstream knows, those that most of them have first: those are the oldest.
/// The mirrors are put in order too, the freshest first; those with nothing of use go.
pub fn older_tips(
    mirrors: &Mirrors<'_>,
    authority: &mut Authority<'_>,
    (wants, refs): (&[Oid], &[Ref]),
    lagging: &mut Vec<Session>,
) -> Vec<(Oid, Vec<String>)> {
    let named = refs.iter().filter(|found| found.oid.as_ref().is_some_and(|oid| wants.contains(oid)));
    let names: Vec<Vec<u8>> = named.map(|found| unspelled(&found.name)).take(MOST_REFS).collect();
    let names: Vec<&[u8]> = names.iter().map(Vec::as_slice).collect();
    let since = Instant::now();
    let mut tips: Vec<(Oid, Vec<String>)> = Vec::new();
    let mut fresh: Vec<(usize, Session)> = Vec::new();
    for opened in std::mem::take(lagging) {
        let name = opened.source.name.clone();
        match opened.refs(&names, mirrors.patience(&opened)) {
            Ok(refs) => {
                for tip in refs.into_iter().filter_map(|found| found.oid).take(MOST_REFS) {
                    match tips.iter_mut().find(|(known, _)| *known == tip) {
                        Some((_, who)) if who.contains(&name) => {}
                        Some((_, who)) => who.push(name.clone()),
                        None => tips.push((tip, vec![name.clone()])),
                    }
                }
                fresh.push((0, opened));
            }
            Err(fault) => mirrors.failed(&opened, 0, since, fault),
        }
    }
    let all: Vec<Oid> = tips.iter().map(|(tip, _)| tip.clone()).collect();
    let known = authority.common(wants, &all).unwrap_or_default();
    tips.retain(|(tip, _)| known.contains(tip));
    // A tip of one mirror may be deep in the history of another one.
    for (count, opened) in &mut fresh {
        let name = &opened.source.name;
        let Some(own) = tips.iter().find(|(_, who)| who.contains(name)).map(|(tip, _)| tip.clone()) else {
            continue;
        };
        let known: Vec<Oid> = tips.iter().map(|(tip, _)| tip.clone()).collect();
        let has = opened.common(&[own], &known, Patience::REPLACEABLE).unwrap_or_default();
        for (tip, who) in &mut tips {
            if has.contains(tip) && !who.contains(name) {
                who.push(name.clone());
            }
        }
        *count = tips.iter().filter(|(_, who)| who.contains(name)).count();
    }
    let (useful, useless): (Vec<_>, Vec<_>) = fresh.into_iter().partition(|(count, _)| *count > 0);
    passed_by(mirrors, useless.into_iter().map(|(_, opened)| opened), since);
    let mut useful = useful;
    useful.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    *lagging = useful.into_iter().map(|(_, opened)| opened).collect();
    tips.sort_by_key(|(_, who)| std::cmp::Reverse(who.len()));
    tips
}

/// Mirrors that were asked, lacked something, and are not needed for what they have: the report names them too.
pub fn passed_by(mirrors: &Mirrors<'_>, lagging: impl IntoIterator<Item = Session>, since: Instant) {
    for opened in lagging {
        mirrors.failed(&opened, 0, since, Fault::Missing);
    }
}
