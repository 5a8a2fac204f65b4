//! What a program sees that reads git's standard error: percentages in git's own form, at least once a second, from the first
//! second on.

use std::{
    collections::BTreeMap,
    io::Read,
    process::Stdio,
    time::{Duration, Instant},
};

use mirror_tests::{Fault, History, Plan, Scope, Stage, assert_fsck_clean};

/// A second, on a machine that has other things to do as well.
const SECOND: f64 = 1.4;

/// What a git has said, and when: seconds since it was started.
struct Said {
    ok: bool,
    seconds: f64,
    /// When bytes came.
    moments: Vec<f64>,
    text: String,
}

/// One line of progress as GitPython's `RemoteProgress` reads it: `(remote: )?([\w\s]+):\s+(\d+)% \((\d+)/(\d+)\)(.*)`.
struct Step<'a> {
    title: &'a str,
    percent: u64,
    count: u64,
    all: u64,
}

impl Said {
    fn by(stage: &Stage, arguments: &[&str]) -> Self {
        let mut command = stage.sandbox.command("git");
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let began = Instant::now();
        let mut child = command.spawn().expect("git is there");
        let mut stderr = child.stderr.take().expect("a pipe");
        let (mut text, mut moments, mut piece) = (Vec::new(), vec![0.0], [0; 4096]);
        while let Some(count) = stderr.read(&mut piece).ok().filter(|count| *count > 0) {
            text.extend_from_slice(&piece[..count]);
            moments.push(began.elapsed().as_secs_f64());
        }
        let ok = child.wait().expect("a child of ours").success();
        let seconds = began.elapsed().as_secs_f64();
        moments.push(seconds);
        Self { ok, seconds, moments, text: String::from_utf8(text).expect("text") }
    }

    /// The longest silence.
    fn silence(&self) -> f64 {
        self.moments.windows(2).map(|two| two[1] - two[0]).fold(0.0, f64::max)
    }

    fn steps(&self) -> Vec<Step<'_>> {
        self.text.split(['\r', '\n']).filter_map(step).collect()
    }

    #[track_caller]
    fn assert_gets_on(&self, case: &str) {
        assert!(self.ok, "{case}: {}", self.text);
        assert!(self.silence() < SECOND, "{case}: {} s of silence: {:?}\n{}", self.silence(), self.moments, self.text);
        let steps = self.steps();
        assert!(
            steps.len() as f64 > self.seconds - 1.0,
            "{case}: {} in {} s: {}",
            steps.len(),
            self.seconds,
            self.text
        );
        let mut titles: BTreeMap<&str, u64> = BTreeMap::new();
        for step in &steps {
            let before = titles.insert(step.title, step.percent).unwrap_or(0);
            assert!(before <= step.percent, "{case}: {} went back: {}", step.title, self.text);
            assert!(step.count <= step.all && step.percent <= 100, "{case}: {}", self.text);
        }
        assert_eq!(titles.get("Receiving objects"), Some(&100), "{case}: {}", self.text);
        // Nothing else is in the same line.
        for line in self.text.split(['\r', '\n']).filter(|line| line.contains('%')) {
            assert!(step(line).is_some(), "{case}: `{line}`");
        }
    }
}

fn step(line: &str) -> Option<Step<'_>> {
    let line = line.strip_prefix("remote: ").unwrap_or(line);
    let (title, rest) = line.split_once(':')?;
    let is_title = title.chars().all(|c| c.is_alphanumeric() || c == '_' || c.is_whitespace());
    let (percent, rest) = rest.strip_prefix(' ')?.trim_start().split_once("% (")?;
    let (count, rest) = rest.split_once('/')?;
    let (all, _) = rest.split_once(')')?;
    is_title.then_some(Step {
        title,
        percent: percent.parse().ok()?,
        count: count.parse().ok()?,
        all: all.parse().ok()?,
    })
}

#[test]
fn a_program_sees_how_it_gets_on() {
    type Spoil = fn(&Stage);
    let pass = &["--depth=5"][..];
    let cases: &[(&str, &[&str], Spoil, &[&str])] = &[
        ("upstream alone", &[], |stage| stage.origin.rate(700_000), &[]),
        ("one mirror", &["a"], |stage| stage.mirror("a").server.rate(700_000), &[]),
        (
            "slices of two",
            &["a", "b"],
            |stage| stage.mirrors.iter().for_each(|mirror| mirror.server.rate(250_000)),
            &[],
        ),
        (
            "a late first answer",
            &[],
            |stage| stage.origin.set(Fault::Delay(Duration::from_secs(4)).only(Scope::InfoRefs)),
            &[],
        ),
        ("a late pack", &[], |stage| stage.origin.set(Fault::Delay(Duration::from_secs(4)).only(Scope::Fetch)), &[]),
        (
            "a server that counts",
            &[],
            |stage| stage.origin.set(Plan::from(Fault::KeepAlive(Duration::from_secs(4)))),
            &[],
        ),
        ("a pause", &[], |stage| stage.origin.set(Fault::PauseAt(0.5.into(), Duration::from_secs(3)).times(1)), &[]),
        ("what is handed on", &["a"], |stage| stage.mirror("a").server.rate(250_000), pass),
        ("upstream's own answer", &[], |stage| stage.origin.rate(250_000), &["--shallow-since=2000-01-01"]),
        (
            "upstream's own answer, after a while",
            &[],
            |stage| stage.origin.set(Fault::Delay(Duration::from_secs(3)).only(Scope::Fetch)),
            &["--shallow-since=2000-01-01"],
        ),
    ];
    for some in cases.chunks(3) {
        std::thread::scope(|scope| {
            for (case, mirrors, spoil, options) in some {
                scope.spawn(move || {
                    let stage = Stage::new(&History::bulky(2), mirrors);
                    spoil(&stage);
                    let arguments = [&["clone", "--progress"], *options, &["mirror::owner/small", "ours"]].concat();
                    Said::by(&stage, &arguments).assert_gets_on(case);
                    assert_fsck_clean(&stage.work("ours"));
                });
            }
        });
    }
}

#[test]
fn an_update_gets_on_as_well() {
    let stage = Stage::new(&History::bulky(1), &["a"]);
    stage.clone(&["-q"], "ours").ok();
    for number in 0..3 {
        let text: String =
            (0..60_000).map(|line| format!("{:x}\n", (line * 7919 + number * 104_729) % 1_000_003)).collect();
        stage.upstream.add_commit("main", &format!("more-{number}.txt"), &text);
    }
    stage.mirror("a").repository.become_copy_of(&stage.upstream);
    stage.mirror("a").server.rate(150_000);
    let ours = stage.work("ours");
    let said = Said::by(&stage, &["-C", ours.to_str().expect("text"), "fetch", "--progress", "origin"]);
    assert!(said.ok && said.silence() < SECOND && said.seconds > 1.5, "{} s\n{}", said.silence(), said.text);
    assert!(said.steps().iter().any(|step| step.title == "Downloading objects"), "{}", said.text);
}

#[test]
fn who_wants_no_progress_sees_none_and_what_is_said_has_a_line_of_its_own() {
    let stage = Stage::new(&History::small(), &["a", "b"]);
    stage.origin.set(Fault::Delay(Duration::from_secs(2)).only(Scope::Fetch));
    stage.mirrors.iter().for_each(|mirror| mirror.server.set(Fault::Delay(Duration::from_secs(2)).only(Scope::Fetch)));
    for (number, options) in [&["-q"][..], &[], &["-q", "--depth=2"], &["--no-progress"]].iter().enumerate() {
        let target = format!("quiet-{number}");
        stage.forget();
        let said = Said::by(&stage, &[&["clone"], *options, &["mirror::owner/small", &target]].concat());
        assert!(said.ok && !said.text.contains(['%', '\r']), "{options:?}: {}", said.text);
        assert!(!options.contains(&"-q") || said.text.is_empty(), "{options:?}: {}", said.text);
    }
    let mut away = Stage::new(&History::small(), &["a"]);
    away.mirror("a").server.set(Fault::Delay(Duration::from_secs(2)).only(Scope::InfoRefs));
    away.upstream_goes_away();
    let said = Said::by(&away, &["clone", "--progress", "mirror::owner/small", "refused"]);
    assert!(!said.ok && said.steps().iter().any(|step| step.title == "Finding sources"), "{}", said.text);
    assert!(said.text.lines().any(|line| line.starts_with("mirror: error[E-QUORUM]: ")), "{}", said.text);
    assert!(!said.text.contains("100%"), "{}", said.text);
}

/// With util-linux's `script`, where it is there.
#[cfg(target_os = "linux")]
#[test]
fn a_person_sees_one_line() {
    let stage = Stage::new(&History::bulky(2), &["a"]);
    if !stage
        .sandbox
        .command("sh")
        .args(["-c", "command -v script >&2"])
        .output()
        .is_ok_and(|found| found.status.success())
    {
        return;
    }
    stage.origin.set(Fault::Delay(Duration::from_secs(2)).only(Scope::InfoRefs));
    stage.mirror("a").server.rate(700_000);
    let mut command = stage.sandbox.command("script");
    command.env("TERM", "xterm").args(["-qfec", "git clone mirror::owner/small ours", "/dev/null"]);
    let ran = stage.sandbox.run(command).ok();
    let shown: Vec<&str> =
        ran.stdout.split(['\r', '\n']).map(|line| line.trim_start_matches("\u{1b}[2K").trim()).collect();
    for title in ["Waiting for an answer, 1 s", "Receiving, "] {
        assert!(shown.iter().any(|line| line.starts_with(title)), "{title}: {shown:?}");
    }
    let last = shown.iter().rposition(|line| line.starts_with("Receiving, ")).expect("seen");
    assert!(shown[last..].iter().all(|line| !line.contains("Waiting")), "it is here: {shown:?}");
    assert!(
        !ran.stdout.contains("Finding sources") && !ran.stdout.contains("objects:"),
        "one line, not two: {shown:?}"
    );
}
