//! Whatever goes wrong with a mirror, the clone ends right, soon, and through somebody else.

use std::fs;

use mirror_tests::{
    BlackHole, Fault, History, NAME, Plan, Ran, Scope, SilentServer, Stage, assert_fsck_clean,
    assert_same_repository_but, refused_url,
};

/// Seconds that a mirror may cost on a machine that is busy otherwise: one that is dead at once, one that dies on the way,
/// one that never ends. Beyond them something hangs; how long things really take is the benchmark's matter.
const DEAD: f64 = 10.0;
const DYING: f64 = 16.0;
const ENDLESS: f64 = 20.0;

/// A stage whose mirror `bad` is asked before the other one, and plain clones to compare with.
fn stage(history: &History) -> Stage {
    let mut stage = Stage::new(history, &["bad", "good"]);
    stage.set_keys("bad", "weight = 1e12");
    stage.plain_clone(&["-q"], "plain").ok();
    stage.plain_clone(&["-q", "--depth=3"], "plain-shallow").ok();
    stage
}

/// Clones, and holds the clone against git's own. Returns how many seconds it took.
fn clone(stage: &Stage, case: &str, depth: bool) -> f64 {
    stage.forget();
    let (options, plain) = if depth { (&["-q", "--depth=3"][..], "plain-shallow") } else { (&["-q"][..], "plain") };
    let ran = stage.clone(options, case);
    assert!(ran.code == 0, "{case}: {ran}");
    assert_no_escape(stage, case, &ran);
    let copy = stage.work(case);
    assert_same_repository_but(&stage.work(plain), &copy, "refs/none");
    assert_fsck_clean(&copy);
    fs::remove_dir_all(copy).expect("a clone is ours");
    ran.seconds
}

fn assert_no_escape(stage: &Stage, case: &str, ran: &Ran) {
    let report = fs::read_to_string(stage.sandbox.path("report.jsonl")).expect("a run writes a report");
    for text in [&ran.stderr, &ran.stdout, &report] {
        assert!(!text.contains(['\u{1b}', '\u{9b}', '\u{7}']) && !text.contains("\\u001b"), "{case}: {text:?}");
    }
}

/// Clones, and looks for the bad mirror's fault in the report, if it is bound to be noticed. On a busy machine the bad
/// mirror may be late, and the good one serve before it is asked for anything: that is tried again.
fn clone_noticing(stage: &Stage, case: &str, depth: bool, outcome: Option<&str>) -> f64 {
    for _ in 0..4 {
        let took = clone(stage, case, depth);
        let outcomes = stage.outcomes();
        assert!(outcomes.iter().any(|outcome| outcome.ends_with(" ok")), "{case}: {outcomes:?}");
        if outcomes == ["good ok"] && outcome.is_some() {
            continue;
        }
        assert!(outcome.is_none_or(|word| outcomes.contains(&format!("bad {word}"))), "{case}: {outcomes:?}");
        return took;
    }
    panic!("{case}: the bad mirror's fault was never noticed");
}

/// What spoils an answer, for how many seconds at most, and the word for it if it must be noticed.
fn spoiled_answers() -> Vec<(&'static str, Plan, f64, Option<&'static str>)> {
    let packet = |text: &str| format!("{:04x}{text}", text.len() + 4).into_bytes();
    let result = |body: Vec<u8>| {
        let headers = vec![("Content-Type".to_owned(), "application/x-git-upload-pack-result".to_owned())];
        Fault::Status { code: 200, headers, body }.only(Scope::Fetch)
    };
    vec![
        ("stall", Fault::StallAt(0.5.into()).into(), DYING, Some("stalled")),
        ("cut", Fault::CutAt(0.5.into()).into(), DEAD, Some("cut")),
        ("end", Fault::EndAt(0.5.into()).into(), DEAD, Some("cut")),
        ("flip", Fault::FlipByteAt(0.5.into()).into(), DEAD, Some("corrupt")),
        ("flip-late", Fault::FlipByteAt(1.0.into()).into(), DEAD, Some("corrupt")),
        ("404", Fault::status(404).into(), DEAD, Some("missing")),
        ("403", Fault::status(403).into(), DEAD, Some("status")),
        ("500-late", Fault::status(500).only(Scope::Fetch), DEAD, Some("status")),
        ("429", Fault::busy(429, 30).into(), DEAD, Some("busy")),
        ("503", Fault::busy(503, 30).into(), DEAD, Some("busy")),
        ("401", Fault::unauthorized().into(), DEAD, Some("unauthorized")),
        ("401-late", Fault::unauthorized().only(Scope::Fetch), DEAD, Some("unauthorized")),
        ("portal", Fault::captive_portal().into(), DEAD, Some("not-a-mirror")),
        ("portal-late", Fault::captive_portal().only(Scope::Fetch), DEAD, Some("not-a-mirror")),
        ("redirect", Fault::Redirect("https://127.0.0.1:9".to_owned()).into(), DEAD, Some("redirect")),
        ("redirect-dead", Fault::Redirect(refused_url()).into(), DEAD, Some("refused")),
        ("hole", Fault::BlackHole.into(), DEAD, None),
        ("hole-late", Fault::BlackHole.only(Scope::Fetch), DYING, Some("timeout")),
        ("drip", Fault::Drip(1).into(), DEAD, None),
        ("drip-late", Fault::Drip(1).only(Scope::Fetch), ENDLESS, Some("slow")),
        ("endless", Fault::EndlessBody.into(), ENDLESS, Some("too-large")),
        ("escapes", Fault::SidebandEscapes.into(), DEAD, Some("ok")),
        ("err", result(packet("ERR \u{1b}]0;owned\u{7}no\n")), DEAD, Some("said")),
        ("band-3", result([packet("packfile\n"), packet("\u{3}\u{1b}[31mno\n")].concat()), DEAD, Some("said")),
        ("nothing", result(Vec::new()), DEAD, Some("cut")),
        ("noise", result(b"zzzzzzzz".to_vec()), DEAD, None),
        ("no-pack", result(b"0000".to_vec()), DEAD, Some("not-a-mirror")),
    ]
}

/// The table above for a clone of this kind; a few words differ where a pack is checked another way.
fn survives_spoiled_answers(depth: bool) {
    let stage = stage(&History::small());
    let healthy = stage.clone(&["-q"], "healthy").ok().seconds;
    for (case, fault, within, outcome) in spoiled_answers() {
        stage.mirror("bad").server.set(fault);
        let took = clone_noticing(&stage, case, depth, outcome) - healthy;
        assert!(took < within, "{case}: {took:.2} s more than {healthy:.2}");
    }
}

#[test]
fn a_clone_survives_every_spoiled_answer_of_the_first_mirror() {
    survives_spoiled_answers(false);
}

#[test]
fn a_shallow_clone_survives_every_spoiled_answer_of_the_first_mirror() {
    survives_spoiled_answers(true);
}

#[test]
fn a_clone_survives_a_first_mirror_that_cannot_be_reached() {
    let mut stage = stage(&History::small());
    let healthy = stage.clone(&["-q"], "healthy").ok().seconds;
    let (silent, hole) = (SilentServer::start(), BlackHole::start());
    stage.set_keys("bad", "weight = 1e12\ninsecure = true");
    for (case, address, outcome) in [
        ("refused", refused_url(), Some("refused")),
        ("silent", silent.url(), None),
        ("unreachable", hole.url(), None),
        ("dns", "http://nosuchhost.invalid".to_owned(), None),
    ] {
        stage.set_address("bad", &address);
        let took = clone_noticing(&stage, case, false, outcome) - healthy;
        assert!(took < DEAD, "{case}: {took:.2} s more than {healthy:.2}");
    }
}

#[test]
fn a_clone_is_right_though_the_first_mirror_has_something_else() {
    type Spoil = fn(&Stage);
    let cases: &[(&str, Spoil, Option<&str>)] = &[
        (
            "another-history",
            |stage| another_history(stage, &History::autoglm(mirror_tests::Submodule::Absent)),
            Some("missing"),
        ),
        ("another-format", |stage| another_history(stage, &History::small().sha256()), Some("transport")),
        ("empty", |stage| drop(fs::remove_dir_all(stage.mirror("bad").repository.path())), Some("missing")),
        ("stale", |stage| stage.mirror("bad").repository.truncate_by(3), Some("missing")),
        ("rewound", |stage| stage.mirror("bad").repository.set_ref("refs/heads/main", "main~5"), Some("ok")),
        (
            "extra-and-moved",
            |stage| {
                let bad = &stage.mirror("bad").repository;
                bad.add_commit("topic", "evil", "evil");
                bad.set_ref("refs/heads/extra", "topic");
                bad.set_ref("refs/tags/v0.1", "topic");
                bad.delete_ref("refs/tags/v0.2");
                bad.set_ref("refs/heads/main", "topic");
            },
            Some("ok"),
        ),
        ("shallow", |stage| shallow(stage, 2), Some("not-a-mirror")),
    ];
    for (case, spoil, outcome) in cases {
        let stage = stage(&History::small());
        spoil(&stage);
        let took = clone_noticing(&stage, case, false, *outcome);
        assert!(took < DEAD * 2.0, "{case}: {took:.2} s");
    }
}

/// Puts another history in the bad mirror's place.
fn another_history(stage: &Stage, history: &History) {
    fs::remove_dir_all(stage.mirror("bad").repository.path()).expect("a copy is ours");
    history.write(stage.sandbox.path("bad"), NAME);
}

/// Makes the bad mirror's copy a shallow one.
fn shallow(stage: &Stage, depth: u32) {
    let (bad, url) = (stage.mirror("bad").repository.path(), stage.upstream.file_url());
    fs::remove_dir_all(&bad).expect("a copy is ours");
    let bad = bad.to_str().expect("a path of letters").to_owned();
    stage.sandbox.git(["clone", "-q", "--mirror", "--no-single-branch", &format!("--depth={depth}"), &url, &bad]).ok();
}

#[test]
fn a_shallow_copy_is_not_taken_for_the_edge_that_was_asked_for() {
    let stage = stage(&History::small());
    shallow(&stage, 2);
    clone_noticing(&stage, "edge", true, Some("corrupt"));
}

#[test]
fn a_pack_without_end_ends_at_the_stores_limit() {
    for depth in [false, true] {
        let stage = stage(&History::small());
        stage.configure("[git]\nstore-limit = \"20 MiB\"\n");
        stage.mirror("bad").server.set(Fault::EndlessPack);
        let took = clone_noticing(&stage, "endless", depth, Some("too-large"));
        assert!(took < ENDLESS, "{took:.2} s");
        let sent = stage.mirror("bad").server.sent();
        assert!(sent < 60 << 20, "{sent} bytes");
    }
}

#[test]
fn upstream_completes_what_the_only_mirror_spoils() {
    let stage = Stage::new(&History::small(), &["bad"]);
    stage.plain_clone(&["-q"], "plain").ok();
    for (case, fault, word) in [
        ("cut", Fault::CutAt(0.5.into()), "cut"),
        ("flip", Fault::FlipByteAt(0.5.into()), "corrupt"),
        ("404", Fault::status(404), "missing"),
        ("stall", Fault::StallAt(0.5.into()), "stalled"),
    ] {
        stage.mirror("bad").server.set(fault);
        let took = clone(&stage, case, false);
        let outcomes = stage.outcomes();
        assert!(outcomes.contains(&format!("bad {word}")), "{case}: {outcomes:?}");
        assert!(outcomes.contains(&"upstream:github ok".to_owned()), "{case}: {outcomes:?}");
        assert!(took < DYING, "{case}: {took:.2} s");
    }
}

#[test]
fn an_upstream_that_talks_to_the_terminal_is_muffled() {
    let stage = Stage::new(&History::small(), &[]);
    stage.origin.set(Fault::SidebandEscapes);
    let ran = stage.clone(&["--progress"], "sideband").ok();
    assert_no_escape(&stage, "sideband", &ran);
    let text = "ERR \u{1b}]0;owned\u{7}no\n";
    let body = format!("{:04x}{text}", text.len() + 4).into_bytes();
    for (scope, kind) in [(Scope::InfoRefs, "advertisement"), (Scope::UploadPack, "result"), (Scope::Fetch, "result")] {
        let headers = vec![("Content-Type".to_owned(), format!("application/x-git-upload-pack-{kind}"))];
        stage.origin.set(Fault::Status { code: 200, headers, body: body.clone() }.only(scope));
        stage.forget();
        let ran = stage.clone(&["--progress"], "err").fails();
        assert_no_escape(&stage, "err", &ran);
        assert!(ran.stderr.contains("owned"), "what upstream said is shown: {ran}");
    }
}
