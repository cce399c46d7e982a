//! The `Judge` port by rules: what a requirement may reveal, and what a reply means.
//!
//! The rules take any text, from a closed grammar or from a recognizer of free speech, in Chinese,
//! English or both. An opt-out beats everything; a doubt is `Unclear`, never `Confirmed`; outside
//! the question of identity nothing is ever `Confirmed`.

mod asking_words;
mod identity;
mod identity_words;
mod machine_words;
mod phrases;
mod words;

use conversation::{Meaning, Question};
use domain::{Brief, Language, Masked};
use engine::ports::PortFuture;
use engine::ports::judge::{Judge, Reply};
use engine::ports::synthesizer::SpeechError;

use crate::extract;
pub(crate) use words::Words;

/// Judges by rules; needs no model and no network.
#[derive(Clone, Copy, Debug, Default)]
pub struct RulesJudge;

impl Judge for RulesJudge {
    fn name(&self) -> &'static str {
        "rules"
    }

    fn brief(
        &self,
        requirement: Masked<String>,
        language: Language,
    ) -> PortFuture<'static, Result<Brief, SpeechError>> {
        Box::pin(async move { Ok(extract::brief(requirement.reveal(), language)) })
    }

    fn judge(&self, reply: Reply) -> PortFuture<'static, Result<Meaning, SpeechError>> {
        Box::pin(async move {
            if reply.heard.unclear {
                return Ok(Meaning::Unclear);
            }
            let addressee = reply.addressee.as_ref().map(|a| a.reveal().as_str());
            Ok(meaning(reply.heard.text.reveal(), reply.question, addressee))
        })
    }
}

/// What a text means after a question.
pub fn meaning(text: &str, question: Question, addressee: Option<&str>) -> Meaning {
    let w = Words::of(text);
    if w.solid.is_empty() {
        return Meaning::Unclear;
    }
    if phrases::opts_out(&w) {
        return Meaning::OptOut;
    }
    if phrases::is_screening(&w) {
        return Meaning::Screening;
    }
    if phrases::is_voicemail(&w) {
        return Meaning::Voicemail;
    }
    if phrases::asks_robot(&w) {
        return Meaning::AsksRobot;
    }
    match question {
        Question::Identity => identity::judge(&w, addressee),
        Question::Hello => hello(&w),
        Question::OptOut => wants_out(&w),
        Question::Talk => talk(&w),
    }
}

/// The words after the answer: nobody has been asked anything, so nothing confirms.
fn hello(w: &Words) -> Meaning {
    match identity::judge(w, None) {
        // “是我” or “yes” before any question is a greeting.
        Meaning::Confirmed => Meaning::Greeting,
        Meaning::Unclear if phrases::is_backchannel(w) => Meaning::Greeting,
        other => other,
    }
}

/// The answer to “shall we never call you again?”.
fn wants_out(w: &Words) -> Meaning {
    if w.zh(WRONG_NUMBER_ZH) || w.en(WRONG_NUMBER_EN) {
        // Whose number it is not need not be called again.
        return Meaning::Refused;
    }
    if w.tiled(NO_SUCH_WISH, TO_A_NO) {
        return Meaning::Denied;
    }
    // “不要” to this question refuses the calls, or leaves open what it refuses.
    if phrases::refuses(w) {
        return Meaning::Refused;
    }
    if !w.asks && (phrases::accepts(w) || phrases::is_backchannel(w)) {
        return Meaning::Agrees;
    }
    talk(w)
}

/// In the conversation about the matter only what concerns the call itself is judged; a responder
/// decides about the rest.
fn talk(w: &Words) -> Meaning {
    if phrases::is_backchannel(w) {
        return Meaning::Backchannel;
    }
    if !w.asks && phrases::agrees(w) {
        return Meaning::Agrees;
    }
    if phrases::greets(w) {
        return Meaning::Greeting;
    }
    if w.zh(WRONG_NUMBER_ZH) || w.en(WRONG_NUMBER_EN) {
        return Meaning::Denied;
    }
    if phrases::holds_on(w) {
        return Meaning::HoldOn;
    }
    if phrases::asks_repeat(w) {
        return Meaning::AsksRepeat;
    }
    if phrases::says_goodbye(w) {
        return Meaning::Goodbye;
    }
    if w.zh(&[
        "你是谁",
        "您是谁",
        "你哪位",
        "您哪位",
        "你是哪",
        "您是哪",
        "谁打",
        "谁让你",
        "谁请我",
        "谁请",
        "谁找我",
        "谁约",
        "谁通知",
        "谁叫我",
        "谁叫你",
        "谁委托",
        "哪个公司",
        "哪家公司",
    ]) || w.en(&[
        "who is this",
        "who are you",
        "whos calling",
        "who is calling",
        "whos speaking",
    ]) {
        return Meaning::AsksWho;
    }
    if w.tiled(REFUSALS, &["我", "现在", "sorry", "im", "right now", "啊", "了", "呢", "不好意思"])
    {
        return Meaning::Refused;
    }
    Meaning::Other
}

const WRONG_NUMBER_ZH: &[&str] = &["打错", "拨错", "找错人", "我不是他", "我不是她", "不是本人"];
const WRONG_NUMBER_EN: &[&str] = &["wrong number", "wrong person"];
/// Whole replies that end the talk rather than answer it.
const REFUSALS: &[&str] = &[
    "没空",
    "没时间",
    "在开会",
    "在开车",
    "不方便",
    "现在不方便",
    "我在开会",
    "我在开车",
    "没兴趣",
    "我没空",
    "我没时间",
    "在忙",
    "我在忙",
    "晚点再说",
    "busy",
    "not interested",
    "in a meeting",
    "driving",
    "i dont have time",
    "not now",
    "cant talk",
    "i cant talk",
    "call me later",
    "can you call back later",
];

/// “That is not what I said.”
const NO_SUCH_WISH: &[&str] = &[
    "不是",
    "不是的",
    "不是这个意思",
    "我不是这个意思",
    "不是那个意思",
    "我没这么说",
    "我没说",
    "没有说",
    "没有",
    "没说",
    "没",
    "不",
    "no",
    "nope",
    "nah",
    "not at all",
    "no i didnt",
    "i didnt say that",
    "i didnt mean that",
    "thats not what i said",
    "thats not what i meant",
    "thats not what i mean",
];
/// What may stand around it.
const TO_A_NO: &[&str] = &[
    "啊",
    "呀",
    "哦",
    "嗯",
    "哎",
    "呃",
    "我",
    "的",
    "了",
    "你",
    "您",
    "听错了",
    "可以打",
    "没关系",
    "oh",
    "um",
    "uh",
    "well",
    "sorry",
    "its fine",
    "its okay",
    "thats fine",
    "you can call",
    "you can call me",
    "i",
    "please",
    "not that",
];

#[cfg(test)]
mod tests;
