//! The front door: configuration, catalog, memory and ranking in, candidates in order out.

use std::path::PathBuf;

use super::{
    catalog::{self, Carrier},
    health::Health,
    rank::{self, Ranked, Standing},
};
use crate::{
    config::Config,
    errors::Failure,
    model::{Repository, Service},
    system::{Environment, state},
    transport::{
        Proxies, Route,
        http::{Http, git_agent},
    },
};

/// A mirror that could serve this request, with the route to it.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The mirror and its address.
    pub carrier: Carrier,
    /// How to reach it.
    pub route: Route,
    /// Why it stands where it stands.
    pub rank: Ranked,
}

/// Everything a choice needs, read once.
#[derive(Debug, Clone)]
pub struct Select {
    /// The configuration in force.
    pub config: Config,
    /// The proxies in force.
    pub proxies: Proxies,
    /// What is remembered.
    pub health: Health,
    /// Where state is kept, if anywhere.
    pub state_dir: Option<PathBuf>,
    /// The client for all that goes to mirrors, and for what goes to upstream without credentials.
    pub http: Http,
}

impl Select {
    /// Reads memory, for requests as git makes them.
    ///
    /// # Errors
    ///
    /// Those of [`Http::new`].
    pub fn new(config: &Config, env: &Environment) -> Result<Self, Failure> {
        Self::posing_as(config, env, &git_agent())
    }

    /// The same for another tool: servers see its `User-Agent`, as some of them answer each tool differently.
    ///
    /// # Errors
    ///
    /// As [`Select::new`].
    pub fn posing_as(config: &Config, env: &Environment, agent: &str) -> Result<Self, Failure> {
        Ok(Self {
            proxies: Proxies::new(config, env),
            health: Health::load(env.state_dir().as_deref()),
            state_dir: env.state_dir(),
            http: Http::new(config.ca_file.as_ref().map(|file| file.value.as_path()), agent)?,
            config: config.clone(),
        })
    }

    /// Who could carry the repository, best first, for a request of about `size` bytes. `private` as in
    /// [`catalog::git_carriers`].
    pub fn git(&self, repository: &Repository, private: bool, size: u64) -> Vec<Candidate> {
        self.ranked(&catalog::git_carriers(&self.config, repository, private), Service::Git, size)
    }

    /// Who could serve an index, or the files that it names, best first, for a request of about `size` bytes.
    pub fn index(&self, service: Service, size: u64) -> Vec<Candidate> {
        self.ranked(&catalog::index_carriers(&self.config, service), service, size)
    }

    fn ranked(&self, carriers: &[Carrier], service: Service, size: u64) -> Vec<Candidate> {
        ranked(&self.health, carriers, service, size)
            .into_iter()
            .map(|(carrier, rank)| {
                let route = self.proxies.route(carrier.address.expose(), Some(&carrier.mirror));
                Candidate { carrier, route, rank }
            })
            .collect()
    }
}

/// The carriers, best first, by what is remembered of them. For a program that asks none of them itself and needs no
/// client; others use [`Select`].
pub fn ranked(health: &Health, carriers: &[Carrier], service: Service, size: u64) -> Vec<(Carrier, Ranked)> {
    let standings: Vec<Standing> = carriers
        .iter()
        .map(|c| Standing { record: health.record(&c.mirror.name, service), weight: c.mirror.weight })
        .collect();
    let dice = u64::from(std::process::id()) ^ (state::now() << 20);
    let order = rank::rank(&standings, size, state::now(), dice);
    order.into_iter().map(|rank| (carriers[rank.index].clone(), rank)).collect()
}
