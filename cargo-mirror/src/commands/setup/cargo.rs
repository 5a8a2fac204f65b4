//! `cargo mirror setup cargo` and `use`: choose, plan, show, ask, apply.

use mirror_config::{
    config::{Config, LazyConfig},
    errors::{Failure, Kind},
    model::{Address, Mirror, Service},
    select::{Record, Select, Source},
    system::Environment,
};

use super::rustup;
use crate::{
    cargo::setup::{self, Known, Plan, ReplacedBy, Replacement, Scope},
    change::Turn,
    cli::{self, SetupCargo, Use},
    report,
    terminal::prompt,
};

/// What a first build downloads at a time, in bytes, for the ranking of mirrors that serve files.
const TYPICAL: u64 = 256 * 1024;

/// `setup cargo`.
pub(super) fn set_up(env: &Environment, config: &LazyConfig<'_>, asked: &SetupCargo) -> Result<(), Failure> {
    let select = Select::new(config.get()?, env)?;
    let Some(mirror) = choose(env, &select, asked)? else { return report::line("nothing was changed") };
    let known = Known::of(&select.config);
    let scope = scope(asked.scope);
    let index = index(&mirror)?;
    let plan = || setup::plan(env, scope, &index, &known, asked.force);
    // Without a question in between, everything happens in one turn, so that many at once all succeed.
    let turn = (asked.yes && !asked.dry_run).then(|| Turn::take(env, setup::TOOL)).transpose()?;
    let planned = plan()?;
    let file = planned.file.display();
    warn(&planned);
    if planned.is_empty() {
        report::line(&format!("nothing to do: {file} has {} in the place of crates-io already", mirror.name))?;
        return offer(env, &mirror);
    }
    for edit in planned.edits.iter().filter(|edit| !edit.is_empty()) {
        report::diff(&edit.diff())?;
    }
    if asked.dry_run {
        return report::line("dry run: nothing was changed");
    }
    if !asked.yes && !prompt::confirm(env, &format!("Change {file}?"))? {
        return report::line("nothing was changed");
    }
    let turn = turn.map_or_else(|| Turn::take(env, setup::TOOL), Ok)?;
    turn.apply(&planned.edits, &[])?;
    report::line(&format!("cargo downloads from {} now; `cargo mirror undo cargo` takes it back", mirror.name))?;
    notes(&planned, &index)?;
    offer(env, &mirror)
}

/// `use NAME`.
pub(crate) fn switch(env: &Environment, config: &LazyConfig<'_>, asked: &Use) -> Result<(), Failure> {
    let setup = SetupCargo {
        mirror: Some(asked.name.clone()),
        scope: asked.scope,
        force: asked.force,
        dry_run: asked.dry_run,
        // The name says what is wanted.
        yes: true,
        ..SetupCargo::default()
    };
    set_up(env, config, &setup)
}

fn scope(asked: cli::Scope) -> Scope {
    match asked {
        cli::Scope::User => Scope::User,
        cli::Scope::Project => Scope::Project,
    }
}

/// The mirror that was named, chosen, or is best; nothing when nobody chose.
fn choose(env: &Environment, select: &Select, asked: &SetupCargo) -> Result<Option<Mirror>, Failure> {
    if let Some(name) = &asked.mirror {
        return named(&select.config, name).map(Some);
    }
    let candidates = select.index(Service::Crates, TYPICAL);
    let Some(best) = candidates.first() else {
        return Err(Failure::new(Kind::Config, "no mirror of crates is configured").hint(
            "add one to $XDG_CONFIG_HOME/mirror/config.toml: `[mirrors.NAME]` with `cargo = \"sparse+https://…/\"`",
        ));
    };
    if asked.auto || asked.yes || asked.dry_run || !env.stderr_is_terminal() {
        if candidates.iter().all(|one| seen(select, one) == Record::default()) {
            report::warn(
                "no mirror of crates was measured yet, so any may be the best: `cargo mirror probe cargo` measures",
            );
        }
        return Ok(best.mirror.clone());
    }
    let rows: Vec<String> = candidates.iter().map(|one| row(select, one)).collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    Ok(prompt::one(env, "Which mirror?", &rows)?.and_then(|nth| candidates[nth].mirror.clone()))
}

fn named(config: &Config, name: &str) -> Result<Mirror, Failure> {
    match config.mirrors.iter().find(|mirror| mirror.name == name) {
        Some(mirror) if mirror.cargo.is_some() => Ok(mirror.clone()),
        Some(_) => {
            Err(Failure::new(Kind::Config, format!("mirror {name} carries no crates")).hint("cargo mirror list"))
        }
        None => {
            let by =
                config.disabled.get(name).map(|disabled| format!(" enabled (see {})", disabled.by)).unwrap_or_default();
            Err(Failure::new(Kind::Usage, format!("there is no mirror {name}{by}")).hint("cargo mirror list"))
        }
    }
}

fn seen(select: &Select, source: &Source) -> Record {
    let record = |service| select.health.record(&source.name, service);
    match record(Service::Crates) {
        none if none == Record::default() => record(Service::CargoIndex),
        record => record,
    }
}

/// A mirror, as a question lists it.
fn row(select: &Select, source: &Source) -> String {
    let record = seen(select, source);
    let first = record.first_byte.map(|seconds| format!("{:.0} ms", seconds * 1000.0));
    let rate = record.goodput.map(report::rate);
    let measured: Vec<String> = [first, rate].into_iter().flatten().collect();
    let what = match measured.is_empty() {
        true if record == Record::default() => "not measured yet".to_owned(),
        true => source.reason.to_owned(),
        false => measured.join(", "),
    };
    format!("{} ({}): {what}", source.name, source.operator)
}

/// As cargo names it; the slash at the end is not optional (The Cargo Book, "Registry index").
fn index(mirror: &Mirror) -> Result<String, Failure> {
    let address = mirror.cargo.as_ref().map(Address::expose);
    let address =
        address.ok_or_else(|| Failure::new(Kind::Internal, format!("mirror {} without an index", mirror.name)))?;
    let slash = if address.as_str().ends_with('/') { "" } else { "/" };
    Ok(format!("sparse+{address}{slash}"))
}

fn warn(plan: &Plan) {
    let place = |found: &Replacement| format!("{}: crates-io is replaced with `{}`", found.found.place(), found.source);
    if let Some(shadow) = &plan.shadow {
        report::warn(&format!("{}, which wins over {} here", place(shadow), plan.file.display()));
    }
    if let Some(taken) = plan.before.as_ref().filter(|before| before.kind != ReplacedBy::Ours) {
        report::warn(&format!("{}, which this takes over; undo brings it back", place(taken)));
    }
}

fn notes(plan: &Plan, index: &str) -> Result<(), Failure> {
    let before = plan.before.as_ref().filter(|before| before.target.as_deref().is_none_or(|target| target != index));
    if before.is_some() {
        report::line(
            "note: cargo keeps what it downloads by address, so the next build downloads again, and `--offline` fails until then",
        )?;
    }
    if plan.git {
        report::line("note: git's rules lead to mirror:: addresses, so cargo leaves git dependencies to git")?;
    }
    report::line("note: for publish, login, search, owner and yank: `cargo mirror off -- COMMAND`")
}

/// rustup's variables.
fn offer(env: &Environment, mirror: &Mirror) -> Result<(), Failure> {
    match &mirror.rustup {
        Some(server) => report::line(&rustup::lines(server, env.var("SHELL"))),
        None => Ok(()),
    }
}
