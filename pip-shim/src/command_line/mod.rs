//! What a command line asks of pip, read with pip's own grammar.

pub mod optparse;
pub mod options;
pub mod invocation;

pub use invocation::Invocation;
pub use options::{Command, IN_FILES};
pub use optparse::Word;
