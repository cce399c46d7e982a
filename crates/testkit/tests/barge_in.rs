//! What happens when the callee speaks while we do.

use conversation::SpeechClass;
use domain::{CallRecord, Event, PlaybackState, Speaker, UtteranceSpoken};
use testkit::Act::*;
use testkit::{Act, Plan, Setup, World, check_all, outcome, people, virtually};

const DONE: &str = "completed / task_done / confirmed";
const MESSAGE: &str = "李雷让我转告您，明天下午三点在二楼会议室开会。请带上上个月的报表。";

/// Confirms, does `acts` into the message, then acknowledges.
async fn talk(acts: &[Act]) -> (World, CallRecord) {
    let world = Setup::default().start().await;
    let yes = [AwaitPause(600), Say("是我", 600)];
    let thanks = [AwaitPause(700), Say("好的，知道了", 900), AwaitPause(500), HangUp];
    let record = world.whole_call(people::after_hello(&[&yes, acts, &thanks])).await;
    check_all(&world);
    (world, record)
}

fn cuts(world: &World, record: &CallRecord) -> Vec<(UtteranceSpoken, String, Option<String>)> {
    let journal = world.journal(record.call);
    let cut = journal.into_iter().filter_map(|e| match e.event {
        Event::UtteranceSpoken(u) if u.cut => Some((u, e.texts.text?, e.texts.meant)),
        _ => None,
    });
    cut.collect()
}

fn playback(world: &World, record: &CallRecord, state: PlaybackState) -> usize {
    let journal = world.journal(record.call);
    let same = |e: &Event| matches!(e, Event::PlaybackChanged { state: s, .. } if *s == state);
    journal.iter().filter(|e| same(&e.event)).count()
}

#[test]
fn a_question_cuts_us_short_and_the_transcript_keeps_only_what_was_heard() {
    virtually(async {
        let (world, record) = talk(&[AwaitInto(1_200), Say("什么事", 800)]).await;
        assert_eq!(outcome(&record), DONE);
        let cuts = cuts(&world, &record);
        assert_eq!(cuts.len(), 1);
        let (_, heard, meant) = &cuts[0];
        assert!(MESSAGE.starts_with(heard.as_str()) && heard != MESSAGE, "{heard}");
        assert_eq!(meant.as_deref(), Some(MESSAGE));
        assert!(heard.chars().count() >= 12, "1.2 s are fifteen characters: {heard}");
    });
}

#[test]
fn we_fall_silent_as_soon_as_speech_is_noticed() {
    virtually(async {
        let (world, record) = talk(&[AwaitInto(1_200), Say("什么事", 800)]).await;
        let question = record.lines.iter().find(|l| l.text == "什么事").unwrap();
        let audible = world.plane.audible(record.call);
        let mut before = audible.iter().filter(|a| a.from.as_millis() < question.start_ms);
        let silent_from = before.next_back().unwrap().to.as_millis();
        let late = silent_from.saturating_sub(question.start_ms);
        assert!(late <= 60, "spoke {late} ms into the callee's speech");
        let next = audible.iter().find(|a| a.from.as_millis() > question.start_ms).unwrap();
        assert!(next.from.as_millis() > question.end_ms, "spoke again during the question");
    });
}

#[test]
fn a_backchannel_does_not_cost_a_word() {
    virtually(async {
        let (world, record) = talk(&[AwaitInto(900), Say("嗯", 240)]).await;
        assert_eq!(outcome(&record), DONE);
        assert_eq!(cuts(&world, &record), []);
        assert!(playback(&world, &record, PlaybackState::Paused) >= 1);
        assert!(playback(&world, &record, PlaybackState::Resumed) >= 1);
        assert!(record.lines.iter().any(|l| l.text == MESSAGE), "{:#?}", record.lines);
    });
}

#[test]
fn two_backchannels_in_one_message_do_not_cost_a_word() {
    virtually(async {
        let world = Setup::default().start().await;
        let record = world.whole_call(people::backchannels()).await;
        check_all(&world);
        assert_eq!(outcome(&record), DONE);
        assert_eq!(cuts(&world, &record), []);
        assert!(record.lines.iter().any(|l| l.text == MESSAGE), "{:#?}", record.lines);
    });
}

#[test]
fn short_noise_does_not_cost_a_word() {
    virtually(async {
        let (world, record) = talk(&[AwaitInto(900), Say("?", 300)]).await;
        assert_eq!(outcome(&record), DONE);
        assert_eq!(cuts(&world, &record), []);
        assert!(record.lines.iter().any(|l| l.text == MESSAGE), "{:#?}", record.lines);
    });
}

#[test]
fn somebody_who_interrupts_again_and_again_is_answered_each_time() {
    virtually(async {
        let mut acts = Vec::new();
        for _ in 0..5 {
            acts.extend([AwaitInto(700), Say("什么事", 600)]);
        }
        let (world, record) = talk(&acts).await;
        assert_eq!(outcome(&record), DONE);
        assert_eq!(cuts(&world, &record).len(), 5, "{:#?}", record.lines);
        let asked = record.lines.iter().filter(|l| l.text == "什么事").count();
        assert_eq!(asked, 5);
    });
}

#[test]
fn a_second_hello_into_the_opening_lets_the_opening_go_on() {
    virtually(async {
        let world = Setup::default().start().await;
        let acts = [AwaitInto(700), Say("喂", 300), AwaitPause(700), Say("是我", 500)];
        let record = world.whole_call(people::after_hello(&[&acts])).await;
        check_all(&world);
        let openings: Vec<&str> = record
            .lines
            .iter()
            .filter(|l| l.speaker == Speaker::Assistant && l.text.contains("人工智能"))
            .map(|l| l.text.as_str())
            .collect();
        assert_eq!(openings.len(), 1, "{:#?}", record.lines);
        assert!(openings[0].ends_with("请问您是王伟吗？"));
        assert_eq!(record.identity.word(), "confirmed");
    });
}

#[test]
fn nothing_is_said_while_the_callee_talks_on() {
    virtually(async {
        let world = Setup::default().start().await;
        let record = world.whole_call(people::talks_long()).await;
        check_all(&world);
        assert_eq!(outcome(&record), DONE);
        let audible = world.plane.audible(record.call);
        let heard = |l: &&domain::Line| l.speaker == Speaker::User;
        for line in record.lines.iter().filter(heard) {
            // We need 80 ms to notice.
            let during = |a: &&testkit::Audible| {
                let (from, to) = (a.from.as_millis(), a.to.as_millis());
                to > line.start_ms + 80 && from < line.end_ms
            };
            assert_eq!(audible.iter().find(during), None, "{line:?}");
        }
        let long = record.lines.iter().find(|l| l.end_ms - l.start_ms > 12_000);
        assert!(long.is_some(), "a pause in mid-speech is no end: {:#?}", record.lines);
    });
}

#[test]
fn a_call_that_ends_in_mid_word_keeps_what_was_heard() {
    virtually(async {
        let world = Setup::default().start().await;
        let yes = [AwaitPause(600), Say("是我", 600)];
        let plan: Plan = people::after_hello(&[&yes, &[AwaitInto(1_000), HangUp]]);
        let record = world.whole_call(plan).await;
        check_all(&world);
        assert_eq!(outcome(&record), "completed / callee_hung_up / confirmed");
        let last = record.lines.last().unwrap();
        assert!(MESSAGE.starts_with(&last.text) && last.text != MESSAGE, "{}", last.text);
        let content = world.plane.audible(record.call);
        assert!(content.iter().any(|a| a.class == SpeechClass::Content));
    });
}

#[test]
fn words_that_cut_us_short_stand_after_the_line_that_they_cut() {
    virtually(async {
        let (world, record) = talk(&[AwaitInto(1_200), Say("什么事", 800)]).await;
        let starts: Vec<u64> = record.lines.iter().map(|l| l.start_ms).collect();
        assert!(starts.is_sorted(), "{:#?}", record.lines);
        let question = record.lines.iter().position(|l| l.text == "什么事").unwrap();
        let cut = &record.lines[question - 1];
        assert!(cut.speaker == Speaker::Assistant && MESSAGE.starts_with(&cut.text), "{cut:?}");
        // Whoever follows the journal sees them in the same order.
        assert!(cut.seq < record.lines[question].seq, "{:#?}", record.lines);
        drop(world);
    });
}

#[test]
fn a_backchannel_is_told_at_once_and_stands_after_the_beginning_of_our_line() {
    virtually(async {
        let (_, record) = talk(&[AwaitInto(1_200), Say("嗯", 240)]).await;
        let hum = record.lines.iter().position(|l| l.text == "嗯").unwrap();
        let ours = &record.lines[hum - 1];
        assert!(ours.speaker == Speaker::Assistant && ours.text == MESSAGE, "{ours:?}");
        assert!(record.lines[hum].seq < ours.seq, "our line was not over: {:#?}", record.lines);
    });
}

#[test]
fn speech_that_nobody_understood_stands_after_the_line_that_it_cut_too() {
    virtually(async {
        let (world, record) = talk(&[AwaitInto(1_200), Say("?", 1_500)]).await;
        let unclear = record.lines.iter().position(|l| l.text == "[unclear]").unwrap();
        let cut = &record.lines[unclear - 1];
        assert_eq!(cut.speaker, Speaker::Assistant);
        let seqs: Vec<u64> = record.lines.iter().map(|l| l.seq).collect();
        let journal = world.journal(record.call);
        assert!(cut.seq < record.lines[unclear].seq, "{seqs:?} {:#?} {journal:#?}", record.lines);
    });
}
