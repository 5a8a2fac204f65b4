//! Histories of git, the repositories made of them, and whether two are the same.

mod import;
mod repository;
mod sizes;
mod shapes;
mod recipes;
mod random;
mod same;

pub(crate) use import::{Change, Import};
pub use random::{RandomHistory, grow};
pub use recipes::{AUTOGLM, AUTOGLM_ASSETS, History, Submodule};
pub use repository::Repository;
pub use same::{
    assert_fsck_clean, assert_same_reachable, assert_same_repository, assert_same_repository_but, assert_same_stored,
    assert_whole_store,
};
