//! Whose turn it is: what cuts us short, what does not, and how soon we know.

use std::time::Duration;

use conversation::SpeechClass;
use domain::{CallRecord, Event, PlaybackState, Speaker, UtteranceHeard};
use engine::ports::responder::Prompt;
use testkit::Act::*;
use testkit::{Act, Plan, Setup, World, check_all, outcome, people, virtually};

const DONE: &str = "completed / task_done / confirmed";
const MESSAGE: &str = "李雷让我转告您，明天下午三点在二楼会议室开会。请带上上个月的报表。";
const YES: [Act; 2] = [AwaitPause(600), Say("是我", 600)];
const THANKS: [Act; 4] = [AwaitPause(700), Say("好的，知道了", 900), AwaitPause(500), HangUp];

async fn call(acts: &[&[Act]], moods: impl Fn(&World)) -> (World, CallRecord) {
    let world = Setup::default().start().await;
    moods(&world);
    let record = world.whole_call(people::after_hello(acts)).await;
    check_all(&world);
    (world, record)
}

/// Confirms, does `acts`, acknowledges.
async fn talk(acts: &[Act]) -> (World, CallRecord) {
    call(&[&YES, acts, &THANKS], |_| {}).await
}

fn told_whole_once(record: &CallRecord) -> bool {
    let told = record.lines.iter().filter(|l| l.text.contains("转告"));
    told.map(|l| l.text.as_str()).eq([MESSAGE])
}

/// Media times of these changes of playback, ms.
fn when(world: &World, record: &CallRecord, state: PlaybackState) -> Vec<u64> {
    let journal = world.journal(record.call);
    let same = |e: &Event| matches!(e, Event::PlaybackChanged { state: s, .. } if *s == state);
    journal.iter().filter(|e| same(&e.event)).filter_map(|e| e.media_ms).collect()
}

fn heard(world: &World, record: &CallRecord, text: &str) -> Vec<UtteranceHeard> {
    let journal = world.journal(record.call);
    let said = journal.into_iter().filter_map(|e| match e.event {
        Event::UtteranceHeard(u) if e.texts.text.as_deref() == Some(text) => Some(u),
        _ => None,
    });
    said.collect()
}

#[test]
fn a_hum_before_or_into_the_message_never_replaces_or_repeats_it() {
    virtually(async {
        for wait in (720..1_800).step_by(40) {
            for hum in [Say("嗯", 240), Say("?", 300), Say("嗯嗯", 400)] {
                let (world, record) = talk(&[Wait(wait), hum]).await;
                assert_eq!(outcome(&record), DONE, "{wait} {hum:?}");
                assert!(told_whole_once(&record), "{wait} {hum:?} {:#?}", record.lines);
                let delivered = world.responder.orders();
                let delivers = delivered.iter().filter(|o| o.prompt == Prompt::Deliver);
                assert_eq!(delivers.count(), 1, "{wait} {hum:?}");
            }
        }
    });
}

#[test]
fn a_slow_responder_is_not_hurried_by_what_its_message_answers() {
    virtually(async {
        for said in ["嗯", "?", "喂", "你是哪位", "是我", "什么事"] {
            let acts = [Wait(1_500), Say(said, 500)];
            let (world, record) = call(&[&YES, &acts, &THANKS], |world| {
                world.moods.set_responder_takes(Duration::from_millis(4_000));
            })
            .await;
            assert_eq!(outcome(&record), DONE, "{said}");
            assert!(told_whole_once(&record), "{said} {:#?}", record.lines);
            let orders = world.responder.orders();
            assert_eq!(orders[0].prompt, Prompt::Deliver);
            assert_eq!(orders.len(), 2, "the message, and the reply to the thanks: {said}");
        }
    });
}

#[test]
fn a_backchannel_stops_us_at_once_and_for_no_longer_than_it_takes_to_know() {
    virtually(async {
        for (hum, text) in [(Say("嗯", 240), "嗯"), (Say("嗯嗯", 400), "嗯嗯")] {
            for recognizer in [40, 90, 160] {
                let (world, record) = call(&[&YES, &[AwaitInto(900), hum], &THANKS], |world| {
                    world.moods.set_recognizer_takes(Duration::from_millis(recognizer));
                })
                .await;
                assert_eq!(outcome(&record), DONE);
                assert!(told_whole_once(&record), "{:#?}", record.lines);
                let [u] = heard(&world, &record, text)[..] else { panic!("{:#?}", record.lines) };
                let (paused, resumed) = (
                    when(&world, &record, PlaybackState::Paused),
                    when(&world, &record, PlaybackState::Resumed),
                );
                let ([paused], [resumed]) = (&paused[..], &resumed[..]) else {
                    panic!("{paused:?} {resumed:?}")
                };
                assert!(*paused <= u.start_ms + 60, "paused at {paused}: {u:?}");
                let late = resumed - u.end_ms;
                assert!((200..=320).contains(&late), "{late} ms after {text}, {recognizer}");
            }
        }
    });
}

#[test]
fn a_door_or_a_car_makes_us_hold_our_breath_and_no_more() {
    virtually(async {
        for (noise, least, most) in [(60, 60, 100), (200, 200, 240), (3_000, 280, 320)] {
            let (world, record) = talk(&[AwaitInto(900), Noise(noise)]).await;
            assert_eq!(outcome(&record), DONE);
            assert!(told_whole_once(&record), "{:#?}", record.lines);
            let paused = when(&world, &record, PlaybackState::Paused);
            let resumed = when(&world, &record, PlaybackState::Resumed);
            let ([paused], [resumed]) = (&paused[..], &resumed[..]) else {
                panic!("{noise}: {paused:?} {resumed:?}")
            };
            assert!((least..=most).contains(&(resumed - paused)), "{noise}: {}", resumed - paused);
            let theirs = record.lines.iter().filter(|l| l.speaker == Speaker::User).count();
            assert_eq!(theirs, 3, "hello, yes and thanks: {:#?}", record.lines);
        }
    });
}

#[test]
fn short_noise_lets_us_go_on_as_soon_and_longer_noise_after_the_pause() {
    virtually(async {
        for (ms, from, to) in [(120, 200, 300), (480, 200, 300), (640, 700, 1_000)] {
            let (world, record) = talk(&[AwaitInto(900), Say("?", ms)]).await;
            assert_eq!(outcome(&record), DONE);
            assert!(told_whole_once(&record), "{:#?}", record.lines);
            let u = heard(&world, &record, conversation::UNCLEAR_TEXT)[0];
            let late = when(&world, &record, PlaybackState::Resumed)[0] - u.end_ms;
            assert!((from..=to).contains(&late), "{ms}: {late}");
        }
    });
}

#[test]
fn what_begins_like_a_backchannel_and_goes_on_is_heard_whole() {
    virtually(async {
        for (gap, resumes) in [(100, 0), (160, 0), (320, 1), (500, 1)] {
            let acts = [AwaitInto(900), Say("嗯", 240), Wait(gap), Say("等一下", 700)];
            let (world, record) = talk(&acts).await;
            assert_eq!(outcome(&record), DONE);
            let [u] = heard(&world, &record, "嗯，等一下")[..] else {
                panic!("{gap}: {:#?}", record.lines)
            };
            let resumed = when(&world, &record, PlaybackState::Resumed);
            let within = resumed.iter().filter(|at| (u.start_ms..u.end_ms).contains(at));
            assert_eq!(within.count(), resumes, "{gap}: {resumed:?} in {u:?}");
            assert!(record.lines.iter().any(|l| l.text != MESSAGE && MESSAGE.starts_with(&l.text)));
            // Silent again as soon as they go on, and until they have done.
            let audible = world.plane.audible(record.call);
            let goes_on = u.start_ms + 240 + gap;
            let over = |a: &&testkit::Audible| {
                a.to.as_millis() > goes_on + 80 && a.from.as_millis() < u.end_ms
            };
            assert_eq!(audible.iter().find(over), None, "{gap}");
        }
    });
}

#[test]
fn a_listener_who_hums_all_the_time_hears_every_word_once() {
    virtually(async {
        for gap in [250, 450, 650, 900] {
            let mut acts = vec![AwaitInto(700)];
            for _ in 0..6 {
                acts.extend([Say("嗯", 200), Wait(gap)]);
            }
            let (_, record) = talk(&acts).await;
            assert_eq!(outcome(&record), DONE, "{gap}");
            assert!(told_whole_once(&record), "{gap}: {:#?}", record.lines);
        }
    });
}

#[test]
fn a_hum_at_the_end_of_the_message_is_no_answer_to_it() {
    virtually(async {
        for into in (1_600..2_700).step_by(60) {
            let (_, record) = talk(&[AwaitInto(into), Say("嗯", 240)]).await;
            assert_eq!(outcome(&record), DONE, "{into}");
            assert!(told_whole_once(&record), "{into}: {:#?}", record.lines);
        }
    });
}

#[test]
fn a_recognizer_that_tells_nothing_early_is_waited_for() {
    virtually(async {
        let hum = [AwaitInto(900), Say("嗯", 240)];
        let (world, record) = call(&[&YES, &hum, &THANKS], |world| {
            world.moods.set_recognizer_takes(Duration::from_millis(1_500));
        })
        .await;
        assert_eq!(outcome(&record), DONE);
        assert!(told_whole_once(&record), "{:#?}", record.lines);
        let u = heard(&world, &record, "嗯")[0];
        let resumed = when(&world, &record, PlaybackState::Resumed);
        assert_eq!(resumed.len(), 1);
        assert!(resumed[0] - u.end_ms >= 1_500);
    });
}

#[test]
fn the_question_is_repeated_once_in_whatever_order_it_stays_unanswered() {
    const SILENT: &[Act] = &[AwaitPause(600), AwaitInto(300)];
    const MUMBLES: &[Act] = &[AwaitPause(600), Say("?", 700)];
    const PARDON: &[Act] = &[AwaitPause(600), Say("再说一遍", 700)];
    virtually(async {
        let kinds = [SILENT, MUMBLES, PARDON];
        for n in 0..81 {
            let acts: Vec<&[Act]> = (0..4).map(|i| kinds[n / 3usize.pow(i) % 3]).collect();
            let (world, record) = call(&acts, |_| {}).await;
            let want = "completed / identity_not_confirmed / unclear";
            assert_eq!(outcome(&record), want, "{acts:?} {:#?}", record.lines);
            let again = record.lines.iter().filter(|l| l.text.contains("没有听清"));
            assert_eq!(again.count(), 1, "{acts:?} {:#?}", record.lines);
            let audible = world.plane.audible(record.call);
            assert!(audible.iter().all(|a| a.class != SpeechClass::Content));
        }
    });
}

#[test]
fn whoever_opts_out_before_our_first_words_still_learns_who_called() {
    virtually(async {
        for record in [false, true] {
            let world = Setup { record, ..Setup::default() }.start().await;
            let plan = Plan::answered(500, &[Wait(300), Say("不要再打了", 900)]);
            let record = world.whole_call(plan).await;
            world.pass(1_000).await;
            check_all(&world);
            assert_eq!(outcome(&record), "completed / opted_out / refused");
            let ours: Vec<_> =
                record.lines.iter().filter(|l| l.speaker == Speaker::Assistant).collect();
            assert_eq!(ours.len(), 1, "{:#?}", record.lines);
            assert!(ours[0].text.contains("人工智能语音助手，受李雷委托"), "{}", ours[0].text);
            assert!(ours[0].text.contains("不会再"), "{}", ours[0].text);
            assert!(!ours[0].text.contains("王伟"), "{}", ours[0].text);
            assert!(record.disclosure.ai_at.is_some());
            let recorded = record.disclosure.recording_at.is_some();
            assert_eq!(recorded, ours[0].text.contains("录音"));
            let first = world.plane.audible(record.call)[0];
            assert_eq!(first.class, SpeechClass::Opening);
        }
    });
}
