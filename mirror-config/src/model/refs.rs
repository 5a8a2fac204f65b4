//! Object ids and refs, as `ls-refs` lists them: the small facts that only an authority may say. Pure.

use std::{fmt, str::FromStr};

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
    /// Its full name, such as `refs/heads/main` or `HEAD`.
    pub name: String,
    /// What it points to; nothing for the unborn branch of an empty repository.
    pub oid: Option<Oid>,
    /// The ref it stands for, if it is symbolic.
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
    pub fn parse(line: &str) -> Option<Self> {
        let mut words = line.strip_suffix('\n').unwrap_or(line).split(' ');
        let oid = match words.next()? {
            "unborn" => None,
            oid => Some(oid.parse().ok()?),
        };
        let mut found = Self { name: checked_name(words.next()?)?.to_owned(), oid, symref: None, peeled: None };
        for attribute in words {
            if let Some(target) = attribute.strip_prefix("symref-target:") {
                found.symref = Some(checked_name(target)?.to_owned());
            } else if let Some(oid) = attribute.strip_prefix("peeled:") {
                found.peeled = Some(oid.parse().ok()?);
            }
        }
        Some(found)
    }
}

impl fmt::Display for Ref {
    /// The line `ls-refs` would send.
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
fn checked_name(name: &str) -> Option<&str> {
    let fits = !name.is_empty()
        && !name.starts_with('-')
        && !name.contains("..")
        && !name.bytes().any(|b| b < 0x21 || b == 0x7f || b"~^:?*[\\".contains(&b));
    fits.then_some(name)
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
    fn odd_lines_are_refused() {
        let oid = "7e1785e08e1fca2908ba6aefc65ce6b1adba7431";
        for line in ["", "x", oid, &format!("{oid} "), &format!("{oid} --x"), &format!("{oid} a\u{1b}b"), "123 HEAD"] {
            assert_eq!(Ref::parse(line), None, "{line}");
        }
    }
}
