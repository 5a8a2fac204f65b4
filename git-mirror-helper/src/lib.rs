//! `git-remote-mirror`: git fetches from mirrors, and believes upstream.
//!
//! git starts this program for `mirror::` addresses and speaks gitremote-helpers(7) with it. One request takes a
//! straight line: `session` reads it, `authority` says what the refs are, `plan` decides, `transfer` and `land` carry
//! the bulk through the `store`, `pass` has a mirror answer the rest, `report` says how it went.

pub mod git;
pub mod objects;
pub mod run;
pub mod terminal;
pub mod authority;
pub mod transfer;
pub mod answer;
pub mod conversation;

use std::process::ExitCode;

use mirror_config::{
    environment::Environment,
    failure::{Failure, Kind},
    report::start_log,
    select::Select,
};

use crate::{conversation::session, git::address, run::Context};

/// What git shows as exit code of a helper that failed, whatever it was (FACTS: the line is the contract).
const FAILED: u8 = 128;
/// Helpers that may be nested before it is a circle.
const DEEPEST: u32 = 2;

/// The program.
pub fn main() -> ExitCode {
    let env = Environment::from_process();
    start_log(&env);
    let arguments: Vec<std::ffi::OsString> = std::env::args_os().skip(1).collect();
    match run(env, &arguments) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            terminal::error(&failure);
            ExitCode::from(FAILED)
        }
    }
}

fn run(env: Environment, arguments: &[std::ffi::OsString]) -> Result<u8, Failure> {
    let mut context = match prepare(env, arguments) {
        Ok(context) => context,
        Err(failure) => {
            session::hear_out();
            return Err(failure);
        }
    };
    let served = session::serve(&mut context);
    context.diary.close(&context.env, &context.select, served.as_ref().err().map(|failure| failure.kind));
    served
}

/// What can be known before git has said anything.
fn prepare(env: Environment, arguments: &[std::ffi::OsString]) -> Result<Context, Failure> {
    let [remote, address] = arguments else {
        return Err(Failure::new(Kind::Usage, "git starts this program for `mirror::` addresses; people do not")
            .hint("git clone mirror::openglm/Open-AutoGLM"));
    };
    let (Some(remote), Some(address)) = (remote.to_str(), address.to_str()) else {
        return Err(Failure::new(Kind::Name, "the address is not UTF-8"));
    };
    if env.depth() >= DEEPEST {
        return Err(Failure::new(Kind::Config, format!("`mirror::{address}` leads back to itself"))
            .hint("look for a circle: git config --get-regexp '^url\\..*insteadof$'"));
    }
    let select = Select::new(&env)?;
    let repository = address::parse(address, &select.config)?;
    Context::new(env, select, repository, remote)
}
