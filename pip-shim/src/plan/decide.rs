//! What to do with one command line: stand aside, or give pip an index; and why.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use mirror_config::{
    config::{Config, LazyConfig},
    errors::{Failure, Kind},
    message::redact,
    model::{Address, Service, is_loopback},
    pip::{
        self, Hashes,
        config::{Levels, Settings, Told},
        installed::{RealPip, launcher, remembered},
        outward::WayOptions,
    },
    select::{self, Health, Source, catalog},
    system::{Environment, state},
    transport::{Outward, Proxies, netrc},
    trust::Trust,
};

use super::pip_env::{Asked, Change, changes, ways};
use crate::{
    command_line::{Invocation, invocation},
    requirements::{Named, Place, World, read},
};

/// Where the relay is, but for its port.
const RELAY: &str = "http://127.0.0.1/";
/// Bytes of an index page and a package, for the ranking.
const SIZE: u64 = 2_000_000;

/// How pip gets its index.
#[derive(Debug, Clone, PartialEq)]
pub enum Way {
    /// As without us.
    Aside,
    /// Through the relay, with this upstream as the authority.
    Relay(Box<Authority>),
    /// From a mirror, or from the configured upstream, without anything between.
    Direct(Box<Source>),
}

/// Whose word counts, and how servers are to see us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// The index that says what is true.
    pub index: Address,
    /// What servers see of it, and by which ways it goes out.
    pub outward: Outward,
    /// Whether pip has a proxy of its own, which knows no exceptions: the relay has to take its place.
    pub has_proxy: bool,
    /// What the user's requirements say of files.
    pub hashes: Hashes,
}

/// What will be done.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The command, where it reads an index.
    pub command: Option<&'static str>,
    /// How pip gets its index.
    pub way: Way,
    /// Why so.
    pub why: String,
    /// What pip's environment is to have.
    pub changes: Vec<Change>,
    /// What a person should know.
    pub warning: Option<String>,
}

impl Plan {
    fn aside(command: Option<&'static str>, why: impl Into<String>) -> Self {
        Self { command, way: Way::Aside, why: why.into(), changes: Vec::new(), warning: None }
    }

    /// Decides. Nothing is read for a command line that needs no index.
    ///
    /// # Errors
    ///
    /// [`Kind::IndexOverride`] when `pip.strict` is set and a file names another index, else those of [`LazyConfig::get`].
    pub fn make(env: &Environment, config: &LazyConfig<'_>, pip: &Path, words: &[OsString]) -> Result<Self, Failure> {
        let Some(invocation) = invocation::read(words) else {
            return Ok(Self::aside(None, "this command reads no index"));
        };
        let command = Some(invocation.command.name());
        if env.var_os("PIP_AUTO_COMPLETE").is_some() {
            return Ok(Self::aside(command, "the shell asks pip for completions"));
        }
        let chosen_python = invocation
            .python
            .as_ref()
            .map_or_else(|| env.var_os("PIP_PYTHON").map(PathBuf::from), |word| Some(word.path()));
        let chosen_python = chosen_python.map(|python| env.cwd().join(python));
        let prefixes = launcher::prefixes(pip, chosen_python.as_deref());
        let levels = Levels::read(env, &prefixes, invocation.isolated);
        let settings = Settings::of(&levels, invocation.command.name());
        let named = named(env, &invocation, &settings);
        let (none, url) = own_choice(&invocation, &settings);
        // The index that counts is no other one, however it is named.
        let authority = || {
            let said = remembered::of(env, pip, chosen_python.as_deref());
            RealPip::of(config.get().ok()?, said.as_ref()).upstream
        };
        let doors = doors(&named, none, url.as_deref(), &invocation, &settings, &authority);
        let warning = judged(env, config, &named, &doors)?;
        let aside = |why: String| {
            // pip goes where its user has told it to, by the ways that are ours. A broken configuration keeps nobody from it.
            let asked = |config| Asked { env, config, settings: &settings, invocation: &invocation };
            let changes = config.get().map(|config| ways(&asked(config), None, None)).unwrap_or_default();
            Ok(Self { warning: warning.clone(), changes, ..Self::aside(command, why) })
        };
        if let Some(option) = invocation.chosen() {
            return aside(format!("`{option}` says where packages come from"));
        }
        let is_authority = |text: &str| authority().is_some_and(|index| is_same(text, &index));
        let own = |told: &&Told| !told.is_given(env) && (told.key == "no-index" || !is_authority(&told.text));
        if let Some(told) = settings.chosen().filter(own) {
            return aside(format!("{} says where packages come from", told.origin()));
        }
        if let Some(place) = named.no_index.as_ref().or(named.index.as_ref()) {
            return aside(format!("{} says where packages come from", shown(place)));
        }
        if invocation.isolated {
            return aside("with --isolated pip reads no variables".to_owned());
        }
        let config = config.get()?;
        let asked = Asked { env, config, settings: &settings, invocation: &invocation };
        if let Some(authority) = relayed(pip, chosen_python.as_deref(), &asked, named.hashes) {
            // Where the relay listens is known when it does.
            let changes = changes(&asked, &RELAY.parse().expect("an address of this machine"), None);
            let why = "files are checked, and mirrors fall back".to_owned();
            return Ok(Self { command, way: Way::Relay(Box::new(authority)), why, changes, warning });
        }
        let unverified = unverified(&invocation, &settings);
        let Some((source, why)) = choose(env, config, &unverified) else {
            return aside("no mirror can serve pip now".to_owned());
        };
        let changes = changes(&asked, &source.address, source.mirror.as_ref());
        Ok(Self { command, way: Way::Direct(Box::new(source)), why, changes, warning })
    }
}

/// Whose word the relay takes, where pip is to have the relay: for what downloads files, with a mirror to download from.
/// `--report` names the files' addresses, which must be true for others too.
fn relayed(
    pip: &Path,
    python: Option<&Path>,
    &Asked { env, config, settings, invocation }: &Asked<'_>,
    hashes: Hashes,
) -> Option<Authority> {
    // pip would ask that proxy for the relay too: it knows no exceptions, and no variable is stronger than an option.
    if invocation.parsed.has("--proxy") {
        return None;
    }
    let downloads = matches!(invocation.command.name(), "install" | "download" | "wheel");
    let mirrored = config.mirrors.iter().any(|mirror| mirror.pypi.is_some());
    let reports = invocation.parsed.has("--report") || settings.get(&["report"]).is_some();
    if !config.pip.relay.value || !downloads || !mirrored || reports {
        return None;
    }
    let said = remembered::of(env, pip, python)?;
    let RealPip { agent, upstream } = RealPip::of(config, Some(&said));
    let own = WayOptions {
        cert: invocation.parsed.last("--cert").map(|word| word.path()),
        proxy: None,
        no_proxy_env: invocation.parsed.has("--no-proxy-env"),
    };
    let outward = pip::outward(env, settings, &own, &agent);
    let has_proxy = settings.get(&["proxy"]).is_some();
    // A company's own index may ask for the user's name.
    let index =
        upstream.map(|index| if config.pip.upstream.is_some() { netrc::with_credentials(&index, env) } else { index });
    Some(Authority { index: index?, outward, has_proxy, hashes })
}

/// Whether the user wants no index at all, and else which one, by options, variables and pip's configuration.
fn own_choice(invocation: &Invocation, settings: &Settings) -> (bool, Option<String>) {
    let none = invocation.parsed.has("--no-index") || settings.on("no-index").is_some();
    let option = invocation.parsed.last("--index-url").map(|word| word.text());
    (none, option.or_else(|| settings.get(&["index-url", "pypi-url"]).map(|value| value.text.clone())))
}

/// What the requirements and constraints files of the command line and of pip's configuration say.
fn named(env: &Environment, invocation: &Invocation, settings: &Settings) -> Named {
    struct Disk<'a>(&'a Environment);
    impl World for Disk<'_> {
        fn file(&self, path: &Path) -> Option<Vec<u8>> {
            std::fs::read(self.0.cwd().join(path)).ok()
        }

        fn variable(&self, name: &str) -> Option<String> {
            self.0.var(name).map(str::to_owned)
        }
    }
    let files: Vec<PathBuf> = ["constraint", "build-constraint", "requirement"]
        .iter()
        .flat_map(|option| {
            let set = settings.list(option).into_iter().map(PathBuf::from).collect::<Vec<_>>();
            set.into_iter().chain(invocation.parsed.all(&format!("--{option}")).into_iter().map(|word| word.path()))
        })
        .collect();
    read::read(&Disk(env), files.iter().map(PathBuf::as_path))
}

/// What files do to where pip gets packages from, and nothing else does: each place, with what it does.
fn doors(
    named: &Named,
    none: bool,
    own: Option<&str>,
    invocation: &Invocation,
    settings: &Settings,
    authority: &dyn Fn() -> Option<Address>,
) -> Vec<String> {
    let bare = |url: &str| url.trim_end_matches('/').to_owned();
    let known = |option: &str| -> Vec<String> {
        let given = invocation
            .parsed
            .all(&format!("--{option}"))
            .into_iter()
            .map(|word| bare(&word.text()))
            .collect::<Vec<_>>();
        settings.list(option).into_iter().map(bare).chain(given).collect()
    };
    let mut indexes = known("extra-index-url");
    indexes.extend(own.map(bare));
    let others = named.index.iter().chain(&named.extra).filter(|place| !none && !indexes.contains(&bare(&place.url)));
    let mut others: Vec<&Place> = others.collect();
    if !others.is_empty()
        && let Some(authority) = authority()
    {
        others.retain(|place| !is_same(&place.url, &authority));
    }
    let (links, hosts) = (known("find-links"), known("trusted-host"));
    let links = named.links.iter().filter(|place| !links.contains(&bare(&place.url)));
    let hosts = named.trusted.iter().filter(|place| !hosts.contains(&bare(&place.url)));
    let said = |place: &Place, does: &str| format!("{} {does} {}", shown(place), redact::secrets(&place.url));
    let moves = others.into_iter().map(|place| said(place, "moves pip to"));
    let links = links.map(|place| said(place, "has pip look for packages at"));
    moves.chain(links).chain(hosts.map(|place| said(place, "has pip verify no certificate of"))).collect()
}

/// Whether a text is the address of this index.
fn is_same(text: &str, index: &Address) -> bool {
    let bare = |address: &Address| address.without_credentials().to_string().trim_end_matches('/').to_owned();
    text.trim().parse::<Address>().is_ok_and(|address| bare(&address) == bare(index))
}

/// Refuses files that move pip to another index where `pip.strict` is set, and warns of them in CI.
fn judged(
    env: &Environment,
    config: &LazyConfig<'_>,
    named: &Named,
    doors: &[String],
) -> Result<Option<String>, Failure> {
    let remote = named.unread.iter().find(|file| file.contains("://"));
    let what = match (doors.first(), remote) {
        (Some(door), _) => door.clone(),
        (None, Some(file)) => format!("{file} may move pip to another index; only pip can look into it"),
        (None, None) => return Ok(None),
    };
    if config.get()?.pip.strict.value {
        return Err(Failure::new(Kind::IndexOverride, what)
            .hint("take that out of the file, or allow it for one command: MIRROR_PIP__STRICT=false pip …"));
    }
    let in_ci = env.var("CI").is_some_and(|value| !matches!(value, "false" | "0"));
    Ok(Some(what).filter(|_| in_ci && !doors.is_empty()))
}

fn shown(place: &Place) -> String {
    format!("{}:{}", place.file.display(), place.line)
}

/// The best mirror by what is remembered of it, else the configured upstream.
///
/// Nothing stands between pip and this index. So where an upstream of the user's own, or more than agreement, is asked
/// for, only trusted mirrors will do; and an address with credentials will not, since pip shows its index to all in the
/// command lines of the pips it starts. Nor will a mirror whose certificate pip was told not to verify.
fn choose(env: &Environment, config: &Config, unverified: &[String]) -> Option<(Source, String)> {
    let strict = config.pip.upstream.is_some() || config.pip.trust.value > Trust::Quorum;
    let proxies = Proxies::new(config, env);
    let mirrors: Vec<Source> = catalog::index(config, &proxies, Service::PypiIndex)
        .into_iter()
        .filter(|source| usable(&source.address) && (!strict || source.is_trusted()))
        .filter(|source| source.address.expose().scheme() == "http" || !names(unverified, &source.address))
        .collect();
    let health = Health::load(env.state_dir().as_deref());
    let now = state::now();
    let well = |source: &Source| health.record(&source.name, Service::PypiIndex).until <= now;
    if let Some(best) = select::ranked(&health, &mirrors, Service::PypiIndex, SIZE).into_iter().find(well) {
        let why = best.reason.to_owned();
        return Some((best, why));
    }
    let upstream = config.pip.upstream.as_ref().filter(|upstream| usable(&upstream.value))?;
    // pip itself asks it, and nothing is remembered of it: so it has no name of its own.
    let source = Source { name: "upstream".to_owned(), ..Source::upstream("pip", upstream.value.clone(), &proxies) };
    Some((source, format!("`pip.upstream` is set in {}", upstream.origin)))
}

/// The hosts whose certificates pip does not verify: `--trusted-host`, on the command line and in pip's configuration.
fn unverified(invocation: &Invocation, settings: &Settings) -> Vec<String> {
    let words = invocation.parsed.all("--trusted-host").into_iter().map(|word| word.text());
    settings.list("trusted-host").into_iter().map(str::to_owned).chain(words).collect()
}

/// Whether one of these is the address's host, or the host with its port.
fn names(hosts: &[String], address: &Address) -> bool {
    let url = address.expose();
    let host = url.host_str().unwrap_or_default();
    let with_port = format!("{host}:{}", url.port_or_known_default().unwrap_or_default());
    hosts.iter().any(|named| named.eq_ignore_ascii_case(host) || named.eq_ignore_ascii_case(&with_port))
}

/// Whether pip takes it without further words: it ignores unprotected hosts other than this machine.
fn usable(address: &Address) -> bool {
    let url = address.expose();
    let bare = url.username().is_empty() && url.password().is_none();
    bare && (url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url)))
}
