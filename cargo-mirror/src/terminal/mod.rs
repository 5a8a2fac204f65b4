//! What a person is asked, and the shell that person uses.

pub(crate) mod prompt;
pub(crate) mod shell;

pub(crate) use shell::{Shell, quoted};
