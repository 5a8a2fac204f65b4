//! cargo through its relay, and what `cargo mirror` does for cargo.

mod run;
mod probe;
mod panel;
mod pin;
mod verify;
mod setup;
mod setup_faults;
mod setup_real;
mod older;
mod standing;
mod below;
mod silent;
mod outward;
