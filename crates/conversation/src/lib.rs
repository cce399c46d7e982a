//! Turn-taking without models.
//!
//! Speech activity and transcripts come in; turns, the floor (playlists, barge-in, pause), the
//! identity gate and wishes for recognition, judgement, replies and speech go out. There is no
//! audio here, no SIP and no HTTP: [`Conversation`] takes [`Input`]s with the time and gives
//! [`Output`]s, so the same code runs under a real call, under virtual time and in replay.
//!
//! - [`floor::Floor`] plays lines and knows what of them was heard.
//! - A [`director::Director`] is asked cues and answers with steps, at once or, through an
//!   enquiry, later; [`BuiltIn`] is the one with goal, gate and responder.
//!
//! There is one law: after every [`Conversation::handle`], drain [`Conversation::poll_output`],
//! then wait for the next input or for [`Conversation::next_deadline`], whichever comes first.
//!
//! ```
//! use conversation::director::{Answer, Cue, Director, Step, Tag};
//! use conversation::floor::{FloorOutput, OnSpeech};
//! use conversation::{Conversation, Input, Output, SpeechClass};
//! use domain::Now;
//!
//! /// Greets, and has nothing else to say.
//! struct Greeter;
//!
//! impl Director for Greeter {
//!     fn name(&self) -> &'static str {
//!         "greeter"
//!     }
//!     fn prepare(&mut self) -> Vec<Step> {
//!         let lines = vec![(SpeechClass::Neutral, "Hello.".to_owned())];
//!         vec![Step::Say { tag: Tag(1), lines, on_speech: OnSpeech::Pause }]
//!     }
//!     fn cue(&mut self, cue: Cue) -> Answer {
//!         let steps = if cue == Cue::Opened { vec![Step::Open] } else { Vec::new() };
//!         Answer::Steps(steps)
//!     }
//! }
//!
//! let mut talk = Conversation::new(Box::new(Greeter), 8_000);
//! let mut asked = Vec::new();
//! for (at, input) in [(0, Input::Tick), (500, Input::Opened)] {
//!     let now = Now::from_millis(at);
//!     talk.prepare(now);
//!     talk.handle(now, input);
//!     while let Some(output) = talk.poll_output() {
//!         if let Output::Floor(FloorOutput::Speak { text, .. }) = output {
//!             asked.push((at, text));
//!         }
//!     }
//! }
//! // It is made before the answer, and heard after it.
//! assert_eq!(asked, [(0, "Hello.".to_owned())]);
//! assert_eq!(talk.next_deadline(), None);
//! ```

mod builtin;
mod collect;
mod conversation;
mod cues;
pub mod director;
mod exchange;
pub mod floor;
mod hearing;
mod marks;
mod patience;
mod sentences;
mod stopwatch;
mod words;

pub use builtin::{BuiltIn, Meaning, Phrases, Prompt, Question};
pub use conversation::{Conversation, UNCLEAR_TEXT};
pub use exchange::{HeardText, Input, Output, ReplyOutcome};
pub use words::{Certainty, Expect, LineTone, Said, SpeechClass};
