//! Conversations driven by hand, in one program.

mod asked_outside;
