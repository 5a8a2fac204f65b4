//! `cargo mirror audit`: checks again what operators said when they contradicted each other.

use mirror_config::{
    audit::{self, Audited, Check},
    blobs::Blobs,
    environment::Environment,
    failure::{Failure, Kind},
    select::Select,
    state,
    trust::evidence::Evidence,
};

use crate::{
    cli,
    report::{self, AuditReport, AuditRow},
};

pub(super) fn audit(env: &Environment, asked: &cli::Audit) -> Result<(), Failure> {
    let evidence = Evidence::read(&env.cwd().join(&asked.file))?;
    let blobs = Blobs::open(env).map_err(|error| Failure::new(Kind::Io, format!("the cache: {error}")))?;
    let claims = audit::audit(env, &Select::new(env)?, &evidence, blobs);
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
