//! pip as this machine has it: the library asks the Pythons that are on PATH.

use mirror_config::{
    config::Config,
    pip::{
        config::{Levels, Settings},
        installed::{RealPip, ask},
        outward::WayOptions,
    },
    system::Environment,
    transport::Outward,
};

use crate::system::programs;

/// The pip of the first Python that has one.
pub(crate) fn real_pip(env: &Environment, config: &Config) -> RealPip {
    RealPip::ask(config, &programs::pythons(env))
}

/// How pip goes out, as far as its configuration and variables say so.
pub(crate) fn outward(env: &Environment, agent: &str) -> Outward {
    let settings = Settings::of(&levels(env), "install");
    mirror_config::pip::outward(env, &settings, &WayOptions::default(), agent)
}

/// What pip is told, as the first Python or the active environment makes pip see it.
pub(crate) fn levels(env: &Environment) -> Levels {
    Levels::read(env, &ask::prefixes(env, &programs::pythons(env)), false)
}
