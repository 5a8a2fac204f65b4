//! Questions to a person. The only door to dialoguer.

use mirror_config::{
    environment::Environment,
    failure::{Failure, Kind},
};

/// Asks a question that is answered with yes or no; Escape means no.
///
/// # Errors
///
/// [`Kind::Usage`] when there is no terminal to ask on, [`Kind::Io`] when the terminal fails.
pub(crate) fn confirm(env: &Environment, question: &str) -> Result<bool, Failure> {
    if !env.stderr_is_terminal() {
        return Err(Failure::new(Kind::Usage, format!("{question} There is no terminal to ask on"))
            .hint("add `--yes` to make the change, or `--dry-run` to only see it"));
    }
    let answer = dialoguer::Confirm::new().with_prompt(question).default(false).interact_opt();
    answer.map(|said| said == Some(true)).map_err(|error| Failure::new(Kind::Io, format!("the terminal: {error}")))
}

#[cfg(test)]
mod tests {
    use mirror_config::{environment::Environment, failure::Kind};

    #[test]
    fn without_a_terminal_the_hint_is_a_flag() {
        let env = Environment::of([("HOME", "/nowhere")], "/");
        let failure = super::confirm(&env, "Change x?").expect_err("no terminal");
        assert_eq!(failure.kind, Kind::Usage);
        assert!(failure.hint.is_some_and(|hint| hint.contains("--yes")));
    }
}
