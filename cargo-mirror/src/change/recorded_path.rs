//! Paths in the undo record: text where they are text, so that a person can read them, else their bytes. For serde's `with`.

use std::path::{Path, PathBuf};

use mirror_config::system::os_string;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::content::Content;

fn content(path: &Path) -> Content {
    Content::new(path.as_os_str().as_encoded_bytes())
}

fn path(content: &Content) -> PathBuf {
    os_string(content.bytes().to_vec()).into()
}

pub(super) fn serialize<S: Serializer>(value: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    content(value).serialize(serializer)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
    Content::deserialize(deserializer).map(|content| path(&content))
}

/// The same for a path that need not be there.
pub(super) mod optional {
    use std::path::PathBuf;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{Content, content, path};

    pub(in crate::change) fn serialize<S: Serializer>(
        value: &Option<PathBuf>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value.as_deref().map(content).serialize(serializer)
    }

    pub(in crate::change) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<PathBuf>, D::Error> {
        Ok(Option::<Content>::deserialize(deserializer)?.as_ref().map(path))
    }
}

/// The same for a list.
pub(super) mod list {
    use std::path::PathBuf;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{Content, content, path};

    pub(in crate::change) fn serialize<S: Serializer>(value: &[PathBuf], serializer: S) -> Result<S::Ok, S::Error> {
        value.iter().map(|value| content(value)).collect::<Vec<_>>().serialize(serializer)
    }

    pub(in crate::change) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<PathBuf>, D::Error> {
        Ok(Vec::<Content>::deserialize(deserializer)?.iter().map(path).collect())
    }
}
