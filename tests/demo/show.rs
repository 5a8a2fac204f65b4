//! All that the demo prints: plain text on standard output, no colors, no escape sequences.

use std::io::{self, Write};

use mirror_tests::Ran;
use serde_json::Value;

/// A line, or several.
pub(crate) fn say(text: &str) {
    // Nobody is listening if this fails.
    let _ = writeln!(io::stdout(), "{text}").and_then(|()| io::stdout().flush());
}

/// The head of an act.
pub(crate) fn title(text: &str) {
    say(&format!("\n{text}\n{}", "-".repeat(text.len())));
}

/// What a program said, indented.
pub(crate) fn output(ran: &Ran) {
    for line in ran.stderr.lines().chain(ran.stdout.lines()) {
        say(&format!("    {line}"));
    }
    say(&format!("    (exit code {}, {:.1} s)", ran.code, ran.seconds));
}

/// A claim and whether it held.
pub(crate) fn check(claim: &str, held: bool) -> bool {
    say(&format!("  {} {claim}", if held { "ok    " } else { "FAILED" }));
    held
}

/// Who was asked, and what became of it: one table for each repository in the report.
pub(crate) fn sources(reports: &[Value]) {
    for report in reports.iter().filter(|report| report["sources"].as_array().is_some_and(|all| !all.is_empty())) {
        say(&format!("\n  {}", word(&report["upstream"])));
        say(&format!("    {:<16} {:>9} {:>9}  {}", "asked", "used", "wasted", "outcome"));
        for source in report["sources"].as_array().into_iter().flatten() {
            let (used, wasted) = (amount(&source["bytes"]), amount(&source["wasted"]));
            say(&format!(
                "    {:<16} {used:>9} {wasted:>9}  {}",
                word(&source["name"]),
                sentence(word(&source["outcome"]))
            ));
        }
        let voices: Vec<&str> = report["evidence"].as_array().into_iter().flatten().map(|e| word(&e["who"])).collect();
        let verdict = word(&report["verdict"]);
        let verdict = if verdict.is_empty() { "nobody who was believed" } else { verdict };
        say(&format!("    refs by {verdict}; heard: {}", voices.join(", ")));
    }
    say("");
}

/// A text of the report; none is an empty one.
pub(crate) fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The report's word for an outcome, for people.
fn sentence(outcome: &str) -> String {
    let meaning = match outcome {
        "ok" => "carried",
        "refused" => "nobody listens there",
        "corrupt" => "its bytes do not hash to what they should",
        "missing" => "lags behind, and the next one did not",
        "slow" => "too slow to wait for",
        "cut" => "the answer ended too soon",
        _ => return outcome.to_owned(),
    };
    if outcome == "ok" { meaning.to_owned() } else { format!("{outcome}: {meaning}") }
}

fn amount(bytes: &Value) -> String {
    match bytes.as_u64() {
        None | Some(0) => "-".to_owned(),
        Some(bytes) => mirror_config::message::bytes(bytes),
    }
}
