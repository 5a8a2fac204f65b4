//! NO_PROXY: whom a list covers does not depend on how it is written, and more parts cover more.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mirror_config::{
    system::Environment,
    transport::{Exceptions, Proxies, Route},
};
use mirror_fuzz::configuration;
use url::{Host, Url};

fuzz_target!(|text: &str| {
    let Some((address, list)) = text.split_once('\n') else { return };
    // Of other schemes nobody goes through a proxy of ours.
    let Some(url) = Url::parse(address).ok().filter(|url| matches!(url.scheme(), "http" | "https")) else { return };
    let Some(host) = url.host() else { return };
    let covers = |list: &str| Exceptions::new(list.split(',')).cover(&url);
    let covered = covers(list);

    // Written otherwise it says the same.
    let mut parts: Vec<&str> = list.split(',').collect();
    parts.reverse();
    assert_eq!(covers(&parts.join(" ,, ")), covered, "order and blanks");
    assert_eq!(covers(&list.to_ascii_uppercase()), covered, "case");
    let one_by_one = parts.iter().filter(|part| covers(part)).count();
    assert_eq!(one_by_one > 0, covered, "a list covers what one of its parts covers");
    assert!(covers("*") && !covers("") && covers(&format!("{list},*")));

    // A host's own name covers it, with its port too, and with no other.
    let own = url.host_str().expect("it has a host");
    if !own.contains([',', '*']) && !own.trim_matches(['.', ' ']).is_empty() {
        assert!(covers(own), "{own}");
        let port = url.port_or_known_default().unwrap_or(1);
        let known = url.port_or_known_default().is_some();
        assert_eq!(covers(&format!("{own}:{port}")), known, "{own}:{port}");
        assert!(!covers(&format!("{own}:{}", port.wrapping_add(1))) || port == u16::MAX, "another port than {port}");
    }
    if let Host::Domain(name) = host
        && !name.trim_matches('.').is_empty()
    {
        // Below a name that is covered everything is; beside it nothing is.
        let mut below = url.clone();
        if below.set_host(Some(&format!("x.{name}"))).is_ok() && matches!(below.host(), Some(Host::Domain(_))) {
            assert!(!covered || Exceptions::new(list.split(',')).cover(&below), "{below}");
        }
        let bare = name.trim_matches('.');
        let mut beside = url.clone();
        if !matches!(bare, "" | "*") && beside.set_host(Some(&format!("x{bare}"))).is_ok() {
            assert!(!Exceptions::new([bare]).cover(&beside), "{beside}");
        }
    }

    // What is covered goes straight; a proxy's password shows nowhere.
    if !text.contains('\0') {
        let variables = [("https_proxy", "http://user:sekrit@p.example:1"), ("ALL_PROXY", address), ("NO_PROXY", list)];
        let proxies = Proxies::new(configuration(), &Environment::of(variables, "/"));
        let route = proxies.route(&url, None);
        assert!(!covered || list.is_empty() || route == Route::Direct, "{route:?}");
        assert!(!format!("{route:?} {proxies:?}").contains("sekrit"));
    }
});
