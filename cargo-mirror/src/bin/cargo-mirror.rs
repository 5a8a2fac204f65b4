//! The program cargo starts for `cargo mirror`. Everything is in the library.

fn main() -> std::process::ExitCode {
    cargo_mirror::main()
}
