//! The three acts: what happens, and what has to hold.

use mirror_tests::{AUTOGLM, Ran, Seen};
use serde_json::Value;

use crate::{
    check::clone_is_upstreams,
    scene::Scene,
    show::{check, sources, title, word},
};

/// Four bad mirrors are asked before the good one.
pub(crate) fn bad_mirrors(scene: &Scene) -> Vec<bool> {
    title("1. Four bad mirrors stand before the good one");
    let (ran, reports) = scene.clone("first");
    sources(&reports);
    let project = of_project(&reports);
    let outcome = |name: &str| project.iter().find(|source| word(&source["name"]) == name).map(|s| word(&s["outcome"]));
    let expected =
        [("dead", "refused"), ("corrupt", "corrupt"), ("stale", "missing"), ("slow", "slow"), ("fast", "ok")];
    let mut held = vec![
        check("git is content", ran.code == 0),
        check("each mirror was asked, and each bad one was found out", {
            expected.iter().all(|(name, expected)| outcome(name) == Some(*expected))
        }),
        check("every ref is on upstream's word", verdicts(&reports).iter().all(|verdict| *verdict == "upstream")),
        check("the bulk came from a mirror: upstream sent no pack", !scene.origin.log().iter().any(Seen::is_fetch)),
    ];
    held.extend(clone_is_upstreams(scene, "first"));
    held
}

/// Upstream cannot be reached; the mirrors agree, but for the one that lags.
pub(crate) fn without_upstream(scene: &mut Scene) -> Vec<bool> {
    title("2. Upstream is gone; the mirrors agree on what it said");
    scene.origin.stop();
    let (ran, reports) = scene.clone("second");
    sources(&reports);
    let mut held = vec![
        check("git is content", ran.code == 0),
        check("every ref is on the word of several operators", verdicts(&reports).iter().all(|v| *v == "quorum")),
        check("that is said, with the age of what they say", says(&ran, &["; refs by quorum of ", " ago)"])),
    ];
    held.extend(clone_is_upstreams(scene, "second"));
    held
}

/// One mirror is left, on a machine that has seen nothing before, and one mirror's word is not enough.
pub(crate) fn one_voice(scene: &mut Scene) -> Vec<bool> {
    title("3. One mirror is left, nothing was seen before, and its word alone is not believed");
    for mirror in scene.mirrors.iter_mut().filter(|mirror| mirror.name != "fast") {
        mirror.stop();
    }
    scene.forget();
    let (ran, reports) = scene.clone("third");
    sources(&reports);
    vec![
        check("git refuses, as it should", ran.code == 128),
        check("the reason is E-QUORUM, with a hint", says(&ran, &["error[E-QUORUM]", "mirror: hint: "])),
        check("nothing was left behind", !scene.work("third").exists()),
    ]
}

/// The sources of the project's own clone.
fn of_project(reports: &[Value]) -> Vec<Value> {
    let about = |report: &&Value| word(&report["upstream"]).ends_with(AUTOGLM);
    reports.iter().find(about).and_then(|report| report["sources"].as_array().cloned()).unwrap_or_default()
}

/// One for each repository; none at all is one that nobody gave.
fn verdicts(reports: &[Value]) -> Vec<&str> {
    if reports.is_empty() { vec![""] } else { reports.iter().map(|report| word(&report["verdict"])).collect() }
}

fn says(ran: &Ran, all: &[&str]) -> bool {
    all.iter().all(|part| ran.stderr.contains(part))
}
