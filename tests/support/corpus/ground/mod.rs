//! What a case stands on: places that tell the truth first and lie then, for each tool.

mod places;
mod git;
mod web;
mod cargo;
mod pip;

pub(crate) use git::GitGround;
pub use pip::has_pip;
pub(crate) use places::Ground;
pub(crate) use web::WebGround;
