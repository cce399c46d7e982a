//! One outbound call's control: prepare, dial, ring, talk, end.
//!
//! [`Call`] turns what trunk, lane, models and clocks report ([`Input`]) into what they shall do,
//! what the journal says and when it is over ([`Output`]). It does no I/O: `engine` performs the
//! outputs, so nothing in here can be slow, and the same code runs in virtual time.
//!
//! Each phase is a file under `phase/` and a variant that carries only its own data. The talk
//! itself is [`conversation::Conversation`]; limits, SIP outcomes and media wiring are small
//! neighbours of their own.
//!
//! There is one law: after every [`Call::handle`], drain [`Call::poll_output`], then wait for the
//! next input or for [`Call::next_deadline`], whichever comes first.
//!
//! ```
//! use call::{Awaited, Call, CallPlan, Input, MediaEvent, Moment, Output, signal::TrunkCommand};
//! use conversation::director::Director;
//! # use conversation::{BuiltIn, Phrases};
//! # use domain::{
//! #     Brief, CallId, CallLimits, CallRequest, Masked, MicroYuan, NumberRules, Opening, Price,
//! #     Rounding, Task, Terms, TurnSettings, VoiceChoice,
//! # };
//! use domain::{LegId, Now, WallTime};
//!
//! /// Prepares a call until its INVITE leaves; answers what it said on the way.
//! fn dial(plan: CallPlan, director: Box<dyn Director>) -> Vec<&'static str> {
//!     let mut call = Call::new(plan, director);
//!     let mut said = Vec::new();
//!     let inputs = [
//!         Input::Begin,
//!         Input::Briefed(None),
//!         Input::Media(LegId::CALLEE, MediaEvent::Opened(([127, 0, 0, 1], 20_000).into())),
//!         Input::Committed(Awaited::Dial, true),
//!     ];
//!     for (ms, input) in (0..).zip(inputs) {
//!         call.handle(Moment { now: Now::from_millis(ms), wall: WallTime(0) }, input);
//!         while let Some(output) = call.poll_output() {
//!             match output {
//!                 Output::Brief => said.push("brief"),
//!                 Output::Signal(_, TrunkCommand::Dial(_)) => said.push("dial"),
//!                 _ => {}
//!             }
//!         }
//!     }
//!     assert!(call.next_deadline().is_some(), "it does not ring for ever");
//!     said
//! }
//! # let request = CallRequest {
//! #     target: NumberRules::default().parse("13800138000").unwrap(),
//! #     task: Task::Requirement(Masked::new("The meeting is at three.".to_owned())),
//! #     alias: None,
//! #     terms: Terms {
//! #         agent: None,
//! #         voice: VoiceChoice {
//! #             model: "m".to_owned(),
//! #             voice: "v".to_owned(),
//! #             emotion: "neutral".to_owned(),
//! #             volume: 50,
//! #             speed: 50,
//! #         },
//! #         turn: TurnSettings::default(),
//! #         limits: CallLimits::default(),
//! #         record: false,
//! #     },
//! # };
//! # let plan = CallPlan {
//! #     call: CallId::from_parts(1, [0; 10]),
//! #     request,
//! #     price: Price { micro_yuan_per_minute: 0, rounding: Rounding::Second },
//! #     hold: MicroYuan::ZERO,
//! #     trunk: "t".into(),
//! #     simulated: true,
//! #     caller: None,
//! #     node: "n".to_owned(),
//! #     voicemail_message: false,
//! #     session_id: 77,
//! #     media: Default::default(),
//! #     keys: None,
//! # };
//! # let phrases = Phrases::new(&Brief::default(), "8000", false);
//! # let director = Box::new(BuiltIn::new(phrases, Opening::AfterHello, false));
//! assert_eq!(dial(plan, director), ["brief", "dial"]);
//! ```

mod call;
mod keys;
mod limits;
mod outcome;
mod phase;
pub mod signal;
mod wire;

#[cfg(test)]
mod tests;

pub use call::{Awaited, Call, CallPlan, Input, MediaCommand, MediaEvent, Moment, Output};
