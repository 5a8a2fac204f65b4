//! What one run of the helper knows from the start, and the journal of what happens in it.

use std::{
    ffi::{OsStr, OsString},
    path::PathBuf,
    process::Command,
    sync::Arc,
    time::Duration,
};

use mirror_config::{
    errors::{Failure, Fault, Kind},
    git::{
        Session,
        program::{self, Credentials},
    },
    model::{Address, Repository, Service, Signers, is_loopback},
    report::Journal,
    select::{Select, Source, catalog},
    system::Environment,
    transport::passed_on,
    trust::{
        Ledger,
        pins::{GitPin, Pins},
    },
};

use super::low_speed;
use crate::git::{GitSettings, Options, settings};

/// What the project has fixed of the repository.
#[derive(Debug, Clone)]
pub struct Pinned {
    /// The file that says so.
    pub file: PathBuf,
    /// What it says.
    pub pin: GitPin,
}

/// One run: which repository, where upstream has it, what is configured, what happens.
#[derive(Debug)]
pub struct Run {
    /// The surroundings.
    pub env: Environment,
    /// Configuration, memory and the client.
    pub select: Arc<Select>,
    /// The user's own git settings that matter here.
    pub settings: GitSettings,
    /// What was asked for.
    pub repository: Repository,
    /// Where upstream has it.
    pub upstream: Arc<Source>,
    /// Its address as it was written, which is what git's own helper is given.
    pub written: OsString,
    /// What git calls the remote, in bytes.
    pub remote: OsString,
    /// What git said about how to go about it.
    pub options: Options,
    /// What was seen of it before.
    pub ledger: Ledger,
    /// What the project has fixed of it.
    pub pinned: Option<Pinned>,
    /// What happens.
    pub journal: Journal,
    /// Where words of git's own go that were held back.
    pub gits_words: fn(&[u8]),
}

impl Run {
    /// Puts together what is known of one repository, whose address was `written` as one or not.
    ///
    /// # Errors
    ///
    /// [`Kind::Config`] when its upstream is not configured, or pins cannot be read; [`Kind::Transport`] where git's own
    /// configuration does not let it be asked.
    pub fn new(
        env: Environment,
        select: Select,
        (repository, written): (Repository, Option<&str>),
        remote: &OsStr,
    ) -> Result<Self, Failure> {
        let upstream = catalog::upstream(&select.config, &repository)
            .ok_or_else(|| {
                Failure::new(Kind::Config, format!("`upstreams.{}` is not configured", repository.upstream))
            })?
            .url
            .fill(&repository.repo)
            .ok_or_else(|| {
                let what = format!("the address of `upstreams.{}` cannot say {}", repository.upstream, repository.repo);
                Failure::new(Kind::Name, what)
            })?;
        // Our own client asks where git would, and without the user's name.
        let (upstream, written) = match written.and_then(|written| Some((written, written.parse::<Address>().ok()?))) {
            Some((written, address)) => (address.without_credentials(), written.into()),
            None => (upstream.clone(), upstream.expose().as_str().into()),
        };
        let ledger = Ledger::open(env.state_dir().as_deref(), &repository);
        let pins = Pins::find(&env, select.config.pins_policy())?;
        let pin = |pins: &Pins| Some(Pinned { file: pins.path.clone(), pin: pins.git(&repository)?.clone() });
        let pinned = pins.as_ref().and_then(pin);
        let settings = GitSettings::read(&env, remote, &upstream, select.proxies.by_ours(upstream.expose()).as_ref());
        if let Some(refusal) = &settings.refusal {
            return Err(settings::disallowed(&repository, refusal));
        }
        let mut source = select.upstream(&repository.upstream, upstream, Service::Git);
        source.route = select.proxies.route_by_git(source.address.expose(), settings.route.as_ref());
        let journal = Journal::new("git", "connect", &repository.to_string());
        let teller = journal.clone();
        select.http.when_low(move |low| teller.tell(low_speed::line(low)));
        Ok(Self {
            env,
            settings,
            written,
            upstream: Arc::new(source),
            select: Arc::new(select),
            repository,
            remote: remote.to_owned(),
            options: Options::default(),
            ledger,
            pinned,
            journal,
            gits_words: |_| {},
        })
    }

    /// Who must have signed what comes from this upstream, if anybody has to.
    pub fn signers(&self) -> Option<&Signers> {
        self.select.config.upstreams.get(&self.repository.upstream)?.signers.as_ref()
    }

    /// Whether no mirror may hear the name unless upstream turns out to show the same to everybody: it was so, or the user's
    /// settings say who asks.
    pub fn is_private(&self) -> bool {
        self.ledger.is_private() || self.settings.say_who()
    }

    /// git's own helper for upstream, to be started: by a rule of the user's, else by the address as it was written.
    pub fn gits_helper(&self, credentials: Credentials) -> Command {
        let rewritten = self.settings.rewritten.as_ref();
        let url = rewritten.map_or(self.written.as_os_str(), |address| OsStr::new(address.expose().as_str()));
        let mut command = program::remote_https(&self.env, &self.remote, url, credentials);
        let address = rewritten.unwrap_or(&self.upstream.address);
        // Not with a password: all that git starts in turn would see it.
        let ours = self.select.proxies.by_ours(address.expose()).filter(|route| !route.has_credentials());
        ours.iter().for_each(|route| program::go_by(&mut command, route));
        // git's own word on authorities stays in force: the variable would be stronger.
        if !self.settings.only_git.iter().any(|setting| setting.name == settings::AUTHORITIES)
            && let Some(file) = passed_on::authorities(&self.select.config, &self.env)
        {
            command.env("GIT_SSL_CAINFO", file);
        }
        command
    }

    /// A source answered its first request. What nothing protects is said aloud.
    pub fn answered(&self, session: &Session) {
        let source = &session.source;
        let url = source.address.expose();
        if let Some(mirror) = &source.mirror
            && url.scheme() == "http"
            && !is_loopback(url)
        {
            let (name, origin) = (&mirror.name, &mirror.origin);
            self.journal.warn(format!("{name} is reached without TLS, as `insecure = true` allows: {origin}"));
        }
        self.journal.answered(source, Service::Git, session.first_byte);
    }

    /// A source carried bytes that were used.
    pub fn carried(&self, source: &Arc<Source>, bytes: u64, time: Duration) {
        self.journal.carried(source, Service::Git, bytes, time);
    }

    /// A source failed, after it had sent this many bytes in vain.
    pub fn failed(&self, source: &Arc<Source>, wasted: u64, time: Duration, fault: Fault) {
        self.journal.failed(source, Service::Git, wasted, time, fault);
    }
}
