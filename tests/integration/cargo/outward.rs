//! Ways out: where cargo is told to go, the relay goes for upstream; whom cargo believes, it believes; and what of ours is said
//! to cargo reaches it under `run` and `off`.

use std::{fs, path::PathBuf};

use mirror_tests::{CargoStage, Certificate, Needs, Ran, Squid, TlsFront, refused_url};

/// Only the proxy knows where it is.
const HOST: &str = "crates.far.example";

/// A stage whose upstream and only mirror are behind TLS by an authority of the company's.
struct Company {
    stage: CargoStage,
    front: TlsFront,
    host: String,
    project: PathBuf,
}

impl Company {
    fn new(host: &str) -> Self {
        let stage = CargoStage::new(&[]);
        let front = TlsFront::named(&stage.upstream.web.url(), Certificate::Good, host);
        fs::write(stage.sandbox.path("ca.pem"), front.authority()).expect("the sandbox is ours");
        let project = stage.project("project", Needs::Handful);
        Self { stage, front, host: host.to_owned(), project }
    }

    fn index(&self) -> String {
        format!("sparse+https://{}:{}/", self.host, self.front.port())
    }

    fn ca(&self) -> String {
        self.stage.sandbox.path("ca.pem").display().to_string()
    }

    fn configure(&self, more: &str) {
        let index = self.index();
        // Its files are where its index says, which is past the front; so a mirror has them.
        self.stage.sandbox.mirror_config(&format!(
            "[catalog]\nbuiltin = false\n[cargo]\nupstream = \"{index}\"\n[mirrors.near]\ncargo = \"{}\"\n{more}",
            self.stage.upstream.index()
        ));
    }

    fn run(&self, words: &[&str], variables: &[(&str, &str)], cargo: &str) -> Ran {
        self.stage.forget();
        self.stage.fresh_cargo_home();
        fs::write(self.stage.sandbox.path("cargo/config.toml"), cargo).expect("the sandbox is ours");
        let _ = fs::remove_file(self.project.join("Cargo.lock"));
        let mut command = self.stage.sandbox.panel(words);
        command.current_dir(&self.project).envs(variables.iter().copied()).env("CARGO_NET_RETRY", "0");
        self.stage.sandbox.run(command)
    }

    #[track_caller]
    fn assert_upstream_spoke(&self, case: &str) {
        assert_eq!(self.stage.sandbox.report()[0]["verdict"], "upstream", "{case}");
    }
}

#[test]
fn whom_cargo_believes_the_relay_believes_for_upstream() {
    let company = Company::new("localhost");
    company.configure("");
    let ca = company.ca();
    for (case, variables, cargo) in [
        ("CARGO_HTTP_CAINFO", &[("CARGO_HTTP_CAINFO", ca.as_str())][..], String::new()),
        ("http.cainfo", &[], format!("[http]\ncainfo = \"{ca}\"\n")),
        ("relative to the folder above", &[], "[http]\ncainfo = \"ca.pem\"\n".to_owned()),
    ] {
        let ran = company.run(&["run", "--", "fetch"], variables, &cargo);
        assert_eq!(ran.code, 0, "{case}: {ran}");
        company.assert_upstream_spoke(case);
    }
    let ran = company.run(&["run", "--", "fetch"], &[], "").fails();
    assert!(ran.stderr.contains("E-TLS") && !ran.stderr.contains("tofu"), "less trust would not help: {ran}");
}

#[test]
fn cargo_s_own_proxy_is_the_way_out_and_the_environment_s_is_not() {
    let Some(squid) = Squid::start(&[HOST, "localhost"], None) else {
        return crate::pip::world::skipped("there is no squid here");
    };
    let company = Company::new(HOST);
    company.configure(&format!("[tls]\nca-file = \"{}\"\n", company.ca()));
    let (way, dead) = (squid.url(""), refused_url());
    let named = squid.url("DOM\\me:pw@");
    for (case, variables, cargo) in [
        ("CARGO_HTTP_PROXY", &[("CARGO_HTTP_PROXY", way.as_str()), ("HTTPS_PROXY", &dead)][..], String::new()),
        ("http.proxy", &[("HTTPS_PROXY", &dead)], format!("[http]\nproxy = \"{way}\"\n")),
        ("the variable goes first", &[("CARGO_HTTP_PROXY", &way)], format!("[http]\nproxy = \"{dead}\"\n")),
        ("a name of a domain", &[("HTTPS_PROXY", &named)], String::new()),
        ("a star alone", &[("HTTPS_PROXY", &way), ("NO_PROXY", "h.example")], String::new()),
    ] {
        let ran = company.run(&["run", "--", "fetch"], variables, &cargo);
        assert_eq!(ran.code, 0, "{case}: {ran}");
        company.assert_upstream_spoke(case);
    }
    let gitconfig = fs::read_to_string(company.stage.sandbox.path("gitconfig")).expect("it is there");
    fs::write(company.stage.sandbox.path("gitconfig"), format!("{gitconfig}[http]\n\tproxy = {way}\n")).expect("ours");
    let ran = company.run(&["run", "--", "fetch"], &[("HTTPS_PROXY", &dead)], "");
    assert_eq!(ran.code, 0, "git's: {ran}");
    company.assert_upstream_spoke("git's");
}

#[test]
fn what_is_ours_reaches_cargo_under_run_and_off_and_a_password_stays_away() {
    let company = Company::new("localhost");
    let secret = "[proxy]\nurl = \"http://ada:sesame7@127.0.0.1:9\"\nno-proxy = [\"localhost\", \"127.0.0.1\"]\n";
    company.configure(&format!("[tls]\nca-file = \"{}\"\n{secret}", company.ca()));
    let corp =
        format!("[source.crates-io]\nreplace-with = \"corp\"\n[source.corp]\nregistry = \"{}\"\n", company.index());
    for words in [&["off", "--", "fetch"][..], &["run", "--", "fetch"]] {
        let ran = company.run(words, &[], &corp);
        // Its index is reached by our authority; its files are elsewhere.
        assert!(!ran.stderr.contains("SSL") && ran.code == 0, "{words:?}: {ran}");
    }
    company.stage.sandbox.add_script("cargo-env", "env");
    let ran = company.run(&["run", "--", "env"], &[("NO_PROXY", "*")], "").ok();
    assert!(ran.stdout.contains("HTTPS_PROXY=http://mirror:") && !ran.stdout.contains("sesame7"), "{ran}");
    let value = |name: &str| ran.stdout.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().to_owned();
    assert_eq!(value("NO_PROXY="), "localhost,127.0.0.1,127.0.0.1");
    let bundle = fs::read_to_string(value("CARGO_HTTP_CAINFO=")).expect("a file");
    assert!(bundle.matches("BEGIN CERTIFICATE").count() > 10 && bundle.contains(company.front.authority().trim()));
    company.configure("");
    let ran = company.run(&["run", "--", "env"], &[("NO_PROXY", "*")], "").ok();
    assert!(ran.stdout.contains("NO_PROXY=*\n"), "a star stays alone: {ran}");
}
