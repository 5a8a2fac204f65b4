//! Questions to a person. The only door to dialoguer.

use mirror_config::{
    errors::{Failure, Kind},
    system::Environment,
};

/// Asks a question that is answered with yes or no; Escape means no.
///
/// # Errors
///
/// [`Kind::Usage`] when there is no terminal to ask on, [`Kind::Io`] when the terminal fails.
pub(crate) fn confirm(env: &Environment, question: &str) -> Result<bool, Failure> {
    on_terminal(env, question)?;
    let answer = dialoguer::Confirm::new().with_prompt(question).default(false).interact_opt();
    answer.map(|said| said == Some(true)).map_err(|error| failed(&error))
}

/// Asks for one of several, the first unless another is chosen; Escape means none.
///
/// # Errors
///
/// As [`confirm`].
pub(crate) fn one(env: &Environment, question: &str, rows: &[&str]) -> Result<Option<usize>, Failure> {
    on_terminal(env, question)?;
    dialoguer::Select::new().with_prompt(question).items(rows).default(0).interact_opt().map_err(|error| failed(&error))
}

/// Asks for any of several, all unless some are left out; Escape means none.
///
/// # Errors
///
/// As [`confirm`].
pub(crate) fn several(env: &Environment, question: &str, rows: &[&str]) -> Result<Vec<usize>, Failure> {
    on_terminal(env, question)?;
    let all = vec![true; rows.len()];
    let answer = dialoguer::MultiSelect::new().with_prompt(question).items(rows).defaults(&all).interact_opt();
    answer.map(Option::unwrap_or_default).map_err(|error| failed(&error))
}

fn on_terminal(env: &Environment, question: &str) -> Result<(), Failure> {
    if env.stderr_is_terminal() {
        return Ok(());
    }
    Err(Failure::new(Kind::Usage, format!("{question} There is no terminal to ask on"))
        .hint("add `--yes` to make the change, or `--dry-run` to only see it"))
}

fn failed(error: &dialoguer::Error) -> Failure {
    Failure::new(Kind::Io, format!("the terminal: {error}"))
}

#[cfg(test)]
mod tests {
    use mirror_config::{errors::Kind, system::Environment};

    #[test]
    fn without_a_terminal_the_hint_is_a_flag() {
        let env = Environment::of([("HOME", "/nowhere")], "/");
        let failure = super::confirm(&env, "Change x?").expect_err("no terminal");
        assert_eq!(failure.kind, Kind::Usage);
        assert!(failure.hint.is_some_and(|hint| hint.contains("--yes")));
    }
}
