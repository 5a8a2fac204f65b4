//! Sizes, times and lists of names as people read them. Pure.

use std::time::Duration;

/// Names of a list that a sentence has.
const NAMED: usize = 3;

/// Names, the first three of them and how many more there are.
pub fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    let (shown, more) = names.split_at(names.len().min(NAMED));
    match more.len() {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// A number of bytes in SI units, three digits.
pub fn bytes(count: u64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB"];
    let mut value = count as f64;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    match (unit, value) {
        (0, _) => format!("{count} B"),
        (_, v) if v < 9.95 => format!("{v:.1} {}", units[unit]),
        (_, v) => format!("{v:.0} {}", units[unit]),
    }
}

/// The same in a sentence, where a few are meant to be few: `16 bytes`, `2.1 kB`.
pub fn spelled(count: u64) -> String {
    match count {
        1 => "1 byte".to_owned(),
        few if few < 1000 => format!("{few} bytes"),
        many => bytes(many),
    }
}

/// A stretch of time in its largest unit: `3 s`, `12 min`, `5 h`, `20 days`.
pub fn age(time: Duration) -> String {
    let (seconds, minute, hour, day) = (time.as_secs(), 60, 3600, 86_400);
    match seconds {
        s if s < 2 * minute => format!("{s} s"),
        s if s < 2 * hour => format!("{} min", s / minute),
        s if s < 2 * day => format!("{} h", s / hour),
        s => format!("{} days", s / day),
    }
}

/// A stretch of time that somebody has waited: `0.4 s`, `12 s`, `3 min 5 s`.
pub fn span(time: Duration) -> String {
    match time.as_secs() {
        0..10 => format!("{:.1} s", time.as_secs_f64()),
        seconds @ 10..60 => format!("{seconds} s"),
        seconds => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::{age, bytes, listed, span, spelled};

    use std::time::Duration;

    #[test]
    fn numbers_read_well() {
        for (count, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (12_345, "12 kB"),
            (999_600, "1.0 MB"),
            (77_000_000, "77 MB"),
        ] {
            assert_eq!(bytes(count), text);
        }
        for (count, text) in [(0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (2100, "2.1 kB")] {
            assert_eq!(spelled(count), text);
        }
        for (names, text) in
            [(&[][..], ""), (&["a"], "a"), (&["a", "b", "c"], "a, b, c"), (&["a"; 5], "a, a, a and 2 more")]
        {
            assert_eq!(listed(names.iter().copied()), text);
        }
        for (seconds, text) in [(5, "5 s"), (600, "10 min"), (7200, "2 h"), (200_000, "2 days")] {
            assert_eq!(age(Duration::from_secs(seconds)), text);
        }
        for (millis, text) in [(0, "0.0 s"), (4321, "4.3 s"), (12_345, "12 s"), (185_000, "3 min 5 s")] {
            assert_eq!(span(Duration::from_millis(millis)), text);
        }
    }
}
