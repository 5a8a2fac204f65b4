//! What stays in force while a command runs: a registry or sources in the place of crates-io that are not ours to overrule.

use std::{ffi::OsString, path::Path};

use mirror_config::{config::Config, errors::Failure, system::Environment};

use super::{
    levels::Levels,
    replacement::{Known, Replacement, in_force},
};

/// What cargo would have in the place of crates-io in this folder, with these arguments.
///
/// # Errors
///
/// Those of [`Levels::read`]: who cannot read what is in force must not guess.
pub(crate) fn standing(env: &Environment, config: &Config, given: &[OsString]) -> Result<Option<Replacement>, Failure> {
    // An older cargo passes over what is included, so whatever stands there is not in force; but whoever asks may be
    // a newer one a moment later, and to take too much for private is the safe side.
    let levels = Levels::read(env, true)?.with_given(env, given, true)?;
    Ok(in_force(&levels.0, &levels.0, &Known::of(config)))
}

/// The same, where it must not be overruled: then no name of this project's crates may go to upstream or to a mirror.
///
/// # Errors
///
/// As [`standing`].
pub(crate) fn kept(env: &Environment, config: &Config, given: &[OsString]) -> Result<Option<Replacement>, Failure> {
    Ok(standing(env, config, given)?.filter(|found| !found.is_public()))
}

/// The same for a project's lock file: what is in force in its folder, or where the command runs.
///
/// # Errors
///
/// As [`standing`].
pub(crate) fn kept_for(env: &Environment, config: &Config, root: &Path) -> Result<Option<Replacement>, Failure> {
    let there = kept(&env.at(root), config, &[])?;
    there.map_or_else(|| kept(env, config, &[]), |found| Ok(Some(found)))
}
