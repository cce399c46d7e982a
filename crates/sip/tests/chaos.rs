//! Two hundred calls at once to a peer that does everything a peer can do, by a seed: each ends
//! exactly once, in a way that its peer's behaviour allows, and nothing is kept.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

mod raw;
mod stage;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use domain::{CallId, Language};
use engine::ports::trunk::{DialOrder, LegOutcome, TrunkCommand, TrunkEvent};
use raw::{Chance, Message, Raw, nothing_is_kept, panics, watch_for_panics};
use stage::{OFFER, Stage, timers};
use tokio::sync::oneshot;
use tokio::time::sleep;

const CALLS: usize = 200;
/// Each call shows a caller id of its own, behind this.
const CALLER: &str = "020666";

/// What the peer does with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Manner {
    Refuses,
    RingsAndRefuses,
    SaysNothing,
    RingsForEver,
    RingsAndVanishes,
    AnswersAndHangsUp,
    AnswersAndWaits,
    AnswersAndVanishes,
    AnswersTwice,
    AnswersWhenCancelled,
    Reoffers,
    Challenges,
}

const MANNERS: [Manner; 12] = [
    Manner::Refuses,
    Manner::RingsAndRefuses,
    Manner::SaysNothing,
    Manner::RingsForEver,
    Manner::RingsAndVanishes,
    Manner::AnswersAndHangsUp,
    Manner::AnswersAndWaits,
    Manner::AnswersAndVanishes,
    Manner::AnswersTwice,
    Manner::AnswersWhenCancelled,
    Manner::Reoffers,
    Manner::Challenges,
];

impl Manner {
    /// Whether a call may end so. We may always have lost patience first.
    fn may_end(self, outcome: LegOutcome) -> bool {
        use LegOutcome as End;
        match outcome {
            End::Canceled => true,
            // Nothing came, or the ACK of a re-INVITE was among what is not heard.
            End::TimedOut => matches!(self, Self::SaysNothing | Self::Reoffers),
            End::Refused { code: 486 } => matches!(self, Self::Refuses | Self::RingsAndRefuses),
            End::Refused { code: 401 } => self == Self::Challenges,
            End::OurBye => self.answers(),
            End::PeerBye => self == Self::AnswersAndHangsUp,
            _ => false,
        }
    }

    fn answers(self) -> bool {
        matches!(
            self,
            Self::AnswersAndHangsUp
                | Self::AnswersAndWaits
                | Self::AnswersAndVanishes
                | Self::AnswersTwice
                | Self::AnswersWhenCancelled
                | Self::Reoffers
        )
    }
}

/// The peer: keeps no more than who does what, and answers each message on its own.
struct Mob {
    raw: Raw,
    chance: Chance,
    manners: HashMap<String, (Manner, Message)>,
}

impl Mob {
    async fn run(mut self, mut stop: oneshot::Receiver<()>) -> HashMap<usize, Manner> {
        loop {
            let message = tokio::select! {
                _ = &mut stop => break,
                message = self.raw.next() => message,
            };
            // One in twenty is not heard, one in twenty heard twice.
            match self.chance.below(20) {
                0 => {}
                1 => {
                    self.take(&message).await;
                    self.take(&message).await;
                }
                _ => self.take(&message).await,
            }
        }
        let caller = |invite: &Message| {
            let digits = invite.header("From").split_once(CALLER).unwrap().1;
            digits.split('@').next().unwrap().parse().unwrap()
        };
        self.manners.into_values().map(|(manner, invite)| (caller(&invite), manner)).collect()
    }

    async fn take(&mut self, message: &Message) {
        if message.is("INVITE") {
            let manner = MANNERS[self.chance.below(MANNERS.len())];
            let known = self.manners.entry(message.call_id().to_owned());
            let (manner, _) = *known.or_insert((manner, message.clone()));
            return self.invited(manner, message).await;
        }
        let Some((manner, invite)) = self.manners.get(message.call_id()).cloned() else {
            return;
        };
        let silent = matches!(manner, Manner::RingsAndVanishes | Manner::AnswersAndVanishes);
        if silent || message.is("SIP/2.0") && !message.header("CSeq").ends_with("INVITE") {
            return;
        }
        if message.is("ACK") {
            return self.acknowledged(manner, &invite).await;
        }
        if message.is("BYE") {
            return self.say(message, "200 OK", "").await;
        }
        if message.is("CANCEL") {
            self.say(message, "200 OK", "a").await;
            if manner == Manner::AnswersWhenCancelled {
                return self.say(&invite, "200 OK", "a").await;
            }
            return self.say(&invite, "487 Request Terminated", "a").await;
        }
        if message.is("SIP/2.0 200") {
            let ack = invite.request("ACK", 1, "a", self.raw.at(), "");
            self.raw.send(&ack, message.from).await;
        }
    }

    async fn invited(&mut self, manner: Manner, invite: &Message) {
        match manner {
            Manner::SaysNothing => {}
            Manner::Refuses => self.say(invite, "486 Busy Here", "a").await,
            Manner::Challenges => self.say(invite, "401 Unauthorized", "a").await,
            Manner::RingsAndRefuses => {
                self.say(invite, "180 Ringing", "a").await;
                self.say(invite, "486 Busy Here", "a").await;
            }
            Manner::RingsForEver | Manner::RingsAndVanishes | Manner::AnswersWhenCancelled => {
                self.say(invite, "180 Ringing", "a").await;
            }
            Manner::AnswersTwice => {
                self.say(invite, "200 OK", "a").await;
                self.say(invite, "200 OK", "b").await;
            }
            _ => {
                self.say(invite, "100 Trying", "").await;
                self.say(invite, "200 OK", "a").await;
            }
        }
    }

    async fn acknowledged(&mut self, manner: Manner, invite: &Message) {
        let (method, body) = match manner {
            Manner::AnswersAndHangsUp => ("BYE", ""),
            Manner::Reoffers => ("INVITE", OFFER),
            _ => return,
        };
        let ask = invite.request(method, 1, "a", self.raw.at(), body);
        self.raw.send(&ask, invite.from).await;
    }

    async fn say(&mut self, request: &Message, status: &str, tag: &str) {
        let text = request.response(status, tag, &self.raw.contact(tag), "");
        let times = if self.chance.percent(10) { 2 } else { 1 };
        for _ in 0..times {
            self.raw.send(&text, request.from).await;
        }
    }
}

/// Our side of one call: answers what is re-offered, and hangs up at a moment of the seed.
async fn call(stage: Arc<Stage>, n: usize, mut chance: Chance) -> (CallId, LegOutcome) {
    let call = CallId::from_parts(n as u64, [9; 10]);
    let order = DialOrder {
        trunk: "t".into(),
        target: stage::number("13800138000"),
        caller: Some(format!("{CALLER}{n:05}")),
        offer: OFFER.into(),
        language: Language::Zh,
    };
    stage.submit(call, TrunkCommand::Dial(order));
    let patience = Duration::from_millis(200 + chance.below(1_500) as u64);
    let hangs_up = sleep(patience);
    tokio::pin!(hangs_up);
    let ended = |e: &TrunkEvent| matches!(e, TrunkEvent::Ended(_));
    let mut answered = 0;
    loop {
        let more = |heard: &[TrunkEvent]| {
            let asked = heard.iter().filter(|e| stage::is_reoffer(e)).count();
            asked > answered || heard.iter().any(ended)
        };
        tokio::select! {
            () = &mut hangs_up => {
                let heard = stage.ear.of(call);
                let talks = heard.iter().any(|e| matches!(e, TrunkEvent::Answered { .. }));
                let command = if talks { TrunkCommand::Bye } else { TrunkCommand::Cancel };
                stage.submit(call, command);
                return (call, stage.ended(call).await);
            }
            () = stage.ear.wait_for(call, more) => {
                if stage.ear.of(call).iter().any(ended) {
                    return (call, stage.ended(call).await);
                }
                answered += 1;
                stage.submit(call, TrunkCommand::AnswerReoffer(Some(OFFER.into())));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_calls_at_once_each_end_once_and_leave_nothing() {
    watch_for_panics();
    let seed = 0x00c0_ffee;
    let raw = Raw::start().await;
    let address = raw.address();
    let mob = Mob { raw, chance: Chance(seed), manners: HashMap::new() };
    let (stop, stopped) = oneshot::channel();
    let mob = tokio::spawn(mob.run(stopped));
    let stage = Stage::with(&address, |config, _| config.timers = timers(50)).await;
    let stage = Arc::new(stage);
    let mut chance = Chance(seed + 1);
    let place = |n| tokio::spawn(call(stage.clone(), n, Chance(chance.draw())));
    let calls: Vec<_> = (0..CALLS).map(place).collect();
    let mut ends = Vec::new();
    for call in calls {
        ends.push(call.await.unwrap());
    }
    nothing_is_kept(&stage).await;
    stop.send(()).unwrap();
    let manners = mob.await.unwrap();
    assert_eq!(panics(), 0);
    let mut seen: HashMap<String, usize> = HashMap::new();
    for (n, (call, outcome)) in ends.iter().enumerate() {
        // Exactly one end, and it is the last word: checked once more when all is quiet.
        assert_eq!(stage.ended(*call).await, *outcome);
        let manner = manners[&n];
        assert!(manner.may_end(*outcome), "{manner:?}: {:?}", stage.story(*call));
        *seen.entry(format!("{outcome:?}")).or_default() += 1;
    }
    println!("{} calls: {seen:?}", ends.len());
    // The mixture was one: no manner was left out, and calls ended in all the ways there are.
    assert!(MANNERS.iter().all(|m| manners.values().any(|had| had == m)), "{manners:?}");
    assert!(seen.len() >= 5, "{seen:?}");
    Arc::into_inner(stage).expect("somebody still has the stage").close().await;
}
