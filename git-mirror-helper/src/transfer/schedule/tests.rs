//! The schedule against a simulation of lines, and case by case.

use std::time::Duration;

use super::{
    assign::Schedule,
    next::{Lost, Next, TaskId},
};

const STEP: Duration = Duration::from_millis(10);

/// A source of the simulation: bytes a second of its line, seconds until a slice begins, seconds of life.
struct Line(f64, f64, f64);

/// Simulates a transfer of slices of these sizes; returns its seconds and the bytes sent in vain.
fn transfer(sizes: &[u64], lines: &[Line]) -> (f64, u64) {
    let mut schedule = Schedule::new(sizes.len(), 0, &[], 2);
    let mut now = Duration::ZERO;
    for (number, _) in lines.iter().enumerate() {
        schedule.join(&number.to_string(), None, false, now);
    }
    let mut here: Vec<bool> = vec![false; sizes.len()];
    let mut under_way: Vec<(TaskId, usize, std::ops::Range<usize>, f64, f64)> = Vec::new();
    let mut in_vain = 0.0;
    while !schedule.is_landed() {
        assert!(now < Duration::from_secs(10_000), "it does not end");
        let time = now.as_secs_f64();
        for (id, line) in lines.iter().enumerate() {
            for connection in 0..2 {
                if under_way.iter().filter(|t| t.1 == id).count() > connection {
                    continue;
                }
                if let Next::Slice(task, range) = schedule.next(id, connection, now) {
                    schedule.begun(task, (sizes[range.clone()].iter().sum::<u64>() / 600) as u32, now);
                    under_way.push((task, id, range, time + line.1, 0.0));
                }
            }
            let sending: Vec<usize> = (0..under_way.len())
                .filter(|at| under_way[*at].1 == id && under_way[*at].3 <= time && time < line.2)
                .collect();
            for at in &sending {
                let bytes = line.0 * STEP.as_secs_f64() / sending.len() as f64;
                under_way[*at].4 += bytes;
                schedule.received(under_way[*at].0, bytes as u64, now);
            }
        }
        now += STEP;
        while let Some(at) = under_way.iter().position(|t| {
            t.4 >= sizes[t.2.clone()].iter().sum::<u64>() as f64 || (time > lines[t.1].2 + 2.5 && time > t.3 + 2.5)
        }) {
            let (task, _, range, _, bytes) = under_way.remove(at);
            if bytes < sizes[range.clone()].iter().sum::<u64>() as f64 {
                schedule.lost(task, Lost::Silent, now);
                in_vain += bytes;
                continue;
            }
            let twins = schedule.arrived(task).expect("the first of its kind");
            assert!(!here[range.start], "nothing arrives twice");
            here[range].fill(true);
            for twin in twins {
                let at = under_way.iter().position(|t| t.0 == twin).expect("under way");
                in_vain += under_way.remove(at).4;
            }
        }
        schedule.landed(here.iter().take_while(|here| **here).count());
    }
    (now.as_secs_f64(), in_vain as u64)
}

/// 165 slices as a real project has them: most are small, a few are large.
fn uneven() -> Vec<u64> {
    (0_u64..165).map(|n| if n % 20 == 7 { 3_000_000 } else { 100_000 + n * 7919 % 400_000 }).collect()
}

#[test]
fn unlike_lines_are_used_to_the_end() {
    let sizes = uneven();
    let total: u64 = sizes.iter().sum();
    let lines = [Line(10e6, 0.1, 1e9), Line(6.25e6, 0.1, 1e9), Line(2.5e6, 0.1, 1e9)];
    let (seconds, in_vain) = transfer(&sizes, &lines);
    let best = total as f64 / 18.75e6;
    assert!(seconds < best / 0.85 && in_vain < total / 33, "{seconds} of {best} s, {in_vain} in vain");
}

#[test]
fn a_source_that_falls_silent_costs_no_more_than_its_slices() {
    let sizes = uneven();
    let total: u64 = sizes.iter().sum();
    let lines = [Line(10e6, 0.1, 1.5), Line(6.25e6, 0.1, 1e9), Line(2.5e6, 0.1, 1e9)];
    let (seconds, in_vain) = transfer(&sizes, &lines);
    let best = (total as f64 - 15e6) / 8.75e6;
    assert!(seconds < best + 3.0 && in_vain < total / 10, "{seconds} of {best} s, {in_vain} in vain");
}

#[test]
fn drips_are_left_behind() {
    let sizes = uneven();
    let total: u64 = sizes.iter().sum();
    let drip = || Line(1e3, 0.1, 1e9);
    let (seconds, _) = transfer(&sizes, &[drip(), drip(), Line(10e6, 0.1, 1e9), drip(), drip()]);
    assert!(seconds < total as f64 / 10e6 + 5.0, "{seconds}");
}

#[test]
fn a_slice_goes_back_and_a_source_that_lacks_it_does_not_get_it_again() {
    let mut schedule = Schedule::new(2, 0, &[], 1);
    let at = |millis| Duration::from_millis(millis);
    let (stale, reserve) = (schedule.join("a", None, false, at(0)), schedule.join("b", None, true, at(0)));
    assert_eq!(schedule.next(stale, 0, at(0)), Next::Slice(0, 0..1));
    assert_eq!(schedule.next(reserve, 0, at(0)), Next::Wait, "a reserve leaves mirrors what they can do");
    schedule.arrived(0);
    assert_eq!(schedule.next(stale, 0, at(1)), Next::Slice(1, 1..2));
    schedule.lost(1, Lost::Missing, at(2));
    assert!(!schedule.is_lacked(&[]), "upstream was not asked yet");
    assert!(schedule.needs_reserve() && !schedule.is_stuck());
    assert_eq!(schedule.next(stale, 0, at(3)), Next::Wait);
    assert_eq!(schedule.next(reserve, 0, at(3)), Next::Slice(2, 1..2));
    schedule.lost(2, Lost::Banned, at(4));
    assert!(schedule.is_stuck());
    assert_eq!(schedule.next(reserve, 0, at(5)), Next::Over);
}

#[test]
fn what_arrived_in_an_earlier_run_is_not_asked_for() {
    let mut schedule = Schedule::new(80, 10, &[20..30, 30..31], 1);
    let id = schedule.join("a", None, false, Duration::ZERO);
    let mut asked = Vec::new();
    while let Next::Slice(task, range) = schedule.next(id, 0, Duration::ZERO) {
        asked.extend(range);
        schedule.arrived(task);
    }
    assert_eq!(asked, (10..20).chain(31..80).collect::<Vec<_>>());
}

#[test]
fn who_asks_to_wait_is_left_alone_for_so_long() {
    let mut schedule = Schedule::new(2, 0, &[], 1);
    let second = Duration::from_secs;
    let id = schedule.join("a", None, false, second(0));
    for (at, wait) in [(0, 5), (5, 2)] {
        let Next::Slice(task, _) = schedule.next(id, 0, second(at)) else { panic!("{at}") };
        schedule.lost(task, Lost::Busy(second(wait)), second(at));
        assert_eq!(schedule.next(id, 0, second(at + wait - 1)), Next::Wait);
    }
    let Next::Slice(task, _) = schedule.next(id, 0, second(7)) else { panic!("it is asked again") };
    schedule.lost(task, Lost::Busy(second(60)), second(7));
    assert!(schedule.is_stuck(), "a minute is too long");
}

#[test]
fn a_cut_that_nobody_has_is_given_up_and_those_after_it_are_not() {
    let mut schedule = Schedule::new(3, 0, &[], 1);
    let now = Duration::ZERO;
    let (a, b) = (schedule.join("a", None, false, now), schedule.join("b", None, false, now));
    for id in [a, b] {
        let Next::Slice(task, range) = schedule.next(id, 0, now) else { panic!("there is work") };
        assert_eq!(range, 0..1);
        schedule.lost(task, Lost::Missing, now);
    }
    assert!(schedule.is_stuck() && schedule.is_lacked(&[]));
    assert_eq!(schedule.give_up_first(), Some(0..1));
    assert!(!schedule.is_stuck());
    assert_eq!(schedule.next(a, 0, now), Next::Slice(2, 1..2));
}

#[test]
fn the_last_slices_are_shared_where_others_have_nothing_to_do_and_all_of_it() {
    let now = Duration::ZERO;
    let begun = |reserve: bool, lacks: bool| {
        let mut schedule = Schedule::new(3, 0, &[], 4);
        schedule.join("a", Some(1e6), false, now);
        schedule.join("b", Some(1e6), reserve, now);
        let mut tasks = Vec::new();
        for (source, connection) in [(0, 0), (0, 1), (1, 0)] {
            if let Next::Slice(task, range) = schedule.next(source, connection, now) {
                tasks.push((task, source, range));
            }
        }
        if lacks {
            let (task, ..) = tasks.remove(tasks.iter().position(|(_, source, _)| *source == 1).expect("it was asked"));
            schedule.lost(task, Lost::Missing, now);
            let Next::Slice(task, range) = schedule.next(0, 1, now) else { return (schedule, tasks) };
            tasks.push((task, 0, range));
        }
        (schedule, tasks)
    };
    let (mut schedule, mut tasks) = begun(false, false);
    assert_eq!(tasks.len(), 3);
    assert_eq!(schedule.last_ones(), [], "three of four connections are busy");
    let (first, ..) = tasks.remove(0);
    schedule.arrived(first);
    assert_eq!(schedule.last_ones().len(), 2);
    let (task, _, range) = tasks.remove(0);
    schedule.broken_off(task);
    schedule.share(range.clone(), false);
    assert_eq!(schedule.last_ones(), [], "one waits to be taken");
    assert!(matches!(schedule.next(0, 0, now), Next::Slice(_, again) if again == range));
    let (mut schedule, tasks) = begun(false, true);
    tasks.iter().skip(1).for_each(|(task, ..)| drop(schedule.arrived(*task)));
    assert_eq!(schedule.last_ones(), [], "one has not got all");
    let (schedule, _) = begun(true, false);
    assert_eq!(schedule.last_ones(), [], "upstream stands by for what mirrors lack");
}
