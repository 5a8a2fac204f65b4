//! `git-remote-mirror`, built where the tests can find it.

fn main() -> std::process::ExitCode {
    git_mirror_helper::main()
}
