//! How many bytes of each kind of answer are read at most, beside each other: whoever sends more than anybody honest does
//! fills neither memory nor disk.

/// A signed list of mirrors; the built-in one has 4 kB.
pub const LIST: u64 = 1 << 20;
/// A signature beside a file.
pub const SIGNATURE: u64 = 16 << 10;
/// What a git server says it can do; and the messages (side band 2) of one answer.
pub const GIT_PREAMBLE: u64 = 1 << 20;
/// A list of refs; half a million refs have 40 MB.
pub const REFS: u64 = 64 << 20;
/// An entry of cargo's index, and its `config.json`; the largest of the official one have a few MB.
pub const ENTRY: u64 = 64 << 20;
/// A page of a Python index; those of projects with thousands of files have 10 MB.
pub const PAGE: u64 = 64 << 20;
/// A page or an entry that a probe reads, in five seconds.
pub const SAMPLE: u64 = 16 << 20;
/// A crate or a wheel; the largest wheels have 3 GB.
pub const FILE: u64 = 4 << 30;
