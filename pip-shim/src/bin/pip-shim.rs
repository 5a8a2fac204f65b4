//! The program that stands before pip. Everything is in the library.

fn main() -> std::process::ExitCode {
    pip_shim::main()
}
