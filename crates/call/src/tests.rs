//! A call driven by hand, as far as its trunk is concerned.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use conversation::director::{Answer, Before, Cue, Director, Needs, Step, Tag};
use conversation::floor::OnSpeech;
use conversation::{BuiltIn, Phrases, SpeechClass};
use domain::{
    Brief, CallId, CallLimits, CallRequest, Event, ItemId, LegId, Masked, MicroYuan, Now,
    NumberRules, Opening, Price, Rounding, Task, Terms, TurnSettings, VoiceChoice, WallTime,
};
use media::profile::MediaProfile;
use media::sdp::{LocalMedia, Negotiated};

use crate::signal::{TrunkCommand, TrunkEvent};
use crate::{Awaited, Call, CallPlan, Input, MediaCommand, MediaEvent, Moment, Output};

const TRUNK: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 7));

fn plan() -> CallPlan {
    let voice = VoiceChoice {
        model: "m".to_owned(),
        voice: "v".to_owned(),
        emotion: "neutral".to_owned(),
        volume: 50,
        speed: 50,
    };
    let request = CallRequest {
        target: NumberRules::default().parse("13800138000").unwrap(),
        task: Task::Requirement(Masked::new("明天下午三点开会".to_owned())),
        alias: None,
        terms: Terms {
            agent: None,
            voice,
            turn: TurnSettings::default(),
            limits: CallLimits::default(),
            record: false,
        },
    };
    CallPlan {
        call: CallId::from_parts(1, [0; 10]),
        request,
        price: Price { micro_yuan_per_minute: 0, rounding: Rounding::Second },
        hold: MicroYuan::ZERO,
        trunk: "t".into(),
        simulated: true,
        caller: None,
        node: "n".to_owned(),
        voicemail_message: false,
        session_id: 77,
        media: Arc::new(MediaProfile::default()),
        keys: None,
    }
}

/// A call whose INVITE has left, and what it wanted done since it was looked at last.
struct Driven {
    call: Call,
    offer: String,
}

impl Driven {
    fn dialled() -> Self {
        let mut driven =
            Self { call: Call::new(plan(), Box::new(director())), offer: String::new() };
        driven.tell(Input::Begin);
        driven.tell(Input::Briefed(None));
        let local = SocketAddr::from(([127, 0, 0, 1], 20_000));
        driven.tell(Input::Media(LegId::CALLEE, MediaEvent::Opened(local)));
        let outputs = driven.tell(Input::Committed(Awaited::Dial, true));
        let offer = outputs.into_iter().find_map(|output| match output {
            Output::Signal(_, TrunkCommand::Dial(order)) => Some(order.offer),
            _ => None,
        });
        driven.offer = offer.unwrap();
        driven
    }

    fn answered() -> Self {
        let mut driven = Self::dialled();
        let answer = Some(theirs(40_000, 1));
        driven.trunk(TrunkEvent::Answered { answer, signalling: TRUNK });
        driven
    }

    fn tell(&mut self, input: Input) -> Vec<Output> {
        self.call.handle(Moment { now: Now::default(), wall: WallTime::default() }, input);
        std::iter::from_fn(|| self.call.poll_output()).collect()
    }

    fn trunk(&mut self, event: TrunkEvent) -> Vec<Output> {
        self.tell(Input::Trunk(LegId::CALLEE, event))
    }

    /// Our answer to a description of the peer, or our offer if it brings none.
    fn reoffer(&mut self, offer: Option<String>) -> (Option<String>, Option<Negotiated>) {
        let outputs = self.trunk(TrunkEvent::Reoffered { offer });
        (said(&outputs), connected(&outputs))
    }
}

fn said(outputs: &[Output]) -> Option<String> {
    outputs.iter().find_map(|output| match output {
        Output::Signal(_, TrunkCommand::AnswerReoffer(answer)) => answer.clone(),
        _ => None,
    })
}

fn connected(outputs: &[Output]) -> Option<Negotiated> {
    outputs.iter().find_map(|output| match output {
        Output::Media(_, MediaCommand::Connect(agreed, _)) => Some(**agreed),
        _ => None,
    })
}

fn theirs(port: u16, version: u64) -> String {
    LocalMedia { version, ..LocalMedia::new([10, 0, 0, 9].into(), port, 9) }.offer()
}

/// The number in `o=`, and the description without it.
fn numbered(description: &str) -> (u64, String) {
    let origin = description.lines().find(|line| line.starts_with("o=")).unwrap();
    let version = origin.split(' ').nth(2).unwrap();
    (version.parse().unwrap(), description.replace(origin, ""))
}

#[test]
fn every_changed_description_bears_the_next_number_whoever_asked_for_it() {
    let mut driven = Driven::answered();
    let hold = theirs(40_000, 2).replace("sendrecv", "sendonly");
    let only_pcmu = theirs(40_000, 3).replace("RTP/AVP 8 0 101", "RTP/AVP 0");
    let mut last = numbered(&driven.offer);
    assert_eq!(last.0, 1);
    for (what, offer) in [
        ("ours is wanted, and is as before", None),
        ("a hold", Some(hold.clone())),
        ("ours is wanted after an answer", None),
        ("useless", Some("v=0\r\nm=audio x".to_owned())),
        ("another codec", Some(only_pcmu)),
        ("a hold again", Some(hold.clone())),
        ("the same hold, once more", Some(hold)),
        ("the end of it", Some(theirs(40_000, 5))),
        ("ours is wanted at the end", None),
    ] {
        let useless = what == "useless";
        let (Some(text), _) = driven.reoffer(offer) else {
            assert!(useless, "{what}");
            continue;
        };
        let (version, body) = numbered(&text);
        let want = if body == last.1 { last.0 } else { last.0 + 1 };
        assert_eq!(version, want, "{what}: {text} after {last:?}");
        last = (version, body);
    }
    assert!(last.0 >= 6, "{last:?}");
}

#[test]
fn a_description_before_the_answer_is_answered_and_media_follows_it() {
    let mut driven = Driven::dialled();
    let answer = Some(theirs(40_000, 1));
    driven.trunk(TrunkEvent::Progressed { code: 183, answer, signalling: TRUNK });
    let (text, agreed) = driven.reoffer(Some(theirs(41_000, 2)));
    assert!(text.unwrap().contains("m=audio 20000"));
    assert_eq!(agreed.unwrap().remote.port(), 41_000);
    // An answer without a description confirms the newest early one.
    let outputs = driven.trunk(TrunkEvent::Answered { answer: None, signalling: TRUNK });
    assert_eq!(connected(&outputs).unwrap().remote.port(), 41_000);
    assert!(driven.call.is_talking());
}

#[test]
fn a_host_name_that_did_not_resolve_is_taken_for_where_signalling_comes_from() {
    let mut driven = Driven::dialled();
    let answer = Some(theirs(40_000, 1).replace("c=IN IP4 10.0.0.9", "c=IN IP4 media.example"));
    let outputs = driven.trunk(TrunkEvent::Answered { answer, signalling: TRUNK });
    assert_eq!(connected(&outputs).unwrap().remote, SocketAddr::new(TRUNK, 40_000));
    assert!(driven.call.is_talking());
}

#[test]
fn a_key_told_by_signalling_is_journalled_like_one_that_was_heard() {
    let keys = |outputs: &[Output]| -> Vec<String> {
        let keys = outputs.iter().filter_map(|output| match output {
            Output::Journal(Event::KeysPressed { leg: LegId::CALLEE }, texts, _) => {
                texts.keys.clone()
            }
            _ => None,
        });
        keys.collect()
    };
    let mut driven = Driven::dialled();
    let before = driven.trunk(TrunkEvent::KeyPressed { key: '1' });
    assert!(keys(&before).is_empty(), "nobody is there yet");
    let mut driven = Driven::answered();
    let after = driven.trunk(TrunkEvent::KeyPressed { key: '1' });
    assert_eq!(keys(&after), ["1"]);
}

fn director() -> BuiltIn {
    let nobody = Brief::default();
    BuiltIn::new(Phrases::new(&nobody, "8000", false), Opening::AfterHello, false)
}

/// Says one line first, and needs this before anybody is dialled.
struct Needy(Before);

impl Director for Needy {
    fn name(&self) -> &'static str {
        "needy"
    }

    fn needs(&self) -> Needs {
        Needs { before: self.0, ..Needs::default() }
    }

    fn prepare(&mut self) -> Vec<Step> {
        let lines = vec![(SpeechClass::Neutral, "hello".to_owned())];
        vec![Step::Say { tag: Tag(1), lines, on_speech: OnSpeech::Ignore }]
    }

    fn cue(&mut self, _: Cue) -> Answer {
        Answer::Steps(Vec::new())
    }
}

fn intends(outputs: &[Output]) -> bool {
    let intent = |o: &Output| matches!(o, Output::Journal(Event::DialStarted { .. }, ..));
    outputs.iter().any(intent)
}

#[test]
fn nobody_is_dialled_before_what_the_director_needs_is_there() {
    let opened = |before| {
        let call = Call::new(plan(), Box::new(Needy(before)));
        let mut driven = Driven { call, offer: String::new() };
        let begun = driven.tell(Input::Begin);
        let briefs = begun.iter().filter(|o| matches!(o, Output::Brief)).count();
        assert_eq!(briefs, usize::from(before == Before::Brief));
        let local = SocketAddr::from(([127, 0, 0, 1], 20_000));
        let outputs = driven.tell(Input::Media(LegId::CALLEE, MediaEvent::Opened(local)));
        (driven, intends(&outputs))
    };
    assert!(opened(Before::Nothing).1);
    let (mut driven, dialled) = opened(Before::Brief);
    assert!(!dialled && intends(&driven.tell(Input::Briefed(None))));
    let (mut driven, dialled) = opened(Before::FirstItem);
    let made = conversation::Input::Made(ItemId(1), 8_000, None);
    assert!(!dialled && intends(&driven.tell(Input::Talk(made))));
    let (mut driven, _) = opened(Before::FirstItem);
    let late = Moment { now: Now::from_millis(5_000), wall: WallTime::default() };
    driven.call.handle(late, Input::Tick);
    assert!(!driven.call.is_waiting(), "without any nobody is dialled");
}
