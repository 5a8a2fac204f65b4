//! Object ids and refs, as `ls-refs` lists them: the small facts that only an authority may say. Pure.

use std::{fmt, str::FromStr};

use super::spelling::{spelled, unspelled};

/// The id of an object, SHA-1 or SHA-256, in lower-case hexadecimal.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(transparent)]
pub struct Oid(String);

impl Oid {
    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Oid {
    type Err = NotAnOid;

    fn from_str(text: &str) -> Result<Self, NotAnOid> {
        let hex = text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if hex && matches!(text.len(), 40 | 64) { Ok(Self(text.to_owned())) } else { Err(NotAnOid) }
    }
}

impl<'de> serde::Deserialize<'de> for Oid {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text is neither 40 nor 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an object id")]
pub struct NotAnOid;

/// One line of `ls-refs`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ref {
    /// Its full name, such as `refs/heads/main` or `HEAD`; bytes that are no text are [`spelled`].
    pub name: String,
    /// What it points to; nothing for the unborn branch of an empty repository.
    pub oid: Option<Oid>,
    /// The ref it stands for, if it is symbolic; spelled alike.
    pub symref: Option<String>,
    /// The object behind an annotated tag.
    pub peeled: Option<Oid>,
}

impl Ref {
    /// Reads a line of protocol v2's `ls-refs`: `oid|unborn SP name *(SP attribute)` (gitprotocol-v2).
    ///
    /// # Errors
    ///
    /// `None` for a line that is not of this form, or whose name git's own rules would refuse.
    pub fn read(line: &[u8]) -> Option<Self> {
        let mut words = line.strip_suffix(b"\n").unwrap_or(line).split(|byte| *byte == b' ');
        let oid = |digits: &[u8]| std::str::from_utf8(digits).ok()?.parse::<Oid>().ok();
        let points_to = match words.next()? {
            b"unborn" => None,
            digits => Some(oid(digits)?),
        };
        let mut found = Self { name: name(words.next()?)?, oid: points_to, symref: None, peeled: None };
        for attribute in words {
            if let Some(target) = attribute.strip_prefix(b"symref-target:") {
                found.symref = Some(name(target)?);
            } else if let Some(digits) = attribute.strip_prefix(b"peeled:") {
                found.peeled = Some(oid(digits)?);
            }
        }
        Some(found)
    }

    /// The same of a line whose names are [`spelled`].
    ///
    /// # Errors
    ///
    /// As [`Ref::read`].
    pub fn parse(line: &str) -> Option<Self> {
        Self::read(&unspelled(line))
    }

    /// The line `ls-refs` would send, without a newline.
    pub fn line(&self) -> Vec<u8> {
        unspelled(&self.to_string())
    }
}

impl fmt::Display for Ref {
    /// The line `ls-refs` would send, with names spelled.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.oid {
            Some(oid) => write!(f, "{oid} {}", self.name)?,
            None => write!(f, "unborn {}", self.name)?,
        }
        if let Some(target) = &self.symref {
            write!(f, " symref-target:{target}")?;
        }
        if let Some(oid) = &self.peeled {
            write!(f, " peeled:{oid}")?;
        }
        Ok(())
    }
}

/// A coarse form of git-check-ref-format(1): enough to keep control characters and options out of our hands; git
/// itself checks the rest.
fn name(bytes: &[u8]) -> Option<String> {
    let fits = !bytes.is_empty()
        && !bytes.starts_with(b"-")
        && !bytes.windows(2).any(|two| two == b"..")
        && !bytes.iter().any(|b| *b < 0x21 || *b == 0x7f || b"~^:?*[\\".contains(b));
    fits.then(|| spelled(bytes))
}

#[cfg(test)]
mod tests {
    use super::Ref;

    #[test]
    fn lines_are_read_and_written_alike() {
        let oid = "7e1785e08e1fca2908ba6aefc65ce6b1adba7431";
        for line in [
            format!("{oid} HEAD symref-target:refs/heads/main"),
            format!("{oid} refs/tags/v1 peeled:{oid}"),
            "unborn HEAD symref-target:refs/heads/main".to_owned(),
        ] {
            assert_eq!(Ref::parse(&line).expect(&line).to_string(), line);
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_kept() {
        let oid = b"7e1785e08e1fca2908ba6aefc65ce6b1adba7431";
        let mut seen = std::collections::BTreeSet::new();
        for name in
            [&b"refs/heads/\xb9\xa6"[..], b"refs/heads/\xb9\xa7", b"refs/tags/caf\xe9", "refs/tags/café".as_bytes()]
        {
            let line = [oid, &b" "[..], name, b" symref-target:", name, b" peeled:", oid].concat();
            let found = Ref::read(&line).expect("a ref");
            assert_eq!((found.line(), Ref::parse(&found.to_string())), (line, Some(found.clone())));
            assert!(seen.insert(found.name), "two names became one");
        }
    }

    #[test]
    fn odd_lines_are_refused() {
        let oid = "7e1785e08e1fca2908ba6aefc65ce6b1adba7431";
        for line in [
            "",
            "x",
            oid,
            &format!("{oid} "),
            &format!("{oid} --x"),
            &format!("{oid} a\\xe9b\\x2e"),
            &format!("{oid} a\u{1b}b"),
            "123 HEAD",
        ] {
            assert_eq!(Ref::parse(line), None, "{line}");
        }
    }
}
