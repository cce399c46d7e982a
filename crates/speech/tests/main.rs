//! The embedded recognizer, extractor and responder against tables of what people say.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

mod dialogues;
mod replies_are_recognized;
mod requirements;
mod requirements_table;
