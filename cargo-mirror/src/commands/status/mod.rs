//! `cargo mirror status`: what is set for each tool, and where each value comes from.

mod cargo;
mod git;

use mirror_config::{environment::Environment, failure::Failure};

use crate::{
    cli::{Status, StatusTool},
    report,
};

pub(super) fn status(env: &Environment, asked: &Status) -> Result<(), Failure> {
    match asked.tool {
        Some(StatusTool::Cargo(output)) => report::cargo_status(&cargo::read(env)?, output.json),
        Some(StatusTool::Git(output)) => {
            let (status, warnings) = git::read(env)?;
            report::git_status(&status, output.json)?;
            warnings.iter().for_each(|warning| report::warn(warning));
            Ok(())
        }
        None => {
            let (cargo, (git, warnings)) = (cargo::read(env)?, git::read(env)?);
            report::statuses(&cargo, &git, asked.output.json)?;
            warnings.iter().for_each(|warning| report::warn(warning));
            Ok(())
        }
    }
}
