//! Running pip with the relay as its index. The relay ends with this process, this process with pip, and pip with both.

use std::{ffi::OsString, path::Path, process::ExitCode, sync::Arc};

use mirror_config::{
    config::LazyConfig,
    errors::{Failure, Kind},
    fetch::Blobs,
    pip::{Packages, routes},
    relay::{Forward, Relay},
    report::{Journal, Later, went_on},
    select::Select,
    system::{Environment, child, tether},
    transport::passed_on,
    trust::pins::Pins,
};

use super::exec;
use crate::{
    plan::{Authority, Change},
    real_pip::OWN_NAME,
    terminal::{error, warn},
};

/// Seconds for which pip waits for the relay.
const PATIENCE: &str = "3600";

/// Causes that are told at most; pip gives up at the first one mostly.
const CAUSES: usize = 3;

/// A relay that waits for pip.
#[derive(Debug)]
pub struct Relayed {
    journal: Journal,
    later: Later,
    packages: Arc<Packages>,
    relay: Relay,
    /// The relay as a proxy, where pip is to have none that knows a password, and whether it is in the place of pip's own.
    forward: Option<(String, bool)>,
}

impl Relayed {
    /// Starts it; what happens goes into the journal.
    ///
    /// # Errors
    ///
    /// [`Kind::Io`] when there is no folder to keep files in, or no port; else those of the configuration.
    pub fn start(
        env: &Environment,
        config: &LazyConfig<'_>,
        authority: &Authority,
        journal: Journal,
    ) -> Result<Self, Failure> {
        let later = Later::of(&journal);
        let io = |error: std::io::Error| Failure::new(Kind::Io, format!("the relay: {error}"));
        let select = Select::posing_as(config.get()?, env, &authority.outward)?;
        let needed = authority.has_proxy || passed_on::has_secret(&select.config);
        let forward = needed.then(|| Arc::new(Forward::new(select.proxies.clone())));
        let (index, hashes) = (authority.index.clone(), authority.hashes.clone());
        let pins = Pins::find(env, select.config.pins_policy())?.unwrap_or_default();
        let packages = Packages::new(select, index, Blobs::open(env).map_err(io)?, hashes, journal.clone());
        let packages = packages.pinned(pins.wheels);
        let packages = Arc::new(packages);
        let name = format!("pip {} {:?}", authority.index, env.state_dir());
        let serve = |address| routes::serve(Arc::clone(&packages), address);
        let relay = Relay::start(&name, forward.clone(), serve).map_err(io)?;
        let forward = forward.map(|forward| (forward.address(relay.address()), authority.has_proxy));
        Ok(Self { journal, later, packages, relay, forward })
    }

    /// The changes, with the relay in the place of a proxy whose password pip would hand on to all that it runs.
    fn without_secrets(&self, changes: &[Change]) -> Vec<Change> {
        let Some((forward, has_own)) = &self.forward else { return changes.to_vec() };
        let pairs = changes.iter().map(|change| (change.name, change.value.clone())).collect();
        let mut pairs = passed_on::through(pairs, forward);
        pairs.extend(has_own.then(|| ("PIP_PROXY", forward.clone())));
        pairs.into_iter().map(|(name, value)| Change { name, value }).collect()
    }

    /// Runs pip, and returns its exit code; the report is written.
    ///
    /// # Errors
    ///
    /// [`Kind::Io`] when pip cannot be started.
    pub fn run(
        self,
        env: &Environment,
        pip: &Path,
        arguments: &[OsString],
        changes: &[Change],
    ) -> Result<ExitCode, Failure> {
        let changes = self.without_secrets(changes);
        let mut command = tether::held(exec::command(env, pip, arguments, &changes), OWN_NAME);
        command.env("PIP_INDEX_URL", routes::index(self.relay.address()));
        if changes.iter().any(|change| change.name == "PIP_DEFAULT_TIMEOUT") {
            // Nothing comes before a file is whole and right; what waits too long for a mirror is the relay's matter.
            command.env("PIP_DEFAULT_TIMEOUT", PATIENCE);
        }
        let ended = child::run(command).map_err(|why| Failure::new(Kind::Io, format!("{}: {why}", pip.display())));
        drop(self.relay);

        let (warnings, failures) = (self.later.warnings(), self.later.denied());
        let failed = ended.as_ref().is_ok_and(|status| !status.success());
        let causes = if failed { failures.as_slice() } else { &[] };
        self.packages.close(env, causes.first().map(|cause| cause.kind));
        let status = ended?;
        warnings.iter().for_each(|warning| warn(warning));
        // Whoever went wrong stands in the cause as well.
        for source in self.journal.report().sources.iter().filter(|_| causes.is_empty()) {
            if let Some(fault) = &source.why {
                warn(&went_on(&source.name, fault));
            }
        }
        // Behind pip's own last line, which does not know why.
        causes.iter().take(CAUSES).for_each(error);
        if !failed && !failures.is_empty() {
            tracing::debug!(?failures, "pip found another way, such as an older version");
        }
        Ok(ExitCode::from(child::code(status)))
    }
}
