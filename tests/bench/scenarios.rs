//! What is measured, and what is to be reached.

use std::time::Duration;

use mirror_tests::GitServer;

use crate::{
    arguments::Arguments,
    ground::Ground,
    measure::Times,
    memory,
    start::{STARTS, starts},
    table::{Goal, Row},
};

/// The one mirror of the scenarios that have any.
const MIRROR: &[&str] = &["near"];
/// Both ways to clone.
const KINDS: &[(&str, &[&str])] = &[("bare", &["--bare"]), ("with checkout", &[])];
/// A round trip to a far server.
const LATENCY: Duration = Duration::from_millis(200);

/// A scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scenario {
    /// One healthy mirror, an empty store.
    Bulk,
    /// A small repository behind long round trips.
    Small,
    /// No mirror at all.
    Direct,
    /// From the start to the first byte sent.
    Start,
    /// Everything is in the store.
    Warm,
}

impl Scenario {
    /// All of them.
    pub(crate) const ALL: &[Self] = &[Self::Bulk, Self::Small, Self::Direct, Self::Start, Self::Warm];

    /// Its name on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bulk => "bulk",
            Self::Small => "small",
            Self::Direct => "direct",
            Self::Start => "start",
            Self::Warm => "warm",
        }
    }

    /// The scenario of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|scenario| scenario.name() == name)
    }

    /// Measures it.
    pub(crate) fn measure(self, arguments: &Arguments) -> Vec<Row> {
        match self {
            Self::Bulk => self.bulk(arguments),
            Self::Small => vec![self.small(arguments)],
            Self::Direct => vec![self.direct(arguments)],
            Self::Start => vec![self.start()],
            Self::Warm => vec![self.warm(arguments)],
        }
    }

    fn bulk(self, arguments: &Arguments) -> Vec<Row> {
        let ground = Ground::bulky(arguments.repository.as_deref(), MIRROR);
        let url = ground.plain_url();
        let mut rows: Vec<Row> = KINDS
            .iter()
            .map(|(kind, options)| {
                let times = Times::by_turns(
                    arguments.runs,
                    || ground.clone(&url, options),
                    || {
                        ground.forget_store();
                        ground.clone_ours(options)
                    },
                );
                let notes = format!("{}; {}", ground.size(), times.spread(1.0));
                self.seconds(kind, &times, Some(Goal::Ratio(0.95)), notes)
            })
            .collect();
        ground.forget_store();
        rows.extend(memory::peak(&ground.stage.sandbox, "memory").map(|peak| Row {
            scenario: self.name(),
            what: "peak memory".to_owned(),
            unit: "MB",
            ours: peak,
            git: None,
            goal: Some(Goal::Below(300.0)),
            notes: "of git-remote-mirror".to_owned(),
        }));
        rows
    }

    fn small(self, arguments: &Arguments) -> Row {
        let ground = Ground::small(MIRROR);
        let (origin, mirror) = (&ground.stage.origin, &ground.stage.mirrors[0].server);
        for server in [origin, mirror] {
            server.latency(LATENCY);
        }
        let url = ground.plain_url();
        // So that the mirror is known, as it is to whoever uses it for the second time.
        ground.clone_ours(&[]);
        let mut requests = String::new();
        let times = Times::by_turns(
            arguments.runs,
            || {
                forget(&[origin, mirror]);
                let seconds = ground.clone(&url, &[]);
                requests = format!("requests: git {}", mirror.log().len());
                seconds
            },
            || {
                forget(&[origin, mirror]);
                ground.forget_store();
                ground.clone_ours(&[])
            },
        );
        let notes = format!(
            "{requests}, ours {} at upstream and {} at the mirror; {}",
            origin.log().len(),
            mirror.log().len(),
            times.spread(1.0)
        );
        self.seconds("clone, 200 ms", &times, Some(Goal::More(LATENCY.as_secs_f64())), notes)
    }

    fn direct(self, arguments: &Arguments) -> Row {
        let ground = Ground::bulky(arguments.repository.as_deref(), &[]);
        let url = ground.plain_url();
        let times =
            Times::by_turns(arguments.runs, || ground.clone(&url, &["--bare"]), || ground.clone_ours(&["--bare"]));
        let notes = format!("{}; {}", ground.size(), times.spread(1.0));
        self.seconds("bare, no mirror", &times, Some(Goal::Ratio(1.03)), notes)
    }

    fn warm(self, arguments: &Arguments) -> Row {
        let ground = Ground::bulky(arguments.repository.as_deref(), MIRROR);
        let url = ground.plain_url();
        ground.clone_ours(&["--bare"]);
        let times =
            Times::by_turns(arguments.runs, || ground.clone(&url, &["--bare"]), || ground.clone_ours(&["--bare"]));
        let notes = format!("{}; {}", ground.size(), times.spread(1.0));
        self.seconds("bare, full store", &times, None, notes)
    }

    fn start(self) -> Row {
        let times = starts(STARTS);
        Row {
            scenario: self.name(),
            what: "to the first byte".to_owned(),
            unit: "ms",
            ours: times.ours() * 1e3,
            git: Some(times.git() * 1e3),
            goal: Some(Goal::Below(10.0)),
            notes: format!("{STARTS} starts; {}", times.spread(1e3)),
        }
    }

    fn seconds(self, what: &str, times: &Times, goal: Option<Goal>, notes: String) -> Row {
        let (ours, git) = (times.ours(), Some(times.git()));
        Row { scenario: self.name(), what: what.to_owned(), unit: "s", ours, git, goal, notes }
    }
}

fn forget(servers: &[&GitServer]) {
    servers.iter().for_each(|server| server.forget_log());
}
