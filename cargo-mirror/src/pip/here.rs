//! pip as this machine has it: the library asks the Pythons that are on PATH.

use mirror_config::{
    config::Config,
    pip::{
        config::Levels,
        installed::{RealPip, ask},
    },
    system::Environment,
};

use crate::system::programs;

/// The pip of the first Python that has one.
pub(crate) fn real_pip(env: &Environment, config: &Config) -> RealPip {
    RealPip::ask(config, &programs::pythons(env))
}

/// What pip is told, as the first Python or the active environment makes pip see it.
pub(crate) fn levels(env: &Environment) -> Levels {
    Levels::read(env, &ask::prefixes(env, &programs::pythons(env)), false)
}
