//! The house stays as ARCHITECTURE.md draws it.

mod code;
mod order;
mod shape;
mod doors;
mod streams;
mod names;
mod packages;
mod words;
