//! What is said when neither upstream nor any mirror could serve.

use mirror_config::errors::{Failure, Kind};

use super::facts::Run;

/// Nobody is left; each with its reason.
pub fn exhausted(run: &Run) -> Failure {
    let report = run.journal.report();
    if let [source] = report.sources.as_slice()
        && let Some(fault) = &source.why
        && source.name == run.upstream.name
    {
        return Failure::new(fault.kind(), format!("{}: upstream {} {fault}", run.repository, run.upstream.address))
            .hint("try again; what has landed so far is kept");
    }
    let mut lines = vec![format!("{}: nobody could serve it", run.repository)];
    lines.extend(report.faults().into_iter().map(|line| format!("  {line}")));
    Failure::new(Kind::Exhausted, lines.join("\n"))
        .hint("try again: what has arrived is kept; `cargo mirror probe git` shows who can be reached from here")
}
