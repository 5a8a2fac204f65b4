//! What git's own helper says when it does not connect, as a fault. Pure.
//!
//! It was asked with `LC_ALL=C`. Words are all there is: its exit code is 128 whatever it was (git's `remote-curl.c`).

use mirror_config::errors::Fault;

/// The answers of a server that may be others with credentials.
const REFUSALS: [&str; 3] = ["error: 401", "error: 403", "error: 404"];
/// What a server says that is no git server: a sign-in page, a web site.
const NO_SERVER: [&str; 2] = [" not valid: ", "invalid server response"];

/// Why upstream could not be asked; `None` where it was, and said no, or wants to know who asks.
pub fn out_of_reach(text: &str) -> Option<Fault> {
    let last = text.lines().rfind(|line| line.starts_with("fatal: "))?;
    let said = last.trim_start_matches("fatal: ");
    if NO_SERVER.iter().any(|words| said.contains(words)) {
        return Some(Fault::Said(said.to_owned()));
    }
    // The address is between quotes, and may be called anything. A setting may be named behind it.
    let why = said.strip_prefix("unable to access '")?.split_once('\'')?.1.split_once(": ")?.1;
    if REFUSALS.iter().any(|refusal| why.ends_with(refusal)) {
        return None;
    }
    let has = |words: &[&str]| words.iter().any(|word| why.contains(word));
    Some(match () {
        () if has(&["proxy", "Proxy", "CONNECT tunnel", "SOCKS"]) => Fault::Proxy(why.to_owned()),
        () if has(&["Could not resolve"]) => Fault::Dns,
        () if has(&["SSL", "certificate", "TLS"]) => Fault::Tls(why.to_owned()),
        () if has(&["Failed to connect", "Connection refused", "connect to server"]) => Fault::Refused,
        () => Fault::Said(said.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::out_of_reach;

    #[test]
    fn who_could_not_be_asked_is_told_from_who_said_no() {
        for (why, name) in [
            ("The requested URL returned error: 403", None),
            ("The requested URL returned error: 404", None),
            ("The requested URL returned error: 500", Some("said")),
            ("Could not resolve host: h.example", Some("dns")),
            ("Could not resolve proxy: proxy.example", Some("proxy")),
            ("Received HTTP code 407 from proxy after CONNECT", Some("proxy")),
            ("CONNECT tunnel failed, response 503", Some("proxy")),
            ("Failed to connect to h.example port 443 after 0 ms: Couldn't connect to server", Some("refused")),
            ("Failed to connect to h.example port 443: Connection refused", Some("refused")),
            ("SSL certificate problem: unable to get local issuer certificate", Some("tls")),
            ("server certificate verification failed. CAfile: none CRLfile: none", Some("tls")),
            ("Operation too slow. Less than 1000 bytes/sec transferred the last 1 seconds", Some("said")),
        ] {
            let text = format!("warning: x\nfatal: unable to access 'https://h.example/proxy/': {why}\n");
            assert_eq!(out_of_reach(&text).as_ref().map(mirror_config::errors::Fault::name), name, "{why}");
        }
        for (text, name) in [
            ("", None),
            ("fatal: unable to access 'https://h/' with http.pinnedPubkey configuration: SSL: no match\n", Some("tls")),
            ("fatal: could not read Username for 'https://h.example': terminal prompts disabled\n", None),
            ("remote: Not Found\nfatal: repository 'https://h.example/o/r.git/' not found\n", None),
            ("fatal: Authentication failed for 'https://h.example/o/r.git/'\n", None),
            ("fatal: http://h/o/r.git/info/refs not valid: is this a git repository?\n", Some("said")),
        ] {
            assert_eq!(out_of_reach(text).as_ref().map(mirror_config::errors::Fault::name), name, "{text}");
        }
    }
}
