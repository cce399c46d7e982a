//! The `Trunk` fake: each call follows its plan, and live legs are accounted for.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use domain::{CallId, LegId, Now};
use engine::Clock;
use engine::ports::trunk::{DialOrder, LegOutcome, Trunk, TrunkCommand, TrunkEvent, TrunkEvents};
use media::sdp::LocalMedia;
use tokio::sync::mpsc;

use crate::plan::{Act, Door, Plan};

/// How long a peer takes to answer a CANCEL or BYE.
const ROUND_TRIP: Duration = Duration::from_millis(30);

/// An INVITE that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialled {
    /// For which call.
    pub call: CallId,
    /// To which number.
    pub number: String,
    /// Over which trunk.
    pub trunk: String,
    /// When.
    pub at: Now,
}

/// See the module. Clones share one trunk.
#[derive(Clone)]
pub struct FakeTrunk(Arc<Inner>);

struct Inner {
    clock: Clock,
    events: OnceLock<Arc<dyn TrunkEvents>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    plans: HashMap<String, VecDeque<Plan>>,
    acts: HashMap<CallId, Vec<Act>>,
    legs: BTreeMap<CallId, mpsc::Sender<Told>>,
    dialled: Vec<Dialled>,
    cancelled: Vec<CallId>,
}

/// What a leg is told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    Cancel,
    Bye,
    /// The callee hangs up.
    PeerBye,
}

impl FakeTrunk {
    /// A trunk without legs.
    pub fn new(clock: Clock) -> Self {
        let (events, state) = (OnceLock::new(), Mutex::default());
        Self(Arc::new(Inner { clock, events, state }))
    }

    /// Where events go; only the first one counts.
    pub fn deliver_to(&self, events: Arc<dyn TrunkEvents>) {
        let _ = self.0.events.set(events);
    }

    /// The next call to this number follows this plan. Without a plan nobody answers.
    pub fn plan(&self, number: &str, plan: Plan) {
        self.lock().plans.entry(number.to_owned()).or_default().push_back(plan);
    }

    /// Legs that are not over.
    pub fn live(&self) -> usize {
        self.lock().legs.len()
    }

    /// Every INVITE so far.
    pub fn dialled(&self) -> Vec<Dialled> {
        self.lock().dialled.clone()
    }

    /// Calls whose INVITE we cancelled.
    pub fn cancelled(&self) -> Vec<CallId> {
        self.lock().cancelled.clone()
    }

    /// What the callee of this call does.
    pub(crate) fn acts(&self, call: CallId) -> Vec<Act> {
        self.lock().acts.remove(&call).unwrap_or_default()
    }

    /// The callee says BYE.
    pub(crate) fn peer_bye(&self, call: CallId) {
        self.tell(call, Told::PeerBye);
    }

    fn tell(&self, call: CallId, told: Told) {
        if let Some(leg) = self.lock().legs.get(&call) {
            // Bound: a leg is told at most three things.
            let _ = leg.try_send(told);
        }
    }

    fn dial(&self, call: CallId, leg: LegId, order: DialOrder) {
        let number = order.target.reveal().to_owned();
        let (to, from) = mpsc::channel(8);
        let plan = {
            let mut s = self.lock();
            let plan = s.plans.get_mut(&number).and_then(VecDeque::pop_front);
            let plan = plan.unwrap_or_else(|| Plan::unrung(0, Door::Never));
            s.acts.insert(call, plan.acts.clone());
            assert!(s.legs.insert(call, to).is_none(), "one call was dialled twice");
            let (trunk, at) = (order.trunk.to_string(), self.0.clock.now());
            s.dialled.push(Dialled { call, number, trunk, at });
            plan
        };
        let line = Line { trunk: self.clone(), call, leg, offer: order.offer, told: from };
        tokio::spawn(line.run(plan));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Trunk for FakeTrunk {
    fn submit(&self, call: CallId, leg: LegId, command: TrunkCommand) {
        match command {
            TrunkCommand::Dial(order) => self.dial(call, leg, order),
            TrunkCommand::Cancel => {
                self.lock().cancelled.push(call);
                self.tell(call, Told::Cancel);
            }
            TrunkCommand::Bye => self.tell(call, Told::Bye),
            TrunkCommand::AnswerReoffer(_) => {}
        }
    }
}

/// One leg's signalling.
struct Line {
    trunk: FakeTrunk,
    call: CallId,
    leg: LegId,
    offer: String,
    told: mpsc::Receiver<Told>,
}

impl Line {
    async fn run(mut self, plan: Plan) {
        self.deliver(TrunkEvent::InviteSent);
        for ring in &plan.rings {
            if let Some(told) = self.wait(ring.after_ms).await {
                return self.give_up(told, plan.crossing).await;
            }
            let answer = ring.early.then(|| self.answer());
            let (code, signalling) = (ring.code, signalling());
            self.deliver(TrunkEvent::Progressed { code, answer, signalling });
        }
        let told = match plan.door {
            Door::Never => self.told.recv().await,
            _ => self.wait(plan.door_after_ms).await,
        };
        if let Some(told) = told {
            return self.give_up(told, plan.crossing).await;
        }
        let answer = match plan.door {
            Door::Answer => Some(self.answer()),
            Door::NoCodec => Some(no_codec()),
            Door::NoDescription => None,
            Door::Refuse(code) => return self.end(LegOutcome::Refused { code }),
            Door::Unsendable => return self.end(LegOutcome::TransportFailed),
            Door::TimeOut | Door::Never => return self.end(LegOutcome::TimedOut),
        };
        self.deliver(TrunkEvent::Answered { answer, signalling: signalling() });
        let outcome = match self.told.recv().await {
            Some(Told::PeerBye) => LegOutcome::PeerBye,
            _ => {
                tokio::time::sleep(ROUND_TRIP).await;
                LegOutcome::OurBye
            }
        };
        self.end(outcome);
    }

    /// Waits `ms`; `Some` if something was told meanwhile.
    async fn wait(&mut self, ms: u64) -> Option<Told> {
        tokio::select! {
            biased;
            told = self.told.recv() => told,
            () = tokio::time::sleep(Duration::from_millis(ms)) => None,
        }
    }

    async fn give_up(self, told: Told, crossing: bool) {
        assert!(told == Told::Cancel, "before the answer there is nothing but CANCEL");
        if crossing {
            let answer = Some(self.answer());
            self.deliver(TrunkEvent::Answered { answer, signalling: signalling() });
        }
        tokio::time::sleep(ROUND_TRIP).await;
        self.end(LegOutcome::Canceled);
    }

    fn answer(&self) -> String {
        let peer = LocalMedia::new(signalling(), 40_000, 7);
        let (answer, _) = peer.answer(self.offer.as_bytes()).expect("our own offer is readable");
        answer
    }

    fn end(self, outcome: LegOutcome) {
        self.trunk.lock().legs.remove(&self.call);
        self.deliver(TrunkEvent::Ended(outcome));
    }

    fn deliver(&self, event: TrunkEvent) {
        if let Some(events) = self.trunk.0.events.get() {
            events.deliver(self.call, self.leg, event);
        }
    }
}

fn signalling() -> IpAddr {
    IpAddr::from([192, 0, 2, 7])
}

fn no_codec() -> String {
    "v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\ns=-\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\n\
     m=audio 40000 RTP/AVP 18\r\na=rtpmap:18 G729/8000\r\n"
        .to_owned()
}
