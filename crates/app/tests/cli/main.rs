//! The command line as its users meet it: the compiled program against a server made of sockets.

mod accounts;
mod arguments;
mod exits;
mod help;
mod results;
mod stage;
