//! When we begin to speak, and that the first words are the opening.

use std::time::Duration;

use conversation::SpeechClass;
use domain::{Opening, Speaker, Surface, TurnSettings};
use engine::{Calls, PlaceOrder};
use testkit::Act::*;
use testkit::{Mood, Plan, Setup, World, check_all, outcome, people, virtually};

/// Media time of our first sample, ms, in a call that follows `plan`.
async fn first_word(world: &World, plan: Plan) -> u64 {
    let record = world.whole_call(plan).await;
    check_all(world);
    let audible = world.plane.audible(record.call);
    assert_eq!(audible[0].class, SpeechClass::Opening);
    audible[0].from.as_millis()
}

#[test]
fn a_cooperative_callee_hears_the_message_and_the_task_is_done() {
    virtually(async {
        let world = Setup::default().start().await;
        let record = world.whole_call(people::cooperative()).await;
        check_all(&world);
        assert_eq!(outcome(&record), "completed / task_done / confirmed");
        let said: Vec<(Speaker, &str)> =
            record.lines.iter().map(|l| (l.speaker, l.text.as_str())).collect();
        let opening = "您好，我是人工智能语音助手，受李雷委托给您打电话。请问您是王伟吗？";
        let message = "李雷让我转告您，明天下午三点在二楼会议室开会。请带上上个月的报表。";
        use Speaker::{Assistant, User};
        let want = [
            (User, "喂，你好"),
            (Assistant, opening),
            (User, "是我"),
            (Assistant, message),
            (User, "好的，知道了"),
            (Assistant, "好的，再见。"),
        ];
        assert_eq!(said, want);
        assert!(record.disclosure.ai_at.is_some());
        assert!(record.disclosure.recording_at.is_none());
        assert_eq!(record.turns.len(), 3);
    });
}

#[test]
fn the_opening_waits_for_the_hello() {
    virtually(async {
        let world = Setup::default().start().await;
        let acts = [Wait(900), Say("喂，你好", 2_000)];
        let first = first_word(&world, Plan::answered(500, &acts)).await;
        assert!((2_900..4_000).contains(&first), "{first}");
    });
}

#[test]
fn without_a_hello_the_opening_comes_after_1200_ms() {
    virtually(async {
        let world = Setup::default().start().await;
        let first = first_word(&world, people::silent()).await;
        assert!((1_180..=1_260).contains(&first), "{first}");
    });
}

#[test]
fn a_hello_that_begins_as_we_are_about_to_open_is_not_talked_over() {
    virtually(async {
        let world = Setup::default().start().await;
        let acts = [Wait(1_130), Say("喂，你好", 1_500)];
        let first = first_word(&world, Plan::answered(500, &acts)).await;
        assert!(first > 2_600, "{first}");
    });
}

#[test]
fn opening_at_the_answer_waits_for_nothing() {
    virtually(async {
        let turn = TurnSettings { opening: Opening::AtAnswer, ..TurnSettings::default() };
        let world = Setup { turn, ..Setup::default() }.start().await;
        let first = first_word(&world, people::silent()).await;
        assert!(first <= 40, "{first}");
    });
}

#[test]
fn the_opening_is_made_while_the_phone_rings() {
    virtually(async {
        let turn = TurnSettings { opening: Opening::AtAnswer, ..TurnSettings::default() };
        let world = Setup { turn, ..Setup::default() }.start().await;
        world.moods.set_synthesizer_takes(Duration::from_millis(900));
        let first = first_word(&world, people::silent()).await;
        assert!(first <= 40, "the synthesizer had the ringing time: {first}");
    });
}

#[test]
fn an_opening_that_is_made_late_is_still_the_first_thing_heard() {
    virtually(async {
        let world = Setup::default().start().await;
        world.moods.set_synthesizer_takes(Duration::from_millis(3_000));
        let first = first_word(&world, people::silent()).await;
        assert!((1_500..3_500).contains(&first), "{first}");
    });
}

#[test]
fn a_brief_that_fails_leaves_an_opening_without_names() {
    virtually(async {
        let world = Setup::default().start().await;
        world.moods.set_judge(Mood::Fails);
        let record = world.whole_call(people::silent()).await;
        check_all(&world);
        let first = &record.lines[0].text;
        assert!(!first.contains("王伟") && !first.contains("李雷"), "{first}");
        assert!(first.contains("尾号8000"), "{first}");
    });
}

#[test]
fn a_recorded_call_says_so_in_its_opening() {
    virtually(async {
        let world = Setup { record: true, ..Setup::default() }.start().await;
        let record = world.whole_call(people::cooperative()).await;
        world.pass(1_000).await;
        check_all(&world);
        assert!(record.lines[1].text.contains("录音"));
        assert!(record.disclosure.recording_at.is_some());
        let record = world.record(record.call);
        assert_eq!(record.recording.as_deref(), Some(format!("{}.wav", record.call).as_str()));
        assert!(!record.recording_pending);
    });
}

#[test]
fn the_voice_and_emotion_of_a_call_reach_whoever_speaks() {
    virtually(async {
        let world = Setup::default().start().await;
        world.trunk.plan("13800138000", people::cooperative());
        let mut request = world.request("13800138000");
        request.terms.voice.voice = "v0009".to_owned();
        request.terms.voice.emotion = "cheerful".to_owned();
        let order = PlaceOrder { surface: Surface::Callout, requests: vec![request], once: None };
        world.engine.place(&world.who, order).await.unwrap();
        world.settle(900).await;
        check_all(&world);
        let asked = world.synthesizer.asked.lock().unwrap().clone();
        let want = [("v0009".to_owned(), "cheerful".to_owned())];
        assert_eq!(asked.into_iter().collect::<Vec<_>>(), want);
    });
}

#[test]
fn a_call_is_held_by_the_model_it_names_and_by_the_default_one_if_that_is_gone() {
    virtually(async {
        let world = Setup::default().start().await;
        let asked = |of: &testkit::FakeSynthesizer| !of.asked.lock().unwrap().is_empty();
        let numbers = ["13800138001", "13800138002"];
        for (number, model, second) in
            [(numbers[0], testkit::SECOND_MODEL, true), (numbers[1], "of another day", false)]
        {
            world.second_synthesizer.asked.lock().unwrap().clear();
            world.synthesizer.asked.lock().unwrap().clear();
            world.trunk.plan(number, people::cooperative());
            let mut request = world.request(number);
            request.terms.voice.model = model.to_owned();
            let order =
                PlaceOrder { surface: Surface::Callout, requests: vec![request], once: None };
            world.engine.place(&world.who, order).await.unwrap();
            world.settle(900).await;
            assert_eq!(asked(&world.second_synthesizer), second, "{model}");
            assert_eq!(asked(&world.synthesizer), !second, "{model}");
        }
        check_all(&world);
    });
}
