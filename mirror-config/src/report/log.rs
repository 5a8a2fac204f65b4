//! Diagnostics under `MIRROR_LOG`. The only door to `tracing-subscriber`.

use tracing_subscriber::EnvFilter;

use crate::system::{Environment, MIRROR_LOG};

/// Crates with diagnostics of their own that can tell secrets.
const OTHERS: &[&str] = &["hyper", "hyper_util", "h2", "reqwest"];

/// Sends diagnostics to standard error where `MIRROR_LOG` asks for them.
pub fn start_log(env: &Environment) {
    let Some(filter) = env.var(MIRROR_LOG) else { return };
    // The HTTP client names the hosts it connects to as they stand in addresses, with user and password.
    let others = OTHERS.iter().filter_map(|name| format!("{name}=off").parse().ok());
    let filter = others.fold(EnvFilter::new(filter), EnvFilter::add_directive);
    // A program of the suite may be started inside another that has set it up already.
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false).try_init();
}
