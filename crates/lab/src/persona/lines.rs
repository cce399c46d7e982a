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
            Line::Hello => &["喂？", "喂，你好。", "喂，哪位？", "你好，请讲。"],
            Line::Confirm => &["对，我就是。", "是我，您说。", "嗯，我是。", "我是，你哪位？"],
            Line::Yes => &["是的。", "对。", "嗯，对的。", "是啊。"],
            Line::Acknowledge => {
                &["好的，知道了。", "行，我明白了。", "哦，了解了，谢谢。", "嗯，好，我记住了。"]
            }
            Line::Goodbye => {
                &["好，再见。", "拜拜。", "行，那先这样，挂了啊。", "嗯好，拜拜拜拜。"]
            }
            Line::WrongNumber => &[
                "你打错了。",
                "打错电话了吧，我不是。",
                "不是，我不认识这个人，你号码弄错了。",
                "没这个人，你打错了。",
            ],
            Line::OptOut => &[
                "以后别再给我打电话了。",
                "不要再打来了。",
                "请把我的号码删掉，别再打了。",
                "你们能不能别老给我打电话，以后不要打了。",
            ],
            Line::Relative => &[
                "他不在，我是他爱人。",
                "我是他妈妈，他现在不在家。",
                "她出去了，我是她老公。",
                "他没在，我是他家里人。",
            ],
            Line::WhatIsIt => &["什么事？", "你有什么事吗？", "请问是关于什么的？", "找我干嘛呀？"],
            Line::Mhm => &["嗯"],
            Line::Oh => &["哦"],
            Line::AreYouRobot => &[
                "你是机器人吧？",
                "你是真人还是机器人？",
                "这是不是机器人打的电话？",
                "我是在跟机器人说话吗？",
            ],
            Line::LongTalk => &[LONG_TALK_ZH],
            Line::VoicemailGreeting => &[
                "您好，我现在不方便接听电话，请在听到提示音之后\
                 留下您的姓名和电话号码，我会尽快给您回电。",
                "您好，您拨打的用户暂时无法接听，请在提示音后留言，\
                 留言结束后请直接挂机，谢谢您的来电。",
            ],
            Line::WhoIsCalling => &[
                "您好，机主开启了来电助手，请说明您是谁，以及有什么事情。",
                "您好，请问您是哪位，打电话有什么事情，我会转告机主。",
            ],
            Line::NoSuchNumber => &["对不起，您拨打的号码是空号，请核对后再拨。"],
            Line::SwitchedOff => &["对不起，您拨打的电话已关机，请稍后再拨。"],
        }
    }

    const fn english(self) -> &'static [&'static str] {
        match self {
            Line::Hello => &["Hello?", "Hi, hello.", "Yeah, hello?", "Hello, who's this?"],
            Line::Confirm => {
                &["Yes, speaking.", "Yeah, that's me.", "This is he.", "Yep, you've got me."]
            }
            Line::Yes => &["Yes.", "Yeah, sure.", "Yep.", "Uh-huh, yes."],
            Line::Acknowledge => &[
                "Okay, got it.",
                "Alright, I understand.",
                "Okay, thanks for letting me know.",
                "Right, that's fine, I've got that.",
            ],
            Line::Goodbye => {
                &["Okay, bye.", "Bye-bye now.", "Alright, thanks, bye.", "Take care, goodbye."]
            }
            Line::WrongNumber => &[
                "Sorry, you've got the wrong number.",
                "No, I think you have the wrong number.",
                "There's nobody here by that name.",
                "No, that's not me, wrong number.",
            ],
            Line::OptOut => &[
                "Please don't call me again.",
                "Stop calling me.",
                "Take me off your list, please.",
                "Can you remove my number? I don't want any more calls.",
            ],
            Line::Relative => &[
                "He's not here right now, I'm his wife.",
                "She's out at the moment, this is her husband.",
                "No, this is his mum, he's not in.",
                "He's not home, I'm his son.",
            ],
            Line::WhatIsIt => &[
                "What's this about?",
                "What is this regarding?",
                "Can I ask what it's about?",
                "Why, what's it about?",
            ],
            Line::Mhm => &["uh huh"],
            Line::Oh => &["oh"],
            Line::AreYouRobot => &[
                "Are you a robot?",
                "Is this a real person?",
                "Am I talking to a machine?",
                "Wait, is this a bot?",
            ],
            Line::LongTalk => &[LONG_TALK_EN],
            Line::VoicemailGreeting => &[
                "Hello, you have reached my voicemail. I cannot take your call right now. \
                 Please leave your name and number after the tone and I will call you back.",
                "Hi, the person you are calling is not available at the moment. Please record \
                 your message after the tone. When you are finished, you may hang up.",
            ],
            Line::WhoIsCalling => {
                &["Hello. The person you are calling is using a screening service. Please say who \
                 you are and why you are calling."]
            }
            Line::NoSuchNumber => {
                &["The number you have dialed is not in service. Please check the number."]
            }
            Line::SwitchedOff => &["The phone you have dialed is switched off. Please try later."],
        }
    }
}

const LONG_TALK_ZH: &str = "哎呀，我这边正在开车呢，路上特别堵，从早上七点一直堵到现在|\
    刚才还有人打电话来问我装修的事情，说了半天也没有说清楚";

const LONG_TALK_EN: &str = "Oh, I am driving at the moment and the traffic is just terrible, we \
    have been standing here since seven|\
    and somebody else called me a minute ago about the kitchen, I could not make out a single \
    word";

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
