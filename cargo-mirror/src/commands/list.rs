//! `cargo mirror list`: the mirrors that are configured, disabled ones included.

use mirror_config::{
    config::{Config, Disabled, LazyConfig},
    errors::Failure,
    model::Mirror,
};

use crate::{
    cli::Output,
    report::{self, MirrorRow, mirrors},
};

pub(super) fn list(config: &LazyConfig<'_>, output: Output) -> Result<(), Failure> {
    let config = config.get()?;
    config.list.note.iter().for_each(|note| report::warn(note));
    mirrors::mirrors(&rows(config), output.json)
}

/// Enabled mirrors by name, then disabled ones by name.
fn rows(config: &Config) -> Vec<MirrorRow> {
    let off = |(name, disabled): (&String, &Disabled)| MirrorRow {
        name: name.clone(),
        origin: disabled.by.clone(),
        enabled: false,
        ..MirrorRow::default()
    };
    config.mirrors.iter().map(row).chain(config.disabled.iter().map(off)).collect()
}

fn row(mirror: &Mirror) -> MirrorRow {
    MirrorRow {
        name: mirror.name.clone(),
        operator: Some(mirror.operator.clone()),
        git: mirror.git.keys().cloned().collect(),
        cargo: mirror.cargo.as_ref().map(ToString::to_string),
        pypi: mirror.pypi.as_ref().map(ToString::to_string),
        rustup: mirror.rustup.as_ref().map(ToString::to_string),
        relays: mirror.relays,
        trusted: mirror.trusted,
        enabled: true,
        announced: mirror.announced.as_ref().map(ToString::to_string),
        origin: mirror.origin.clone(),
    }
}
