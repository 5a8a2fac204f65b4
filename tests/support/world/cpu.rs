//! What programs of ours cost: the CPU time, user's and system's, of a child and of all that it waited for.
//!
//! Linux adds it up for the parent when a child is waited for, and tells the sum alone, in hundredths of a second
//! (proc(5), `/proc/PID/stat`): so each child is waited for by itself, between two looks. That is 10 ms too little or
//! too much at one child, and evens out over many. On other systems everything is free.

use std::{
    fs, io,
    process::{Child, ExitStatus},
    sync::Mutex,
    thread,
    time::Duration,
};

/// Held by whoever waits for a child: what two looks differ by is to be that child's alone.
static REAPING: Mutex<()> = Mutex::new(());
/// How often a child is looked at that is about to end.
const TICK: Duration = Duration::from_millis(1);
/// `USER_HZ`, which is the same on all machines that we know.
const TICKS: u64 = 100;
/// Where `/proc/PID/stat` has its numbers, counted from the one behind the name: the group, a process's own time, and
/// that of the children it waited for.
const GROUP: usize = 2;
const OWN: [usize; 2] = [11, 12];
const WAITED_FOR: [usize; 2] = [13, 14];

/// How a child has ended, if it has, and what it cost.
///
/// # Errors
///
/// Those of the system.
pub(crate) fn try_reap(child: &mut Child) -> io::Result<Option<(ExitStatus, Duration)>> {
    let _alone = REAPING.lock().expect("nobody panics while holding it");
    let before = waited_for();
    let status = child.try_wait()?;
    Ok(status.map(|status| (status, waited_for().saturating_sub(before))))
}

/// Waits for a child that is about to end, and says the same.
///
/// # Errors
///
/// Those of the system.
pub(crate) fn reap(child: &mut Child) -> io::Result<(ExitStatus, Duration)> {
    loop {
        if let Some(ended) = try_reap(child)? {
            return Ok(ended);
        }
        thread::sleep(TICK);
    }
}

/// What the living members of a child's group have cost so far, but for the child itself.
pub(crate) fn of_group(child: &Child) -> Duration {
    let leader = child.id().to_string();
    let members = fs::read_dir("/proc").into_iter().flatten().flatten();
    let members = members.filter(|process| process.file_name().to_string_lossy() != leader);
    let stats = members.filter_map(|process| fs::read_to_string(process.path().join("stat")).ok());
    stats
        .filter(|stat| field(stat, GROUP) == u64::from(child.id()))
        .map(|stat| time(&stat, [OWN, WAITED_FOR].as_flattened()))
        .sum()
}

fn waited_for() -> Duration {
    fs::read_to_string("/proc/self/stat").map_or(Duration::ZERO, |stat| time(&stat, &WAITED_FOR))
}

fn time(stat: &str, places: &[usize]) -> Duration {
    let ticks: u64 = places.iter().map(|place| field(stat, *place)).sum();
    Duration::from_millis(ticks * 1000 / TICKS)
}

/// A number behind the name, which is in parentheses and may have any in it; 0 where there is none.
fn field(stat: &str, place: usize) -> u64 {
    let behind = stat.rsplit_once(") ").map_or("", |(_, behind)| behind);
    behind.split(' ').nth(place).and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{GROUP, OWN, WAITED_FOR, field, time};
    use std::time::Duration;
    #[cfg(target_os = "linux")]
    use {
        super::{of_group, reap},
        crate::world::{end_group, own_group},
        std::{process::Command, time::Instant},
    };

    #[test]
    fn times_stand_behind_a_name_of_any_kind() {
        let stat = "7 (a) b (c) S 1 42 42 0 -1 4194560 1 2 3 4 150 25 300 5 20 0 1";
        assert_eq!(field(stat, GROUP), 42);
        assert_eq!(time(stat, &OWN), Duration::from_millis(1750));
        assert_eq!(time(stat, &WAITED_FOR), Duration::from_millis(3050));
        assert_eq!(field("", GROUP), 0);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn what_a_child_has_cost_is_known_with_all_it_started() {
        let mut shell = Command::new("sh");
        shell.args(["-c", "sh -c 'i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done'; exit 3"]);
        let (status, cost) = reap(&mut shell.spawn().expect("there is a shell")).expect("it is ours");
        assert_eq!(status.code(), Some(3));
        assert!(cost >= Duration::from_millis(30), "{cost:?}");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn what_a_group_has_cost_is_known_while_it_lives() {
        let mut shell = Command::new("sh");
        shell.args(["-c", "(while :; do :; done); true"]);
        own_group(&mut shell);
        let (mut child, start) = (shell.spawn().expect("there is a shell"), Instant::now());
        while of_group(&child) < Duration::from_millis(300) {
            assert!(start.elapsed() < Duration::from_secs(20), "a loop costs nothing");
        }
        let all = of_group(&child);
        end_group(&mut child);
        let (_, cost) = reap(&mut child).expect("it is ours");
        // Most of it is the loop's, whatever a busy machine counts for a child that only waits.
        assert!(all >= Duration::from_millis(300) && cost <= all, "{cost:?} of {all:?}");
    }
}
