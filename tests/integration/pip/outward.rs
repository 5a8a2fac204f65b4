//! Ways out: where pip is told to go, the relay goes for upstream; whom pip believes, it believes. What of ours is said to pip
//! reaches it also where the shim stands aside, and a proxy's password reaches nobody who does not need it.

use std::fs;

use mirror_tests::{Certificate, Pip, Squid, TlsFront, refused_url};

use super::world::{NAME, World, each_pip, one_pip, skipped};

/// Only the proxy knows where it is.
const HOST: &str = "index.far.example";

/// A world whose upstream is behind TLS by an authority of the company's, at a name of the proxy's or here.
struct Company {
    world: World,
    front: TlsFront,
}

impl Company {
    fn new(pip: &Pip, host: &str) -> Self {
        let world = World::new(pip);
        let front = TlsFront::named(&world.mirror("ash").web.url(), Certificate::Good, host);
        fs::write(world.sandbox.path("ca.pem"), front.authority()).expect("the sandbox is ours");
        Self { world, front }
    }

    fn index(&self, host: &str) -> String {
        format!("https://{host}:{}/simple/", self.front.port())
    }

    /// The company's index as upstream, with one mirror that has no other way to be reached; and more.
    fn configure(&self, host: &str, more: &str) {
        self.world.sandbox.mirror_config(&format!(
            "[catalog]\nbuiltin = false\n[pip]\nupstream = \"{0}\"\n[mirrors.ash]\npypi = \"{0}\"\n{more}",
            self.index(host)
        ));
    }

    fn ca(&self) -> String {
        self.world.sandbox.path("ca.pem").display().to_string()
    }
}

#[test]
fn whom_pip_believes_the_relay_believes_for_upstream() {
    each_pip(|pip| {
        let company = Company::new(pip, "localhost");
        let ca = company.ca();
        let folder = company.world.sandbox.path("authorities");
        fs::create_dir(&folder).expect("the sandbox is ours");
        fs::copy(&ca, folder.join("corp.pem")).expect("the sandbox is ours");
        company.configure("localhost", "");
        let option: &[&str] = &["--cert", &ca];
        for (kind, variables, options) in [
            ("PIP_CERT", &[("PIP_CERT", ca.as_str())][..], &[][..]),
            ("REQUESTS_CA_BUNDLE", &[("REQUESTS_CA_BUNDLE", &ca)], &[]),
            ("CURL_CA_BUNDLE", &[("CURL_CA_BUNDLE", &ca)], &[]),
            ("a folder", &[("REQUESTS_CA_BUNDLE", folder.to_str().expect("plain"))], &[]),
            ("--cert", &[], option),
        ] {
            company.world.forget();
            let mut command = company.world.downloading(&[options, &[NAME][..]].concat());
            command.envs(variables.iter().copied());
            let ran = company.world.sandbox.run(command);
            assert_eq!(ran.code, 0, "{kind}: {ran}");
            company.world.assert_right(NAME, kind);
        }
        company.world.forget();
        let ran = company.world.sandbox.run(company.world.downloading(&[NAME])).fails();
        assert!(ran.stderr.contains("E-TLS") && ran.stderr.contains("probe --tls"), "{ran}");
        assert!(!ran.stderr.contains("tofu"), "less trust would not help: {ran}");
    });
}

#[test]
fn pip_s_own_proxy_is_the_way_out_and_the_environment_s_is_not() {
    let Some(squid) = Squid::start(&[HOST, "localhost"], None) else { return skipped("there is no squid here") };
    each_pip(|pip| {
        let company = Company::new(pip, HOST);
        company.configure(HOST, &format!("[tls]\nca-file = \"{}\"\n", company.ca()));
        let (way, dead) = (squid.url(""), refused_url());
        let file = company.world.sandbox.path("own-pip.conf");
        fs::write(&file, format!("[global]\nproxy = {way}\n")).expect("the sandbox is ours");
        for (kind, variables) in [
            ("PIP_PROXY", &[("PIP_PROXY", way.as_str()), ("HTTPS_PROXY", &dead)][..]),
            ("a file", &[("PIP_CONFIG_FILE", file.to_str().expect("plain")), ("HTTPS_PROXY", &dead)]),
            ("no exceptions", &[("PIP_PROXY", &way), ("NO_PROXY", "*")]),
        ] {
            company.world.forget();
            let mut command = company.world.downloading(&["--retries", "0", NAME]);
            command.envs(variables.iter().copied());
            let ran = company.world.sandbox.run(command);
            assert_eq!(ran.code, 0, "{kind}: {ran}");
            company.world.assert_right(NAME, kind);
        }
    });
}

#[test]
fn a_company_s_index_that_asks_for_a_name_gets_the_one_of_netrc_and_mirrors_get_nothing() {
    one_pip(|pip| {
        let company = Company::new(pip, "localhost");
        let ca = company.ca();
        company.configure("localhost", &format!("[tls]\nca-file = \"{ca}\"\n"));
        fs::write(company.world.sandbox.path("home/.netrc"), "machine localhost login ada password sesame7\n")
            .expect("the sandbox is ours");
        company.world.forget();
        let ran = company.world.sandbox.run(company.world.downloading(&[NAME]));
        assert_eq!(ran.code, 0, "{ran}");
        let log = company.world.mirror("ash").web.log();
        let authorized = |seen: &&mirror_tests::Seen| {
            seen.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization"))
        };
        assert!(log.iter().any(|seen| authorized(&seen)), "{log:#?}");
        assert!(!ran.to_string().contains("sesame7"), "{ran}");
    });
}

#[test]
fn a_password_of_ours_is_in_no_environment_below_pip() {
    let Some(squid) = Squid::start(&[HOST, "localhost"], Some("ada sesame7")) else {
        return skipped("there is no squid here");
    };
    each_pip(|pip| {
        let company = Company::new(pip, HOST);
        let (told, out) = (company.world.sandbox.path("told"), company.world.sandbox.path("out"));
        company.configure(
            HOST,
            &format!("[tls]\nca-file = \"{}\"\n[proxy]\nurl = \"{}\"\n", company.ca(), squid.url("ada:sesame7@")),
        );
        let source = company.world.sandbox.path("work/sdist");
        fs::create_dir_all(&source).expect("the sandbox is ours");
        let script = format!(
            "import os, urllib.request, ssl\nopen({:?}, 'w').write(repr(dict(os.environ)))\n\
             context = ssl.create_default_context(cafile={:?})\n\
             urllib.request.urlopen({:?}, context=context).read()\n\
             open({:?}, 'w').write('out')\n\
             from setuptools import setup\nsetup(name='s', version='1')\n",
            told.display().to_string(),
            company.ca(),
            company.index(HOST),
            out.display().to_string()
        );
        fs::write(source.join("setup.py"), script).expect("the sandbox is ours");
        company.world.forget();
        let ran = company.world.sandbox.run(company.world.downloading(&[
            "--no-deps",
            "--no-build-isolation",
            NAME,
            source.to_str().expect("plain"),
        ]));
        let told = fs::read_to_string(&told).unwrap_or_else(|_| panic!("setup.py was not run: {ran}"));
        assert!(told.contains("HTTPS_PROXY") && !told.contains("sesame7"), "{told}");
        assert!(out.is_file(), "what runs below pip still gets out: {ran}");
    });
}

#[test]
fn what_is_ours_reaches_pip_where_the_shim_stands_aside() {
    each_pip(|pip| {
        let company = Company::new(pip, "localhost");
        company.configure("localhost", &format!("[tls]\nca-file = \"{}\"\n", company.ca()));
        company.world.forget();
        let index = company.index("localhost");
        let ran = company.world.sandbox.run(company.world.downloading(&["-i", &index, NAME]));
        assert_eq!(ran.code, 0, "{ran}");
        company.world.assert_right(NAME, "aside");
    });
}
