//! Support for tests, the demo and the benchmark: real git, real servers on loopback, and a world of their own for the
//! programs of this workspace.
//!
//! Never asks the outside anything, never binds anything but 127.0.0.1, and never prints. Failures panic with all that
//! was said: this is for tests.
//!
//! The folders stand in reading order, and each uses only those above it. `world` has a place for programs, runs them and
//! watches them; `history` has repositories to clone; `wire` is what all servers share, and what can go wrong on the way.
//! `git`, `web`, `cargo` and `pip` are servers, what they serve, and stages with several of them. `corpus` plays cases of
//! lies on all of them.

mod world;
mod history;
mod wire;
mod git;
mod web;
mod cargo;
mod pip;
pub mod corpus;

pub use cargo::{CargoMirror, CargoStage, CrateServer, CrateStock, Needs, StockCrate, Template};
pub use git::{
    Copy, Dialect, Forgery, GIT_2_25, GitServer, NAME, Stage, StageMirror, apply, random_fault, random_rate,
};
pub use history::{
    AUTOGLM, AUTOGLM_ASSETS, History, RandomHistory, Repository, Submodule, assert_fsck_clean, assert_same_reachable,
    assert_same_repository, assert_same_repository_but, assert_same_stored, assert_whole_store, grow,
};
pub use pip::{IndexServer, Pip, StockFile, WheelStock};
pub use web::{FileServer, Tamper, WebServer, sha256};
#[cfg(unix)]
pub use wire::Squid;
pub use wire::{
    BlackHole, Bomb, Certificate, Fault, Place, Plan, Scope, Seen, SilentServer, SocksProxy, TlsFront, refused_url,
};
pub use world::{
    Canaries, Canary, Ended, Noise, Outcome, PATIENCE, Process, Ran, Sandbox, helpers_with, mark, outcome, plain_git,
    processes, processes_with, programs, run, run_until, search_path,
};
#[cfg(unix)]
pub use world::{Openings, Started, Watch};
