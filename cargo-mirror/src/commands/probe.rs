//! `cargo mirror probe`: asks upstream and the mirrors, and shows what they said.

use std::thread;

use mirror_config::{
    config::Config,
    environment::Environment,
    failure::{Failure, Kind},
    fault::Fault,
    probe::{self, Files, Freshness},
    select::Select,
    upstream::{Repo, Repository},
};

use crate::{
    cargo_program,
    cli::{Output, Probe, ProbeTool},
    pip_upstream,
    report::{self, GitRow, IndexRow, ProbeReport, Progress},
};

/// Asked for when no repository is named: small, and carried by every relay of its host.
const SAMPLE: &str = "openglm/Open-AutoGLM";

pub(super) fn probe(env: &Environment, asked: &Probe) -> Result<(), Failure> {
    let progress = Progress::start(env, "asking");
    match &asked.tool {
        Some(ProbeTool::Git(asked)) => {
            let rows = git(env, asked.repo.as_deref(), &progress)?;
            drop(progress);
            report::git_rows(&rows, asked.output.json)
        }
        Some(ProbeTool::Cargo(Output { json })) => {
            let rows = cargo(env, &progress)?;
            drop(progress);
            report::index_rows(&rows, *json)
        }
        Some(ProbeTool::Pip(Output { json })) => {
            let rows = pip(env, &progress)?;
            drop(progress);
            report::index_rows(&rows, *json)
        }
        None => {
            let rows = all(env, &progress)?;
            drop(progress);
            report::probe(&rows, asked.output.json)
        }
    }
}

fn all(env: &Environment, progress: &Progress) -> Result<ProbeReport, Failure> {
    let defect = || Failure::new(Kind::Internal, "a probe ended before its time");
    thread::scope(|scope| {
        let git = scope.spawn(|| git(env, None, progress));
        let cargo = scope.spawn(|| cargo(env, progress));
        let pip = pip(env, progress)?;
        let (git, cargo) = (git.join().map_err(|_| defect())??, cargo.join().map_err(|_| defect())??);
        Ok(ProbeReport { git, cargo, pip })
    })
}

fn git(env: &Environment, repo: Option<&str>, progress: &Progress) -> Result<Vec<GitRow>, Failure> {
    // The name is checked before anything is asked.
    let repo: Repo = repo.unwrap_or(SAMPLE).parse()?;
    let select = Select::new(env)?;
    let repository = Repository { upstream: select.config.git_upstream.value.clone(), repo };
    let heard = |done, of| progress.set("git", done, of);
    Ok(probe::git::probe(&select, &repository, &heard).into_iter().map(git_row).collect())
}

fn cargo(env: &Environment, progress: &Progress) -> Result<Vec<IndexRow>, Failure> {
    let select = Select::posing_as(env, &cargo_program::agent(&cargo_program::program(env)))?;
    let heard = |done, of| progress.set("cargo", done, of);
    Ok(probe::cargo::probe(&select, &heard).into_iter().map(index_row).collect())
}

fn pip(env: &Environment, progress: &Progress) -> Result<Vec<IndexRow>, Failure> {
    let pip = pip_upstream::real_pip(env, &Config::load(env, &[])?);
    let select = Select::posing_as(env, &pip.agent)?;
    let heard = |done, of| progress.set("pip", done, of);
    Ok(probe::pip::probe(&select, pip.upstream, &heard).into_iter().map(index_row).collect())
}

fn git_row(standing: probe::git::Standing) -> GitRow {
    GitRow {
        mirror: standing.name,
        operator: standing.operator,
        status: status(standing.fault.as_ref()),
        first_byte: standing.first_byte,
        throughput: standing.throughput,
        freshness: freshness(standing.freshness, "commit", "not upstream's history"),
        whole: standing.whole,
        note: standing.fault.map(|fault| fault.to_string()).unwrap_or_default(),
    }
}

fn index_row(standing: probe::Standing) -> IndexRow {
    let (files, why) = match &standing.files {
        Files::Own => ("yes", None),
        Files::Elsewhere(host) => ("index only", Some(format!("its files are those of {host}"))),
        Files::Missing => ("index only", Some("its files are not there (HTTP 404)".to_owned())),
        Files::Failed(fault) => ("failed", Some(format!("files: {fault}"))),
        Files::Unknown => ("", None),
    };
    let notes: Vec<String> = standing.fault.iter().map(ToString::to_string).chain(why).collect();
    IndexRow {
        mirror: standing.name,
        operator: standing.operator,
        status: status(standing.fault.as_ref()),
        first_byte: standing.first_byte,
        throughput: standing.throughput,
        freshness: freshness(standing.freshness, "version", "has what upstream does not know"),
        files,
        hashes: standing.hashes,
        note: notes.join("; "),
    }
}

/// The HTTP status where there is one, else the fault's name.
fn status(fault: Option<&Fault>) -> String {
    match fault {
        None => "200".to_owned(),
        Some(Fault::Status(status)) => status.to_string(),
        Some(Fault::Missing) => "404".to_owned(),
        Some(Fault::Busy(_)) => "429".to_owned(),
        Some(fault) => fault.name().to_owned(),
    }
}

fn freshness(freshness: Freshness, unit: &str, unrelated: &str) -> String {
    match freshness {
        Freshness::Same => "up to date".to_owned(),
        Freshness::Behind(Some(1)) => format!("1 {unit} behind"),
        Freshness::Behind(Some(count)) => format!("{count} {unit}s behind"),
        Freshness::Behind(None) => "behind".to_owned(),
        Freshness::Unrelated => unrelated.to_owned(),
        Freshness::Unknown => String::new(),
    }
}
