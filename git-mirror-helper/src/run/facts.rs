//! What one run of the helper knows from the start, and the journal of what happens in it.

use std::{
    ffi::{OsStr, OsString},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use mirror_config::{
    errors::{Failure, Fault, Kind},
    git::Session,
    model::{Address, Repository, Service, Signers, is_loopback},
    report::Journal,
    select::{Select, Source, catalog},
    system::Environment,
    trust::{
        Ledger,
        pins::{GitPin, Pins},
    },
};

use super::low_speed;
use crate::git::{GitSettings, Options};

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
}

impl Run {
    /// Puts together what is known of one repository, whose address was `written` as one or not.
    ///
    /// # Errors
    ///
    /// [`Kind::Config`] when its upstream is not configured, or pins cannot be read.
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
        let settings = GitSettings::read(remote, &upstream);
        let journal = Journal::new("git", "connect", &repository.to_string());
        let teller = journal.clone();
        select.http.when_low(move |low| teller.tell(low_speed::line(low)));
        Ok(Self {
            env,
            settings,
            written,
            upstream: Arc::new(select.upstream(&repository.upstream, upstream, Service::Git)),
            select: Arc::new(select),
            repository,
            remote: remote.to_owned(),
            options: Options::default(),
            ledger,
            pinned,
            journal,
        })
    }

    /// Who must have signed what comes from this upstream, if anybody has to.
    pub fn signers(&self) -> Option<&Signers> {
        self.select.config.upstreams.get(&self.repository.upstream)?.signers.as_ref()
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
