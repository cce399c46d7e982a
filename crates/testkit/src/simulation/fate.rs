//! What happens to one call, drawn from chance: a usual person or any script at all, and what
//! goes wrong in the signalling besides.

use crate::chance::Chance;
use crate::people;
use crate::plan::{Act, Door, Mischief, Network, Plan, Reoffer, Ring};

const WORDS: [&str; 17] = [
    "喂，你好",
    "是我",
    "你打错了",
    "他不在，我是他家人",
    "现在不方便",
    "不要再打了",
    "你是机器人吗",
    "您好，这里是语音信箱",
    "请说明来意",
    "等一下",
    "再说一遍",
    "你是哪位",
    "嗯",
    "再见",
    "好的，知道了",
    "什么事",
    "?",
];

/// One call in so many has a real leg and a network between it and its callee, which cost time.
const WIRED_ONE_IN: u64 = 4;
/// One of those in so many has a whole leg, which costs more.
const WHOLE_LEG_ONE_IN: u64 = 2;

/// Draws the plan of one call.
pub(super) fn draw(chance: &mut Chance) -> Plan {
    let mut plan = match chance.below(10) {
        0..=3 => person(chance),
        4..=6 => anybody(chance),
        _ => unanswered(chance),
    };
    plan.door_after_ms += chance.below(1_500);
    plan.acts.insert(0, Act::Wait(chance.below(600)));
    plan.crossing |= chance.below(6) == 0;
    if chance.below(3) == 0 {
        plan.mischief = mischief(chance);
    }
    if chance.below(WIRED_ONE_IN) == 0 {
        plan.network = Some(network(chance));
    }
    plan
}

fn network(chance: &mut Chance) -> Network {
    let mut sometimes = |most: u64| if chance.below(2) == 0 { chance.below(most) } else { 0 };
    let (loss, twice, late) = (sometimes(150), sometimes(80), sometimes(80));
    let (delay_ms, jitter_ms) = (sometimes(250), sometimes(80));
    Network {
        seed: chance.bits(),
        loss_permille: loss as u32,
        twice_permille: twice as u32,
        late_permille: late as u32,
        delay_ms,
        jitter_ms,
        whole_leg: chance.below(WHOLE_LEG_ONE_IN) == 0,
    }
}

/// One of the usual people.
fn person(chance: &mut Chance) -> Plan {
    let all: [fn() -> Plan; 22] = [
        people::cooperative,
        people::wrong_person,
        people::voicemail,
        people::mumbling_voicemail,
        people::interrupter,
        people::hangs_up,
        people::silent,
        people::opts_out,
        people::family,
        people::backchannels,
        people::key_presser,
        people::talks_long,
        people::asks_for_a_robot,
        people::ringback_music,
        people::slow_answer,
        people::sudden_drop,
        people::call_screening,
        people::mumbles,
        people::refuses,
        people::cannot_come,
        people::falls_silent,
        people::cooperative,
    ];
    all[chance.below(all.len() as u64) as usize]()
}

/// Any script at all, endless talkers among them.
fn anybody(chance: &mut Chance) -> Plan {
    let mut plan = Plan::answered(chance.below(3_000), &[]);
    plan.acts = (0..chance.within(1, 24)).map(|_| act(chance)).collect();
    if chance.below(12) == 0 {
        // Speaks for as long as anybody listens.
        plan.acts.extend((0..12).map(|_| Act::Say("我跟你说啊最近特别忙", 14_000)));
    }
    if chance.below(4) == 0 {
        let code = if chance.below(2) == 0 { 183 } else { 180 };
        let early = chance.below(2) == 0;
        plan.rings.push(Ring { after_ms: chance.below(900), code, early });
    }
    plan
}

fn act(chance: &mut Chance) -> Act {
    // Some words lead to more of the talk than others.
    let likely = ["是我", "嗯", "好的，知道了", "什么事"];
    let words = match chance.below(2) {
        0 => likely[chance.below(4) as usize],
        _ => WORDS[chance.below(17) as usize],
    };
    match chance.below(16) {
        0..=5 => Act::Say(words, chance.within(3, 80) * 20),
        6..=8 => Act::AwaitPause(chance.within(2, 60) * 20),
        9..=11 => Act::AwaitInto(chance.within(1, 120) * 20),
        12 if chance.below(2) == 0 => Act::Noise(chance.within(1, 60) * 20),
        12 => Act::Wait(chance.within(0, 300) * 20),
        13 => Act::Key(['1', '2', '5', '#'][chance.below(4) as usize]),
        14 => [Act::Beep, Act::Vanish, Act::Return][chance.below(3) as usize],
        _ => [Act::HangUp, Act::Say(words, 16_000)][chance.below(2) as usize],
    }
}

/// An INVITE that comes to no talk.
fn unanswered(chance: &mut Chance) -> Plan {
    const CODES: [u16; 16] =
        [302, 400, 403, 404, 408, 410, 480, 484, 486, 487, 488, 500, 503, 600, 603, 604];
    let code = CODES[chance.below(16) as usize];
    let ms = chance.below(6_000);
    match chance.below(10) {
        0..=3 => Plan::ending(ms, Door::Refuse(code)),
        4 => Plan::unrung(ms, Door::Refuse(code)),
        5 => people::no_answer(),
        6 => people::unobtainable(),
        7 => Plan::ending(ms, Door::NoCodec),
        8 => Plan::ending(ms, Door::NoDescription),
        _ if chance.below(2) == 0 => Plan::unrung(32_000, Door::TimeOut),
        _ => Plan::unrung(0, Door::Unsendable),
    }
}

fn mischief(chance: &mut Chance) -> Mischief {
    let mut sometimes = |most: u64| (chance.below(3) == 0).then(|| chance.below(most));
    let (answers_again, rings_late) = (sometimes(3_000), sometimes(2_000));
    let (refuses_late, ends_again) = (sometimes(12_000), sometimes(1_500));
    let early_stops = sometimes(2_500);
    let reoffers = (0..chance.below(3)).map(|_| {
        let all = [Reoffer::Usable, Reoffer::NoCodec, Reoffer::Garbage, Reoffer::Nothing];
        (chance.below(15_000), all[chance.below(4) as usize])
    });
    let reoffers = reoffers.collect();
    Mischief {
        answers_again,
        rings_late,
        refuses_late: refuses_late.filter(|_| chance.below(3) == 0),
        byes_cross: chance.below(2) == 0,
        ends_again,
        deaf: chance.below(8) == 0,
        reoffers,
        early_stops,
    }
}
