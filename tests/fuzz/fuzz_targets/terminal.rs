//! What remotes say, on its way to a terminal or a log: no escapes, no passwords.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mirror_config::{
    message::{controls, secrets},
    model::Address,
};
use mirror_fuzz::assert_calm;

const SECRET: &str = "S3kr1tS3kr1t";

fuzz_target!(|text: &str| {
    let calm = controls(text);
    assert_calm(&calm);
    assert_eq!(controls(&calm), calm, "once is enough");
    let mut rest = text.chars();
    assert!(calm.chars().all(|kept| rest.by_ref().any(|c| c == kept)), "nothing is added");

    let shown = secrets(text);
    assert_eq!(secrets(&shown), shown, "once is enough");
    if !text.contains('@') {
        assert_eq!(shown, text, "what has no user stays");
    }

    // A password of any shape, in an address of any shape, within a text of any shape.
    let mut parts = text.split('\n');
    let mut next = || parts.next().unwrap_or_default();
    let (scheme, user, head, tail, host, before, behind) = (next(), next(), next(), next(), next(), next(), next());
    let scheme = if scheme.is_empty() { "https" } else { scheme };
    let written = format!("{scheme}://{user}:{head}{SECRET}{tail}@{host}/path?q=1");
    // Readers of addresses pass over tabs and line ends.
    if [text, &calm, &text.replace(['\t', '\n', '\r'], "")].iter().any(|text| text.contains(SECRET)) {
        return;
    }
    let Ok(address) = written.parse::<Address>() else { return };
    let url = address.expose();
    if !url.password().is_some_and(|password| password.contains(SECRET)) {
        return;
    }
    assert!(!address.to_string().contains(SECRET) && !format!("{address:?}").contains(SECRET));
    // As the address is written by whoever parsed it, and as it was given, unless it ends for a reader at a blank.
    let given = Some(written.as_str()).filter(|given| !given.contains(|c: char| c.is_whitespace() || c.is_control()));
    for form in [Some(url.as_str()), given].into_iter().flatten() {
        // What stands around it may make up the same letters.
        if controls(&format!("{before}{}{behind}", form.replace(SECRET, ""))).contains(SECRET) {
            continue;
        }
        let shown = controls(&secrets(&format!("{before}{form}{behind}")));
        assert!(!shown.contains(SECRET), "{shown}");
    }
});
