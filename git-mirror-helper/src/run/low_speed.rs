//! What is said of a transfer that crawls, while there is hope. Pure.

use std::time::Duration;

use mirror_config::{
    message::{span, spelled},
    transport::http::Low,
};

/// Too little comes, and soon that is over.
pub(super) fn line(low: &Low) -> String {
    // A moment has passed since it was so many seconds.
    let whole = Duration::from_secs(low.left.as_secs_f64().round() as u64);
    let (from, left) = (low.from.join(", "), span(if whole.as_secs() < 10 { low.left } else { whole }));
    match low.rate {
        0 => format!("nothing comes from {from}; giving up in {left}"),
        rate => format!("only {} a second from {from}; giving up in {left} unless it gets faster", spelled(rate)),
    }
}

#[cfg(test)]
mod tests {
    use super::line;
    use mirror_config::transport::http::Low;
    use std::time::Duration;

    #[test]
    fn a_crawl_is_said_in_plain_words() {
        for (from, rate, left, said) in [
            (&["tuna"][..], 16, 19_998, "only 16 bytes a second from tuna; giving up in 20 s unless it gets faster"),
            (&["tuna"], 2100, 1300, "only 2.1 kB a second from tuna; giving up in 1.3 s unless it gets faster"),
            (&["a", "upstream:github"], 0, 20_000, "nothing comes from a, upstream:github; giving up in 20 s"),
        ] {
            let left = Duration::from_millis(left);
            let from = from.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(line(&Low { from, rate, left }), said);
        }
    }
}
