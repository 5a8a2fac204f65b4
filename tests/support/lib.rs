//! Support for tests, the demo and the benchmark: real git, real servers on loopback, and a world of their own for the
//! programs of this workspace.
//!
//! Never asks the outside anything, never binds anything but 127.0.0.1, and never prints. Failures panic with all that
//! was said: this is for tests.

mod noise;

mod process;
mod sandbox;

mod import;
mod repository;
mod history;
mod random_history;
mod same;

mod fault;
mod forgery;
mod archive;
mod pace;
mod http;
mod answer;
mod bomb;
mod backend;
mod seen;
mod wire;
mod connections;
mod line;
mod shared;
mod exchange;
mod server;
mod silent;
mod front;
#[cfg(unix)]
mod squid;
mod random_fault;

mod page;
mod web;
mod files;
mod index_cache;
mod crate_stock;
mod crate_server;
mod pips;
mod wheel_stock;
mod index_server;

mod stage;
mod cargo_stage;
mod outcome;
mod processes;
mod canary;
#[cfg(unix)]
mod watch;

pub mod corpus;

pub use canary::{Canaries, Canary};
pub use cargo_stage::{CargoMirror, CargoStage, Needs};
pub use crate_server::{CrateServer, Tamper, Template};
pub use crate_stock::{CrateStock, StockCrate};
pub use fault::{Bomb, Fault, Place, Plan, Scope};
pub use files::FileServer;
pub use forgery::Forgery;
pub use front::{Certificate, SocksProxy, TlsFront};
pub use history::{AUTOGLM, AUTOGLM_ASSETS, History, Submodule};
pub use index_server::IndexServer;
pub use noise::Noise;
pub use outcome::{Outcome, outcome};
pub use page::sha256;
pub use pips::Pip;
pub use process::{Ended, PATIENCE, Ran, plain_git, run, run_until, search_path};
pub use processes::{Process, helpers_with, mark, processes, processes_with};
pub use random_fault::{Copy, apply, random_fault, random_rate};
pub use random_history::{RandomHistory, grow};
pub use repository::Repository;
pub use same::{
    assert_fsck_clean, assert_same_reachable, assert_same_repository, assert_same_repository_but, assert_same_stored,
    assert_whole_store,
};
pub use sandbox::{Sandbox, programs};
pub use seen::Seen;
pub use server::GitServer;
pub use silent::{BlackHole, SilentServer, refused_url};
#[cfg(unix)]
pub use squid::Squid;
pub use stage::{NAME, Stage, StageMirror};
#[cfg(unix)]
pub use watch::{Started, Watch};
pub use web::WebServer;
pub use wheel_stock::{StockFile, WheelStock};
