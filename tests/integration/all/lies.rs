//! The corpus of lies with the suite's own programs: every case, and a sample of the patterns.
//!
//! `cargo corpus` plays single cases and all patterns. Where there is no python3 with pip, pip's part says so and sees nothing.

use std::collections::BTreeSet;

use mirror_tests::corpus::{Case, Client, Finished, Pattern, Tool, Variant, cases, has_pip, run, table};

/// Cases of one tool at once: they mostly wait.
const AT_ONCE: usize = 4;
/// Every so many of the patterns; it has no divisor in common with 32, so that all patterns come up.
const EVERY: usize = 23;

/// Plays all cases of a tool, and says how long each took; fails with those that do not come out as they must.
fn play(tool: Tool) -> String {
    let all = cases().expect("the corpus can be read");
    let all: Vec<Case> = all.into_iter().filter(|case| case.tool == tool).collect();
    let finished = run(&all, &Client::Suite, AT_ONCE, |_| {});
    let complaints: Vec<String> = finished.iter().filter_map(Finished::complaint).collect();
    let count = complaints.len();
    assert!(complaints.is_empty(), "{count} of {} are not as they must be:\n\n{}", all.len(), complaints.join("\n\n"));
    finished.iter().map(|done| format!("{:5.1} s {}\n", done.seconds, done.case.name)).collect()
}

#[test]
fn every_lie_about_repositories_comes_out_as_its_case_says() {
    println!("{}", play(Tool::Git));
}

#[test]
fn every_lie_about_crates_comes_out_as_its_case_says() {
    println!("{}", play(Tool::Cargo));
}

#[test]
fn every_lie_about_wheels_comes_out_as_its_case_says() {
    if has_pip() {
        println!("{}", play(Tool::Pip));
    } else {
        println!("no python3 with pip here: nothing was seen");
    }
}

#[test]
fn a_client_that_believes_its_first_mirror_is_found_out() {
    let git = "case $DO in clone*) git $DO \"$MIRROR_1\" \"$TARGET\";; *) git -C \"$TARGET\" $DO;; esac";
    let all = cases().expect("the corpus can be read");
    let played = |name: &str| {
        let chosen: Vec<Case> = all.iter().filter(|case| case.name == name).cloned().collect();
        let finished = run(&chosen, &Client::Command(git.to_owned()), 1, |_| {});
        let [done] = finished.as_slice() else { panic!("{name} is one case") };
        let played = done.played.as_ref().unwrap_or_else(|why| panic!("{name}: {why}"));
        (played.wrong.is_empty(), played.traces.is_empty())
    };
    // Right where the mirror is; and where it is not, both the lie and what is left of it are seen.
    assert_eq!(played("git_honest_mirror_ok"), (true, true));
    assert_eq!(played("git_forged_commit_under_upstream_ok"), (false, false));
    assert_eq!(played("git_fetch_beside_a_liar_ok"), (false, false));
    assert_eq!(played("git_captive_portal_ok"), (false, true));
    assert_eq!(played("git_rewound_before_a_fetch_refused"), (false, true));
}

#[test]
fn the_corpus_is_large_and_says_each_thing_once() {
    let all = cases().expect("the corpus can be read");
    assert!(all.len() >= 100, "{}", all.len());
    let claims: BTreeSet<(Tool, &str)> = all.iter().map(|case| (case.tool, case.claim.as_str())).collect();
    assert_eq!(claims.len(), all.len(), "two cases of one tool claim the same");
    for tool in [Tool::Git, Tool::Cargo, Tool::Pip] {
        for end in ["_ok", "_refused"] {
            let count = all.iter().filter(|case| case.tool == tool && case.name.ends_with(end)).count();
            assert!(count >= 5, "{tool}{end}: {count}");
        }
    }
}

#[test]
fn patterns_of_liars_come_out_as_the_rules_have_it() {
    let fits = |pattern: &Pattern| pattern.tool() != Tool::Pip || has_pip();
    let all = |alike, upstream, seen| Pattern::all(Variant { alike, upstream, seen }).into_iter();
    let unreachable = all(false, false, false).step_by(EVERY);
    let reachable = all(true, true, false).skip(5).step_by(EVERY * 5);
    let seen = all(false, false, true).skip(7).step_by(EVERY).chain(all(true, false, true).skip(15).step_by(EVERY));
    let chosen: Vec<Pattern> = unreachable.chain(reachable).chain(seen).filter(fits).collect();
    let cases: Vec<Case> = chosen.iter().map(Pattern::case).collect();
    let finished = run(&cases, &Client::Suite, AT_ONCE, |_| {});
    let (text, odd) = table(&chosen, &finished);
    println!("{text}");
    assert!(odd.is_empty(), "{}\n{text}", odd.join("\n"));
}
