//! `cargo mirror ledger`: what was seen of each repository, and forgetting it.

use mirror_config::{
    config::LazyConfig,
    errors::Failure,
    system::{Environment, state},
    trust::{Ledger, Page, ledger},
};

use super::named::repository;
use crate::{
    cli::{self, LedgerAction},
    report::{self, LedgerRow},
};

pub(super) fn ledger(env: &Environment, config: &LazyConfig<'_>, asked: &cli::Ledger) -> Result<(), Failure> {
    let state_dir = env.state_dir();
    match &asked.action {
        None => report::ledger(&rows(env), state::now(), asked.output.json),
        Some(LedgerAction::Forget { repository: named }) => {
            let repository = repository(named, config.get()?)?;
            match Ledger::open(state_dir.as_deref(), &repository).forget()? {
                true => report::line(&format!("{repository}: what was seen of it is forgotten")),
                false => report::line(&format!("{repository}: nothing was known of it")),
            }
        }
    }
}

fn rows(env: &Environment) -> Vec<LedgerRow> {
    let row = |(repository, page): (_, Page)| {
        // What was seen last says how fresh the page is.
        let last = page.refs.values().max_by_key(|entry| entry.seen);
        LedgerRow {
            repository: format!("{repository}"),
            head: page.refs.get("HEAD").map(|entry| entry.oid.to_string()),
            seen: last.map(|entry| entry.seen),
            verdict: last.map(|entry| entry.verdict.clone()),
            roots: page.roots.iter().map(ToString::to_string).collect(),
            private: page.private,
            refs: page.refs,
        }
    };
    ledger::all(env.state_dir().as_deref()).into_iter().map(|(repository, page)| row((repository, page))).collect()
}
