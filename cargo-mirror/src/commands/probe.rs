//! `cargo mirror probe`: asks upstream and the mirrors, and shows what they said.

use std::thread;

use mirror_config::{
    config::{Config, LazyConfig},
    errors::{Failure, Fault, Kind},
    model::Repo,
    probe::{self, Files, Freshness},
    select::Select,
    system::{Environment, state},
};

use crate::{
    cargo::{outward, setup},
    cli::{Output, Probe, ProbeTool},
    pip,
    report::{self, Announced, GitRow, IndexRow, ProbeReport, Progress, TlsRow},
};

/// Asked for when no repository is named: small, and carried by every relay of its host.
const SAMPLE: &str = "openglm/Open-AutoGLM";

pub(super) fn probe(env: &Environment, config: &LazyConfig<'_>, asked: &Probe) -> Result<(), Failure> {
    let progress = Progress::start(env, "asking");
    match &asked.tool {
        Some(ProbeTool::Git(asked)) => {
            let rows = git(env, config, asked.repo.as_deref(), &progress)?;
            drop(progress);
            report::git_rows(&rows, asked.output.json)
        }
        Some(ProbeTool::Cargo(Output { json })) => {
            let rows = cargo(env, config, &progress)?;
            drop(progress);
            report::index_rows(&rows, *json)
        }
        Some(ProbeTool::Pip(Output { json })) => {
            let rows = pip(env, config, &progress)?;
            drop(progress);
            report::index_rows(&rows, *json)
        }
        None if asked.tls => {
            let heard = |done, of| progress.set("certificates", done, of);
            let rows: Vec<TlsRow> =
                probe::tls::probe(&Select::new(config.get()?, env)?, &heard).into_iter().map(tls_row).collect();
            drop(progress);
            report::tls_rows(&rows, asked.output.json)
        }
        None => {
            let rows = all(env, config, &progress)?;
            drop(progress);
            report::probe(&rows, asked.output.json)
        }
    }
}

fn all(env: &Environment, config: &LazyConfig<'_>, progress: &Progress) -> Result<ProbeReport, Failure> {
    let defect = || Failure::new(Kind::Internal, "a probe ended before its time");
    thread::scope(|scope| {
        let git = scope.spawn(|| git(env, config, None, progress));
        let cargo = scope.spawn(|| cargo(env, config, progress));
        let pip = pip(env, config, progress)?;
        let (git, cargo) = (git.join().map_err(|_| defect())??, cargo.join().map_err(|_| defect())??);
        Ok(ProbeReport { git, cargo, pip })
    })
}

fn git(
    env: &Environment,
    config: &LazyConfig<'_>,
    repo: Option<&str>,
    progress: &Progress,
) -> Result<Vec<GitRow>, Failure> {
    // The name is checked before anything is asked.
    let name = repo.unwrap_or(SAMPLE);
    name.parse::<Repo>()?;
    let select = Select::new(config.get()?, env)?;
    let repository = select.config.repository(&select.config.git.upstream.value, name)?;
    let heard = |done, of| progress.set("git", done, of);
    let row = |result| git_row(result, &select.config);
    Ok(probe::git::probe(&select, &repository, &heard).into_iter().map(row).collect())
}

fn cargo(env: &Environment, config: &LazyConfig<'_>, progress: &Progress) -> Result<Vec<IndexRow>, Failure> {
    // What is asked for are well-known crates; that cargo asks none of these here is worth knowing. A configuration that
    // cargo cannot read is the doctor's matter.
    if let Ok(Some(kept)) = setup::kept(env, config.get()?, &[]) {
        report::warn(&format!(
            "{}: crates-io is replaced with {}, so cargo asks none of these here",
            kept.found.place(),
            kept.words()
        ));
    }
    let select = Select::posing_as(config.get()?, env, &outward::of_program(env))?;
    let heard = |done, of| progress.set("cargo", done, of);
    Ok(probe::cargo::probe(&select, &heard).into_iter().map(|result| index_row(result, &select.config)).collect())
}

fn pip(env: &Environment, config: &LazyConfig<'_>, progress: &Progress) -> Result<Vec<IndexRow>, Failure> {
    let pip = pip::real_pip(env, config.get()?);
    let select = Select::posing_as(config.get()?, env, &pip::outward(env, &pip.agent))?;
    let heard = |done, of| progress.set("pip", done, of);
    let row = |result| index_row(result, &select.config);
    Ok(probe::pip::probe(&select, pip.upstream, &heard).into_iter().map(row).collect())
}

/// Where its operator announces a mirror; nothing for an upstream.
fn announced(name: &str, config: &Config) -> Announced {
    match config.mirrors.iter().find(|mirror| mirror.name == name) {
        None => Announced::Upstream,
        Some(mirror) => mirror.announced.as_ref().map_or(Announced::No, |page| Announced::At(page.to_string())),
    }
}

fn tls_row(result: probe::tls::CertificateResult) -> TlsRow {
    let mut row = TlsRow { host: result.host, mirrors: result.mirrors, ..TlsRow::default() };
    let Some(looked) = result.looked else {
        row.verdict = "no-tls";
        return row;
    };
    (row.verdict, row.note) = (looked.verdict, looked.why);
    if let Some(certificate) = looked.certificate {
        let now = i64::try_from(state::now()).unwrap_or(i64::MAX);
        row.days_left = Some((certificate.not_after - now).div_euclid(86_400));
        row.not_after = Some(certificate.not_after);
        row.issuer = Some(certificate.issuer);
        row.names = certificate.names;
    }
    row
}

fn git_row(result: probe::git::GitResult, config: &Config) -> GitRow {
    GitRow {
        announced: announced(&result.name, config),
        mirror: result.name,
        operator: result.operator,
        status: status(result.fault.as_ref()),
        first_byte: result.first_byte,
        throughput: result.throughput,
        freshness: freshness(result.freshness, "commit", "not upstream's history"),
        whole: result.whole,
        note: result.fault.map(|fault| fault.to_string()).unwrap_or_default(),
    }
}

fn index_row(result: probe::IndexResult, config: &Config) -> IndexRow {
    let (files, why) = match &result.files {
        Files::Own => ("yes", None),
        Files::Elsewhere(host) => ("index only", Some(format!("its files are those of {host}"))),
        Files::Missing => ("index only", Some("its files are not there (HTTP 404)".to_owned())),
        Files::Failed(fault) => ("failed", Some(format!("files: {fault}"))),
        Files::Unknown => ("", None),
    };
    let notes: Vec<String> = result.fault.iter().map(ToString::to_string).chain(why).collect();
    IndexRow {
        announced: announced(&result.name, config),
        mirror: result.name,
        operator: result.operator,
        status: status(result.fault.as_ref()),
        first_byte: result.first_byte,
        throughput: result.throughput,
        freshness: freshness(result.freshness, "version", "has what upstream does not know"),
        files,
        hashes: result.hashes,
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
