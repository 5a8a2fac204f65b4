//! How a registry or an index lies about a package.

/// Where the lie about a package is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tamper {
    /// The file has other bytes, and the index their checksum; it still unpacks.
    Both,
    /// The file has other bytes; the index is true.
    File,
    /// The index names another dependency under the true checksum; the file is true.
    Index,
}
