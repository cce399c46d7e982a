//! What happens to one call: how the number rings and answers, and what the callee then does.

/// A provisional answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ring {
    /// After the INVITE or the answer before, ms.
    pub after_ms: u64,
    /// 180 or 183, or 100 from a trunk that has rung nobody yet.
    pub code: u16,
    /// Whether it carries a session description, and with it early media.
    pub early: bool,
}

/// How the INVITE ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Door {
    /// 200 with a description that answers the offer.
    #[default]
    Answer,
    /// 200 with a description that shares no codec with the offer.
    NoCodec,
    /// 200 without any description.
    NoDescription,
    /// A final refusal with this code.
    Refuse(u16),
    /// It rings for ever.
    Never,
    /// Nothing comes back; the transaction times out.
    TimeOut,
    /// It cannot be sent.
    Unsendable,
}

/// One thing a callee does; times are in ms of media time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Waits so long.
    Wait(u64),
    /// Says these words, which take so long. Words that begin with `?` cannot be understood.
    Say(&'static str, u64),
    /// A door, a cough, a car for so long: loud, and no voice.
    Noise(u64),
    /// Waits until we have spoken since the callee's last words and were then silent so long.
    AwaitPause(u64),
    /// Waits until we have been speaking so long without a pause.
    AwaitInto(u64),
    /// Presses a key.
    Key(char),
    /// The tone of an answering machine.
    Beep,
    /// Its packets stop, and it never says BYE.
    Vanish,
    /// Its packets come back.
    Return,
    /// Says BYE.
    HangUp,
}

/// What goes wrong in the signalling of one call; times are in ms after the answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mischief {
    /// The 200 comes again, as of a second fork or because our ACK was lost.
    pub answers_again: Option<u64>,
    /// A provisional answer comes after the final one.
    pub rings_late: Option<u64>,
    /// A final refusal comes after the answer.
    pub refuses_late: Option<u64>,
    /// The peer's BYE crosses ours.
    pub byes_cross: bool,
    /// The end is told once more, so much later, and otherwise.
    pub ends_again: Option<u64>,
    /// The peer answers neither CANCEL nor BYE: the transaction times out.
    pub deaf: bool,
    /// Re-INVITEs, with an offer or without.
    pub reoffers: Vec<(u64, Reoffer)>,
    /// Early media stops so long after it began.
    pub early_stops: Option<u64>,
}

/// How the callee's packets travel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Network {
    /// What happens to which packet follows from it.
    pub seed: u64,
    /// Packets of a thousand that never arrive.
    pub loss_permille: u32,
    /// Packets of a thousand that come twice.
    pub twice_permille: u32,
    /// Packets of a thousand that come behind later ones.
    pub late_permille: u32,
    /// How long each takes, ms.
    pub delay_ms: u64,
    /// How much longer at most, ms.
    pub jitter_ms: u64,
    /// Whether a whole leg stands at our end, as on a lane: it listens by itself, and our own
    /// packets travel through the network, too. Otherwise it only receives.
    pub whole_leg: bool,
}

/// What a re-INVITE of the peer carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reoffer {
    /// A description that can be answered.
    Usable,
    /// One without a codec of ours.
    NoCodec,
    /// Something that is no description.
    Garbage,
    /// Nothing: it asks for ours.
    Nothing,
}

/// The plan of one call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Provisional answers in order.
    pub rings: Vec<Ring>,
    /// After the last of them, ms.
    pub door_after_ms: u64,
    /// How the INVITE ends.
    pub door: Door,
    /// A 200 crosses our CANCEL on the wire.
    pub crossing: bool,
    /// What goes wrong besides.
    pub mischief: Mischief,
    /// The network between the callee and us; perfect if absent.
    pub network: Option<Network>,
    /// What the callee does from the answer on.
    pub acts: Vec<Act>,
}

impl Plan {
    /// Rings after 200 ms and is answered `ring_ms` later by a callee who does `acts`.
    pub fn answered(ring_ms: u64, acts: &[Act]) -> Self {
        Self {
            rings: vec![Ring { after_ms: 200, code: 180, early: false }],
            door_after_ms: ring_ms,
            acts: acts.to_vec(),
            ..Self::default()
        }
    }

    /// Rings after 200 ms and comes to this end `ring_ms` later.
    pub fn ending(ring_ms: u64, door: Door) -> Self {
        Self { door, ..Self::answered(ring_ms, &[]) }
    }

    /// Comes to this end after `ms` without ringing.
    pub fn unrung(ms: u64, door: Door) -> Self {
        Self { door_after_ms: ms, door, ..Self::default() }
    }
}
