//! The identity gate, row by row: who hears the content, and who does not.

use conversation::SpeechClass;
use domain::{EndWhat, Event, Who};
use testkit::Act::*;
use testkit::{Act, Mood, Plan, Setup, World, check_all, outcome, people, virtually};

const DONE: &str = "completed / task_done / confirmed";
const NOT: &str = "completed / identity_not_confirmed";
const OUT: &str = "completed / opted_out / refused";
const WRONG: &str = "completed / callee_hung_up / denied";
const MACHINE: &str = "voicemail / voicemail / voicemail";

async fn check(plan: Plan, want: &str) -> (World, domain::CallRecord) {
    let world = Setup::default().start().await;
    let record = world.whole_call(plan.clone()).await;
    check_all(&world);
    assert_eq!(outcome(&record), want, "{plan:?} {:#?}", record.lines);
    let confirmed = record.identity.word() == "confirmed";
    let asked = !world.responder.orders().is_empty();
    assert_eq!(asked, confirmed, "the mind that knows the content was asked: {plan:?}");
    let audible = world.plane.audible(record.call);
    let content = audible.iter().any(|a| a.class == SpeechClass::Content);
    assert_eq!(content, confirmed, "{plan:?}");
    (world, record)
}

/// Says hello, then does these acts.
async fn row(acts: &[&[Act]], want: &str) {
    check(people::after_hello(acts), want).await;
}

const P: Act = AwaitPause(600);
const YES: [Act; 2] = [P, Say("是我", 600)];
const MUMBLE: [Act; 2] = [P, Say("?", 700)];
const THANKS: [Act; 4] = [P, Say("好的，知道了", 900), P, HangUp];

#[test]
fn confirmed_by_speech_or_by_key_one() {
    virtually(async {
        row(&[&YES, &THANKS], DONE).await;
        row(&[&[P, Key('1')], &THANKS], DONE).await;
        row(&[&MUMBLE, &[P, Key('1')], &THANKS], DONE).await;
        row(&[&MUMBLE, &YES, &THANKS], DONE).await;
        // Keys that mean nothing here change nothing.
        row(&[&[P, Key('5'), Wait(300), Key('1')], &THANKS], DONE).await;
    });
}

#[test]
fn denied_by_speech_or_by_key_two() {
    virtually(async {
        let denied = format!("{NOT} / denied");
        row(&[&[P, Say("你打错了", 800)]], &denied).await;
        row(&[&[P, Key('2')]], &denied).await;
        row(&[&MUMBLE, &[P, Key('2')]], &denied).await;
        // Into the opening, too.
        row(&[&[AwaitInto(1_000), Say("你打错了", 800)]], &denied).await;
    });
}

#[test]
fn third_party_and_refusal_get_an_apology() {
    virtually(async {
        row(&[&[P, Say("他不在，我是他家人", 1_200)]], &format!("{NOT} / third_party")).await;
        row(&[&[P, Say("现在不方便", 900)]], &format!("{NOT} / refused")).await;
        row(&[&[P, Say("再见", 500)]], &format!("{NOT} / refused")).await;
    });
}

#[test]
fn unclear_twice_ends_without_content() {
    virtually(async {
        row(&[&MUMBLE, &MUMBLE], &format!("{NOT} / unclear")).await;
        // Something that is understood but no answer counts the same.
        let beside = [P, Say("今天天气不错", 900)];
        row(&[&beside, &beside], &format!("{NOT} / unclear")).await;
    });
}

#[test]
fn silence_after_a_hello_is_not_confirmed_and_silence_all_along_is_silence() {
    virtually(async {
        row(&[], &format!("{NOT} / unclear")).await;
        let (world, record) = check(people::silent(), "completed / silence / unclear").await;
        let questions = world.plane.audible(record.call);
        let again = questions.iter().filter(|a| a.class == SpeechClass::Question).count();
        assert_eq!(again, 1, "asked once more: {questions:?}");
    });
}

#[test]
fn machines_by_phrase_by_tone_and_by_length() {
    virtually(async {
        check(people::voicemail(), MACHINE).await;
        check(people::mumbling_voicemail(), MACHINE).await;
        // No tone ever comes.
        let phrase = Say("您好，这里是语音信箱", 3_000);
        check(Plan::answered(500, &[Wait(200), phrase]), MACHINE).await;
        // Nothing but a tone.
        check(Plan::answered(500, &[Wait(700), Beep]), MACHINE).await;
        // The tone comes into our opening.
        check(Plan::answered(500, &[AwaitInto(900), Beep]), MACHINE).await;
        // A long greeting nobody understands, and no tone.
        check(Plan::answered(500, &[Wait(200), Say("?", 8_000)]), MACHINE).await;
    });
}

#[test]
fn a_machine_is_left_one_neutral_sentence_or_none() {
    virtually(async {
        for (message, lines) in [(true, 1), (false, 0)] {
            let setup = Setup { voicemail_message: message, ..Setup::default() };
            let world = setup.start().await;
            let record = world.whole_call(people::voicemail()).await;
            check_all(&world);
            assert_eq!(outcome(&record), MACHINE);
            let audible = world.plane.audible(record.call);
            assert_eq!(audible.len(), lines, "{audible:?}");
            let said = record.lines.iter().filter(|l| l.text.contains("语音助手"));
            assert_eq!(said.count(), lines);
            assert!(record.lines.iter().all(|l| !l.text.contains("王伟")));
        }
    });
}

#[test]
fn opting_out_works_at_any_time() {
    virtually(async {
        let out = Say("不要再打了", 900);
        let before = "completed / opted_out / refused";
        let first_words = Plan::answered(500, &[Wait(300), out]);
        let (_, record) = check(first_words, before).await;
        assert!(record.lines.last().unwrap().text.contains("不会再"), "it is confirmed aloud");
        row(&[&[AwaitInto(500), out]], before).await;
        row(&[&[P, out]], before).await;
        row(&[&MUMBLE, &[P, out]], before).await;
        let after = "completed / opted_out / confirmed";
        row(&[&YES, &[AwaitInto(900), out]], after).await;
        let plan = people::after_hello(&[&YES, &[P, out]]);
        let (world, record) = check(plan, after).await;
        assert!(world.store.is_opted_out("13800138000"));
        let journal = world.journal(record.call);
        assert!(journal.iter().any(|e| matches!(e.event, Event::CalleeOptedOut { .. })));
        let refused = world.place(&["13800138000"]).await.unwrap_err();
        assert_eq!(refused, domain::Refusal::NumberBlocked);
    });
}

#[test]
fn whoever_opts_out_and_hangs_up_at_once_is_heard() {
    virtually(async {
        let out = Say("不要再打了", 900);
        // Before the utterance is taken as over, and while it is being recognized.
        for after in [0, 400, 720] {
            let (world, record) =
                check(people::after_hello(&[&[P, out, Wait(after), HangUp]]), OUT).await;
            assert!(world.store.is_opted_out("13800138000"), "{after}");
            assert_eq!(record.reason.unwrap().who, Some(Who::Callee));
            let last = record.lines.last().unwrap();
            assert_eq!(last.text, "不要再打了", "{:#?}", record.lines);
            // The end is when the callee hung up, whatever was heard out after it.
            let connected = record.milestones.ended_at.unwrap();
            let connected = connected.millis_since(record.milestones.answered_at.unwrap());
            let billed = u64::from(record.duration_s.unwrap());
            assert_eq!(billed, (connected as u64).div_ceil(1_000));
        }
        let (world, record) =
            check(people::after_hello(&[&[P, Say("你打错了", 800), HangUp]]), WRONG).await;
        assert!(!world.store.is_opted_out("13800138000"));
        assert_eq!(record.reason.unwrap().what, EndWhat::CalleeHungUp);
    });
}

#[test]
fn a_doubtful_wish_not_to_be_called_is_asked_about_aloud() {
    virtually(async {
        let doubtful = [P, Say("~不要再打了", 900)];
        let no = [P, Say("我不是这个意思", 900)];
        let asked = |record: &domain::CallRecord| {
            record.lines.iter().filter(|l| l.text.starts_with("您是希望")).count()
        };
        for (acts, want, blocked) in [
            (vec![&doubtful[..], &no, &YES, &THANKS], DONE, false),
            (vec![&YES, &doubtful, &no, &THANKS], DONE, false),
            (vec![&doubtful, &[P, Say("是我", 600)]], OUT, true),
            (vec![&doubtful, &[P, Key('2')], &YES, &THANKS], DONE, false),
            (vec![&doubtful, &MUMBLE, &MUMBLE], OUT, true),
            (vec![&doubtful, &[AwaitInto(500), HangUp]], OUT, true),
            (vec![&doubtful], OUT, true),
        ] {
            let (world, record) = check(people::after_hello(&acts), want).await;
            let times = if acts.len() == 3 { 2 } else { 1 };
            assert_eq!(asked(&record), times, "{acts:?} {:#?}", record.lines);
            assert_eq!(world.store.is_opted_out("13800138000"), blocked, "{acts:?}");
        }
    });
}

#[test]
fn whoever_hangs_up_is_not_waited_for_when_nobody_can_hear() {
    virtually(async {
        let world = Setup::default().start().await;
        world.moods.set_recognizer(Mood::Stalls);
        let out = [P, Say("不要再打了", 900), HangUp];
        let record = world.whole_call(people::after_hello(&[&out])).await;
        check_all(&world);
        assert_eq!(outcome(&record), "completed / callee_hung_up / unclear");
    });
}

#[test]
fn a_robot_says_that_it_is_one_before_and_after_confirmation() {
    virtually(async {
        let robot = [P, Say("你是机器人吗", 900)];
        for acts in [[&robot[..], &YES, &THANKS], [&YES[..], &robot, &THANKS]] {
            let (_, record) = check(people::after_hello(&acts), DONE).await;
            let yes = record.lines.iter().filter(|l| l.text.contains("不是真人"));
            assert_eq!(yes.count(), 1, "{:#?}", record.lines);
        }
    });
}

#[test]
fn who_is_this_is_answered_without_content() {
    virtually(async {
        row(&[&[P, Say("你是哪位", 700)], &YES, &THANKS], DONE).await;
        row(&[&[P, Say("再说一遍", 700)], &YES, &THANKS], DONE).await;
        row(&[&[P, Say("等一下", 600), P, Wait(9_000)], &[Say("是我", 500)], &THANKS], DONE).await;
        check(people::call_screening(), DONE).await;
        // Not for ever.
        let who = [P, Say("你是哪位", 700)];
        row(&[&who, &who, &who, &who, &who, &who, &who], &format!("{NOT} / unclear")).await;
    });
}

#[test]
fn nobody_confirms_what_they_have_not_heard() {
    virtually(async {
        // “Yes” before the disclosure was heard whole is no confirmation.
        let hasty = [AwaitInto(300), Say("是我", 400)];
        let (world, record) = check(people::after_hello(&[&hasty, &YES, &THANKS]), DONE).await;
        let confirmed = world
            .journal(record.call)
            .into_iter()
            .position(|e| matches!(e.event, Event::IdentityJudged { .. }));
        let disclosed = world
            .journal(record.call)
            .into_iter()
            .position(|e| matches!(e.event, Event::DisclosureMade { .. }));
        assert!(disclosed.unwrap() < confirmed.unwrap());
        // Nor is a key.
        let hasty = [AwaitInto(300), Key('1')];
        check(people::after_hello(&[&hasty, &YES, &THANKS]), DONE).await;
        check(people::after_hello(&[&hasty, &[P, HangUp]]), "completed / callee_hung_up / unclear")
            .await;
        // As the very first word it is a hello.
        let plan = Plan::answered(500, &[Wait(300), Say("是我", 400), P, HangUp]);
        check(plan, "completed / callee_hung_up / unclear").await;
    });
}

#[test]
fn whatever_is_said_before_our_first_words_the_opening_comes_first() {
    virtually(async {
        for words in ["是我", "什么事", "?", "你是哪位", "你是机器人吗", "喂"] {
            let acts = [Wait(300), Say("喂", 300), Wait(760), Say(words, 900)];
            let plan = Plan::answered(1_000, &[&acts[..], &YES, &THANKS].concat());
            let (_, record) = check(plan, DONE).await;
            let ours = record.lines.iter().find(|l| l.speaker == domain::Speaker::Assistant);
            assert!(ours.unwrap().text.contains("人工智能语音助手"), "{words}: {ours:?}");
        }
    });
}
