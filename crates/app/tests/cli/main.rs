//! The command line as its users meet it: the compiled program against a server made of sockets.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a stage may panic as its tests may")]

mod accounts;
mod arguments;
mod exits;
mod help;
mod results;
mod stage;
