//! What `git config --list -z` and `git config -z --get-urlmatch` print. Pure.

/// Entries of git's configuration, weakest first: sections and names in lower case, what is between them as it was written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listed(Vec<(String, String)>);

impl Listed {
    /// Reads `key NEWLINE value NUL`; a bare key, without a value, means true.
    pub fn parse(text: &str) -> Self {
        let entry = |entry: &str| {
            let (key, value) = entry.split_once('\n').unwrap_or((entry, "true"));
            (key.to_owned(), value.to_owned())
        };
        Self(text.split_terminator('\0').map(entry).collect())
    }

    /// The same from entries that were taken apart already.
    pub fn of<'a>(entries: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self(entries.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect())
    }

    /// The value that counts where there is one for each key: the last.
    pub fn last(&self, key: &str) -> Option<&str> {
        self.0.iter().rfind(|(found, _)| found == key).map(|(_, value)| value.as_str())
    }

    /// All values of a key, weakest first.
    pub fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(found, _)| found == key).map(|(_, value)| value.as_str())
    }

    /// All entries of a section with something between it and the name: that, the name, and the value.
    pub fn below<'a>(&'a self, section: &'a str) -> impl Iterator<Item = (&'a str, &'a str, &'a str)> {
        self.0.iter().filter_map(move |(key, value)| {
            let (between, name) = key.strip_prefix(section)?.strip_prefix('.')?.rsplit_once('.')?;
            Some((between, name, value.as_str()))
        })
    }
}

/// git's own word for false; all else that it takes for a truth value is true (git-config(1), boolean).
pub fn is_false(value: &str) -> bool {
    matches!(value.to_ascii_lowercase().as_str(), "false" | "no" | "off" | "0" | "")
}

#[cfg(test)]
mod tests {
    use super::{Listed, is_false};

    #[test]
    fn entries_are_taken_apart_and_the_last_one_counts() {
        let listed = Listed::parse(
            "http.proxy\nhttp://a:1\0http.https://h.example/x.y/.extraheader\nA: b\nc\0http.sslverify\0http.proxy\n\0",
        );
        assert_eq!(listed.last("http.proxy"), Some(""));
        assert_eq!(listed.last("http.sslverify"), Some("true"));
        assert_eq!(listed.last("http.useragent"), None);
        let below: Vec<_> = listed.below("http").collect();
        assert_eq!(below, [("https://h.example/x.y/", "extraheader", "A: b\nc")]);
        assert_eq!(Listed::parse(""), Listed::default());
        assert!(is_false("Off") && is_false("") && !is_false("true") && !is_false("2"));
    }
}
