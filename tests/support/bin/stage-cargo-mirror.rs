//! `cargo-mirror`, built where the tests can find it.

fn main() -> std::process::ExitCode {
    cargo_mirror::main()
}
