//! `cargo mirror audit`: checks again what operators said when they contradicted each other.

use mirror_config::{
    config::LazyConfig,
    errors::Failure,
    probe::{Audited, Check, audit},
    select::Select,
    system::{Environment, state},
    trust::Evidence,
};

use crate::{
    cargo::outward,
    cli, pip,
    report::{self, AuditReport, AuditRow},
};

pub(super) fn audit(env: &Environment, config: &LazyConfig<'_>, asked: &cli::Audit) -> Result<(), Failure> {
    let evidence = Evidence::read(&env.cwd().join(&asked.file))?;
    let config = config.get()?;
    // Some servers answer each tool differently.
    let select = match evidence.tool.as_str() {
        "cargo" => Select::posing_as(config, env, &outward::of_program(env)),
        "pip" => Select::posing_as(config, env, &pip::outward(env, &pip::real_pip(env, config).agent)),
        _ => Select::new(config, env),
    };
    let claims = audit::audit(&select?, &evidence);
    let found = AuditReport {
        tool: evidence.tool,
        subject: evidence.subject,
        seen: evidence.seen,
        claims: claims.into_iter().map(row).collect(),
    };
    report::audit(&found, state::now(), asked.output.json)
}

fn row(Audited { claim, now, check }: Audited) -> AuditRow {
    let now = match now {
        Ok(Some(now)) if now == claim.said => "the same".to_owned(),
        Ok(Some(now)) => now,
        Ok(None) => "nothing of it".to_owned(),
        Err(fault) => fault.to_string(),
    };
    let (check, note) = match check {
        Check::Right => ("right", String::new()),
        Check::Wrong(why) => ("wrong", why),
        Check::Unknown(why) => ("unknown", why),
    };
    AuditRow {
        about: claim.about,
        operator: claim.operator,
        mirror: claim.mirror,
        said: claim.said,
        now,
        check: check.to_owned(),
        note,
    }
}
