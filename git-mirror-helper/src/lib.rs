//! `git-remote-mirror`: git fetches from mirrors, and believes upstream.
//!
//! git starts this program for `mirror::` addresses and speaks gitremote-helpers(7) with it. The folders stand in reading
//! order, and each uses only those above it. A request comes in by the `conversation`; `authority` says what the refs are;
//! `answer` plans how git gets its objects and gives them; `transfer` carries the bulk from many mirrors into `objects`;
//! `run` holds the facts and the journal of what happens, `terminal` says what a person should know.

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
    config::Config,
    errors::{Failure, Kind},
    report::start_log,
    select::Select,
    system::Environment,
};

use crate::{
    conversation::{
        listening::{self, Listening},
        session,
    },
    git::address,
    run::Run,
};

/// What git shows as exit code of a helper that failed, whatever it was (FACTS: the line is the contract).
const FAILED: u8 = 128;
/// Helpers that may be nested before it is a circle.
const DEEPEST: u32 = 2;

/// The program.
pub fn main() -> ExitCode {
    let env = Environment::from_process();
    start_log(&env);
    let arguments: Vec<std::ffi::OsString> = std::env::args_os().skip(1).collect();
    match listening::while_git_listens(move |git| serve(env, &arguments, git)) {
        Some(Ok(code)) => ExitCode::from(code),
        Some(Err(failure)) => {
            // A git that has ended had its reasons, and said them.
            let gone = match failure.kind {
                Kind::Io => listening::is_deserted_soon(),
                _ => listening::is_deserted(),
            };
            if !gone {
                terminal::error(&failure);
            }
            ExitCode::from(FAILED)
        }
        None => ExitCode::from(FAILED),
    }
}

fn serve(env: Environment, arguments: &[std::ffi::OsString], git: &Listening) -> Result<u8, Failure> {
    let mut run = match prepare(env, arguments) {
        Ok(run) => run,
        Err(failure) => {
            session::hear_out();
            return Err(failure);
        }
    };
    let served = session::serve(&mut run, git);
    run.journal.write(&run.env, served.as_ref().err().map(|failure| failure.kind));
    run.journal.remember(&run.select.health);
    served
}

/// What can be known before git has said anything.
fn prepare(env: Environment, arguments: &[std::ffi::OsString]) -> Result<Run, Failure> {
    let [remote, address] = arguments else {
        return Err(Failure::new(Kind::Usage, "git starts this program for `mirror::` addresses; people do not")
            .hint("git clone mirror::openglm/Open-AutoGLM"));
    };
    let Some(address) = address.to_str() else {
        return Err(Failure::new(Kind::Name, "the address is not UTF-8"));
    };
    if env.depth() >= DEEPEST {
        return Err(Failure::new(Kind::Config, format!("`mirror::{address}` leads back to itself"))
            .hint("look for a circle: git config --get-regexp '^url\\..*insteadof$'"));
    }
    let select = Select::new(&Config::load(&env)?, &env)?;
    let repository = address::parse(address, &select.config)?;
    Run::new(env, select, repository, remote)
}
