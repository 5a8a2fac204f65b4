//! `cargo mirror status`: what is set for each tool, and where each value comes from.

use mirror_config::{config::LazyConfig, errors::Failure, system::Environment};

use super::{cargo, git, pip};
use crate::{
    cli::{Status, StatusTool},
    report,
};

pub(crate) fn status(env: &Environment, config: &LazyConfig<'_>, asked: &Status) -> Result<(), Failure> {
    match asked.tool {
        Some(StatusTool::Cargo(output)) => report::cargo_status(&cargo::read(env, config)?, output.json),
        Some(StatusTool::Git(output)) => {
            let (status, warnings) = git::read(env, config)?;
            report::git_status(&status, output.json)?;
            warnings.iter().for_each(|warning| report::warn(warning));
            Ok(())
        }
        Some(StatusTool::Pip(output)) => report::pip_status(&pip::read(env)?, output.json),
        None => {
            let (cargo, (git, warnings), pip) = (cargo::read(env, config)?, git::read(env, config)?, pip::read(env)?);
            report::statuses(&cargo, &git, &pip, asked.output.json)?;
            warnings.iter().for_each(|warning| report::warn(warning));
            Ok(())
        }
    }
}
