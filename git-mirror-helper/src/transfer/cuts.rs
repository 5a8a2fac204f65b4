//! Where a history is cut into slices. Pure: refs and a few commits in, an ordered list of cuts out.
//!
//! A cut is a set of tips; a slice is all that the tips of some cuts in a row reach and those of the cuts before them
//! do not. So any order of cuts gives all of the history, once; from old to new gives slices of even size.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, HashMap, HashSet},
};

use mirror_config::model::{Oid, Ref};

/// Commits that were seen are cut into so many slices at most, where tags do not do it.
const MOST: u64 = 64;
/// Bytes that are worth a slice; fewer, down to the first, where a line takes longer than [`WORTH_TIME`] for them. Where tags are
/// closer than that, several make one cut, but never fewer than [`MOST`] in all: each request costs its server a walk, and lists
/// what came before it.
const WORTH: [u64; 2] = [16 << 10, 128 << 10];
/// Seconds for them.
const WORTH_TIME: f64 = 0.5;
/// Files are cut into so many slices at most.
const MOST_BY_NAME: usize = 256;
const TAGS: &str = "refs/tags/";

/// Cuts for a fetch of `wants`. `refs` are the authority's; `seen` are the newest commits of the history, oldest first,
/// each proven to be reached from the wants; `older` are tips, oldest first, that the wants are believed to reach. `bytes`
/// is about how much it all is, `rate` the bytes a second with which it comes.
pub fn cuts(wants: &[Oid], refs: &[Ref], seen: &[Oid], older: &[Oid], (bytes, rate): (u64, f64)) -> Vec<Vec<Oid>> {
    let worth = ((rate * WORTH_TIME) as u64).clamp(WORTH[0], WORTH[1]);
    let wanted: HashSet<&Oid> = wants.iter().collect();
    let places: HashMap<&Oid, usize> = seen.iter().enumerate().map(|(place, oid)| (oid, place)).collect();
    let mut before: Vec<(&str, &Oid)> = Vec::new();
    let mut among: BTreeMap<usize, Vec<Oid>> = BTreeMap::new();
    for tag in refs.iter().filter(|found| found.name.starts_with(TAGS)) {
        let Some(oid) = &tag.oid else { continue };
        match places.get(tag.peeled.as_ref().unwrap_or(oid)) {
            Some(place) => among.entry(*place).or_default().push(oid.clone()),
            // A tag that is not wanted may lie on a side that the wants do not reach.
            None if wanted.contains(oid) => before.push((&tag.name, oid)),
            None => {}
        }
    }
    before.sort_by(|(a, _), (b, _)| by_number(a, b));
    let number = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    let together = (before.len() + among.len()).div_ceil(number((bytes / worth).max(MOST))).max(1);
    let group = |tags: &[(&str, &Oid)]| tags.iter().map(|(_, oid)| (*oid).clone()).collect();
    let mut cuts: Vec<Vec<Oid>> = before.chunks(together).map(group).collect();
    cuts.extend(older.iter().map(|oid| vec![oid.clone()]));
    let wished = number((bytes / worth).clamp(1, MOST));
    let step = seen.len().div_ceil(wished).max(1);
    let (mut last, mut tagged, mut tags) = (None, 0, Vec::new());
    for (place, oid) in seen.iter().enumerate() {
        let due = last.is_none_or(|last| place - last >= step);
        match among.remove(&place) {
            Some(here) => {
                tags.extend(here);
                tagged += 1;
            }
            None if due => tags.push(oid.clone()),
            None => continue,
        }
        if due || tagged >= together {
            cuts.push(std::mem::take(&mut tags));
            (last, tagged) = (Some(place), 0);
        }
    }
    let mut named: HashSet<Oid> = HashSet::new();
    cuts.iter_mut().for_each(|cut| cut.retain(|oid| named.insert(oid.clone())));
    cuts.push(wants.iter().filter(|oid| !named.contains(oid)).cloned().collect());
    cuts.retain(|cut| !cut.is_empty());
    cuts
}

/// How many of these are tags.
pub fn tagged(wants: &[Oid], refs: &[Ref]) -> usize {
    let wanted: HashSet<&Oid> = wants.iter().collect();
    let tags = refs.iter().filter(|found| found.name.starts_with(TAGS));
    tags.filter(|tag| tag.oid.as_ref().is_some_and(|oid| wanted.contains(oid))).count()
}

/// Cuts through files that are missing, in their order.
pub fn by_name(files: &[Oid]) -> Vec<Vec<Oid>> {
    files.chunks(files.len().div_ceil(MOST_BY_NAME).max(1)).map(<[Oid]>::to_vec).collect()
}

/// Orders names as people number them: `v1.9` before `v1.10`.
fn by_number(a: &str, b: &str) -> Ordering {
    let parts = |name: &str| -> Vec<(String, u128)> {
        let mut parts = vec![(String::new(), 0_u128)];
        let mut in_number = false;
        for letter in name.chars() {
            match letter.to_digit(10) {
                Some(digit) => {
                    let (_, number) = parts.last_mut().expect("never empty");
                    *number = number.saturating_mul(10).saturating_add(u128::from(digit));
                }
                None => {
                    if in_number {
                        parts.push((String::new(), 0));
                    }
                    parts.last_mut().expect("never empty").0.push(letter);
                }
            }
            in_number = letter.is_ascii_digit();
        }
        parts
    };
    parts(a).cmp(&parts(b)).then_with(|| a.cmp(b))
}

#[cfg(test)]
mod tests {
    use super::{by_number, cuts};
    use mirror_config::model::{Oid, Ref};

    const LOTS: u64 = 1 << 30;
    const FAST: f64 = 1e9;

    fn oid(number: usize) -> Oid {
        format!("{number:040x}").parse().expect("an id")
    }

    fn tag(name: &str, number: usize) -> Ref {
        Ref::parse(&format!("{} refs/tags/{name}", oid(number))).expect("a ref")
    }

    fn numbers(cuts: &[Vec<Oid>]) -> Vec<Vec<usize>> {
        let number = |oid: &Oid| usize::from_str_radix(oid.as_str(), 16).expect("hex");
        cuts.iter().map(|cut| cut.iter().map(number).collect()).collect()
    }

    #[test]
    fn names_are_ordered_as_people_number_them() {
        let mut names = ["v1.10", "v1.9", "v1.9.1", "1.0", "v2.0-rc1", "v2.0", "release-3"];
        names.sort_by(|a, b| by_number(a, b));
        assert_eq!(names, ["1.0", "release-3", "v1.9", "v1.9.1", "v1.10", "v2.0", "v2.0-rc1"]);
    }

    #[test]
    fn wants_come_last_and_nothing_comes_twice() {
        let refs = [tag("v10", 3), tag("v9", 2), tag("side", 8), tag("again", 3)];
        let wants: Vec<Oid> = [1, 2, 3, 9].map(oid).to_vec();
        assert_eq!(
            numbers(&cuts(&wants, &refs, &[], &[], (LOTS, FAST))),
            [vec![3], vec![2], vec![1, 9]],
            "`again` comes first"
        );
        assert_eq!(numbers(&cuts(&wants, &[], &[], &[], (LOTS, FAST))), [vec![1, 2, 3, 9]]);
        assert_eq!(
            numbers(&cuts(&wants, &[], &[], &[oid(7), oid(1)], (LOTS, FAST))),
            [vec![7], vec![1], vec![2, 3, 9]]
        );
    }

    #[test]
    fn tags_that_are_many_for_what_they_hold_are_cut_at_together() {
        let count = |tags: usize, bytes: u64| {
            let refs: Vec<Ref> = (0..tags).map(|number| tag(&format!("build-{number}"), number + 1)).collect();
            let wants: Vec<Oid> = (1..=tags).map(oid).collect();
            let cuts = numbers(&cuts(&wants, &refs, &[], &[], (bytes, FAST)));
            assert_eq!(cuts.concat(), (1..=tags).collect::<Vec<_>>(), "all of them, in order");
            cuts.len()
        };
        let seen: Vec<Oid> = (1..2000).map(oid).collect();
        let refs: Vec<Ref> = (0..2500).map(|number| tag(&format!("{number}"), number)).collect();
        let mixed = numbers(&cuts(&(0..3000).map(oid).collect::<Vec<_>>(), &refs, &seen, &[], (20 << 20, FAST)));
        assert!((110..180).contains(&mixed.len()), "among the commits as well: {}", mixed.len());
        assert_eq!(count(50, 300_000), 50);
        assert_eq!(count(1000, 300 << 20), 1000);
        assert_eq!(count(1000, 1), 63, "no fewer than about 64");
        assert_eq!(count(5000, 20 << 20), 157);
        assert_eq!(count(100_000, 20 << 20), 160);
    }

    #[test]
    fn commits_are_cut_where_tags_are_far_apart() {
        let seen: Vec<Oid> = (100..1060).map(oid).collect();
        let refs = [tag("old", 5), tag("new", 104), tag("unwanted", 6)];
        let wants = [oid(5), oid(1059)];
        let cuts = numbers(&cuts(&wants, &refs, &seen, &[], (LOTS, FAST)));
        assert_eq!(cuts[..4], [[5], [100], [104], [119]], "a tag among the commits is cut at, whoever wants it");
        assert!((60..75).contains(&cuts.len()), "{}", cuts.len());
        assert_eq!(cuts.last(), Some(&vec![1059]));
        assert_eq!(numbers(&super::cuts(&wants, &[], &seen, &[], (300_000, FAST))).len(), 3, "little is cut seldom");
        assert_eq!(super::cuts(&wants, &[], &seen, &[], (300_000, 65_000.0)).len(), 10, "a slow line's more often");
    }
}
