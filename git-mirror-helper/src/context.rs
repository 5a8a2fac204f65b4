//! What one run of the helper knows from the start, and what it keeps of what happened.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use mirror_config::{
    catalog,
    environment::Environment,
    failure::{Failure, Kind},
    fault::Fault,
    health::{Observation, Service},
    pins::{GitPin, Pins},
    redact::Address,
    report::{Evidence, Report, Source},
    select::Select,
    trust::ledger::Ledger,
    upload_pack::Session,
    upstream::{Repository, Signers},
};

use crate::{git_settings::GitSettings, protocol::Options};

/// How reports and memory call an upstream: a name no mirror can have.
pub fn upstream_name(repository: &Repository) -> String {
    format!("upstream:{}", repository.upstream)
}

/// What the project has fixed of the repository.
#[derive(Debug, Clone)]
pub struct Pinned {
    /// The file that says so.
    pub file: PathBuf,
    /// What it says.
    pub pin: GitPin,
}

/// One run: which repository, where upstream has it, what is configured.
#[derive(Debug)]
pub struct Context {
    /// The surroundings.
    pub env: Environment,
    /// Configuration, memory and the client.
    pub select: Arc<Select>,
    /// The user's own git settings that matter here.
    pub settings: GitSettings,
    /// What was asked for.
    pub repository: Repository,
    /// Where upstream has it.
    pub upstream: Address,
    /// What git calls the remote.
    pub remote: String,
    /// What git said about how to go about it.
    pub options: Options,
    /// What was seen of it before.
    pub ledger: Ledger,
    /// What the project has fixed of it.
    pub pinned: Option<Pinned>,
    /// What happened.
    pub diary: Diary,
}

impl Context {
    /// Puts together what is known of one repository.
    ///
    /// # Errors
    ///
    /// [`Kind::Config`] when its upstream is not configured, or pins cannot be read.
    pub fn new(env: Environment, select: Select, repository: Repository, remote: &str) -> Result<Self, Failure> {
        let upstream = catalog::upstream(&select.config, &repository)
            .ok_or_else(|| {
                Failure::new(Kind::Config, format!("`upstreams.{}` is not configured", repository.upstream))
            })?
            .url
            .fill(&repository.repo);
        let ledger = Ledger::open(env.state_dir().as_deref(), &repository);
        let pins = Pins::find(&env, &select.config)?;
        let pin = |pins: &Pins| Some(Pinned { file: pins.path.clone(), pin: pins.git(&repository)?.clone() });
        let pinned = pins.as_ref().and_then(pin);
        let settings = GitSettings::read(remote, &upstream);
        let diary = Diary::new(&repository);
        Ok(Self {
            env,
            select: Arc::new(select),
            settings,
            repository,
            upstream,
            remote: remote.to_owned(),
            options: Options::default(),
            ledger,
            pinned,
            diary,
        })
    }

    /// Who must have signed what comes from this upstream, if anybody has to.
    pub fn signers(&self) -> Option<&Signers> {
        self.select.config.upstreams.get(&self.repository.upstream)?.signers.as_ref()
    }
}

/// What happened: who was asked, who carried what, who failed.
#[derive(Debug)]
pub struct Diary {
    started: Instant,
    /// For programs.
    pub report: Report,
    seen: Vec<Observation>,
}

impl Diary {
    fn new(repository: &Repository) -> Self {
        Self {
            started: Instant::now(),
            report: Report::new("git", "connect", &repository.to_string()),
            seen: Vec::new(),
        }
    }

    /// Since the run began.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Somebody's word on the refs.
    pub fn evidence(&mut self, who: &str, said: impl Into<String>) {
        self.report.evidence.push(Evidence { who: who.to_owned(), said: said.into() });
    }

    /// A mirror answered its first request.
    pub fn opened(&mut self, mirror: &str, session: &Session) {
        self.seen.push(Observation {
            mirror: mirror.into(),
            first_byte: Some(session.first_byte),
            carried: None,
            fault: None,
        });
    }

    /// A source carried bytes that were used.
    pub fn carried(&mut self, name: &str, operator: &str, bytes: u64, time: Duration) {
        self.seen.push(Observation {
            mirror: name.into(),
            first_byte: None,
            carried: Some((bytes, time)),
            fault: None,
        });
        self.report.sources.push(Source::ok(name, operator, bytes, time));
    }

    /// A source failed, after it had sent this many bytes in vain.
    pub fn failed(&mut self, name: &str, operator: &str, wasted: u64, time: Duration, fault: Fault) {
        tracing::debug!(source = name, %fault, wasted, "failed");
        self.seen.push(Observation {
            mirror: name.into(),
            first_byte: None,
            carried: None,
            fault: Some(fault.clone()),
        });
        self.report.sources.push(Source::failed(name, operator, wasted, time, fault));
    }

    /// What one source did in a transfer of many slices: bytes used, bytes in vain, what went wrong if anything did.
    pub fn took_part(&mut self, source: Source) {
        let carried = (source.bytes > 0).then(|| (source.bytes, Duration::from_secs_f64(source.seconds)));
        let fault = source.why.clone();
        self.seen.push(Observation { mirror: source.name.clone(), first_byte: None, carried, fault });
        self.report.sources.push(source);
    }

    /// Writes the report, and remembers what was measured.
    pub fn close(&mut self, env: &Environment, select: &Select, error: Option<Kind>) {
        self.report.seconds = self.started.elapsed().as_secs_f64();
        self.report.append(env, error);
        select.health.remember(Service::Git, &self.seen);
    }
}
