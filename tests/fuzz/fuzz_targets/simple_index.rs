//! Pages of a simple index, in both formats: what is read is written and read again, and both readers see the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mirror_config::{
    model::Address,
    pip::simple::{self, Page, files, fits, normalized, sha256},
};
use mirror_fuzz::assert_calm;

const JSON: &str = "application/vnd.pypi.simple.v1+json";
const HTML: &str = "text/html";

/// Name, address and hash of each file, as the whole reader has them.
fn facts(page: &Page) -> Vec<(String, String, Option<String>)> {
    let word = |file: &serde_json::Map<String, serde_json::Value>, key: &str| {
        file.get(key).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
    };
    page.files.iter().map(|file| (word(file, "filename"), word(file, "url"), sha256(file))).collect()
}

fn page(kind: &str, body: &[u8], base: &Address) {
    let page = match Page::parse(kind, body, base) {
        Ok(page) => page,
        Err(fault) => return assert_calm(&mirror_config::message::controls(&fault.to_string())),
    };
    for (_, url, _) in facts(&page) {
        let url: url::Url = url.parse().expect("addresses are absolute");
        assert!(kind == JSON || !url.as_str().contains("#sha256="));
    }
    // The reader for probes and the whole reader see the same files.
    if let Ok(known) = files(kind, body, base) {
        let all = facts(&page);
        for file in &known {
            let url = file.address.expose().as_str();
            let hit = all.iter().any(|(_, address, sum)| address == url && (*sum == file.sha256));
            assert!(hit, "{url} of {all:?}");
        }
    }
    let again = Page::parse(JSON, &page.to_json("demo"), base).expect("our own");
    assert_eq!(facts(&again), facts(&page), "as JSON");
    assert_eq!(Page::parse(JSON, &again.to_json("demo"), base).as_ref(), Ok(&again), "the second time nothing changes");

    let html = page.to_html();
    let text = String::from_utf8(html.clone()).expect("text");
    assert_eq!(text.matches("<a ").count(), page.files.len(), "nothing gets out of its attribute");
    if let Ok(back) = Page::parse(HTML, &html, base) {
        for (name, url, sum) in facts(&back) {
            assert!(
                sum.is_none_or(|sum| facts(&page).iter().any(|(_, _, held)| held.as_ref() == Some(&sum))),
                "{name} {url}"
            );
        }
        assert!(back.files.len() <= page.files.len());
    }
}

fuzz_target!(|data: &[u8]| {
    let base: Address = "https://pypi.example/simple/demo/".parse().expect("an address");
    page(JSON, data, &base);
    page(HTML, data, &base);
    if let Ok(text) = std::str::from_utf8(data) {
        let name = normalized(text);
        assert_eq!(normalized(&name), name, "{text:?}");
        assert!(!name.contains("--") && !name.contains(['_', '.']) && !name.starts_with('-') && !name.ends_with('-'));
        if let Some((pattern, name)) = text.split_once('\n') {
            assert!(fits("*", name) && (fits(pattern, name) || pattern != name || pattern != normalized(name)));
            assert!(!fits(pattern, name) || fits(&format!("{pattern}*"), name) && fits(&format!("*{pattern}"), name));
        }
    }
    let _ = simple::versions(&files(HTML, data, &base).unwrap_or_default());
});
