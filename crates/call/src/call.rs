//! The call itself: routes inputs to its phase and holds what every phase needs.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use conversation::director::Director;
use conversation::{Conversation, Input as TalkInput, Output as TalkOutput};
use domain::{
    Brief, CallEnded, CallId, CallRequest, EndReason, EndWhat, Event, LegEnded, LegId, LegQuality,
    MediaTime, MicroYuan, Milestones, Now, Price, Texts, WallTime, Who,
};
use media::leg::{LegCommand, LegEvent};
use media::profile::MediaProfile;
use media::sdp::Negotiated;
use media::srtp::OurKeys;

use crate::keys::Keys;
use crate::phase::{Phase, Preparing};
use crate::signal::{TrunkCommand, TrunkEvent};
use crate::wire::Described;

/// Both clocks at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Moment {
    /// For waiting.
    pub now: Now,
    /// For the record.
    pub wall: WallTime,
}

/// Everything that is decided before a call is begun.
#[derive(Clone, Debug)]
pub struct CallPlan {
    /// Which call.
    pub call: CallId,
    /// What was asked for.
    pub request: CallRequest,
    /// What it costs.
    pub price: Price,
    /// What is held for it.
    pub hold: MicroYuan,
    /// Which trunk carries it.
    pub trunk: Arc<str>,
    /// Whether that trunk reaches no telephone.
    pub simulated: bool,
    /// The number shown.
    pub caller: Option<String>,
    /// Which process carries it.
    pub node: String,
    /// Whether a machine is left one neutral sentence.
    pub voicemail_message: bool,
    /// Makes the session description's id unique.
    pub session_id: u64,
    /// What the trunk wants of its media.
    pub media: Arc<MediaProfile>,
    /// Our keys for encrypted media; needed unless the trunk's media is plain.
    pub keys: Option<OurKeys>,
}

/// What a call is told.
#[derive(Clone, Debug)]
pub enum Input {
    /// Begin: there is a free line.
    Begin,
    /// The judge drew this from the requirement; `None` if it failed.
    Briefed(Option<(Brief, &'static str)>),
    /// The awaited event of this kind is durable, or could not be written.
    Committed(Awaited, bool),
    /// From the trunk.
    Trunk(LegId, TrunkEvent),
    /// From the lane.
    Media(LegId, MediaEvent),
    /// For the talk: answers of recognizer, judge, responder and synthesizer, and of whoever is
    /// asked for the director.
    Talk(conversation::Input),
    /// Somebody wants it to end.
    HangUp(EndWhat, Who),
    /// The hold now covers this many seconds of connected time; `None` if it was refused.
    HoldExtended(Option<u32>),
    /// Nothing happened; deadlines may have passed.
    Tick,
}

/// Events that are acted on only when they are durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Awaited {
    /// `DialStarted`: before any INVITE.
    Dial,
    /// `CallEnded`: before the call is forgotten.
    End,
    /// Anything else.
    Other,
}

/// What a lane is told about one leg.
#[derive(Debug)]
pub enum MediaCommand {
    /// Open sockets; answered by [`MediaEvent::Opened`] or [`MediaEvent::OpenFailed`].
    Open {
        /// Whether to record from the answer on.
        record: bool,
    },
    /// Exchange media as agreed; packets of these addresses only.
    Connect(Box<Negotiated>, Vec<IpAddr>),
    /// The answer: media time begins.
    Answered,
    /// For the leg itself.
    Leg(LegCommand),
    /// Close; answered by [`MediaEvent::Closed`].
    Close,
}

/// What a lane tells about one leg.
#[derive(Clone, Debug)]
pub enum MediaEvent {
    /// The peer shall send to this address.
    Opened(SocketAddr),
    /// No port or no socket.
    OpenFailed,
    /// From the leg itself.
    Leg(LegEvent),
    /// Packets from the peer stopped for a second, or came back.
    Flowing(bool),
    /// Nothing follows.
    Closed(LegQuality),
}

/// What a call wants done.
#[derive(Debug)]
pub enum Output {
    /// Draw a brief from the requirement.
    Brief,
    /// For the trunk.
    Signal(LegId, TrunkCommand),
    /// For the lane.
    Media(LegId, MediaCommand),
    /// From the talk: recognition, judgement, reply, synthesis, enquiries. Never journal or
    /// hang-up.
    Talk(TalkOutput),
    /// For the journal, with the media time in ms once the call is answered.
    Journal(Event, Texts, Option<u64>),
    /// Hold this much more, for connected time up to so many seconds.
    ExtendHold(MicroYuan, u32),
    /// The call is over and recorded; forget it.
    Done,
}

/// One outbound call. See the crate.
pub struct Call {
    pub(crate) plan: CallPlan,
    pub(crate) phase: Phase,
    pub(crate) talk: Conversation,
    pub(crate) brief: Brief,
    pub(crate) milestones: Milestones,
    pub(crate) rang: bool,
    pub(crate) local: Option<SocketAddr>,
    /// Where signalling came from last; media from there is acceptable.
    pub(crate) signalling: Option<IpAddr>,
    pub(crate) described: Described,
    pub(crate) keys: Keys,
    pub(crate) media_ms: Option<u64>,
    out: VecDeque<Output>,
}

impl Call {
    /// A call that waits for [`Input::Begin`] and is led by `director`.
    pub fn new(plan: CallPlan, director: Box<dyn Director>) -> Self {
        let talk = Conversation::new(director, plan.request.terms.turn.mute_ms);
        let brief = Brief { language: plan.request.terms.turn.language, ..Brief::default() };
        Self {
            phase: Phase::Preparing(Preparing::new(talk.needs().before)),
            talk,
            brief,
            plan,
            milestones: Milestones::default(),
            rang: false,
            local: None,
            signalling: None,
            described: Described::default(),
            keys: Keys::default(),
            media_ms: None,
            out: VecDeque::new(),
        }
    }

    /// Which call.
    pub fn id(&self) -> CallId {
        self.plan.call
    }

    /// Takes one input; then drain [`Call::poll_output`].
    pub fn handle(&mut self, at: Moment, input: Input) {
        match input {
            Input::Begin => self.begin(),
            Input::Briefed(brief) => self.briefed(brief),
            Input::Committed(what, ok) => self.committed(at, what, ok),
            Input::Trunk(leg, event) => self.trunk(at, leg, event),
            Input::Media(leg, event) => self.media(at, leg, event),
            Input::Talk(input) => self.talk_input(at, input),
            Input::HangUp(what, who) => self.hang_up(at, EndReason::new(what, who)),
            Input::HoldExtended(until) => self.hold_extended(until),
            Input::Tick => self.talk_input(at, conversation::Input::Tick),
        }
        self.deadlines(at);
    }

    /// The next thing to be done.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// When [`Input::Tick`] is due.
    pub fn next_deadline(&self) -> Option<Now> {
        let talk = if self.is_recorded() { None } else { self.talk.next_deadline() };
        self.phase.deadline().into_iter().chain(talk).min()
    }

    /// Whether the callee was reached and the call still runs.
    pub fn is_talking(&self) -> bool {
        matches!(self.phase, Phase::Talking(_))
    }

    pub(crate) fn is_recorded(&self) -> bool {
        matches!(&self.phase, Phase::Ending(e) if e.is_recorded())
    }

    /// Whether nobody was dialled and nothing was asked to be durable for that: the call could as
    /// well wait in the queue.
    pub fn is_waiting(&self) -> bool {
        matches!(&self.phase, Phase::Preparing(p) if !p.is_asked())
    }

    pub(crate) fn push(&mut self, output: Output) {
        self.out.push_back(output);
    }

    pub(crate) fn signal(&mut self, command: TrunkCommand) {
        self.push(Output::Signal(LegId::CALLEE, command));
    }

    pub(crate) fn lane(&mut self, command: MediaCommand) {
        self.push(Output::Media(LegId::CALLEE, command));
    }

    pub(crate) fn journal(&mut self, event: Event, texts: Texts) {
        let media_ms = self.media_ms;
        self.push(Output::Journal(event, texts, media_ms));
    }

    pub(crate) fn texts_of_target(&self) -> Texts {
        Texts {
            target: Some(self.plan.request.target.clone()),
            caller: self.plan.caller.clone(),
            ..Texts::default()
        }
    }

    /// Notes the latest media time, for the journal.
    pub(crate) fn heard_until(&mut self, at: MediaTime) {
        let ms = at.as_millis();
        self.media_ms = Some(self.media_ms.map_or(ms, |m| m.max(ms)));
    }

    fn talk_input(&mut self, at: Moment, input: TalkInput) {
        if self.is_recorded() {
            return;
        }
        let made = matches!(input, TalkInput::Made(..));
        self.talk.handle(at.now, input);
        self.drain_talk(at);
        if made {
            self.first_item();
        }
    }

    pub(crate) fn drain_talk(&mut self, at: Moment) {
        while let Some(output) = self.talk.poll_output() {
            match output {
                TalkOutput::Journal(event, texts) => self.journal(event, texts),
                TalkOutput::HangUp(what) => {
                    self.hang_up(at, EndReason::new(what, what.author()));
                }
                TalkOutput::Floor(output) => self.floor(output),
                other => self.push(Output::Talk(other)),
            }
        }
    }

    /// The facts of the end, for `LegEnded` and `CallEnded`.
    pub(crate) fn journal_end(&mut self, reason: EndReason, e: EndFacts) {
        let quality = e.quality.unwrap_or_default();
        if e.dialled {
            let leg = LegEnded { leg: LegId::CALLEE, reason, quality };
            self.journal(Event::LegEnded(leg), Texts::default());
        }
        let billable = !reason.what.is_platform_fault();
        let charge = if billable { self.plan.price.charge(e.duration_s) } else { MicroYuan::ZERO };
        self.milestones.ended_at = Some(e.ended);
        let ended = CallEnded {
            status: reason.what.status(),
            reason,
            identity: e.identity,
            duration_s: e.duration_s,
            charge: charge.min(self.plan.hold),
            hold: self.plan.hold,
            milestones: self.milestones,
            recording_follows: self.plan.request.terms.record && e.answered,
        };
        self.journal(Event::CallEnded(ended), Texts::default());
    }

    /// Who the call is for, if known.
    pub fn brief(&self) -> &Brief {
        &self.brief
    }

    /// What was asked for.
    pub fn request(&self) -> &CallRequest {
        &self.plan.request
    }
}

/// What the end is reckoned from.
pub(crate) struct EndFacts {
    pub(crate) ended: WallTime,
    pub(crate) dialled: bool,
    pub(crate) answered: bool,
    pub(crate) duration_s: u32,
    pub(crate) identity: domain::Identity,
    pub(crate) quality: Option<LegQuality>,
}
