//! How a finding is made.

use crate::report::{Finding, Severity};

pub(super) fn finding(severity: Severity, tool: &'static str, what: impl Into<String>, hint: &str) -> Finding {
    Finding { severity, tool, what: what.into(), hint: Some(hint.to_owned()) }
}
