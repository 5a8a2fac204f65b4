//! The programs that are measured: this one under their names.

use std::process::ExitCode;

use mirror_tests::Sandbox;

/// The `main` of a program.
pub(crate) type Program = fn() -> ExitCode;

/// Under these names the benchmark is the programs that it measures: `cargo run` builds one program, so it is all.
pub(crate) const PROGRAMS: &[(&str, Program)] = &[
    ("git-remote-mirror", git_mirror_helper::main),
    ("cargo-mirror", cargo_mirror::main),
    ("pip-shim", pip_shim::main),
];
/// The shim under pip's name, in a folder of its own. It is no program of the sandbox: those are on PATH.
pub(crate) const LINKED: (&str, Program) = ("pip", pip_shim::main);

/// A sandbox with this program as those under test.
pub(crate) fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    add_programs(&sandbox);
    sandbox
}

/// Has a sandbox take this program for those under test.
pub(crate) fn add_programs(sandbox: &Sandbox) {
    let this = std::env::current_exe().expect("the system knows what it runs");
    PROGRAMS.iter().for_each(|(name, _)| sandbox.add_program(name, &this));
}
