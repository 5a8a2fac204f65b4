//! What is said of a transfer that crawls, while there is hope. Pure.

use mirror_config::{
    message::{span, spelled},
    transport::http::Low,
};

/// Too little comes, and soon that is over.
pub(super) fn line(low: &Low) -> String {
    let (from, left) = (low.from.join(", "), span(low.left));
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
        let left = Duration::from_secs(20);
        for (from, rate, said) in [
            (&["tuna"][..], 16, "only 16 bytes a second from tuna; giving up in 20 s unless it gets faster"),
            (&["a", "upstream:github"], 0, "nothing comes from a, upstream:github; giving up in 20 s"),
        ] {
            let from = from.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(line(&Low { from, rate, left }), said);
        }
    }
}
