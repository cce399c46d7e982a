//! Whatever a callee does, and however slow our models are, what must hold holds.

use std::time::Duration;

use testkit::{Act, Chance, Plan, Setup, check_all, virtually};

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
        12 => Act::Wait(chance.within(0, 300) * 20),
        13 => Act::Key(['1', '2', '5', '#'][chance.below(4) as usize]),
        14 => [Act::Beep, Act::Vanish, Act::Return][chance.below(3) as usize],
        _ => [Act::HangUp, Act::Say(words, 16_000)][chance.below(2) as usize],
    }
}

#[test]
fn any_script_ends_with_right_books_and_a_true_transcript() {
    virtually(async {
        for seed in 0..120 {
            let mut chance = Chance::new(seed);
            let world = Setup { seed, record: seed % 2 == 0, ..Setup::default() }.start().await;
            let ms = |n| Duration::from_millis(n);
            world.moods.set_recognizer_takes(ms(chance.below(1_200)));
            world.moods.set_judge_takes(ms(chance.below(300)));
            world.moods.set_responder_takes(ms(chance.below(2_000)));
            world.moods.set_synthesizer_takes(ms(chance.below(900)));
            world.store.set_commit_takes(ms(chance.below(60)));
            let mut plan = Plan::answered(chance.below(3_000), &[]);
            plan.acts = (0..chance.within(1, 24)).map(|_| act(&mut chance)).collect();
            let shown = format!("{seed}: {:?}", plan.acts);
            let record = world.whole_call(plan).await;
            world.pass(1_000).await;
            assert!(record.milestones.answered_at.is_some(), "{shown}");
            println!("{shown}\n  {}", testkit::outcome(&record)); // shown when it fails
            check_all(&world);
        }
    });
}
