//! How the suite fails: the kinds of DESIGN 9 with their exit codes, and one form for the message.

use std::fmt;

use super::kind::Kind;

/// An end of the road: what happened and where, and what to do next.
///
/// `Display` is the message form of the contract, one line for each of its parts, without secrets and escapes, and with what
/// it quotes cut to what a person reads.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Failure {
    /// The word for it.
    pub kind: Kind,
    /// What happened, and where.
    pub what: String,
    /// What works when pasted.
    pub hint: Option<String>,
}

impl Failure {
    /// A failure without a hint.
    pub fn new(kind: Kind, what: impl Into<String>) -> Self {
        Self { kind, what: what.into(), hint: None }
    }

    /// The same with what to do next.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clean = |text: &str| crate::message::controls(&crate::message::secrets(text));
        write!(f, "mirror: error[{}]: {}", self.kind.word(), without_middles(&clean(&self.what)))?;
        if let Some(hint) = &self.hint {
            write!(f, "\nmirror: hint: {}", clean(hint))?;
        }
        Ok(())
    }
}

/// Most characters of a line: a path may be long, but a file without line ends is quoted whole by those who read it.
const LONGEST: usize = 1000;

/// Each line that is too long, without its middle.
fn without_middles(text: &str) -> String {
    let cut = |line: &str| {
        let count = line.chars().count();
        if count <= LONGEST {
            return line.to_owned();
        }
        let (begins, ends): (String, String) =
            (line.chars().take(LONGEST / 2).collect(), line.chars().skip(count - LONGEST / 4).collect());
        format!("{begins} … {ends}")
    };
    text.split('\n').map(cut).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::Failure;
    use crate::errors::Kind;

    #[test]
    fn what_a_message_quotes_is_cut_to_what_a_person_reads() {
        let failure = Failure::new(Kind::Config, format!("a\n{}z\nb", "é".repeat(5000))).to_string();
        assert!(failure.chars().count() < 1200 && failure.ends_with("éz\nb"), "{failure}");
        let path = format!("/{}", "x".repeat(900));
        assert!(Failure::new(Kind::Io, path.as_str()).to_string().contains(&path));
    }

    #[test]
    fn a_message_has_the_form_of_the_contract_and_no_secret() {
        let failure = Failure::new(Kind::Quorum, "https://u:p@h/x says\u{1b}[2J so").hint("set `trust = \"tofu\"`");
        assert_eq!(
            failure.to_string(),
            "mirror: error[E-QUORUM]: https://***@h/x says[2J so\nmirror: hint: set `trust = \"tofu\"`"
        );
        assert_eq!(failure.kind.exit_code(), 77);
    }
}
