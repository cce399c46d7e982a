//! The ways a call can end, each from the end that begins it.

use std::time::Duration;

use domain::{CallLimits, EndWhat};

use crate::scripted::Script;

/// One way.
#[derive(Debug)]
pub struct Branch {
    /// What it is called in the report.
    pub name: &'static str,
    /// Who is called (last three digits of the lab's numbers).
    pub persona: &'static str,
    /// How the models take it.
    pub script: Script,
    /// When the owner hangs up, ms; the second number is a spread over calls.
    owner: Option<(u64, u64)>,
    /// Counted from the answer; else from the order.
    pub from_answer: bool,
    /// A limit that is to be reached.
    limit: Limit,
    /// Every end that is right.
    pub wanted: &'static [EndWhat],
}

#[derive(Clone, Copy, Debug)]
enum Limit {
    None,
    Ring(u32),
    Call(u32),
    Media(u32),
}

impl Branch {
    /// Limits of its calls.
    pub fn limits(&self, usual: CallLimits) -> CallLimits {
        match self.limit {
            Limit::None => usual,
            Limit::Ring(ring_s) => CallLimits { ring_s, ..usual },
            Limit::Call(call_s) => CallLimits { call_s, ..usual },
            Limit::Media(media_timeout_s) => CallLimits { media_timeout_s, ..usual },
        }
    }

    /// When the owner of its `n`th call hangs up.
    pub fn hang_up(&self, n: u64) -> Option<Duration> {
        let (after, spread) = self.owner?;
        Some(Duration::from_millis(after + n.wrapping_mul(7_919) % spread.max(1)))
    }
}

const fn by(
    name: &'static str,
    persona: &'static str,
    script: Script,
    wanted: &'static [EndWhat],
) -> Branch {
    Branch { name, persona, script, owner: None, from_answer: false, limit: Limit::None, wanted }
}

const fn owner(
    name: &'static str,
    persona: &'static str,
    (after, spread): (u64, u64),
    wanted: &'static [EndWhat],
) -> Branch {
    Branch { owner: Some((after, spread)), ..by(name, persona, Script::Short, wanted) }
}

const fn owner_in_talk(
    name: &'static str,
    persona: &'static str,
    after: (u64, u64),
    wanted: &'static [EndWhat],
) -> Branch {
    Branch { from_answer: true, ..owner(name, persona, after, wanted) }
}

const fn limited(
    name: &'static str,
    persona: &'static str,
    limit: Limit,
    wanted: &'static [EndWhat],
) -> Branch {
    Branch { limit, ..by(name, persona, Script::Short, wanted) }
}

use EndWhat::{
    CalleeHungUp, Canceled, ConnectionLost, IdentityNotConfirmed, InvalidNumber, MaxDuration,
    NoAnswer, OptedOut, OwnerHungUp, RingTimeout, Silence, TaskDone, Unreachable,
};

/// All of them, in the order in which they are called.
pub const BRANCHES: &[Branch] = &[
    by("486 at once", "002", Script::Short, &[EndWhat::Busy]),
    by("180, then 603", "009", Script::Short, &[EndWhat::Declined]),
    by("183, announcement, 404", "010", Script::Short, &[InvalidNumber]),
    by("183, announcement, 480", "021", Script::Short, &[NoAnswer, Unreachable]),
    limited("rings, we give up: CANCEL", "003", Limit::Ring(3), &[RingTimeout]),
    owner("owner ends it before the INVITE or just after", "003", (0, 40), &[Canceled]),
    owner("owner ends it while it rings: CANCEL", "003", (1_000, 500), &[Canceled]),
    owner("owner ends it as it is answered", "000", (1_450, 120), &[Canceled, OwnerHungUp]),
    owner_in_talk("owner ends it in talk: our BYE", "000", (500, 1_500), &[OwnerHungUp]),
    owner_in_talk("both ends hang up", "006", (1_000, 500), &[OwnerHungUp, CalleeHungUp]),
    by("callee hangs up: their BYE", "006", Script::Short, &[CalleeHungUp]),
    by("delivered: our BYE", "000", Script::Short, &[TaskDone, CalleeHungUp]),
    by("delivered after early media", "017", Script::Short, &[TaskDone, CalleeHungUp]),
    by("wrong person", "001", Script::Denied, &[IdentityNotConfirmed, CalleeHungUp]),
    by("opts out", "008", Script::OptOut, &[OptedOut, CalleeHungUp]),
    by("a key confirms", "014", Script::Short, &[TaskDone, CalleeHungUp]),
    by("re-INVITE: hold and codec", "025", Script::Short, &[TaskDone, CalleeHungUp]),
    by("voicemail with a tone", "004", Script::Short, &[EndWhat::Voicemail]),
    by("nobody speaks", "007", Script::Short, &[Silence]),
    limited("the time is over", "007", Limit::Call(5), &[MaxDuration, Silence]),
    limited("their RTP stops, no BYE", "019", Limit::Media(3), &[ConnectionLost]),
];
