//! What runs come to: medians, how bytes flow, and the table of the result.

mod runs;
mod flow;
mod table;

pub(crate) use flow::Flow;
pub(crate) use runs::{Series, Times, Trial};
pub(crate) use table::{Goal, Row, json, text};
