//! The fixed lines of the script, in both languages.

use domain::Language;

/// A fixed line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// After the message: was it understood?
    Check,
    /// After a message that asks something.
    WantAnswer,
    /// After an answer.
    CheckAgain,
    /// Between two parts of a long message.
    MoreFollows,
    /// A truthful yes to “are you a robot?”.
    Robot,
    /// “Wait a moment” is granted.
    Waiting,
    /// Not understood: ask again.
    Unclear,
    /// A question that the requirement does not answer.
    Unknown,
    /// Something was said that will be passed on; is there more?
    PassedOnMore,
    /// First silence after the message.
    StillThere,
    /// First silence before its end.
    StillThereAgain,
    /// The callee said hello in mid-talk.
    Here,
    /// Closing after an acknowledgement.
    Close,
    /// Closing after a reply that will be passed on.
    ClosePassedOn,
    /// Closing when nothing is understood or heard any more.
    CloseUnheard,
    /// Closing when the callee has no time.
    CloseBusy,
    /// Closing after an opt-out.
    CloseOptOut,
    /// Closing when it is the wrong person after all.
    CloseWrong,
    /// Short goodbye.
    Bye,
    /// There is nothing to say.
    Nothing,
    /// What was to be asked may not be asked.
    Withheld,
}

impl Line {
    /// Its words.
    pub const fn text(self, language: Language) -> &'static str {
        match language {
            Language::Zh => self.zh(),
            Language::En => self.en(),
        }
    }

    const fn zh(self) -> &'static str {
        match self {
            Line::Check => "请问您清楚了吗？",
            Line::WantAnswer => "请问您怎么答复？",
            Line::CheckAgain => "请问还有不清楚的吗？",
            Line::MoreFollows => "后面还有内容，我接着说，可以吗？",
            Line::Robot => "是的，我是AI语音助手。",
            Line::Waiting => "好的，不着急，我等您。",
            Line::Unclear => "不好意思，我没有听清，请您再说一遍好吗？",
            Line::Unknown => "这一点我不清楚，我只了解刚才说的这些，会把您的问题转告对方。",
            Line::PassedOnMore => "好的，我会把您的话转告对方。请问还有别的要转告吗？",
            Line::StillThere => "您还在吗？请问您听清了吗？",
            Line::StillThereAgain => "您还在吗？我再说一遍。",
            Line::Here => "我在，请问刚才的内容您听清了吗？",
            Line::Close => "好的，谢谢您，再见。",
            Line::ClosePassedOn => "好的，我会如实转告。谢谢您，再见。",
            Line::CloseUnheard => "那我先不打扰您了，再见。",
            Line::CloseBusy => "好的，不打扰您了，再见。",
            Line::CloseOptOut => "好的，以后不会再打扰您，再见。",
            Line::CloseWrong => "不好意思，打扰您了，再见。",
            Line::Bye => "好的，再见。",
            Line::Nothing => "抱歉打扰您，我这边没有收到具体的内容，再见。",
            Line::Withheld => "抱歉打扰您，对方想了解的内容不适合在电话里询问，再见。",
        }
    }

    const fn en(self) -> &'static str {
        match self {
            Line::Check => "Is that clear?",
            Line::WantAnswer => "What may I pass back?",
            Line::CheckAgain => "Is there anything else unclear?",
            Line::MoreFollows => "There is more. Shall I go on?",
            Line::Robot => "Yes, I am an AI voice assistant.",
            Line::Waiting => "Of course, take your time.",
            Line::Unclear => "Sorry, I did not catch that. Could you say it again?",
            Line::Unknown => {
                "I am afraid I only know what I just told you. I will pass your question on."
            }
            Line::PassedOnMore => "All right, I will pass that on. Is there anything else?",
            Line::StillThere => "Are you still there? Was everything clear?",
            Line::StillThereAgain => "Are you still there? Let me say that again.",
            Line::Here => "I am here. Was everything clear?",
            Line::Close => "Great, thank you. Goodbye.",
            Line::ClosePassedOn => "All right, I will pass that on. Thank you, goodbye.",
            Line::CloseUnheard => "I will let you go then. Goodbye.",
            Line::CloseBusy => "All right, I will not keep you. Goodbye.",
            Line::CloseOptOut => "All right, we will not call you again. Goodbye.",
            Line::CloseWrong => "I am sorry to have bothered you. Goodbye.",
            Line::Bye => "Goodbye.",
            Line::Nothing => "Sorry to bother you, I was given no message to pass on. Goodbye.",
            Line::Withheld => {
                "Sorry to bother you, I was asked for something that should not be asked on the \
                 phone. Goodbye."
            }
        }
    }
}

/// How the addressee is greeted when the message begins.
pub fn greeting(name: Option<&str>, language: Language) -> String {
    match (language, name) {
        (Language::Zh, Some(name)) => format!("{name}您好，"),
        (Language::Zh, None) => "您好，".to_owned(),
        (Language::En, Some(name)) if !name.starts_with("the ") => format!("Hello {name}. "),
        (Language::En, _) => "Hello. ".to_owned(),
    }
}

/// Who calls, told again.
pub fn introduction(sender: Option<&str>, language: Language) -> String {
    match (language, sender) {
        (Language::Zh, Some(s)) => format!("我是AI语音助手，受{s}委托给您来电。"),
        (Language::Zh, None) => "我是AI语音助手，受人委托给您来电。".to_owned(),
        (Language::En, Some(s)) => format!("I am an AI voice assistant calling on behalf of {s}."),
        (Language::En, None) => {
            "I am an AI voice assistant, calling on someone's behalf.".to_owned()
        }
    }
}
