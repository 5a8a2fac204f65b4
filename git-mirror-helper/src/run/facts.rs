//! What one run of the helper knows from the start, and what it keeps of what happened.

use std::{path::PathBuf, sync::Arc};

use mirror_config::{
    errors::{Failure, Kind},
    model::{Address, Repository, Signers},
    select::{Select, catalog},
    system::Environment,
    trust::{
        Ledger,
        pins::{GitPin, Pins},
    },
};

use super::journal::Diary;
use crate::git::{GitSettings, Options};

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
        let pins = Pins::find(&env, select.config.pins_policy())?;
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
