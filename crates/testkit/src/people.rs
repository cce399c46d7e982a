//! The usual people, modelled on the personas of the lab.

use crate::plan::Act::{self, *};
use crate::plan::{Door, Plan, Ring};

const HELLO: [Act; 2] = [Wait(400), Say("喂，你好", 800)];
const YES: [Act; 2] = [AwaitPause(600), Say("是我", 600)];
const THANKS: [Act; 4] = [AwaitPause(700), Say("好的，知道了", 900), AwaitPause(500), HangUp];

/// A callee who rings 1.5 s and does these acts after saying hello.
pub fn after_hello(acts: &[&[Act]]) -> Plan {
    let acts = [&HELLO[..], &acts.concat()].concat();
    Plan::answered(1_300, &acts)
}

/// Confirms, acknowledges, hangs up after the closing.
pub fn cooperative() -> Plan {
    after_hello(&[&YES, &THANKS])
}

/// “Wrong number.”
pub fn wrong_person() -> Plan {
    after_hello(&[&[AwaitPause(600), Say("你打错了", 800)]])
}

/// Rings and never answers.
pub fn no_answer() -> Plan {
    Plan::ending(0, Door::Never)
}

/// A machine: greeting, tone, silence.
pub fn voicemail() -> Plan {
    let greeting = Say("您好，这里是语音信箱，请在提示音后留言", 6_500);
    Plan::answered(1_000, &[Wait(300), greeting, Wait(300), Beep])
}

/// A machine whose greeting cannot be understood.
pub fn mumbling_voicemail() -> Plan {
    Plan::answered(1_000, &[Wait(300), Say("?", 7_000), Wait(400), Beep])
}

/// Confirms, speaks over the message, then lets it finish.
pub fn interrupter() -> Plan {
    let over = [AwaitInto(1_200), Say("什么事", 800)];
    after_hello(&[&YES, &over, &THANKS])
}

/// Hangs up in the middle of our first sentence.
pub fn hangs_up() -> Plan {
    after_hello(&[&[AwaitInto(800), HangUp]])
}

/// Answers and says nothing.
pub fn silent() -> Plan {
    Plan::answered(1_000, &[])
}

/// “Never call again.”
pub fn opts_out() -> Plan {
    after_hello(&[&[AwaitPause(600), Say("不要再打了", 900)]])
}

/// 183 with an announcement, then 404.
pub fn unobtainable() -> Plan {
    let rings = vec![Ring { after_ms: 150, code: 183, early: true }];
    Plan { rings, ..Plan::ending(4_000, Door::Refuse(404)) }
}

/// “He is not here, I am family.”
pub fn family() -> Plan {
    after_hello(&[&[AwaitPause(600), Say("他不在，我是他家人", 1_200)]])
}

/// Says “uh-huh” twice during the message.
pub fn backchannels() -> Plan {
    let hums = [AwaitInto(900), Say("嗯", 240), AwaitInto(1_500), Say("嗯嗯", 300)];
    after_hello(&[&YES, &hums, &THANKS])
}

/// Confirms by a key.
pub fn key_presser() -> Plan {
    after_hello(&[&[AwaitPause(600), Key('1')], &THANKS])
}

/// Speaks twelve seconds with a pause in the middle.
pub fn talks_long() -> Plan {
    let long = [
        AwaitPause(700),
        Say("我跟你说啊最近特别忙", 6_000),
        Wait(600),
        Say("不过没有关系", 6_000),
    ];
    after_hello(&[&YES, &long, &THANKS])
}

/// “Are you a robot?”, then cooperates.
pub fn asks_for_a_robot() -> Plan {
    after_hello(&[&[AwaitPause(600), Say("你是机器人吗", 900)], &YES, &THANKS])
}

/// 183 with music before the answer.
pub fn ringback_music() -> Plan {
    let rings = vec![Ring { after_ms: 200, code: 183, early: true }];
    Plan { rings, ..cooperative() }
}

/// Rings twelve seconds.
pub fn slow_answer() -> Plan {
    Plan { door_after_ms: 12_000, ..cooperative() }
}

/// Confirms; then the packets stop and nobody says BYE.
pub fn sudden_drop() -> Plan {
    after_hello(&[&YES, &[AwaitInto(1_000), Vanish]])
}

/// A machine asks who is calling and why, then connects a person.
pub fn call_screening() -> Plan {
    let screen = [AwaitPause(600), Say("请说明来意", 1_500), AwaitPause(700), Wait(1_000)];
    after_hello(&[&screen, &[Say("喂", 400)], &YES, &THANKS])
}

/// Cannot be understood, twice.
pub fn mumbles() -> Plan {
    let mumble = [AwaitPause(600), Say("?", 700)];
    after_hello(&[&mumble, &mumble])
}

/// Does not want to talk.
pub fn refuses() -> Plan {
    after_hello(&[&[AwaitPause(600), Say("现在不方便", 900)]])
}

/// Confirms and cannot come.
pub fn cannot_come() -> Plan {
    after_hello(&[&YES, &[AwaitPause(700), Say("我去不了", 900), AwaitPause(500), HangUp]])
}

/// Confirms, then never says a word.
pub fn falls_silent() -> Plan {
    after_hello(&[&YES])
}
