//! Progress for programs: lines as git writes them, on a standard error that is no terminal. Whatever reads git's own there, such
//! as GitPython's `RemoteProgress`, an editor, a watchdog, reads these: `TITLE: PERCENT% (N/M), SIZE | RATE`, a carriage return
//! after each, a newline after the last. Pure but for what is looked at: moments are given, text comes out.
//!
//! They come directly, and not as messages of the answer (side band 2): that begins only when upstream and the store have spoken,
//! and until then somebody should know as well. Percentages never go back.

use std::time::Duration;

use mirror_config::report::{Look, Snapshot};

use super::rate::Rate;

/// A wait that nobody notices.
const MOMENT: Duration = Duration::from_millis(500);
/// A line is not written again before the first, and is after the second, whether it has changed or not.
const EVERY: [Duration; 2] = [Duration::from_millis(200), Duration::from_millis(600)];
/// What is waited for before bytes come: upstream, its refs, the first bytes. The title is one that servers use (JGit) and that
/// parsers of progress know.
const SOURCES: (&str, u64) = ("Finding sources", 3);
/// git's own title, and another one for what git receives, and counts under that title, afterwards.
const RECEIVING: [&str; 2] = ["Receiving objects", "Downloading objects"];

/// What is shown of one run.
#[derive(Default)]
pub struct Lines {
    /// Somebody waits, since then.
    waits: Option<Duration>,
    found: u64,
    receiving: Option<Receiving>,
    /// A line has been written that is not ended, and what it says.
    open: Option<(Duration, String)>,
}

/// A transfer, or several in a row that are one to whoever looks.
struct Receiving {
    /// How it gets on, while it does.
    look: Option<Look>,
    title: &'static str,
    /// Percent; how many of how many.
    shown: (u64, u64, u64),
    bytes: u64,
    rate: Rate,
    is_done: bool,
}

impl Lines {
    /// Somebody waits from now on.
    pub fn wait(&mut self, now: Duration) {
        self.waits.get_or_insert(now);
    }

    /// Bytes arrive.
    pub fn receive(&mut self, look: &Look) -> String {
        let title = RECEIVING[usize::from(look().spooled)];
        match &mut self.receiving {
            Some(receiving) if receiving.title == title && !receiving.is_done => {
                receiving.look = Some(look.clone());
                String::new()
            }
            _ => {
                self.found = SOURCES.1;
                let found = if self.open.is_some() { format!("{}, done.", self.sources()) } else { String::new() };
                let look = Some(look.clone());
                let (shown, rate) = ((0, 0, 1), Rate::default());
                self.receiving = Some(Receiving { look, title, shown, bytes: 0, rate, is_done: false });
                if found.is_empty() { found } else { found + &self.end() }
            }
        }
    }

    /// No more bytes arrive for now.
    pub fn received(&mut self, now: Duration) {
        if let Some(receiving) = &mut self.receiving {
            receiving.look(now);
            receiving.look = None;
        }
    }

    /// Nobody waits any more: there is an answer, or none.
    pub fn served(&mut self, now: Duration, is_answer: bool) -> String {
        if self.waits.take().is_none() {
            return String::new();
        }
        self.found = (self.found + 1).min(SOURCES.1);
        match &mut self.receiving {
            Some(receiving) if is_answer && !receiving.is_done => {
                receiving.look(now);
                receiving.is_done = true;
                let line = receiving.line(now);
                self.open = None;
                line + ", done.\n"
            }
            _ => self.end(),
        }
    }

    /// What ends the line that is open, before anything else is said.
    pub fn end(&mut self) -> String {
        if self.open.take().is_some() { "\n".to_owned() } else { String::new() }
    }

    /// What is to be written now.
    pub fn tick(&mut self, now: Duration) -> Option<String> {
        let since = self.waits?;
        let line = match &mut self.receiving {
            Some(receiving) if !receiving.is_done => {
                receiving.look(now);
                receiving.line(now)
            }
            _ if now - since < MOMENT => return None,
            _ => self.sources(),
        };
        let due = match &self.open {
            None => true,
            Some((at, before)) => now - *at >= EVERY[usize::from(*before == line)],
        };
        due.then(|| {
            self.open = Some((now, line.clone()));
            line + "\r"
        })
    }

    fn sources(&self) -> String {
        let (title, all) = SOURCES;
        format!("{title}: {:3}% ({}/{all})", self.found * 100 / all, self.found)
    }
}

impl Receiving {
    fn look(&mut self, now: Duration) {
        let Some(snapshot) = self.look.as_ref().map(|look| look()) else { return };
        self.bytes = self.bytes.max(snapshot.received);
        self.rate.note(now, snapshot.received);
        let (count, all) = parts(&snapshot);
        let percent = (count * 100 / all).min(99);
        // An estimate may have been too good.
        if percent >= self.shown.0 {
            self.shown = (percent, count, all);
        }
    }

    fn line(&self, now: Duration) -> String {
        let (percent, count, all) = if self.is_done { (100, self.shown.2, self.shown.2) } else { self.shown };
        format!(
            "{}: {percent:3}% ({count}/{all}), {} | {}/s",
            self.title,
            size(self.bytes as f64),
            size(self.rate.at(now))
        )
    }
}

/// How much has come of how much: objects where they are counted, else kilobytes.
fn parts(snapshot: &Snapshot) -> (u64, u64) {
    let kilobytes = |bytes: u64| bytes.div_ceil(1024);
    let (count, all) = match (snapshot.objects, snapshot.left) {
        (Some(objects), _) => objects,
        (None, Some(left)) => (kilobytes(snapshot.received), kilobytes(snapshot.received + left)),
        // Nobody knows how much there is.
        (None, None) => (0, 1),
    };
    (count.min(all), all.max(1))
}

/// As git writes sizes (`strbuf_humanise_bytes`).
fn size(bytes: f64) -> String {
    match bytes {
        b if b >= f64::from(1 << 30) => format!("{:.2} GiB", b / f64::from(1 << 30)),
        b if b >= f64::from(1 << 20) => format!("{:.2} MiB", b / f64::from(1 << 20)),
        b if b >= 1024.0 => format!("{:.2} KiB", b / 1024.0),
        b => format!("{b:.0} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{Arc, Mutex},
        time::Duration,
    };

    use super::{Lines, size};
    use mirror_config::report::{Look, Snapshot};

    fn look_at(snapshot: &Arc<Mutex<Snapshot>>) -> Look {
        let snapshot = Arc::clone(snapshot);
        Arc::new(move || snapshot.lock().expect("nobody panics").clone())
    }

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// All that is written from here to there, looked at often.
    fn written(lines: &mut Lines, millis: std::ops::Range<u64>) -> Vec<(u64, String)> {
        millis.step_by(50).filter_map(|now| Some((now, lines.tick(at(now))?))).collect()
    }

    #[test]
    fn whoever_waits_is_told_within_a_second_and_each_second() {
        let mut lines = Lines::default();
        assert!(written(&mut lines, 0..2000).is_empty(), "nobody waits");
        lines.wait(at(2000));
        let told = written(&mut lines, 2000..9000);
        assert_eq!(told[0], (2500, "Finding sources:   0% (0/3)\r".to_owned()));
        assert!(told.windows(2).all(|two| two[1].0 - two[0].0 < 1000), "{told:?}");
        assert_eq!(lines.served(at(9000), true), "\n");
        assert!(written(&mut lines, 9000..20_000).is_empty(), "git says something now");
        lines.wait(at(20_000));
        assert_eq!(written(&mut lines, 20_000..20_600)[0].1, "Finding sources:  33% (1/3)\r");
        assert_eq!((lines.end(), lines.end()), ("\n".to_owned(), String::new()), "once");
        assert_eq!(lines.served(at(21_000), true), "");
        lines.wait(at(21_000));
        assert_eq!(lines.served(at(21_100), true), "", "nothing was said of a moment");
    }

    #[test]
    fn percentages_never_go_back_and_end_with_all() {
        let now = Arc::new(Mutex::new(Snapshot::default()));
        let set = |received, left, objects| {
            *now.lock().expect("nobody panics") = Snapshot { received, left, objects, ..Snapshot::default() };
        };
        let mut lines = Lines::default();
        lines.wait(at(0));
        written(&mut lines, 0..600);
        assert_eq!(lines.receive(&look_at(&now)), "Finding sources: 100% (3/3), done.\n");
        let mut all = Vec::new();
        // One piece, then slices of which more is left than it seemed.
        for (second, received, left, objects) in [
            (1, 500_000, None, Some((10, 100))),
            (2, 3_000_000, None, Some((60, 100))),
            (3, 3_500_000, Some(7_000_000), None),
            (4, 8_000_000, Some(2_000_000), None),
            (5, 10_500_000, Some(0), None),
        ] {
            set(received, left, objects);
            if second == 3 {
                lines.received(at(3000));
                assert_eq!(lines.receive(&look_at(&now)), "");
            }
            all.extend(written(&mut lines, second * 1000..(second + 1) * 1000));
        }
        lines.received(at(6000));
        let done = lines.served(at(6000), true);
        assert!(
            done.starts_with("Receiving objects: 100% (10254/10254), 10.01 MiB | ") && done.ends_with("/s, done.\n"),
            "{done}"
        );
        let percents: Vec<u64> =
            all.iter().map(|(_, line)| line[18..22].trim().parse().unwrap_or_else(|_| panic!("{line}"))).collect();
        assert!(percents.is_sorted() && percents.contains(&10) && percents.contains(&60) && percents.contains(&80));
        assert_eq!(percents.last(), Some(&99), "it is not all before it is");
        assert_eq!(lines.served(at(7000), true), "", "once");
    }

    #[test]
    fn what_git_counts_afterwards_has_another_name_and_what_fails_is_not_done() {
        let spooled = Arc::new(Mutex::new(Snapshot { received: 2048, spooled: true, ..Snapshot::default() }));
        let mut lines = Lines::default();
        lines.wait(at(0));
        assert_eq!(lines.receive(&look_at(&spooled)), "");
        assert!(written(&mut lines, 0..100)[0].1.starts_with("Downloading objects:   0% (0/1), 2.00 KiB | "));
        assert_eq!(lines.served(at(200), false), "\n");
    }

    #[test]
    fn sizes_are_those_of_git() {
        for (bytes, text) in [(0.0, "0 bytes"), (1023.0, "1023 bytes"), (1536.0, "1.50 KiB"), (3_145_728.0, "3.00 MiB")]
        {
            assert_eq!(size(bytes), text);
        }
    }
}
