//! `pip-shim`, built where the tests can find it.

fn main() -> std::process::ExitCode {
    pip_shim::main()
}
