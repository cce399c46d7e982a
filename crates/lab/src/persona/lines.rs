//! What callees say: natural call replies in Chinese and English, several variants of each.

use domain::Language;

/// A kind of line. Its variants mean the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// First words at the answer.
    Hello,
    /// “It is me.”
    Confirm,
    /// A plain yes, to a short second question.
    Yes,
    /// “I have understood.”
    Acknowledge,
    /// Last words.
    Goodbye,
    /// “You have the wrong number.”
    WrongNumber,
    /// “Do not call me again.”
    OptOut,
    /// “He is not here, I am family.”
    Relative,
    /// “What is it about?”
    WhatIsIt,
    /// A short sound of listening.
    Mhm,
    /// Another one.
    Oh,
    /// “Are you a robot?”
    AreYouRobot,
    /// Twelve seconds that do not answer the question, with a pause in the middle.
    LongTalk,
    /// A voicemail greeting.
    VoicemailGreeting,
    /// A screening machine's question.
    WhoIsCalling,
    /// A carrier's announcement before 404.
    NoSuchNumber,
    /// A carrier's announcement before 480.
    SwitchedOff,
}

/// Whether a line is said by the callee or by a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Speaker {
    /// The person who picked up.
    Person,
    /// Voicemail, screening or the carrier.
    Machine,
}

/// Stands for 600 ms of silence within a line.
pub(crate) const PAUSE: char = '|';
/// How many kinds of line there are.
pub(crate) const KINDS: usize = Line::SwitchedOff as usize + 1;

impl Line {
    /// Who says it.
    pub const fn speaker(self) -> Speaker {
        match self {
            Line::VoicemailGreeting
            | Line::WhoIsCalling
            | Line::NoSuchNumber
            | Line::SwitchedOff => Speaker::Machine,
            _ => Speaker::Person,
        }
    }

    /// The texts it may be said in; never empty.
    pub const fn variants(self, language: Language) -> &'static [&'static str] {
        match language {
            Language::Zh => self.chinese(),
            Language::En => self.english(),
        }
    }

    const fn chinese(self) -> &'static [&'static str] {
        match self {
            Line::Hello => &["喂，你好", "喂，哪位", "你好，哪位啊", "喂，谁啊"],
            Line::Confirm => &["是我", "对，是我，你说", "我就是，怎么了", "嗯，我是"],
            Line::Yes => &["是的", "对对对", "对，没错", "嗯，对的"],
            Line::Acknowledge => {
                &["好的，我知道了", "行，没问题", "嗯，好，知道了", "好的好的，谢谢你啊"]
            }
            Line::Goodbye => &["再见", "好，拜拜", "行，那就这样，再见", "嗯，拜拜"],
            Line::WrongNumber => {
                &["你打错了", "打错电话了吧", "不是，你打错了", "你找错人了，我不认识这个人"]
            }
            Line::OptOut => {
                &["不要再打了", "别再打过来了", "以后别给我打电话了", "不需要，请你们不要再打来了"]
            }
            Line::Relative => &[
                "他不在，我是他家人",
                "他出去了，我是他爱人",
                "他现在不在家，我是他妈妈",
                "他手机放家里了，我是他儿子",
            ],
            Line::WhatIsIt => &["什么事", "有什么事吗", "怎么了", "等一下，你什么事啊"],
            Line::Mhm => &["嗯", "嗯嗯", "嗯，对"],
            Line::Oh => &["哦", "哦哦", "哦，这样"],
            Line::AreYouRobot => {
                &["你是机器人吗", "你是不是机器人啊", "你是真人吗", "这是机器人打的电话吧"]
            }
            Line::LongTalk => &LONG_TALK_ZH,
            Line::VoicemailGreeting => &[
                "您好，我现在没办法接电话，请在嘀的一声之后留言，\
                 说一下您的名字和电话，我会尽快回复您。",
                "您好，您拨打的电话暂时无人接听，请在提示音后录制留言，\
                 录音完成后挂断即可。",
                "你好，这里是语音信箱，我可能正在开会或者在路上，\
                 有事请在提示音以后留言，谢谢。",
            ],
            Line::WhoIsCalling => &[
                "您好，我是机主的智能助理，请问您是哪位，找他有什么事情？",
                "您好，机主现在不方便接电话，请问您是谁，有什么事，我帮您转达。",
                "您好，这个电话由通话助手代接，请先说一下您的姓名和来电原因。",
            ],
            Line::NoSuchNumber => &[
                "对不起，您拨打的号码是空号，请核对后再拨。",
                "您好，您所拨打的号码不存在，请查证后再拨。",
                "对不起，您拨叫的号码有误，请核实后再拨。",
            ],
            Line::SwitchedOff => &[
                "对不起，您拨打的电话已关机，请稍后再拨。",
                "您好，您拨打的用户已关机，请稍后再拨。",
                "对不起，您所拨打的手机已关机。",
            ],
        }
    }

    const fn english(self) -> &'static [&'static str] {
        match self {
            Line::Hello => &["hello", "hello, who's this", "yeah, hello", "hi, who's calling"],
            Line::Confirm => &["yes, speaking", "yeah, that's me", "speaking", "this is me, yes"],
            Line::Yes => &["yes", "yeah", "yes, that's right", "yep, correct"],
            Line::Acknowledge => &[
                "okay, thank you",
                "alright, got it",
                "okay, that's fine",
                "great, thanks for telling me",
            ],
            Line::Goodbye => &["goodbye", "bye", "okay, bye bye", "thanks, have a good day, bye"],
            Line::WrongNumber => &[
                "you have the wrong number",
                "no, wrong number",
                "I think you've got the wrong number",
                "sorry, there's nobody here by that name",
            ],
            Line::OptOut => &[
                "don't call me again",
                "please stop calling me",
                "take me off your list please",
                "I'm not interested, don't call here anymore",
            ],
            Line::Relative => &[
                "he's not here, I'm his wife",
                "she's out at the moment, this is her husband",
                "he's at work, I'm his mother",
                "no, this is his son, he's not home right now",
            ],
            Line::WhatIsIt => &[
                "what is it",
                "what's this about",
                "sorry, what is it about",
                "okay, what do you want",
            ],
            Line::Mhm => &["uh huh", "yeah", "right"],
            Line::Oh => &["oh", "oh, okay", "oh, I see"],
            Line::AreYouRobot => &[
                "are you a robot",
                "is this a robot",
                "am I talking to a real person",
                "wait, are you a real person or a machine",
            ],
            Line::LongTalk => &LONG_TALK_EN,
            Line::VoicemailGreeting => &[
                "Hi, sorry I missed your call. Please leave your name, your number and a short \
                 message after the beep, and I'll get back to you as soon as I can.",
                "The person you are trying to reach is not available. At the tone, please record \
                 your message. When you have finished recording, you may hang up.",
                "Hello, you've reached my voicemail. I can't come to the phone right now, so \
                 please leave a message after the tone. Thanks, bye.",
            ],
            Line::WhoIsCalling => &[
                "Hi, the person you're calling is using a screening service. Go ahead and say \
                 your name and why you're calling.",
                "Hi, if you record your name and reason for calling, I'll see if this person is \
                 available.",
                "Hello, this call is being screened. Please say who you are and what you are \
                 calling about.",
            ],
            Line::NoSuchNumber => &[
                "We're sorry, the number you have dialed is not in service. Please check the \
                 number and dial again.",
                "The number you have reached has been disconnected or is no longer in service.",
                "Sorry, the number you have dialed does not exist. Please check it and try again.",
            ],
            Line::SwitchedOff => &[
                "The phone you are calling is switched off. Please try again later.",
                "The mobile phone you have called is turned off. Please try later.",
                "Sorry, the phone you have dialed is powered off. Please call again later.",
            ],
        }
    }
}

const LONG_TALK_ZH: [&str; 3] = [
    "哎，你稍等一下啊，我先把火关小一点，锅里还炖着汤呢，今天孩子要回来吃饭|\
     好了好了，刚才油烟机声音太大了，我一句都没听清，你再说一遍吧",
    "哎哟，我刚从超市出来，手里拎着一大堆东西，外面又开始下雨了|\
     伞也没带，早上出门的时候天气还好好的，我先找个地方躲一躲，你慢慢说",
    "我这会儿在地铁上，人特别多，信号一会儿有一会儿没有的，声音断断续续|\
     刚刚前面那一站上来好多学生，吵得不得了，我换个车厢听你说啊",
];

const LONG_TALK_EN: [&str; 3] = [
    "Hang on a second, let me turn the radio down, I'm in the kitchen and the soup is about to \
     boil over|\
     there we go, sorry about that, it's so loud in here today that I didn't catch what you said",
    "Oh, I just got back from the grocery store, the line was so long, and then it started \
     raining on the way home|\
     so now I'm standing in the hallway with all these bags and the dog is jumping around",
    "Sorry, I'm on the train right now and the signal keeps coming and going, it's really packed \
     this morning|\
     a whole school class just got on and they're all shouting, let me move to the other end",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_language_mixes_with_the_other() {
        for persona in crate::persona::Persona::all() {
            for line in persona.lines() {
                for text in line.variants(Language::Zh) {
                    assert_eq!(Language::of_text(text), Language::Zh, "{line:?}");
                    // The Mandarin voice reads Latin letters and digits wrongly.
                    assert!(!text.chars().any(|c| c.is_ascii_alphanumeric()), "{text}");
                }
                for text in line.variants(Language::En) {
                    assert_eq!(Language::of_text(text), Language::En, "{line:?}");
                }
            }
        }
    }
}
