//! The program git starts for `mirror::` addresses. Everything is in the library.

fn main() -> std::process::ExitCode {
    git_mirror_helper::main()
}
