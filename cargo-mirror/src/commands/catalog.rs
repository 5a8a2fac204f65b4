//! `cargo mirror catalog`: which list of mirrors is in force; `update` takes a newer signed one.

use mirror_config::{
    config::{Config, LazyConfig},
    errors::Failure,
    select::{Select, list_update},
    system::Environment,
};

use crate::{
    cli::{Catalog, CatalogAction, Output, Update},
    report::{self, CatalogReport, UpdateReport},
};

pub(super) fn catalog(env: &Environment, config: &LazyConfig<'_>, asked: &Catalog) -> Result<(), Failure> {
    match &asked.action {
        None => show(config.get()?, asked.output),
        Some(CatalogAction::Update(asked)) => update(env, config.get()?, asked),
    }
}

fn show(config: &Config, output: Output) -> Result<(), Failure> {
    let report = CatalogReport {
        list: config.list.list.clone(),
        note: config.list.note.clone(),
        mirrors: config.mirrors.len(),
        keys: config.signatures.keys().iter().map(ToString::to_string).collect(),
        threshold: config.signatures.threshold(),
    };
    report::catalog(&report, output.json)
}

fn update(env: &Environment, config: &Config, asked: &Update) -> Result<(), Failure> {
    let updated = list_update::update(env, &Select::new(config, env)?, &asked.address, asked.dry_run)?;
    let report = UpdateReport {
        version: updated.list.version,
        before: updated.before,
        expires: updated.list.expires,
        mirrors: updated.list.mirrors,
        signers: updated.signers,
        taken: !asked.dry_run && !updated.same,
        same: updated.same,
    };
    report::list_update(&report, asked.output.json)
}
