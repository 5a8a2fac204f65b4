//! pip behind proxies for real: squid with a password and without, a SOCKS proxy, and what NO_PROXY names. With the relay
//! our own client goes through them, without it pip does.
//!
//! Where there is no squid, these tests say so and see nothing. The index has a name that only the proxy knows.

use std::{cell::RefCell, collections::BTreeSet, fs};

use mirror_tests::{Certificate, Ended, IndexServer, PATIENCE, Pip, Ran, SocksProxy, Squid, TlsFront, processes};

use super::world::{NAME, World, each_pip, one_pip, skipped};

/// Only the proxy knows where it is.
const HOST: &str = "index.far.example";
const RIGHT: &str = "ada sesame7";
const USER: &str = "ada:sesame7@";
const SECRET: &str = "sesame7";

/// A world whose upstream and only mirror are behind TLS, at a name of the proxy's.
struct Far {
    world: World,
    front: TlsFront,
}

impl Far {
    fn new(pip: &Pip) -> Self {
        let world = World::new(pip);
        let front = TlsFront::named(&world.mirror("ash").web.url(), Certificate::Good, HOST);
        fs::write(world.sandbox.path("ca.pem"), front.authority()).expect("the sandbox is ours");
        Self { world, front }
    }

    /// The configuration with or without the relay, and more.
    fn configure(&self, relay: bool, more: &str) {
        let index = format!("https://{HOST}:{}/simple/", self.front.port());
        let ca = self.world.sandbox.path("ca.pem");
        self.world.sandbox.mirror_config(&format!(
            "[catalog]\nbuiltin = false\n[pip]\nrelay = {relay}\nupstream = \"{index}\"\n[tls]\nca-file = \"{}\"\n\
             [mirrors.ash]\ntrusted = true\npypi = \"{index}\"\n{more}",
            ca.display(),
        ));
    }

    fn download(&self, variables: &[(&str, &str)]) -> Ran {
        let mut command = self.world.downloading(&["--retries", "0", NAME]);
        command.envs(variables.iter().copied());
        self.world.sandbox.run(command)
    }

    fn server(&self) -> &IndexServer {
        self.world.mirror("ash")
    }
}

/// squid that knows the host, with a password or without; says so where there is none.
fn squid(credentials: Option<&str>) -> Option<Squid> {
    let started = Squid::start(&[HOST, "localhost"], credentials);
    if started.is_none() {
        skipped("there is no squid here");
    }
    started
}

#[test]
fn packages_come_through_squid_with_a_password_and_without() {
    for (credentials, user) in [(None, ""), (Some(RIGHT), USER)] {
        let Some(squid) = squid(credentials) else { return };
        each_pip(|pip| {
            let far = Far::new(pip);
            for relay in [true, false] {
                for configured in [true, false] {
                    far.world.forget();
                    let url = squid.url(user);
                    let before = squid.log().len();
                    let ran = if configured {
                        far.configure(relay, &format!("[proxy]\nurl = \"{url}\"\n"));
                        far.download(&[])
                    } else {
                        far.configure(relay, "");
                        far.download(&[("HTTPS_PROXY", &url), ("HTTP_PROXY", &url)])
                    };
                    let kind = format!("{pip:?}, relay {relay}, configured {configured}, {user:?}");
                    assert_eq!(ran.code, 0, "{kind}: {ran}");
                    far.world.assert_right(NAME, &kind);
                    assert!(squid.log().len() > before, "{kind} went past squid");
                    assert!(!format!("{}{}", ran.stdout, ran.stderr).contains("mirror:"), "{kind}: {ran}");
                }
            }
        });
    }
}

#[test]
fn a_password_is_in_no_command_line_and_pip_does_not_show_it() {
    let Some(squid) = squid(Some(RIGHT)) else { return };
    each_pip(|pip| {
        let far = Far::new(pip);
        for relay in [true, false] {
            far.world.forget();
            far.configure(relay, &format!("[proxy]\nurl = \"{}\"\n", squid.url(USER)));
            let seen = RefCell::new(BTreeSet::new());
            let ended = far.world.sandbox.run_until(far.world.downloading(&["-v", NAME]), |elapsed| {
                for process in processes(&far.world.sandbox) {
                    let line = fs::read(format!("/proc/{}/cmdline", process.id)).unwrap_or_default();
                    seen.borrow_mut().insert(String::from_utf8_lossy(&line).replace('\0', " "));
                }
                elapsed > PATIENCE
            });
            let Ended::Itself(ran) = ended else { panic!("it hangs") };
            assert_eq!(ran.code, 0, "{ran}");
            let seen = seen.into_inner();
            assert!(!seen.iter().any(|line| line.contains(SECRET)), "{seen:?}");
            assert!(!format!("{}{}", ran.stdout, ran.stderr).contains(SECRET), "{ran}");
            for words in [&["config", "list"][..], &["debug"], &["config", "debug"]] {
                let mut command = far.world.pip();
                command.args(words);
                let ran = far.world.sandbox.run(command).ok();
                assert!(!format!("{}{}", ran.stdout, ran.stderr).contains(SECRET), "{ran}");
            }
        }
    });
}

#[test]
fn a_proxy_that_wants_another_password_is_named_and_never_gone_around() {
    let Some(squid) = squid(Some(RIGHT)) else { return };
    each_pip(|pip| {
        let far = Far::new(pip);
        let wrong = squid.url("ada:wrong@");
        for relay in [true, false] {
            far.world.forget();
            far.configure(relay, &format!("[proxy]\nurl = \"{wrong}\"\n"));
            let ran = far.download(&[]).fails();
            assert_eq!(ran.stderr.contains("mirror: error[E-PROXY]: certifi: "), relay, "{ran}");
            assert!(!ran.stderr.contains("ada:wrong"), "{ran}");
            assert!(far.server().web.log().is_empty(), "past the proxy");
        }
        // The same where everybody could be reached directly.
        let world = World::new(pip);
        world.configure(|name| world.mirror(name).index(), &format!("[proxy]\nurl = \"{wrong}\"\n"));
        let ran = world.download(&[NAME]).fails();
        assert!(ran.stderr.contains("mirror: error[E-PROXY]: certifi: "), "{ran}");
        assert!(ran.stderr.contains("asks for credentials (HTTP 407)"), "{ran}");
        assert_eq!(world.sandbox.report()[0]["error"], "E-PROXY");
        world.each_mirror(|server| assert!(server.web.log().is_empty(), "past the proxy"));
        assert!(world.upstream.web.log().is_empty(), "past the proxy");
    });
}

#[test]
fn a_socks_proxy_is_asked_for_the_name() {
    each_pip(|pip| {
        let far = Far::new(pip);
        let proxy = SocksProxy::start(&far.front.url().replace("https://", "http://"));
        for relay in [true, false] {
            if !relay && *pip == Pip::Machines {
                skipped("the machine's pip may lack what pips need for SOCKS proxies");
                continue;
            }
            far.world.forget();
            far.configure(relay, &format!("[proxy]\nurl = \"{}\"\n", proxy.url()));
            let before = proxy.asked().len();
            let ran = far.download(&[]);
            assert_eq!(ran.code, 0, "relay {relay}: {ran}");
            far.world.assert_right(NAME, "SOCKS");
            let asked = proxy.asked();
            assert!(asked.len() > before && asked.iter().all(|name| name == HOST), "{asked:?}");
        }
    });
}

#[test]
fn no_proxy_names_hosts_suffixes_ranges_ports_and_everything() {
    let Some(squid) = squid(None) else { return };
    one_pip(|pip| {
        let world = World::new(pip);
        let (numbers, port) =
            (world.upstream.web.url(), world.upstream.web.url().rsplit(':').next().map(str::to_owned));
        let port = port.expect("a port");
        let name = format!("http://localhost:{port}");
        let (own, other) = (format!("127.0.0.1:{port}"), format!("localhost:{port}"));
        let cases = [
            ("", &numbers, false),
            ("far.example, 10.0.0.0/8", &numbers, false),
            ("127.0.0.1", &numbers, true),
            ("10.0.0.0/8,127.0.0.0/8", &numbers, true),
            (own.as_str(), &numbers, true),
            ("127.0.0.1:1", &numbers, false),
            ("*", &numbers, true),
            ("localhost", &numbers, false),
            ("", &name, false),
            ("localhost", &name, true),
            (".LOCALHOST", &name, true),
            ("host", &name, false),
            (other.as_str(), &name, true),
            ("localhost:1", &name, false),
            ("127.0.0.0/8", &name, false),
        ];
        // The list is read by the same code wherever it stands.
        for ((no_proxy, server, direct), configured) in cases.into_iter().zip([true, false].into_iter().cycle()) {
            world.forget();
            world.upstream.web.forget_log();
            let before = squid.log().len();
            let list: Vec<&str> = no_proxy.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
            let proxy = format!("[proxy]\nurl = \"{}\"\nno-proxy = {list:?}\n", squid.url(""));
            let proxy = if configured { proxy } else { String::new() };
            world.sandbox.mirror_config(&format!(
                "[catalog]\nbuiltin = false\n[pip]\nupstream = \"{server}/simple/\"\n{proxy}\
                     [mirrors.ash]\npypi = \"{server}/simple/\"\n"
            ));
            let mut command = world.downloading(&["--retries", "0", NAME]);
            if !configured {
                command.env("HTTP_PROXY", squid.url("")).env("NO_PROXY", no_proxy);
            }
            let ran = world.sandbox.run(command);
            let kind = format!("{no_proxy:?}, {server}, configured {configured}");
            assert_eq!(ran.code, 0, "{kind}: {ran}");
            assert_eq!(squid.log().len() == before, direct, "{kind}: {:?}", squid.log());
            assert!(!world.upstream.web.log().is_empty(), "{kind}");
        }
    });
}

#[test]
fn without_the_relay_no_proxy_is_pip_s_own_matter() {
    let Some(squid) = squid(None) else { return };
    each_pip(|pip| {
        let far = Far::new(pip);
        let port = far.front.port();
        for (no_proxy, direct) in [
            (String::new(), false),
            ("near.example".to_owned(), false),
            (HOST.to_owned(), true),
            (".far.example".to_owned(), true),
            (format!("{HOST}:{port}"), true),
            ("*".to_owned(), true),
        ] {
            far.world.forget();
            let before = squid.log().len();
            let list: Vec<&str> = no_proxy.split(',').filter(|part| !part.is_empty()).collect();
            far.configure(false, &format!("[proxy]\nurl = \"{}\"\nno-proxy = {list:?}\n", squid.url("")));
            let ran = far.download(&[]);
            // Only the proxy knows the name: who goes past it finds nobody.
            assert_eq!(ran.code != 0, direct, "{no_proxy}: {ran}");
            assert_eq!(squid.log().len() == before, direct, "{no_proxy}: {:?}", squid.log());
        }
    });
}
