//! Version numbers as programs print them. Pure.

/// Whether a version is the one given, or later; what cannot be read is not.
pub(crate) fn at_least(version: &str, least: (u32, u32)) -> bool {
    let mut numbers = version.split(|c: char| !c.is_ascii_digit()).map(str::parse::<u32>);
    matches!((numbers.next(), numbers.next()), (Some(Ok(major)), Some(Ok(minor))) if (major, minor) >= least)
}

#[cfg(test)]
mod tests {
    use super::at_least;

    #[test]
    fn versions_of_all_vendors_are_compared() {
        for (version, enough) in [
            ("2.47.3", true),
            ("2.29.0", true),
            ("2.28.1", false),
            ("3.0.0", true),
            ("2.39.5 (Apple Git-154)", true),
            ("2.45.1.windows.1", true),
            ("2.52.0.rc1.12.gabc", true),
            ("1.8.3.1", false),
            ("", false),
        ] {
            assert_eq!(at_least(version, (2, 29)), enough, "{version}");
        }
    }
}
