//! Diagnostics under `MIRROR_LOG`. The only door to `tracing-subscriber`.

use std::io::Write;

use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

use crate::{
    message::redact,
    system::{Environment, MIRROR_LOG},
};

/// Crates with diagnostics of their own that can tell secrets.
const OTHERS: &[&str] = &["hyper", "hyper_util", "h2", "reqwest"];

/// Sends diagnostics to standard error where `MIRROR_LOG` asks for them.
pub fn start_log(env: &Environment) {
    let Some(wanted) = env.var(MIRROR_LOG) else { return };
    let (filter, unread) = filter(wanted);
    for directive in unread {
        // A wrong word in a variable stops nothing.
        let _ = writeln!(std::io::stderr(), "ignoring `{}` of {MIRROR_LOG}", redact::controls(directive));
    }
    let log = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(false);
    // A program of the suite may be started inside another that has set it up already.
    let _ = tracing_subscriber::registry().with(log).with(filter).try_init();
}

/// What shows the diagnostics that `debug` or `mirror_config=trace,info` asks for, and the parts that say nothing. Errors
/// are shown where nothing is asked for.
fn filter(wanted: &str) -> (Targets, Vec<&str>) {
    // Spans and fields in brackets are read by another filter, which needs an engine for regular expressions.
    let is_read = |directive: &&str| !directive.contains('[') && directive.parse::<Targets>().is_ok();
    let wanted = wanted.split(',').map(|directive| directive.trim().trim_end_matches('='));
    let (read, unread): (Vec<&str>, Vec<&str>) = wanted.filter(|directive| !directive.is_empty()).partition(is_read);
    let read = if read.is_empty() { "error".to_owned() } else { read.join(",") };
    // The HTTP client names the hosts it connects to as they stand in addresses, with user and password.
    let others = OTHERS.iter().map(|name| (*name, LevelFilter::OFF));
    // Each of them has been read.
    (read.parse::<Targets>().unwrap_or_default().with_targets(others), unread)
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::filter;

    #[test]
    fn diagnostics_are_shown_as_far_as_they_are_asked_for() {
        // Of this library, of another, and of the HTTP client.
        for (wanted, own, other, client, unread) in [
            ("debug", Some(Level::DEBUG), Some(Level::DEBUG), None, &[][..]),
            ("TRACE", Some(Level::TRACE), Some(Level::TRACE), None, &[]),
            ("4", Some(Level::DEBUG), Some(Level::DEBUG), None, &[]),
            ("mirror_config=trace,info", Some(Level::TRACE), Some(Level::INFO), None, &[]),
            (" info , mirror_config=warn,", Some(Level::WARN), Some(Level::INFO), None, &[]),
            ("mirror_config", Some(Level::TRACE), None, None, &[]),
            ("mirror_config=", Some(Level::TRACE), None, None, &[]),
            ("mirror=debug", Some(Level::DEBUG), None, None, &[]),
            ("off", None, None, None, &[]),
            ("", Some(Level::ERROR), Some(Level::ERROR), None, &[]),
            ("hyper=trace,reqwest=trace,info", Some(Level::INFO), Some(Level::INFO), None, &[]),
            ("mirror_config=loud", Some(Level::ERROR), Some(Level::ERROR), None, &["mirror_config=loud"]),
            ("a=b=c,debug", Some(Level::DEBUG), Some(Level::DEBUG), None, &["a=b=c"]),
            (
                "mirror_config[get]=trace,info",
                Some(Level::INFO),
                Some(Level::INFO),
                None,
                &["mirror_config[get]=trace"],
            ),
            ("[{host}]=trace", Some(Level::ERROR), Some(Level::ERROR), None, &["[{host}]=trace"]),
        ] {
            let (filter, found) = filter(wanted);
            assert_eq!(found, unread, "{wanted}");
            let levels = [Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG, Level::TRACE];
            let most = |target: &str| levels.into_iter().rfind(|level| filter.would_enable(target, level));
            let shown = (most("mirror_config::http"), most("pip_shim"), most("hyper::client"));
            assert_eq!(shown, (own, other, client), "{wanted}");
        }
    }
}
