//! Connections over HTTP/2 that are kept, and go away: the next request goes out on another one.

use std::{fs, io::Read};

use mirror_config::{
    errors::Fault,
    model::Address,
    transport::{
        Outward, Route,
        http::{Http, LeastSpeed, Patience, Request},
    },
};
use mirror_tests::{GoesAway, Http2Server};

#[test]
fn a_connection_that_goes_away_is_nobodys_fault() {
    for goes_away in [GoesAway::AfterAnAnswer, GoesAway::OnNext, GoesAway::Refuses, GoesAway::Silently] {
        let server = Http2Server::start(goes_away);
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("authority.pem");
        fs::write(&file, server.authority()).expect("ours");
        let http = Http::new(Some(&file), &Outward::from("test/1"), LeastSpeed::default()).expect("a client");
        let address: Address = server.url().parse().expect("an address");
        for body in [None, Some(b"more".to_vec()), None] {
            let request = Request::get(address.clone(), &Route::Direct, Patience::REPLACEABLE);
            let request = if let Some(body) = body { request.post(body) } else { request };
            let mut text = String::new();
            let answer = http.send(&request).unwrap_or_else(|fault: Fault| panic!("{goes_away:?}: {fault}"));
            assert!({ answer.body }.read_to_string(&mut text).is_ok() && text == "ok", "{goes_away:?}");
        }
        assert_eq!(server.answered(), 3, "{goes_away:?}");
    }
}
