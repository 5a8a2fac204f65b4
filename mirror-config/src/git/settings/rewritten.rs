//! Where git would go for an address, by the user's own `url.<base>.insteadOf`. Pure.

use super::listed::Listed;
use crate::model::Address;

/// What our own rules lead to; they are no wish of where upstream is.
const OURS: &str = "mirror::";

/// Where git would go instead; `None` where it would go there. The longest prefix wins, and the first of several that are
/// as long; each address is rewritten once (git-config(1)). Only what is reached by HTTP is followed.
pub fn rewritten(listed: &Listed, address: &Address) -> Option<Address> {
    let written = address.expose().as_str();
    let rules = listed.below("url").filter(|(base, name, prefix)| {
        *name == "insteadof" && !base.starts_with(OURS) && !prefix.is_empty() && written.starts_with(*prefix)
    });
    let (base, _, prefix) = rules.reduce(|best, next| if next.2.len() > best.2.len() { next } else { best })?;
    let instead: Address = format!("{base}{}", &written[prefix.len()..]).parse().ok()?;
    (matches!(instead.expose().scheme(), "https" | "http") && instead != *address).then_some(instead)
}

#[cfg(test)]
mod tests {
    use super::{Listed, rewritten};

    #[test]
    fn the_longest_prefix_wins_and_rules_of_ours_do_not_count() {
        let rule = |base: &str, prefix: &str| format!("url.{base}.insteadof\n{prefix}\0");
        let ours = rule("mirror::https://h.example/", "https://h.example/");
        let far = rule("https://far.example/", "https://h.example/");
        let longer = rule("https://near.example/", "https://h.example/o/");
        for (rules, expected) in [
            (String::new(), None),
            (ours.clone(), None),
            (format!("{ours}{far}"), Some("https://far.example/o/r.git")),
            (format!("{far}{longer}"), Some("https://near.example/r.git")),
            (format!("{longer}{far}"), Some("https://near.example/r.git")),
            (
                format!("{far}{}", rule("https://second.example/", "https://h.example/")),
                Some("https://far.example/o/r.git"),
            ),
            (rule("https://token@h.example/", "https://h.example/"), Some("https://token@h.example/o/r.git")),
            (rule("https://h.example/", "https://h.example/"), None),
            (rule("https://far.example/", "https://other.example/"), None),
            (rule("git@h.example:", "https://h.example/"), None),
            (rule("ssh://git@h.example/", "https://h.example/"), None),
            (rule("https://far.example/", ""), None),
            ("url.https://far.example/.pushinsteadof\nhttps://h.example/\0".to_owned(), None),
        ] {
            let address = "https://h.example/o/r.git".parse().expect("a URL");
            let found = rewritten(&Listed::parse(&rules), &address);
            assert_eq!(found.as_ref().map(|found| found.expose().as_str()), expected, "{rules:?}");
        }
    }
}
