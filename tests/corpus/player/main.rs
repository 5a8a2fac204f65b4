//! `cargo corpus`: plays the corpus of lies, with the suite's own programs or with any other client.
//!
//! Ends with 1 when anything is not as it must be. The grammar of cases stands in `tests/corpus/README.md`.

mod arguments;

use std::{
    io::{self, Write},
    panic,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::atomic::{AtomicUsize, Ordering},
};

use mirror_tests::corpus::{Case, Client, Finished, Pattern, cases, run, table};

use arguments::{Arguments, USAGE};

/// The command line is not understood, or there is no such case.
const MISUSED: u8 = 64;

/// Every so many patterns, how many are over is told.
const TELL: usize = 64;

type Program = fn() -> ExitCode;

/// Under these names the corpus is the programs that it tries: `cargo run` builds one program, so it is all.
const PROGRAMS: &[(&str, Program)] = &[
    ("git-remote-mirror", git_mirror_helper::main),
    ("cargo-mirror", cargo_mirror::main),
    ("pip-shim", pip_shim::main),
    ("pip", pip_shim::main),
];

fn main() -> ExitCode {
    let started_as = std::env::args_os().next().map(PathBuf::from);
    let started_as = started_as.as_deref().and_then(Path::file_stem);
    if let Some((_, program)) = PROGRAMS.iter().find(|(name, _)| started_as.is_some_and(|stem| stem == *name)) {
        return program();
    }
    // What is not as it must be is told at the end, with the case's name.
    panic::set_hook(Box::new(|_| {}));
    let arguments = Arguments::parse(std::env::args().skip(1));
    let outcome = arguments.and_then(|arguments| match arguments.patterns {
        true => Ok(patterns(&arguments)),
        false => corpus(&arguments),
    });
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            show(&mut io::stderr(), &format!("{why}\n{USAGE}\n"));
            ExitCode::from(MISUSED)
        }
    }
}

/// Plays cases. Whether all is as it must be.
fn corpus(arguments: &Arguments) -> Result<bool, String> {
    let named = |case: &Case| arguments.names.is_empty() || arguments.names.iter().any(|name| case.name.contains(name));
    let chosen: Vec<Case> = cases()?.into_iter().filter(named).collect();
    if chosen.is_empty() {
        return Err(format!("no case is called {}", arguments.names.join(" or ")));
    }
    if arguments.list {
        let lines: String = chosen.iter().map(|case| format!("{}\n    {}\n", case.name, case.claim)).collect();
        show(&mut io::stdout(), &lines);
        return Ok(true);
    }
    let finished = run(&chosen, &arguments.client, arguments.jobs, |done| show(&mut io::stdout(), &line(done)));
    let complaints: Vec<String> = finished.iter().filter_map(Finished::complaint).collect();
    show(&mut io::stdout(), &format!("{} of {} as they must be\n", finished.len() - complaints.len(), finished.len()));
    show(&mut io::stderr(), &complaints.iter().map(|complaint| format!("\n{complaint}\n")).collect::<String>());
    Ok(complaints.is_empty())
}

fn line(done: &Finished<'_>) -> String {
    let word = if done.complaint().is_none() { "ok" } else { "WRONG" };
    format!("{word:5} {:5.1} s  {}\n", done.seconds, done.case.name)
}

/// Plays patterns, and shows the table. Whether nothing was believed that the rules forbid, and all was that they allow.
fn patterns(arguments: &Arguments) -> bool {
    let all = Pattern::all(arguments.told);
    let chosen: Vec<Pattern> = all.into_iter().step_by(arguments.every).collect();
    let cases: Vec<Case> = chosen.iter().map(Pattern::case).collect();
    let count = AtomicUsize::new(0);
    let finished = run(&cases, &Client::Itself, arguments.jobs, |_| {
        let count = count.fetch_add(1, Ordering::Relaxed) + 1;
        if count.is_multiple_of(TELL) {
            show(&mut io::stderr(), &format!("{count} of {}\n", cases.len()));
        }
    });
    let (text, odd) = table(&chosen, &finished);
    show(&mut io::stdout(), &text);
    show(&mut io::stderr(), &odd.iter().map(|line| format!("{line}\n")).collect::<String>());
    odd.is_empty()
}

fn show(out: &mut impl Write, text: &str) {
    // Whoever closed it does not want to know.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
