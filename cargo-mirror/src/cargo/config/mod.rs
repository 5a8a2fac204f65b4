//! cargo's configuration as text: what it says, and how it is to be changed.

pub(crate) mod text;
pub(crate) mod read;
pub(crate) mod editor;
pub(crate) mod plan;
pub(crate) mod moved;

pub(crate) use moved::moved;
pub(crate) use plan::{Edited, INCLUDED, OWN_HEADER, Wanted, direct, included, including, with_keys, without};
pub(crate) use read::{Value, read};
pub(crate) use text::{REPLACE, SOURCE, Text, Wrong, quoted};
