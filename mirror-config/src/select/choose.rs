//! The front door: configuration, catalog, memory and ranking in, sources in order out.

use std::path::PathBuf;

use super::{
    catalog,
    health::{Health, Record},
    rank::{self, Input},
    source::Source,
};
use crate::{
    config::Config,
    errors::Failure,
    model::{Address, Repository, Service},
    system::{Environment, state},
    transport::{
        Outward, Proxies,
        http::{Http, LeastSpeed, git_agent},
    },
};

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
        Self::posing_as(config, env, &Outward::from(git_agent().as_str()))
    }

    /// The same for another tool: servers see its `User-Agent`, as some of them answer each tool differently, and it goes out
    /// by the ways that its own configuration names.
    ///
    /// # Errors
    ///
    /// As [`Select::new`].
    pub fn posing_as(config: &Config, env: &Environment, outward: &Outward) -> Result<Self, Failure> {
        let least = LeastSpeed::of(&config.net);
        Ok(Self {
            proxies: Proxies::new(config, env).by_tool(outward.way.clone()),
            health: Health::load(env.state_dir().as_deref()),
            state_dir: env.state_dir(),
            http: Http::new(config.ca_file.as_ref().map(|file| file.value.as_path()), outward, least)?,
            config: config.clone(),
        })
    }

    /// Who could carry the repository, best first, for a request of about `size` bytes. `private` as in [`catalog::git`].
    pub fn git(&self, repository: &Repository, private: bool, size: u64) -> Vec<Source> {
        let sources = catalog::git(&self.config, &self.proxies, repository, private);
        ranked(&self.health, &sources, Service::Git, size)
    }

    /// Who could serve an index, or the files that it names, best first, for a request of about `size` bytes.
    pub fn index(&self, service: Service, size: u64) -> Vec<Source> {
        ranked(&self.health, &catalog::index(&self.config, &self.proxies, service), service, size)
    }

    /// Upstream for a service, by its name in the configuration or that of its tool.
    pub fn upstream(&self, name: &str, address: Address, service: Service) -> Source {
        let source = Source::upstream(name, address, &self.proxies);
        Source { expected_rate: self.health.record(&source.name, service).goodput, ..source }
    }
}

/// The mirrors, best first, by what is remembered of them. For a program that asks none of them itself and needs no
/// client; others use [`Select`].
pub fn ranked(health: &Health, mirrors: &[Source], service: Service, size: u64) -> Vec<Source> {
    let records: Vec<Record> = mirrors.iter().map(|source| health.record(&source.name, service)).collect();
    let weight = |source: &Source| source.mirror.as_ref().map_or(1.0, |mirror| mirror.weight);
    let inputs: Vec<Input> = mirrors
        .iter()
        .zip(&records)
        .map(|(source, record)| Input { record: *record, weight: weight(source) })
        .collect();
    let dice = u64::from(std::process::id()) ^ (state::now() << 20);
    let order = rank::rank(&inputs, size, state::now(), dice);
    order
        .into_iter()
        .map(|rank| {
            let source = &mirrors[rank.index];
            tracing::debug!(source = source.name, rank.reason, expected = ?rank.expected, "candidate");
            Source { expected_rate: records[rank.index].goodput, reason: rank.reason, ..source.clone() }
        })
        .collect()
}
