//! `cargo mirror setup pip`: links to the shim, an index in `pip.conf` if that is wanted, and what is left to a person.

use std::path::Path;

use mirror_config::{
    config::LazyConfig,
    errors::{Failure, Kind},
    model::{Mirror, Service},
    select::{Record, Select},
    system::Environment,
};

use crate::{
    change::{Edit, Link, Turn, turn},
    cli::SetupPip,
    pip::setup::{self, Conf, Shims},
    report,
    system::programs,
    terminal::{Shell, prompt},
};

/// What is to be done.
struct Plan {
    links: Vec<Link>,
    conf: Option<Conf>,
}

impl Plan {
    /// Plans from what is there now; with a mirror for `pip.conf`, if it is to have one.
    fn make(env: &Environment, shim: &Path, mirror: Option<&Mirror>) -> Result<Self, Failure> {
        let known = turn::record(env, &setup::TOOL)?;
        let links = setup::links(env, shim, &known)?;
        let index = mirror.and_then(|mirror| mirror.pypi.as_ref());
        let conf = index.map(|index| setup::plan_conf(env, index)).transpose()?;
        Ok(Self { links, conf })
    }

    fn edits(&self) -> Vec<Edit> {
        self.conf.iter().map(|conf| conf.edit.clone()).collect()
    }

    fn is_empty(&self) -> bool {
        self.links.iter().all(Link::is_empty) && self.conf.iter().all(|conf| conf.edit.is_empty())
    }

    fn show(&self) -> Result<(), Failure> {
        for link in self.links.iter().filter(|link| !link.is_empty()) {
            let instead = link.before.as_ref().map(|before| format!(", instead of {}", before.display()));
            let (path, target) = (link.path.display(), link.target.display());
            report::line(&format!("link {path} -> {target}{}", instead.unwrap_or_default()))?;
        }
        for conf in self.conf.iter().filter(|conf| !conf.edit.is_empty()) {
            report::diff(&conf.edit.diff())?;
        }
        Ok(())
    }
}

/// `setup pip`.
pub(super) fn set_up(env: &Environment, config: &LazyConfig<'_>, asked: &SetupPip) -> Result<(), Failure> {
    let shim = programs::pip_shim(env).ok_or_else(programs::pip_shim_missing)?;
    let select = Select::new(config.get()?, env)?;
    let chosen = match &asked.mirror {
        Some(name) => setup::named(&select.config, name),
        None => setup::best(&select),
    };
    // Without `--pip-conf` a mirror is only for what is said at the end.
    let mirror = if asked.pip_conf || asked.mirror.is_some() { Some(chosen?) } else { chosen.ok() };
    let for_conf = mirror.as_ref().filter(|_| asked.pip_conf);
    let measured = |mirror: &Mirror| select.health.record(&mirror.name, Service::PypiIndex) != Record::default();
    let may_ask = !asked.yes && !asked.dry_run && !asked.pip_conf && env.stderr_is_terminal();
    let needed = mirror.as_ref().filter(|_| asked.mirror.is_none() && (asked.pip_conf || may_ask));
    if needed.is_some_and(|mirror| !measured(mirror)) {
        report::warn("this mirror was not measured yet, so another may be better: `cargo mirror probe pip` measures");
    }
    // Without a question in between, everything happens in one turn, so that many at once all succeed.
    let turn = (asked.yes && !asked.dry_run).then(|| Turn::take(env, setup::TOOL)).transpose()?;
    let mut plan = Plan::make(env, &shim, for_conf)?;
    if let Some(mirror) = mirror.as_ref().filter(|_| may_ask)
        && let Some(with_conf) = offer(env, &shim, mirror)?
    {
        plan = with_conf;
    }
    let shims = Shims::read(env)?;
    if plan.is_empty() {
        let file = plan.conf.as_ref().map(|conf| format!(", and {} has the index", conf.edit.file.display()));
        let (folder, file) = (shims.folder.display(), file.unwrap_or_default());
        report::line(&format!("nothing to do: the links in {folder} lead to pip-shim already{file}"))?;
        return rest(env, &shims, mirror.as_ref(), &plan);
    }
    plan.show()?;
    if asked.dry_run {
        return report::line("dry run: nothing was changed");
    }
    if !asked.yes && !prompt::confirm(env, "Make these changes?")? {
        return report::line("nothing was changed");
    }
    let turn = turn.map_or_else(|| Turn::take(env, setup::TOOL), Ok)?;
    turn.apply(&plan.edits(), &plan.links)?;
    report::line("pip is set up; `cargo mirror undo pip` takes it back")?;
    rest(env, &Shims::read(env)?, mirror.as_ref(), &plan)
}

/// `setup all`: where the shim is not installed, pip is not wanted.
pub(super) fn among_others(env: &Environment, config: &LazyConfig<'_>, asked: &SetupPip) -> Result<(), Failure> {
    if programs::pip_shim(env).is_some() {
        return set_up(env, config, asked);
    }
    let missing = programs::pip_shim_missing();
    let hint = missing.hint.unwrap_or_default();
    report::warn(&format!("pip is left as it is: {}; `{hint}`, then `cargo mirror setup pip`", missing.what));
    Ok(())
}

/// Asks whether `pip.conf` is to have an index as well, where nothing speaks against it.
fn offer(env: &Environment, shim: &Path, mirror: &Mirror) -> Result<Option<Plan>, Failure> {
    let plan = match Plan::make(env, shim, Some(mirror)) {
        Ok(plan) => plan,
        Err(failure) if failure.kind == Kind::Config => {
            report::line(&format!("note: pip.conf stays as it is: {}", failure.what))?;
            return Ok(None);
        }
        Err(failure) => return Err(failure),
    };
    if plan.conf.as_ref().is_some_and(|conf| conf.edit.is_empty()) {
        return Ok(Some(plan));
    }
    let question =
        format!("Also have `python -m pip`, virtual environments and pipx use {}, by pip.conf?", mirror.name);
    Ok(prompt::confirm(env, &question)?.then_some(plan))
}

/// What no program does for a person, or what they should know.
fn rest(env: &Environment, shims: &Shims, mirror: Option<&Mirror>, plan: &Plan) -> Result<(), Failure> {
    let shell = Shell::of(env.var("SHELL"));
    if !shims.in_front() {
        let place = match (shims.on_path, shims.before()) {
            (true, Some(before)) => format!("is on PATH behind {}", before.display()),
            _ => "is not on PATH yet".to_owned(),
        };
        let line = shell.in_front(&shims.folder, env.home().as_deref());
        report::line(&format!(
            "{} {place}: paste this line, and keep it at the end of {}, behind pyenv's or conda's:\n  {line}",
            shims.folder.display(),
            shell.file()
        ))?;
    }
    match &plan.conf {
        None => report::line(
            "note: `python -m pip`, an activated environment's own pip and pipx do not come by the shim: `cargo mirror setup pip --pip-conf`",
        )?,
        Some(conf) if conf.hidden => report::warn(&format!(
            "PIP_CONFIG_FILE is set, so pip does not read {} in this shell",
            conf.edit.file.display()
        )),
        Some(_) => {
            report::line("note: without the shim, pip checks what it downloads against the mirror's own word only")?
        }
    }
    let index = mirror.and_then(|mirror| mirror.pypi.as_ref()).filter(|_| env.var("UV_DEFAULT_INDEX").is_none());
    if let Some(index) = index {
        let line = shell.set("UV_DEFAULT_INDEX", index.expose().as_str());
        let file = shell.file();
        report::line(&format!(
            "uv reads nothing of pip's; it uses this mirror with this line, which lasts in {file}:\n  {line}"
        ))?;
    }
    Ok(())
}
