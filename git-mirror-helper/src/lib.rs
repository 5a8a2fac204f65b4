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

use std::{ffi::OsString, process::ExitCode};

use mirror_config::{
    config::Config,
    errors::{Failure, Kind},
    report::{Event, start_log},
    select::Select,
    system::Environment,
};

use crate::{
    conversation::{
        aside,
        listening::{self, Listening},
        session,
    },
    git::{
        address::{self, Meant},
        settings,
    },
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
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
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

fn serve(env: Environment, arguments: &[OsString], git: &Listening) -> Result<u8, Failure> {
    let mut run = match prepare(env, arguments) {
        Ok(Prepared::Run(run)) => run,
        Ok(Prepared::Aside(code)) => return Ok(code),
        Err(failure) => {
            session::hear_out();
            return Err(failure);
        }
    };
    let served = session::serve(&mut run, git);
    run.journal.note(Event::Unserved);
    run.journal.write(&run.env, served.as_ref().err().map(|failure| failure.kind));
    run.journal.remember(&run.select.health);
    served
}

/// What comes of the arguments.
enum Prepared {
    /// A run.
    Run(Box<Run>),
    /// git's own helper served in our place, and ended with this code.
    Aside(u8),
}

/// What can be known before git has said anything.
fn prepare(env: Environment, arguments: &[OsString]) -> Result<Prepared, Failure> {
    let [remote, address] = arguments else {
        return Err(Failure::new(Kind::Usage, "git starts this program for `mirror::` addresses; people do not")
            .hint("git clone mirror::openglm/Open-AutoGLM"));
    };
    if env.depth() >= DEEPEST {
        return Err(Failure::new(Kind::Config, format!("`mirror::{}` leads back to itself", address.display()))
            .hint("look for a circle: git config --get-regexp '^url\\..*insteadof$'"));
    }
    let config = Config::load(&env)?;
    match address::parse(address, &config, || settings::is_written(remote))? {
        Meant::Unnamed { upstream, url } => {
            aside::refuse_unnamed(&env, &config, &upstream, &url)?;
            aside::step_aside(&env, &config, remote, &url).map(Prepared::Aside)
        }
        Meant::Repository { repository, written } => {
            let select = Select::new(&config, &env)?;
            let run = Run::new(env, select, (repository, written.as_deref()), remote)?;
            Ok(Prepared::Run(Box::new(Run { gits_words: terminal::pass_on, ..run })))
        }
    }
}
