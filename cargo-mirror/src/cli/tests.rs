//! README's table of commands is what the command line has: nothing else, and nothing less.

use std::{collections::BTreeSet, fs, path::Path};

use clap::{Command, CommandFactory};

use super::command::Line;

/// What a table names of a command line: paths of subcommands, each with its flags.
type Told = BTreeSet<(Vec<String>, Vec<String>)>;

/// Reads the rows that begin with a command, `| `cargo mirror …` | … |`: in the first cell and in the second, where a
/// command may stand without `cargo mirror`.
fn told(readme: &str, line: &Command) -> Told {
    let rows = readme.lines().filter(|line| line.starts_with("| `cargo mirror "));
    let spans = rows.flat_map(|row| row.split('`').skip(1).step_by(2));
    let commands = spans.filter_map(|span| match span.strip_prefix("cargo mirror ") {
        Some(command) => Some(command),
        None => line.find_subcommand(span.split(' ').next()?).is_some().then_some(span),
    });
    commands.flat_map(named).collect()
}

/// `probe [git [OWNER/REPO]\|pip] --tls`: `probe`, `probe git` and `probe pip`, each with `tls`. What is handed on behind
/// `--`, and what stands for a value, is left out.
fn named(command: &str) -> Vec<(Vec<String>, Vec<String>)> {
    let command = command.split(" -- ").next().unwrap_or_default();
    let (outside, choices) = command.split_once('[').unwrap_or((command, ""));
    let word = |text: &&str| !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c == '-');
    let words =
        |text: &str| text.split([' ', '[', ']', '|', '\\']).filter(word).map(str::to_owned).collect::<Vec<String>>();
    let (flags, path): (Vec<_>, Vec<_>) = words(outside).into_iter().partition(|word| word.starts_with("--"));
    let (more, choices): (Vec<_>, Vec<_>) = words(choices).into_iter().partition(|word| word.starts_with("--"));
    let flags: Vec<String> = flags.iter().chain(&more).map(|flag| flag.trim_start_matches('-').to_owned()).collect();
    let below = choices.into_iter().map(|choice| path.iter().cloned().chain([choice]).collect());
    std::iter::once(path.clone()).chain(below).map(|path| (path, flags.clone())).collect()
}

/// What is told and not there, and what is there and not told, each by its path.
fn differences(told: &Told, line: &Command) -> Vec<String> {
    let mut found = Vec::new();
    for (path, flags) in told {
        let command = path.iter().try_fold(line, |above, word| above.find_subcommand(word));
        let has = |flag: &&String| {
            command.is_some_and(|command| command.get_arguments().any(|known| known.get_long() == Some(flag)))
        };
        if command.is_none() {
            found.push(format!("no {}", path.join(" ")));
        }
        found.extend(flags.iter().filter(|flag| !has(flag)).map(|flag| format!("no {} --{flag}", path.join(" "))));
    }
    let paths: BTreeSet<&Vec<String>> = told.iter().map(|(path, _)| path).collect();
    let mut waiting = vec![(Vec::new(), line)];
    while let Some((path, command)) = waiting.pop() {
        for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
            let path: Vec<String> = path.iter().cloned().chain([below.get_name().to_owned()]).collect();
            if !paths.contains(&path) {
                found.push(format!("untold {}", path.join(" ")));
            }
            waiting.push((path, below));
        }
    }
    found.sort();
    found
}

#[test]
fn readme_tells_every_command() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace").join("README.md");
    let readme = fs::read_to_string(readme).expect("README");
    let line = Line::command();
    assert_eq!(differences(&told(&readme, &line), &line), [""; 0]);
}

#[test]
fn a_table_that_tells_something_else_is_found() {
    let below = |name| Command::new(name).arg(clap::Arg::new("json").long("json"));
    let line = Command::new("x").subcommand(below("list")).subcommand(below("probe").subcommand(below("git")));
    let probe = "| `cargo mirror probe [git [A/B]\\|--json]` | asks |\n";
    for (rows, expected) in [
        ("| `cargo mirror list` | shows; `list --json` |\n", &[][..]),
        ("| `cargo mirror list -- build` | with cargo's `--release`, into `LIST` |", &[]),
        ("", &["untold list"]),
        ("list: `cargo mirror list`", &["untold list"]),
        ("| `cargo mirror list`, `cargo mirror show X` | shows |", &["no show"]),
        ("| `cargo mirror list --all` | shows |", &["no list --all"]),
        ("| `cargo mirror list [git\\|pip]` | shows |", &["no list git", "no list pip"]),
    ] {
        let readme = format!("{probe}{rows}");
        assert_eq!(differences(&told(&readme, &line), &line), expected, "{rows}");
    }
}
