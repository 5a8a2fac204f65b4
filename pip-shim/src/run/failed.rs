//! How a run of the shim fails: with a failure, and with the exit code that a shell would have given in its place.

use mirror_config::errors::Failure;

/// Exit code of a command that does not exist (POSIX, as of a shell).
pub const NOT_FOUND: u8 = 127;

/// How a run fails, with its exit code.
pub type Failed = (Failure, u8);

/// A failure with the exit code of its kind.
pub fn with_code(failure: Failure) -> Failed {
    let code = failure.kind.exit_code();
    (failure, code)
}
