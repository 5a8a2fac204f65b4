//! What the relay's pages say is what upstream's say, in both formats; and what pip writes down names no relay.

use std::{fs, sync::Arc};

use mirror_config::{
    config::Config,
    fetch::Blobs,
    pip::{Hashes, Packages, routes},
    relay::Relay,
    report::Journal,
    select::Select,
    system::Environment,
    transport::{
        Outward, Route,
        http::{Http, LeastSpeed, Patience, Request},
    },
};
use mirror_tests::{IndexServer, Pip, WheelStock, sha256};
use serde_json::{Value, json};

use super::world::{NAME, World, each_pip, skipped};

/// The types of pages: PEP 691's and PEP 503's.
const JSON: &str = "application/vnd.pypi.simple.v1+json";
const HTML: &str = "text/html";

fn get(http: &Http, url: &str, accept: &str) -> Vec<u8> {
    let address = url.parse().expect("an address");
    let request = Request::get(address, &Route::Direct, Patience::LAST).header("accept", accept);
    let answer = http.send(&request).unwrap_or_else(|fault| panic!("{url}: {fault}"));
    assert_eq!(answer.content_type, accept);
    answer.body.read_all(1 << 30).expect("all of it")
}

/// The page without what differs on purpose: where the files are.
fn without_addresses(mut page: Value) -> Value {
    for file in page["files"].as_array_mut().expect("files") {
        file.as_object_mut().expect("a file").remove("url");
    }
    page
}

#[test]
fn pages_say_all_that_upstream_says_in_json_and_in_html() {
    let world = World::new(&Pip::Machines);
    let upstream = &world.upstream;
    upstream.tells_all();
    upstream.yank(NAME, "a \"reason\" <b>");
    upstream.requires_python(NAME, ">=3.7,<99");
    let places = ["HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"].into_iter();
    let folders = ["home", "config", "state", "cache"].map(|folder| world.sandbox.path(folder).into_os_string());
    for html_only in [false, true] {
        if html_only {
            upstream.html_only();
        }
        let env = Environment::of(places.clone().zip(folders.clone()), world.sandbox.work());
        let config = Config::load(&env).expect("a configuration");
        let select = Select::posing_as(&config, &env, &Outward::from("pip/1")).expect("a client");
        let index = upstream.index().parse().expect("an address");
        let packages = Packages::new(
            select,
            index,
            Blobs::open(&env).expect("our folder"),
            Hashes::default(),
            Journal::new("pip", "download", "pypi"),
        );
        let relay = Relay::start("a test", None, |address| routes::serve(Arc::new(packages), address)).expect("a port");
        let http = Http::new(None, &Outward::from("pip/1"), LeastSpeed::default()).expect("a client");
        let ours = format!("{}{NAME}/", routes::index(relay.address()));
        let theirs = format!("{}{NAME}/", upstream.index());

        let page: Value = serde_json::from_slice(&get(&http, &ours, JSON)).expect("JSON");
        let file = &page["files"][0];
        for (said, expected) in [
            (&page["meta"]["tracks"], json!(["https://tracked.example/simple/"])),
            (&page["alternate-locations"], json!(["https://alternate.example/simple/"])),
            (&file["yanked"], json!("a \"reason\" <b>")),
            (&file["requires-python"], json!(">=3.7,<99")),
            (&file["provenance"], json!(format!("https://provenance.example/{}", world.stock.wheel(NAME).name))),
            (&file["hashes"]["sha256"], json!(world.stock.wheel(NAME).checksum)),
        ] {
            assert_eq!(*said, expected, "{page}");
        }
        if !html_only {
            let true_one: Value = serde_json::from_slice(&get(&http, &theirs, JSON)).expect("JSON");
            assert_eq!(without_addresses(page.clone()), without_addresses(true_one));
        }
        let html = String::from_utf8(get(&http, &ours, HTML)).expect("text");
        for part in [
            "<meta name=\"pypi:tracks\" content=\"https://tracked.example/simple/\">",
            "<meta name=\"pypi:alternate-locations\" content=\"https://alternate.example/simple/\">",
            "data-yanked=\"a &quot;reason&quot; &lt;b&gt;\"",
            "data-requires-python=\"&gt;=3.7,&lt;99\"",
            "data-core-metadata=\"sha256=",
            "data-provenance=\"https://provenance.example/certifi-",
        ] {
            assert!(html.contains(part), "{part} in {html}");
        }
        let url = file["url"].as_str().expect("an address");
        assert!(url.starts_with(&format!("http://{}/", relay.address())), "{url}");
        let metadata = get(&http, &format!("{url}.metadata"), "text/plain");
        assert_eq!(json!(sha256(&metadata)), file["core-metadata"]["sha256"], "PEP 658");
    }
}

#[test]
fn pip_hears_what_is_yanked_and_which_python_is_needed() {
    each_pip(|pip| {
        let world = World::new(pip);
        world.upstream.yank(NAME, "withdrawn for a test");
        world.download(&[NAME]).fails();
        let pinned = format!("{NAME}=={}", world.stock.wheel(NAME).version);
        let ran = world.download(&[&pinned]).ok();
        assert!(format!("{}{}", ran.stdout, ran.stderr).contains("withdrawn for a test"), "{ran}");
        let metadata = |(_, server): &(&str, IndexServer)| server.web.log().iter().any(IndexServer::is_metadata);
        assert!(world.mirrors.iter().any(metadata), "metadata comes from mirrors");

        world.forget();
        world.upstream.restore();
        world.upstream.requires_python(NAME, ">=99");
        let ran = world.download(&[NAME]).fails();
        assert!(ran.stderr.contains(">=99") && !ran.stderr.contains("mirror:"), "{ran}");
    });
}

#[test]
fn reports_and_locks_name_the_index_and_not_the_relay() {
    each_pip(|pip| {
        let world = World::new(pip);
        // Only a trusted mirror may stand for an upstream that the user has named.
        world.configure(|name| world.mirror(name).index(), "");
        let from = |text: &str| text.contains(&format!("{}/files/", world.upstream.web.url()));
        let install = ["--disable-pip-version-check", "install", "--dry-run", "--ignore-installed", "--no-cache-dir"];
        for by_variable in [false, true] {
            let mut command = world.pip();
            command.args(install);
            match by_variable {
                true => command.env("PIP_REPORT", "report.json").arg(NAME),
                false => command.args(["--report", "report.json", NAME]),
            };
            world.sandbox.run(command).ok();
            let file = world.sandbox.work().join("report.json");
            let report = fs::read_to_string(&file).expect("pip wrote it");
            assert!(from(&report) && !report.contains("/pypi/files/"), "{report}");
            fs::remove_file(file).expect("it was there");
        }
        let mut help = world.pip();
        help.args(["lock", "--help"]);
        if world.sandbox.run(help).code != 0 {
            skipped("this pip has no `lock`");
            return;
        }
        let mut command = world.pip();
        command.args(["--disable-pip-version-check", "lock", "--no-cache-dir", "-o", "pylock.toml", NAME]);
        world.sandbox.run(command).ok();
        let lock = fs::read_to_string(world.sandbox.work().join("pylock.toml")).expect("pip wrote it");
        assert!(from(&lock) && !lock.contains("/pypi/files/"), "{lock}");
    });
}

#[test]
fn the_stock_has_a_wheel_of_fifteen_megabytes() {
    assert!(WheelStock::downloaded().wheel("numpy").bytes().len() >= 15_000_000);
}
