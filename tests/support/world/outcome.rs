//! How a clone or fetch ended: well, or with a reason that the suite gave; anything else is a defect.
//!
//! Whether its result is right is `same`'s matter.

use super::process::Ran;

/// What the suite's errors begin with, before their kind.
const ERROR: &str = "mirror: error[";

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// git says that all is well.
    Done,
    /// git failed, and this kind of error was given.
    Refused(String),
}

/// How a run of git ended; an error when it failed and nobody said why.
///
/// # Errors
///
/// Shows what was said.
pub fn outcome(ran: &Ran) -> Result<Outcome, String> {
    if ran.code == 0 {
        return Ok(Outcome::Done);
    }
    let kind = ran.stderr.lines().find_map(|line| Some(line.strip_prefix(ERROR)?.split_once("]:")?.0.to_owned()));
    match kind {
        Some(kind) if kind == "E-INTERNAL" => Err(format!("a defect of the suite's own: {ran}")),
        Some(kind) => Ok(Outcome::Refused(kind)),
        None => Err(format!("it failed without a `{ERROR}E-…]` line: {ran}")),
    }
}

#[cfg(test)]
mod tests {
    use super::{Outcome, outcome};
    use crate::world::process::Ran;

    fn ran(code: i32, stderr: &str) -> Ran {
        Ran { command: "git".into(), code, stdout: String::new(), stderr: stderr.to_owned(), seconds: 0.0, cpu: 0.0 }
    }

    #[test]
    fn a_failure_needs_a_reason_of_ours() {
        assert_eq!(outcome(&ran(0, "")), Ok(Outcome::Done));
        let said = "Cloning…\nmirror: error[E-QUORUM]: o/r: nobody agrees\nmirror: hint: wait\n";
        assert_eq!(outcome(&ran(128, said)), Ok(Outcome::Refused("E-QUORUM".to_owned())));
        assert!(outcome(&ran(128, "fatal: early EOF\n")).is_err());
        assert!(outcome(&ran(128, "mirror: error[E-INTERNAL]: oh\n")).is_err());
    }
}
