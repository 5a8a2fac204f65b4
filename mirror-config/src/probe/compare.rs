//! What an index says of the samples, held against what upstream says. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::freshness::Freshness;
use crate::errors::Fault;

/// What an index says of one package.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sample {
    /// Its versions.
    pub(super) versions: BTreeSet<String>,
    /// Checksums, by version or by file.
    pub(super) sums: BTreeMap<String, String>,
}

/// Samples by name.
pub(super) type Facts = BTreeMap<String, Sample>;

/// How far an index is behind upstream's, and whether it lies about a checksum.
pub(super) fn compare(upstream: &Facts, own: &Facts) -> (Freshness, Option<Fault>) {
    let (mut behind, mut unknown, mut compared) = (0, 0, false);
    for (name, theirs) in upstream {
        let Some(own) = own.get(name) else { continue };
        compared = true;
        behind += theirs.versions.difference(&own.versions).count();
        unknown += own.versions.difference(&theirs.versions).count();
        let other = |(key, sum): &(&String, &String)| theirs.sums.get(*key).is_some_and(|theirs| theirs != *sum);
        if let Some((key, _)) = own.sums.iter().find(other) {
            let what = format!("another checksum of {name} {key} than upstream");
            return (Freshness::Unrelated, Some(Fault::Corrupt(what)));
        }
    }
    let freshness = match (compared, behind, unknown) {
        (false, ..) => Freshness::Unknown,
        (true, 0, 0) => Freshness::Same,
        (true, 0, _) => Freshness::Unrelated,
        (true, behind, _) => Freshness::Behind(u32::try_from(behind).ok()),
    };
    (freshness, None)
}

#[cfg(test)]
mod tests {
    use super::{Facts, Sample, compare};
    use crate::probe::Freshness;

    /// Facts such as `"libc 1=x 2=y; syn 1=z"`.
    fn facts(text: &str) -> Facts {
        let sample = |part: &str| {
            let mut words = part.split_whitespace();
            let name = words.next()?.to_owned();
            let pairs: Vec<(&str, &str)> = words.filter_map(|word| word.split_once('=')).collect();
            let versions = pairs.iter().map(|(version, _)| (*version).to_owned()).collect();
            let sums = pairs.iter().map(|(version, sum)| ((*version).to_owned(), (*sum).to_owned())).collect();
            Some((name, Sample { versions, sums }))
        };
        text.split(';').filter_map(sample).collect()
    }

    #[test]
    fn freshness_counts_the_versions_that_a_mirror_lacks() {
        let upstream = "libc 1=x 2=y; syn 1=z";
        for (own, expected, lies) in [
            ("libc 1=x 2=y; syn 1=z", Freshness::Same, false),
            ("libc 1=x; syn 1=z", Freshness::Behind(Some(1)), false),
            ("libc; syn", Freshness::Behind(Some(3)), false),
            ("syn 1=z", Freshness::Same, false),
            ("libc 1=x 2=y 3=new", Freshness::Unrelated, false),
            ("libc 1=x 2=evil; syn 1=z", Freshness::Unrelated, true),
            ("", Freshness::Unknown, false),
            ("other 1=x", Freshness::Unknown, false),
        ] {
            let (freshness, deceit) = compare(&facts(upstream), &facts(own));
            assert_eq!((freshness, deceit.is_some_and(|fault| fault.is_deceit())), (expected, lies), "{own}");
        }
        assert_eq!(compare(&facts(""), &facts(upstream)).0, Freshness::Unknown);
    }
}
