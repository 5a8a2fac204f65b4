//! The house stays as ARCHITECTURE.md draws it.

mod code;
mod order;
mod shape;
mod doors;
mod words;
