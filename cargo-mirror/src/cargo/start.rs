//! Starting the real cargo: what of our own configuration it has to be told.

use std::{ffi::OsString, process::Command};

use mirror_config::{
    config::Config,
    errors::Failure,
    system::{Environment, child},
    transport::passed_on,
};

use super::{command_line, program, setup::Levels};

/// cargo with these words, and what `[proxy]` and `[tls]` say; its own configuration stays stronger.
pub(crate) fn command(env: &Environment, config: &Config, levels: &Levels, words: &[OsString]) -> Command {
    let mut command = program::command(env, command_line::names_toolchain(words));
    command.args(words).envs(passed_on::proxies(config));
    if let Some(file) = passed_on::authorities(config, env) {
        let own = |key: &str, variable: &str| levels.value(key).is_some() || env.var_os(variable).is_some();
        if !own("http.cainfo", "CARGO_HTTP_CAINFO") {
            command.env("CARGO_HTTP_CAINFO", &file);
        }
        // git, where cargo leaves git dependencies to it.
        if env.var_os("GIT_SSL_CAINFO").is_none() {
            command.env("GIT_SSL_CAINFO", &file);
        }
    }
    command
}

/// Becomes cargo with these words.
///
/// # Errors
///
/// When there is none.
pub(crate) fn become_cargo(
    env: &Environment,
    config: &Config,
    levels: &Levels,
    words: &[OsString],
) -> Result<u8, Failure> {
    let mut command = command(env, config, levels, words);
    child::become_it(&mut command).map_err(|error| program::not_started(&error))
}
