//! The relay's HTTP as pip uses it: `HEAD`, percent signs in names, and all endings that pip knows.

use std::{
    fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use mirror_tests::sha256;

use super::world::{NAME, World, each_pip};

/// A wheel of `odd` with this version, made by the machine's Python.
fn wheel(version: &str) -> (String, Vec<u8>) {
    let name = format!("odd-{version}-py3-none-any.whl");
    let script = format!(
        "import sys, zipfile, io\nb = io.BytesIO()\nz = zipfile.ZipFile(b, 'w')\ni = 'odd-{version}.dist-info/'\n\
         z.writestr('odd.py', '')\nz.writestr(i + 'METADATA', 'Metadata-Version: 2.1\\nName: odd\\nVersion: {version}\\n')\n\
         z.writestr(i + 'WHEEL', 'Wheel-Version: 1.0\\nGenerator: t\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')\n\
         z.writestr(i + 'RECORD', '')\nz.close()\nsys.stdout.buffer.write(b.getvalue())\n"
    );
    let made = std::process::Command::new("python3").args(["-c", &script]).output().expect("there is a python3");
    assert!(made.status.success(), "{made:?}");
    (name, made.stdout)
}

/// An index of one project that names its files as told, in one format. It writes down what it was asked.
struct Index {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Index {
    fn start(files: Vec<(String, Vec<u8>)>, json: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
        let url = format!("http://{}", listener.local_addr().expect("it listens"));
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let seen = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (files, seen) = (files.clone(), Arc::clone(&seen));
                thread::spawn(move || serve(stream, &files, json, &seen));
            }
        });
        Self { url, asked }
    }
}

fn quoted(name: &str) -> String {
    name.replace('!', "%21").replace('+', "%2B")
}

fn serve(mut stream: TcpStream, files: &[(String, Vec<u8>)], json: bool, seen: &Mutex<Vec<String>>) {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|count| count == 1) {
        request.push(byte[0]);
    }
    let text = String::from_utf8_lossy(&request).into_owned();
    let path = text.split(' ').nth(1).unwrap_or_default().to_owned();
    seen.lock().expect("nobody panics").push(path.clone());
    let found = files.iter().find(|(name, _)| path == format!("/files/{}", quoted(name)));
    let (status, kind, body) = match (path.as_str(), found) {
        ("/simple/odd/", _) if json => {
            let file = |(name, bytes): &(String, Vec<u8>)| serde_json::json!({"filename": name, "url": format!("../../files/{}", quoted(name)), "hashes": {"sha256": sha256(bytes)}});
            let all: Vec<_> = files.iter().map(file).collect();
            let page = serde_json::json!({"meta": {"api-version": "1.0"}, "name": "odd", "files": all});
            (200, "application/vnd.pypi.simple.v1+json", page.to_string().into_bytes())
        }
        ("/simple/odd/", _) => {
            let link = |(name, bytes): &(String, Vec<u8>)| {
                format!("<a href=\"../../files/{}#sha256={}\">{name}</a>", quoted(name), sha256(bytes))
            };
            (200, "text/html", files.iter().map(link).collect::<String>().into_bytes())
        }
        (_, Some((_, bytes))) => (200, "application/octet-stream", bytes.clone()),
        _ => (404, "text/plain", Vec::new()),
    };
    let head = format!(
        "HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    // Whoever has gone does not read it.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
    thread::sleep(Duration::from_millis(1));
}

#[test]
fn versions_of_all_spellings_are_found_and_fetched() {
    each_pip(|pip| {
        for (version, json) in
            [("1!2.0", true), ("1!2.0", false), ("3.0+local.1", true), ("3.0+local.1", false), ("4.0rc1", true)]
        {
            let (name, bytes) = wheel(version);
            let (up, near) = (
                Index::start(vec![(name.clone(), bytes.clone())], json),
                Index::start(vec![(name.clone(), bytes)], json),
            );
            let world = World::new(pip);
            world.sandbox.mirror_config(&format!(
                "[catalog]\nbuiltin = false\n[pip]\nupstream = \"{}/simple/\"\n[mirrors.near]\npypi = \"{}/simple/\"\n",
                up.url, near.url
            ));
            let ran = world.download(&["--pre", "odd"]);
            assert_eq!(ran.code, 0, "{version}, JSON {json}: {ran}");
            assert!(world.folder().join(&name).is_file(), "{version}: {ran}");
            let asked = near.asked.lock().expect("nobody panics").clone();
            assert!(
                asked.iter().any(|path| path.ends_with(&quoted(&name))),
                "{version}: the mirror carries: {asked:?}"
            );
        }
    });
}

#[test]
fn pip_reads_the_parts_of_a_wheel_that_it_needs() {
    each_pip(|pip| {
        let world = World::new(pip);
        world.upstream.html_only();
        world.each_mirror(|server| server.html_only());
        let ran = world.download(&["--use-feature=fast-deps", NAME]);
        assert_eq!(ran.code, 0, "{ran}");
        assert!(!ran.stderr.contains("Traceback"), "{ran}");
        world.assert_right(NAME, "fast-deps");
    });
}

#[test]
fn a_cache_that_cannot_be_written_keeps_nobody_from_mirrors() {
    each_pip(|pip| {
        let world = World::new(pip);
        let cache = world.sandbox.path("cache");
        fs::remove_dir(&cache).expect("a new sandbox has an empty one");
        // Neither a folder nor one to be made, whoever runs this.
        fs::write(&cache, "").expect("the sandbox is ours");
        let ran = world.download(&[NAME]).ok();
        world.assert_right(NAME, "no cache");
        assert!(World::files(&world.upstream) == 0 && world.files_from_mirrors() > 0, "{ran}");
        let left = fs::read_dir(world.sandbox.path("tmp")).expect("it is there").flatten();
        assert!(!left.into_iter().any(|entry| entry.file_name().to_string_lossy().starts_with("mirror-")));
    });
}
