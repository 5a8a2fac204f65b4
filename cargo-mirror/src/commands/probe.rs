//! `cargo mirror probe git`: asks upstream and the mirrors, and shows what they said.

use mirror_config::{
    environment::Environment,
    failure::Failure,
    fault::Fault,
    probe::{self, Freshness, Standing},
    select::Select,
    upstream::{Repo, Repository},
};

use crate::{
    cli::ProbeGit,
    report::{self, GitRow},
};

/// Asked for when no repository is named: small, and carried by every relay of its host.
const SAMPLE: &str = "openglm/Open-AutoGLM";

pub(super) fn git(env: &Environment, asked: &ProbeGit) -> Result<(), Failure> {
    // The name is checked before anything is asked.
    let repo: Repo = asked.repo.as_deref().unwrap_or(SAMPLE).parse()?;
    let select = Select::new(env)?;
    let repository = Repository { upstream: select.config.git_upstream.value.clone(), repo };
    let rows: Vec<GitRow> = probe::git(&select, &repository).into_iter().map(row).collect();
    report::git_rows(&rows, asked.output.json)
}

fn row(standing: Standing) -> GitRow {
    let status = match &standing.fault {
        None => "200".to_owned(),
        Some(Fault::Status(status)) => status.to_string(),
        Some(Fault::Missing) => "404".to_owned(),
        Some(Fault::Busy(_)) => "429".to_owned(),
        Some(fault) => fault.name().to_owned(),
    };
    let freshness = match standing.freshness {
        Freshness::Same => "up to date".to_owned(),
        Freshness::Behind(Some(1)) => "1 commit behind".to_owned(),
        Freshness::Behind(Some(commits)) => format!("{commits} commits behind"),
        Freshness::Behind(None) => "behind".to_owned(),
        Freshness::Unrelated => "not upstream's history".to_owned(),
        Freshness::Unknown => String::new(),
    };
    GitRow {
        mirror: standing.name,
        operator: standing.operator,
        status,
        first_byte: standing.first_byte,
        throughput: standing.throughput,
        freshness,
        whole: standing.whole,
        note: standing.fault.map(|fault| fault.to_string()).unwrap_or_default(),
    }
}
