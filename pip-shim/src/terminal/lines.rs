//! All that the shim says: under its own name what it would do, under pip's name as little as possible.

use std::{
    io::{self, Write},
    path::Path,
};

use mirror_config::{
    errors::{Failure, Kind},
    message::redact,
};
use serde_json::{Value, json};

use crate::plan::{Plan, Way};

/// What `pip-shim --help` says.
pub const HELP: &str = "\
Stands before pip and gives it an index. Under the name of a pip it runs the real one.

Usage: pip-shim [--json] [-- PIP-ARGUMENTS...]

Shows where the real pip is, what it would be given for these arguments (`install` if there are none), and why.

Options:
  --json         for programs
  -h, --help     this text
  -V, --version  the version

Examples:
  pip-shim
  pip-shim --json -- download -r requirements.txt
  cargo mirror setup pip    # links to this program under the names of pips, in a folder of their own
";

/// Where pip is and what it would be given, for people.
pub fn text(pip: &Path, plan: &Plan) -> String {
    let mut lines = vec![format!("pip is {}", pip.display())];
    match &plan.way {
        Way::Aside => lines.push(format!("nothing is injected: {}", plan.why)),
        Way::Relay(authority) => {
            lines.push(format!("index: the relay on this machine; upstream is {} ({})", authority.index, plan.why));
            lines.extend(plan.changes.iter().map(|change| format!("  {}={}", change.name, change.value)));
        }
        Way::Direct(source) => {
            lines.push(format!("index: {} at {} ({})", source.name, source.address, plan.why));
            lines.extend(plan.changes.iter().map(|change| format!("  {}={}", change.name, change.value)));
        }
    }
    lines.extend(plan.warning.iter().map(|warning| format!("warning: {warning}")));
    lines.iter().map(|line| format!("{}\n", clean(line))).collect()
}

/// The same for programs.
pub fn object(pip: &Path, plan: &Plan) -> Value {
    let index = match &plan.way {
        Way::Aside => Value::Null,
        Way::Relay(authority) => {
            json!({"name": "relay", "operator": null, "address": null, "upstream": authority.index.to_string()})
        }
        Way::Direct(source) => {
            json!({"name": source.name, "operator": source.operator, "address": source.address.to_string()})
        }
    };
    let environment = plan.changes.iter().map(|change| (change.name.to_owned(), clean(&change.value).into()));
    json!({
        "pip": pip.display().to_string(),
        "command": plan.command,
        "injects": index != Value::Null,
        "why": clean(&plan.why),
        "index": index,
        "environment": environment.collect::<serde_json::Map<_, _>>(),
        "warning": plan.warning.as_deref().map(clean),
    })
}

/// Puts a text on standard output.
///
/// # Errors
///
/// [`Kind::Io`] when nobody takes it.
pub fn out(text: &str) -> Result<(), Failure> {
    io::stdout().write_all(text.as_bytes()).map_err(|error| Failure::new(Kind::Io, error.to_string()))
}

/// Something a person should know, though all goes on.
pub fn warn(text: &str) {
    line(&format!("mirror: warning: {}", clean(text)));
}

/// The end of the road, or why pip came to its own.
pub fn error(failure: &Failure) {
    line(&failure.to_string());
}

fn line(text: &str) {
    // Nobody is listening if this fails.
    let _ = writeln!(io::stderr(), "{text}");
}

fn clean(text: &str) -> String {
    redact::controls(&redact::secrets(text))
}
