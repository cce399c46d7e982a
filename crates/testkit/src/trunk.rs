//! The `Trunk` fake: each call follows its plan, and live legs are accounted for.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use domain::{CallId, LegId, Now};
use engine::Clock;
use engine::ports::trunk::{DialOrder, LegOutcome, Trunk, TrunkCommand, TrunkEvent, TrunkEvents};
use media::sdp::LocalMedia;
use tokio::sync::mpsc;

use crate::machine::Machine;
use crate::plan::{Act, Door, Network, Plan, Reoffer};
use crate::sabotage::{Plants, Sabotage};

/// How long a peer takes to answer a CANCEL or BYE.
const ROUND_TRIP: Duration = Duration::from_millis(30);
/// After this a request that nobody answers has failed (RFC 3261 timers B and F).
const TIMER_F: Duration = Duration::from_secs(32);

/// Draws the plan of a call that has none.
type Fates = Box<dyn Fn(CallId) -> Plan + Send + Sync>;

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
    fates: OnceLock<Fates>,
    plants: Plants,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    plans: BTreeMap<String, VecDeque<Plan>>,
    callees: BTreeMap<CallId, CalleeSide>,
    legs: BTreeMap<CallId, mpsc::Sender<Told>>,
    dialled: Vec<Dialled>,
    cancelled: Vec<CallId>,
}

/// What the plane has to know of a callee.
#[derive(Clone, Debug, Default)]
pub(crate) struct CalleeSide {
    /// What it does from the answer on.
    pub(crate) acts: Vec<Act>,
    /// After how many ms its early media stops.
    pub(crate) early_stops: Option<u64>,
    pub(crate) network: Option<Network>,
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
    pub fn new(clock: Clock, plants: Plants) -> Self {
        let (events, fates, state) = (OnceLock::new(), OnceLock::new(), Mutex::default());
        Self(Arc::new(Inner { clock, events, fates, plants, state }))
    }

    /// Draws plans for calls whose number has none; only the first one counts.
    pub fn draw_fates(&self, fates: impl Fn(CallId) -> Plan + Send + Sync + 'static) {
        let _ = self.0.fates.set(Box::new(fates));
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

    /// The callee of this call.
    pub(crate) fn callee(&self, call: CallId) -> CalleeSide {
        self.lock().callees.get(&call).cloned().unwrap_or_default()
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
            let drawn = || self.0.fates.get().map(|draw| draw(call));
            let plan = plan.or_else(drawn).unwrap_or_else(|| Plan::unrung(0, Door::Never));
            let (acts, early_stops) = (plan.acts.clone(), plan.mischief.early_stops);
            let network = plan.network;
            s.callees.insert(call, CalleeSide { acts, early_stops, network });
            s.legs.insert(call, to);
            let (trunk, at) = (order.trunk.to_string(), self.0.clock.now());
            s.dialled.push(Dialled { call, number, trunk, at });
            plan
        };
        let line = Line { trunk: self.clone(), call, leg, offer: order.offer, told: from };
        self.0.clock.spawn(line.run(plan));
        if self.0.plants.fires(Sabotage::CallLost)
            && let Some(machine) = Machine::current()
        {
            // Whoever dials is the call's own task.
            machine.lose_running_task();
        }
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
                return self.give_up(told, &plan).await;
            }
            if ring.code < 180 {
                self.deliver(TrunkEvent::Taken);
                continue;
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
            return self.give_up(told, &plan).await;
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
        match self.talk(&plan).await {
            Ok(told) => self.hang_up(told, &plan).await,
            Err(outcome) => self.end(outcome),
        }
    }

    /// Until somebody hangs up; what goes wrong meanwhile comes at its time, and may be the end.
    async fn talk(&mut self, plan: &Plan) -> Result<Option<Told>, LegOutcome> {
        let mut passed = 0;
        for (at, event) in self.mishaps(plan) {
            if let Some(told) = self.wait(at.saturating_sub(passed)).await {
                return Ok(Some(told));
            }
            passed = passed.max(at);
            if let TrunkEvent::Ended(outcome) = event {
                return Err(outcome);
            }
            self.deliver(event);
        }
        Ok(self.told.recv().await)
    }

    /// What goes wrong after the answer, in order.
    fn mishaps(&self, plan: &Plan) -> Vec<(u64, TrunkEvent)> {
        let m = &plan.mischief;
        let again = TrunkEvent::Answered { answer: Some(self.answer()), signalling: signalling() };
        let late = TrunkEvent::Progressed { code: 180, answer: None, signalling: signalling() };
        let refused = TrunkEvent::Ended(LegOutcome::Refused { code: 486 });
        let mut all: Vec<(u64, TrunkEvent)> = [
            m.answers_again.map(|at| (at, again)),
            m.rings_late.map(|at| (at, late)),
            m.refuses_late.map(|at| (at, refused)),
        ]
        .into_iter()
        .flatten()
        .collect();
        all.extend(m.reoffers.iter().map(|(at, what)| {
            let offer = match what {
                Reoffer::Usable => Some(LocalMedia::new(signalling(), 40_002, 9).offer()),
                Reoffer::NoCodec => Some(no_codec()),
                Reoffer::Garbage => Some("v=0\r\nm=audio x".to_owned()),
                Reoffer::Nothing => None,
            };
            (*at, TrunkEvent::Reoffered { offer })
        }));
        all.sort_by_key(|(at, _)| *at);
        all
    }

    async fn hang_up(self, told: Option<Told>, plan: &Plan) {
        let m = &plan.mischief;
        let outcome = match told {
            Some(Told::PeerBye) => LegOutcome::PeerBye,
            _ if m.deaf => {
                self.sleep(TIMER_F).await;
                LegOutcome::TimedOut
            }
            _ => {
                self.sleep(ROUND_TRIP).await;
                if m.byes_cross { LegOutcome::PeerBye } else { LegOutcome::OurBye }
            }
        };
        if self.trunk.0.plants.fires(Sabotage::LegKept) {
            // The leg is over for its call; only its place is never given back.
            return self.deliver(TrunkEvent::Ended(outcome));
        }
        let Some(later) = m.ends_again else {
            return self.end(outcome);
        };
        self.deliver(TrunkEvent::Ended(outcome));
        self.sleep(Duration::from_millis(later)).await;
        self.end(LegOutcome::TransportFailed);
    }

    /// Waits `ms`; `Some` if something was told meanwhile.
    async fn wait(&mut self, ms: u64) -> Option<Told> {
        let clock = self.trunk.0.clock.clone();
        clock.within(Duration::from_millis(ms), self.told.recv()).await.flatten()
    }

    async fn give_up(self, told: Told, plan: &Plan) {
        assert!(told == Told::Cancel, "before the answer there is nothing but CANCEL");
        if plan.crossing {
            let answer = Some(self.answer());
            self.deliver(TrunkEvent::Answered { answer, signalling: signalling() });
        }
        if plan.mischief.deaf {
            self.sleep(TIMER_F).await;
            return self.end(LegOutcome::TimedOut);
        }
        self.sleep(ROUND_TRIP).await;
        self.end(LegOutcome::Canceled);
    }

    async fn sleep(&self, time: Duration) {
        self.trunk.0.clock.sleep(time).await;
    }

    fn answer(&self) -> String {
        let peer = LocalMedia::new(signalling(), 40_000, 7);
        let (answer, _) = peer.answer(self.offer.as_bytes()).expect("our own offer is readable");
        answer
    }

    fn end(self, outcome: LegOutcome) {
        let mut s = self.trunk.lock();
        s.legs.remove(&self.call);
        s.callees.remove(&self.call);
        drop(s);
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
