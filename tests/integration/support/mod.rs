//! Whether the support does what it says; no program of this workspace is under test here.

mod servers;
mod histories;
mod registry;
mod simple_index;
