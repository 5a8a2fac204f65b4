//! `cargo mirror setup git`: plan, show, ask, apply.

use mirror_config::{config::LazyConfig, errors::Failure, system::Environment};

use crate::{
    change::Turn,
    cli::SetupGit,
    git::{Prefix, setup},
    report,
    system::programs,
    terminal::prompt,
};

pub(super) fn set_up(env: &Environment, config: &LazyConfig<'_>, asked: &SetupGit) -> Result<(), Failure> {
    let prefix = match asked.transparent {
        true => Some(Prefix::of(config.get()?)?),
        false => None,
    };
    let rules = if prefix.is_some() { setup::rules(env)? } else { Vec::new() };
    let plan = setup::plan(env, &setup::wanted(prefix.as_ref(), &rules)?)?;
    let file = plan.file.display().to_string();
    if programs::helper(env).is_none() {
        report::warn(programs::HELPER_MISSING);
    }
    if plan.is_empty() {
        return report::line(&format!("nothing to do: {file} is set up already"));
    }
    report::diff(&plan.diff())?;
    if asked.dry_run {
        return report::line("dry run: nothing was changed");
    }
    if !asked.yes && !prompt::confirm(env, &format!("Change {file}?"))? {
        return report::line("nothing was changed");
    }
    Turn::take(env, setup::TOOL)?.apply(&[plan], &[])?;
    report::line(&format!("changed {file}; `cargo mirror undo git` takes it back"))?;
    prefix.map_or(Ok(()), |prefix| notes(&prefix))
}

/// What one global configuration cannot do for other programs that obey its rules.
fn notes(prefix: &Prefix) -> Result<(), Failure> {
    let Prefix { upstream, address } = prefix;
    let direct = prefix.direct();
    report::line(&format!("note: `{direct}owner/repo` means {upstream} itself, without mirrors"))?;
    report::line(&format!(
        "note: git-lfs downloads obey the rule too and fail; where a repository uses LFS, clone with\n  \
         git clone -c lfs.url={direct}OWNER/REPO.git/info/lfs {address}OWNER/REPO.git\n\
         or, once cloned, set\n  \
         git config lfs.url {direct}OWNER/REPO.git/info/lfs"
    ))?;
    report::line(
        "note: cargo's own git cannot use mirror:: addresses; with git dependencies set `net.git-fetch-with-cli = true`",
    )
}
