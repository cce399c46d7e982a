//! Tables of replies and what they mean.

use super::*;

fn check(question: Question, addressee: Option<&str>, table: &[(&str, Meaning)]) {
    let wrong: Vec<String> = table
        .iter()
        .filter_map(|(text, want)| {
            let got = meaning(text, question, addressee);
            (got != *want).then(|| format!("{text}: {got:?}, not {want:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

use Meaning::*;

#[test]
fn chinese_answers_to_identity() {
    check(
        Question::Identity,
        Some("张三"),
        &[
            ("是我", Confirmed),
            ("我就是", Confirmed),
            ("对，是我", Confirmed),
            ("是的，我就是", Confirmed),
            ("我是张三", Confirmed),
            ("我就是张三", Confirmed),
            ("我是本人", Confirmed),
            ("对", Confirmed),
            ("是的", Confirmed),
            ("喂，你好，是我，你说", Confirmed),
            ("我就是，请说", Confirmed),
            ("我就是，您哪位", Confirmed),
            ("嗯，对，我是", Confirmed),
            ("yes", Confirmed),
            ("对对对是我你说", Confirmed),
            ("没错", Confirmed),
            ("嗯", Unclear),
            ("哦", Unclear),
            ("", Unclear),
            ("……", Unclear),
            ("好的", Unclear),
            ("可以", Unclear),
            ("是我吗", Unclear),
            ("是我吧", Unclear),
            ("天气不错", Unclear),
            ("三", Unclear),
            ("我是送外卖的", Unclear),
            ("不是我", Denied),
            ("我不是", Denied),
            ("不是", Denied),
            ("不是本人", Denied),
            ("你打错了", Denied),
            ("打错了", Denied),
            ("没有这个人", Denied),
            ("我是李四", Denied),
            ("不认识", Denied),
            ("这不是他的电话", Denied),
            ("不是，我不是张三", Denied),
            ("我不是张三，你打错了", Denied),
            ("我不认识他", Denied),
        ],
    );
}

#[test]
fn chinese_answers_that_are_no_yes_and_no_no() {
    check(
        Question::Identity,
        Some("张三"),
        &[
            ("他不在", ThirdParty),
            ("我是他老婆", ThirdParty),
            ("不是，我是他家人", ThirdParty),
            ("他不在，我是他家人", ThirdParty),
            ("我是他的秘书", ThirdParty),
            ("我是他同事，他在开会", ThirdParty),
            ("我帮你转告他", ThirdParty),
            ("她出去了", ThirdParty),
            ("我是张三的老婆", Unclear),
            ("没空", Refused),
            ("我在开会", Refused),
            ("现在不方便", Refused),
            ("我在开车", Refused),
            ("没兴趣", Refused),
            ("是我，但是我在开会", Refused),
            ("不要再打了", OptOut),
            ("别再打了", OptOut),
            ("别再给我打电话了", OptOut),
            ("以后不要再打电话了", OptOut),
            ("是我，别再打了", OptOut),
            ("把我拉黑", OptOut),
            ("不要给我打电话", OptOut),
            ("你打错了，别再打了", OptOut),
            ("你是机器人吗", AsksRobot),
            ("你是不是机器人", AsksRobot),
            ("你是真人吗", AsksRobot),
            ("你是人工智能吗？", AsksRobot),
            ("你是谁", AsksWho),
            ("请问你是哪位", AsksWho),
            ("什么事", AsksWho),
            ("你找谁", AsksWho),
            ("谁啊", AsksWho),
            ("对，你是谁", AsksWho),
            ("喂", Greeting),
            ("喂，你好", Greeting),
            ("您好", Greeting),
            ("等一下", HoldOn),
            ("请稍等", HoldOn),
            ("再说一遍", AsksRepeat),
            ("没听清", AsksRepeat),
            ("再见", Goodbye),
            ("您拨打的用户暂时无法接听", Voicemail),
            ("请在嘀声后留言", Voicemail),
            ("请留下您的姓名和电话", Voicemail),
            ("请说出您的姓名和来电原因", Screening),
            ("我是电话助理", Screening),
            ("机主现在不方便接电话", Screening),
        ],
    );
}

#[test]
fn english_answers_to_identity() {
    check(
        Question::Identity,
        Some("John Smith"),
        &[
            ("Speaking.", Confirmed),
            ("Yes, speaking", Confirmed),
            ("This is he", Confirmed),
            ("That's me", Confirmed),
            ("Yes it is", Confirmed),
            ("Yeah", Confirmed),
            ("I am", Confirmed),
            ("This is John", Confirmed),
            ("This is John Smith speaking", Confirmed),
            ("Speaking, who is this?", Confirmed),
            ("John speaking", Confirmed),
            ("Yes, that's me, go ahead", Confirmed),
            ("That's right", Confirmed),
            ("uh huh", Unclear),
            ("mm", Unclear),
            ("sure", Unclear),
            ("okay", Unclear),
            ("I am fine", Unclear),
            ("That's me in the corner", Unclear),
            ("banana", Unclear),
            ("yes but who", Unclear),
            ("No", Denied),
            ("No, that's not me", Denied),
            ("Wrong number", Denied),
            ("You have the wrong number", Denied),
            ("There's nobody here by that name", Denied),
            ("This is Mary", Denied),
            ("My name is Bob", Denied),
            ("I'm not John", Denied),
            ("I don't know him", Denied),
        ],
    );
}

#[test]
fn english_answers_that_are_no_yes_and_no_no() {
    check(
        Question::Identity,
        Some("John Smith"),
        &[
            ("He's not here", ThirdParty),
            ("This is his wife", ThirdParty),
            ("No, I'm his brother", ThirdParty),
            ("Can I take a message?", ThirdParty),
            ("I'm a family member", ThirdParty),
            ("I'm busy right now", Refused),
            ("I'm in a meeting", Refused),
            ("Not interested", Refused),
            ("Can you call me later", Refused),
            ("No thanks", Refused),
            ("Stop calling me", OptOut),
            ("Take me off your list", OptOut),
            ("Do not call this number again", OptOut),
            ("Yes, and don't ever call again", OptOut),
            ("don't call me later, don't call me ever", OptOut),
            ("Are you a robot?", AsksRobot),
            ("Am I talking to a real person?", AsksRobot),
            ("Is this a recording", AsksRobot),
            ("Who is this?", AsksWho),
            ("What's this about?", AsksWho),
            ("May I ask who's calling?", AsksWho),
            ("Hello", Greeting),
            ("Good morning", Greeting),
            ("Hold on", HoldOn),
            ("One moment please", HoldOn),
            ("Pardon?", AsksRepeat),
            ("I can't hear you", AsksRepeat),
            ("Please leave a message after the tone", Voicemail),
            ("You've reached my voicemail", Voicemail),
            ("Please say your name and why you're calling", Screening),
        ],
    );
}

#[test]
fn before_the_question_nothing_confirms() {
    check(
        Question::Hello,
        None,
        &[
            ("是我", Greeting),
            ("喂你好", Greeting),
            ("喂", Greeting),
            ("嗯", Greeting),
            ("yes", Greeting),
            ("Speaking", Greeting),
            ("哪位", AsksWho),
            ("不要再打了", OptOut),
            ("请在提示音后留言", Voicemail),
            ("请说明您的来意", Screening),
            ("你打错了", Denied),
            ("他不在", ThirdParty),
            ("没空", Refused),
            ("你是机器人吗", AsksRobot),
        ],
    );
}

#[test]
fn asked_about_never_calling_again_a_no_takes_it_back() {
    check(
        Question::OptOut,
        Some("张三"),
        &[
            ("是的", Agrees),
            ("对，没错", Agrees),
            ("嗯", Agrees),
            ("好的，谢谢", Agrees),
            ("yes please", Agrees),
            ("mm", Agrees),
            ("对，别再打了", OptOut),
            ("不是", Denied),
            ("不是不是，我不是这个意思", Denied),
            ("没有没有", Denied),
            ("哦，不是的", Denied),
            ("no", Denied),
            ("no, no, that's not what I said", Denied),
            ("oh no, sorry", Denied),
            ("打错了", Refused),
            ("wrong number", Refused),
            ("不要", Refused),
            ("不需要，谢谢", Refused),
            ("not interested", Refused),
            ("什么", AsksRepeat),
            ("你是谁", AsksWho),
            ("几点", Other),
            ("再见", Goodbye),
        ],
    );
}

#[test]
fn in_the_talk_the_responder_decides_about_the_matter() {
    check(
        Question::Talk,
        Some("张三"),
        &[
            ("好的，知道了", Other),
            ("是的", Agrees),
            ("对，没错", Agrees),
            ("嗯，好的，谢谢", Agrees),
            ("yes, right", Agrees),
            ("okay, thank you", Agrees),
            ("好的，几点", Other),
            ("对吗", Other),
            ("是我", Other),
            ("几点", Other),
            ("不行", Other),
            ("什么事", Other),
            ("嗯", Backchannel),
            ("哦", Backchannel),
            ("uh-huh", Backchannel),
            ("mm", Backchannel),
            ("再见", Goodbye),
            ("好的，再见", Goodbye),
            ("thank you, bye", Goodbye),
            ("稍等", HoldOn),
            ("没听清", AsksRepeat),
            ("喂", Greeting),
            ("别再打了", OptOut),
            ("stop calling me", OptOut),
            ("你是机器人吗", AsksRobot),
            ("你打错了", Denied),
            ("取消会议吗", Other),
            ("不要忘了给我打电话", Other),
            ("晚点别打给我，明天再打", Other),
            ("", Unclear),
            ("你是谁", AsksWho),
            ("我在开会", Refused),
            ("明天我在开会，去不了", Other),
        ],
    );
}

#[test]
fn without_a_name_only_plain_answers_confirm() {
    check(
        Question::Identity,
        None,
        &[
            ("是我", Confirmed),
            ("我是机主", Confirmed),
            ("yes", Confirmed),
            ("我是李四", Unclear),
            ("This is Mary", Unclear),
        ],
    );
}

#[test]
fn a_title_is_no_first_name() {
    check(
        Question::Identity,
        Some("王女士"),
        &[
            ("我是王女士", Confirmed),
            ("是我", Confirmed),
            ("我姓王", Unclear),
            ("我是她老公", ThirdParty),
        ],
    );
    check(
        Question::Identity,
        Some("Mrs. Green"),
        &[
            ("This is Mrs. Green", Confirmed),
            ("This is Mr. Green", Denied),
            ("speaking", Confirmed),
        ],
    );
}

#[test]
fn what_was_not_understood_is_unclear() {
    use engine::ports::recognizer::Heard;
    let reply = Reply {
        question: Question::Identity,
        addressee: None,
        heard: Heard { unclear: true, ..Heard::text("是我") },
        language: Language::Zh,
    };
    let judged = futures::FutureExt::now_or_never(RulesJudge.judge(reply));
    assert_eq!(judged, Some(Ok(Unclear)));
}

/// What a tag of the phrase list means as an answer to “is that you?”; `None`: not fixed.
fn meaning_of_tag(tag: &str) -> Option<Meaning> {
    Some(match tag {
        "confirm" | "yes" => Meaning::Confirmed,
        "deny" | "no" | "wrong_number" => Meaning::Denied,
        "third_party" => Meaning::ThirdParty,
        "refuse" | "busy" => Meaning::Refused,
        "opt_out" => Meaning::OptOut,
        "robot" => Meaning::AsksRobot,
        "who" | "what" => Meaning::AsksWho,
        "repeat" => Meaning::AsksRepeat,
        "hold_on" => Meaning::HoldOn,
        "hello" => Meaning::Greeting,
        "bye" => Meaning::Goodbye,
        "voicemail" => Meaning::Voicemail,
        "screening" => Meaning::Screening,
        _ => return None,
    })
}

#[test]
fn every_reply_the_recognizer_knows_means_what_the_list_says() {
    let mut wrong = Vec::new();
    for language in [Language::Zh, Language::En] {
        for phrase in crate::lexicon::built_in_phrases(language).unwrap() {
            let states = phrase.states;
            let expected = meaning_of_tag(&phrase.tag).filter(|_| states.identity && !states.decoy);
            let Some(expected) = expected else { continue };
            let found = meaning(&phrase.text, Question::Identity, Some("张伟"));
            // Which kind of machine it is matters less than that it is one.
            let machine = matches!(expected, Meaning::Screening | Meaning::Voicemail)
                && matches!(
                    found,
                    Meaning::AsksWho | Meaning::HoldOn | Meaning::Screening | Meaning::Voicemail
                );
            if found != expected && !machine {
                wrong.push(format!("{} ({}): {found:?}", phrase.text, phrase.tag));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
