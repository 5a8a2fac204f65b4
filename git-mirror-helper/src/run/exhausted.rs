//! What is said when neither upstream nor any mirror could serve.

use mirror_config::errors::{Failure, Kind};

use super::{facts::Context, source_names::upstream_name};

/// Nobody is left; each with its reason.
pub fn exhausted(context: &Context) -> Failure {
    let report = &context.diary.report;
    if let [source] = report.sources.as_slice()
        && let Some(fault) = &source.why
        && source.name == upstream_name(&context.repository)
    {
        return Failure::new(fault.kind(), format!("{}: upstream {} {fault}", context.repository, context.upstream))
            .hint("try again; what has landed so far is kept");
    }
    let mut lines = vec![format!("{}: nobody could serve it", context.repository)];
    lines.extend(report.faults().into_iter().map(|line| format!("  {line}")));
    Failure::new(Kind::Exhausted, lines.join("\n"))
        .hint("try again: what has arrived is kept; `cargo mirror probe git` shows who can be reached from here")
}
