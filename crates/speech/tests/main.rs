//! The embedded recognizer, extractor and responder against tables of what people say.

mod dialogues;
mod replies_are_recognized;
mod requirements;
mod requirements_table;
