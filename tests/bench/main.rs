//! `cargo measure [SCENARIO…] [--runs N] [--repository [NAME=]PATH]… [--json]`: the suite beside plain git, plain cargo
//! and plain pip.
//!
//! Both take turns in one run, on one machine, from the same servers; medians are compared, and each row says what the
//! goal is and whether it is met. Ends with 1 when a goal is missed. Quiet machines give numbers; busy ones give noise.

mod measure;
mod ground;
mod scenarios;
mod arguments;

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use arguments::{Arguments, USAGE};
use ground::{LINKED, Material, PROGRAMS};
use measure::{Row, json, text};

/// A goal is missed.
const MISSED: u8 = 1;
/// The command line is not understood.
const MISUSED: u8 = 64;

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
    let material = Material::new(arguments.repositories, arguments.bitmaps, &arguments.only);
    let mut rows: Vec<Row> = Vec::new();
    for scenario in &arguments.scenarios {
        show(&mut io::stderr(), &format!("measuring {}…\n", scenario.name));
        scenario.measure(arguments.runs, &material, |measured| {
            // At once, for those who do not wait for the end.
            show(&mut io::stderr(), &text(&measured));
            rows.extend(measured);
        });
    }
    show(&mut io::stdout(), &if arguments.json { json(&rows) } else { text(&rows) });
    if rows.iter().any(Row::is_missed) { ExitCode::from(MISSED) } else { ExitCode::SUCCESS }
}

fn show(out: &mut impl Write, text: &str) {
    // Whoever closed it does not want to know.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
