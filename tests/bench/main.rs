//! `cargo measure [SCENARIO…] [--runs N] [--repository PATH] [--json]`: the suite beside plain git,
//! plain cargo and plain pip.
//!
//! Both take turns in one run, on one machine, from the same servers; medians are compared, and each row says what the
//! goal is and whether it is met. Ends with 1 when a goal is missed. Quiet machines give numbers; busy ones give noise.

mod arguments;
mod broken;
mod clones;
mod crate_ground;
mod crates;
mod crowd;
mod dead_mirror;
mod flow;
mod ground;
mod lines;
mod material;
mod measure;
mod memory;
mod pip_ground;
mod pip_installs;
mod pip_start;
mod plain;
mod scenarios;
mod stale;
mod start;
mod status;
mod table;
mod uneven;
mod verify;

use std::{
    io::{self, Write},
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    process::ExitCode,
};

use mirror_tests::Sandbox;

use arguments::{Arguments, USAGE};
use material::Material;
use table::{Row, json, text};

/// A goal is missed.
const MISSED: u8 = 1;
/// The command line is not understood.
const MISUSED: u8 = 64;

type Program = fn() -> ExitCode;

/// Under these names the benchmark is the programs that it measures: `cargo run` builds one program, so it is all.
const PROGRAMS: &[(&str, Program)] = &[
    ("git-remote-mirror", git_mirror_helper::main),
    ("cargo-mirror", cargo_mirror::main),
    ("pip-shim", pip_shim::main),
];
/// The shim under pip's name, in a folder of its own. It is no program of the sandbox: those are on PATH.
const LINKED: (&str, Program) = ("pip", pip_shim::main);

fn main() -> ExitCode {
    let started_as = std::env::args_os().next().map(PathBuf::from);
    let started_as = started_as.as_deref().and_then(Path::file_stem);
    if let Some((_, program)) =
        PROGRAMS.iter().chain([&LINKED]).find(|(name, _)| started_as.is_some_and(|stem| stem == *name))
    {
        return program();
    }
    let arguments = match Arguments::parse(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(why) => {
            show(&mut io::stderr(), &format!("{why}\n{USAGE}\n"));
            return ExitCode::from(MISUSED);
        }
    };
    if cfg!(debug_assertions) {
        show(&mut io::stderr(), "only a release build is worth measuring: use `cargo measure`\n");
        return ExitCode::from(MISUSED);
    }
    let material = Material::new(arguments.repository);
    let mut rows: Vec<Row> = Vec::new();
    for scenario in &arguments.scenarios {
        show(&mut io::stderr(), &format!("measuring {}…\n", scenario.name));
        // The support panics when servers or plain git fail; what the other scenarios gave is not to be lost with it.
        let measured = catch_unwind(AssertUnwindSafe(|| scenario.measure(arguments.runs, &material)));
        let measured = measured.unwrap_or_else(|_| vec![Row::failed(scenario.name, "panicked, see above".to_owned())]);
        // At once, for those who do not wait for the end.
        show(&mut io::stderr(), &text(&measured));
        rows.extend(measured);
    }
    show(&mut io::stdout(), &if arguments.json { json(&rows) } else { text(&rows) });
    if rows.iter().any(Row::is_missed) { ExitCode::from(MISSED) } else { ExitCode::SUCCESS }
}

/// A sandbox with this program as those under test.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    add_programs(&sandbox);
    sandbox
}

/// Has a sandbox take this program for those under test.
fn add_programs(sandbox: &Sandbox) {
    let this = std::env::current_exe().expect("the system knows what it runs");
    PROGRAMS.iter().for_each(|(name, _)| sandbox.add_program(name, &this));
}

fn show(out: &mut impl Write, text: &str) {
    // Whoever closed it does not want to know.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
