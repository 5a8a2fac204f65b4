//! How the suite presents itself.

/// In git's protocol, and wherever no other tool's request is made.
pub fn git_agent() -> String {
    format!("git/mirror-{}", env!("CARGO_PKG_VERSION"))
}
