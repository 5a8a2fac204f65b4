//! A file that is too long for one source to be believed alone: whoever else has it says so.

use std::{io::Read, sync::Arc};

use mirror_config::{
    config::Config,
    fetch::{Blobs, Open, Sources, download},
    model::Service,
    select::Select,
    system::Environment,
};
use mirror_tests::{FileServer, Noise, Sandbox, sha256};

/// Bytes of the file: more than one source is believed alone.
const LENGTH: usize = 132 << 20;

#[test]
fn an_honest_long_file_is_blamed_on_nobody() {
    let bytes = Noise::new(7).bytes(LENGTH);
    let sum = sha256(&bytes);
    for ranges in [true, false] {
        let sandbox = Sandbox::new();
        let servers = [FileServer::start(), FileServer::start(), FileServer::start()];
        for server in &servers {
            server.put("file", bytes.as_slice());
            server.web.ranges(ranges);
        }
        let [ash, birch, upstream] = &servers;
        let (one, other) = (ash.address(""), birch.address(""));
        sandbox.mirror_config(&format!(
            "[catalog]\nbuiltin = false\n[mirrors.ash]\npypi = \"{one}\"\n[mirrors.birch]\npypi = \"{other}\"\n"
        ));
        let places = ["HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"].into_iter();
        let folders = ["home", "config", "state", "cache"].map(|folder| sandbox.path(folder).into_os_string());
        let env = Environment::of(places.zip(folders), sandbox.work());
        let select = Select::new(&Config::load(&env).expect("a configuration"), &env).expect("a client");
        let authority = select.upstream("pip", upstream.address("").parse().expect("an address"), Service::Wheels);
        let sources = Sources::of(&select, Service::Wheels, LENGTH as u64, &authority);
        let open: Open = Arc::new(move |source, part, cancel| {
            let address = source.address.below("file").expect("an address");
            download::ask(&select, source, &address, part, cancel)
        });
        let blobs = Blobs::open(&env).expect("our folder");
        let (mut file, size) = download::download(&sources, &blobs, &sum, &open).expect("it is there");
        let mut got = Vec::new();
        file.read_to_end(&mut got).expect("our folder");
        assert!(size == LENGTH as u64 && got == bytes, "with ranges: {ranges}");
        let faults: Vec<_> = sources.shares().into_iter().filter_map(|share| share.fault).collect();
        let is_blame = |name: &str| ["too-large", "corrupt"].contains(&name);
        assert!(!faults.iter().any(|fault| is_blame(fault.name())), "with ranges: {ranges}: {faults:?}");
    }
}
