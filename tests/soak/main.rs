//! `cargo soak [--minutes N] [--seed N]`: clones, updates and kills without end on one sandbox whose upstream keeps growing and
//! whose mirrors keep failing, several at once.
//!
//! Ends with a table, and with 1 when a result was wrong, something hung or was left over, or a helper's memory or open
//! files grew with time. Linux only: `/proc` says what helpers use.

mod ground;
mod tally;
mod worker;
mod sampler;
mod table;

use std::{
    fs,
    io::{self, Write},
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::RwLock,
    thread,
    time::{Duration, Instant},
};

use mirror_tests::{assert_whole_store, mark, processes};

use ground::Ground;
use sampler::Sampler;
use table::Findings;
use tally::{Tally, show};
use worker::Worker;

/// Workers at once.
const WORKERS: u64 = 4;
/// The command line is not understood.
const MISUSED: u8 = 64;
/// Under this name the soak is the program that it tries: `cargo run` builds one program, so it is both.
const HELPER: &str = "git-remote-mirror";

/// How it is used.
const USAGE: &str = "\
usage: cargo soak [--minutes N] [--seed N]
--minutes N  how long (default 20)
--seed N     what goes wrong, in which order (default 1)";

/// How long, and what.
#[derive(Debug, PartialEq, Eq)]
struct Arguments {
    time: Duration,
    seed: u64,
}

impl Arguments {
    /// Reads the words behind the program's name; the error says which one is wrong.
    fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut read = Self { time: Duration::from_secs(20 * 60), seed: 1 };
        while let Some(word) = words.next() {
            let text = words.next().ok_or(format!("`{word}` needs a value, or is unknown"))?;
            let number =
                text.parse::<u64>().ok().filter(|number| *number > 0).ok_or(format!("`{text}` is no count"))?;
            match word.as_str() {
                "--minutes" => read.time = Duration::from_secs(number * 60),
                "--seed" => read.seed = number,
                _ => return Err(format!("`{word}` is unknown")),
            }
        }
        Ok(read)
    }
}

fn main() -> ExitCode {
    let started_as = std::env::args_os().next().map(PathBuf::from);
    if started_as.is_some_and(|path| path.file_stem().is_some_and(|name| name == HELPER)) {
        return git_mirror_helper::main();
    }
    let arguments = match Arguments::parse(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(why) => {
            show(&format!("{why}\n{USAGE}\n"));
            return ExitCode::from(MISUSED);
        }
    };
    let (text, held) = soak(&arguments).text();
    let shown = io::stdout().write_all(text.as_bytes());
    if held && shown.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs it to its end.
fn soak(arguments: &Arguments) -> Findings {
    let tally = Tally::default();
    let ground = RwLock::new(Ground::new(arguments.seed, arguments.time));
    // Nothing changes while somebody works, so that there is one right result.
    let read = || ground.read().expect("nobody panics while holding it");
    let started = Instant::now();
    let over = || started.elapsed() >= arguments.time;
    let (samples, stores) = thread::scope(|scope| {
        for number in 0..WORKERS {
            let (read, over, tally) = (&read, &over, &tally);
            scope.spawn(move || {
                let mut worker = Worker::new(number, arguments.seed);
                while !over() {
                    worker.work(&read(), tally);
                }
            });
        }
        scope.spawn(|| {
            while !over() {
                thread::sleep(read().pause());
                ground.write().expect("nobody panics while holding it").change(started.elapsed());
            }
        });
        let watching = scope.spawn(|| {
            let (mut sampler, mut stores) = (Sampler::new(), Vec::new());
            let (mark, cache) = {
                let ground = read();
                (mark(&ground.stage.sandbox), ground.stage.sandbox.path("cache"))
            };
            while !over() {
                sampler.look(&mark);
                if started.elapsed().as_secs() >= stores.len() as u64 {
                    stores.push(size(&cache));
                }
                thread::sleep(sampler::EVERY);
            }
            (sampler.ended, stores)
        });
        watching.join().expect("it does not panic")
    });
    let ground = ground.into_inner().expect("nobody panics while holding it");
    for store in ground.stage.stores() {
        if panic::catch_unwind(AssertUnwindSafe(|| assert_whole_store(&store))).is_err() {
            tally.wrong("store", "it is not whole");
        }
    }
    tally.left_over(processes(&ground.stage.sandbox).len());
    let (counts, left_over) = tally.counts();
    Findings { counts, left_over, samples, stores, time: arguments.time }
}

/// Bytes of the files below a folder; what goes away meanwhile counts nothing.
fn size(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let of = |entry: fs::DirEntry| match entry.metadata() {
        Ok(found) if found.is_dir() => size(&entry.path()),
        Ok(found) => found.len(),
        Err(_) => 0,
    };
    entries.flatten().map(of).sum()
}
