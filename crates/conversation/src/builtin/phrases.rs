//! The fixed sentences of the gate: what is said without any model, in both languages.
//!
//! None of them holds anything of the requirement's content (callout section 7).

use domain::{Brief, Language};

/// The sentences for one call.
#[derive(Clone, Debug)]
pub struct Phrases {
    language: Language,
    addressee: Option<String>,
    sender: Option<String>,
    last_four: String,
    recorded: bool,
}

impl Phrases {
    /// Sentences that name who is in the brief, and the number by its last four characters
    /// where nobody is named.
    pub fn new(brief: &Brief, last_four: &str, recorded: bool) -> Self {
        Self {
            language: brief.language,
            addressee: brief.addressee.clone(),
            sender: brief.sender.clone(),
            last_four: last_four.to_owned(),
            recorded,
        }
    }

    /// From now on they name who is in this brief.
    pub(super) fn brief(&mut self, brief: &Brief) {
        self.language = brief.language;
        self.addressee = brief.addressee.clone();
        self.sender = brief.sender.clone();
    }

    pub(super) fn is_recorded(&self) -> bool {
        self.recorded
    }

    /// That it is an AI, on whose behalf it calls, and that the call is recorded.
    pub fn disclosure(&self) -> String {
        match self.language {
            Language::Zh => {
                let who = self.sender.as_deref().unwrap_or("一位客户");
                let tape = if self.recorded { "，本次通话会录音" } else { "" };
                format!("您好，我是人工智能语音助手，受{who}委托给您打电话{tape}。")
            }
            Language::En => {
                let who = self.sender.as_deref().unwrap_or("a customer");
                let tape = if self.recorded { " This call is recorded." } else { "" };
                format!("Hello, I am an AI assistant calling on behalf of {who}.{tape}")
            }
        }
    }

    /// “Is that you?”
    pub fn question(&self) -> String {
        match self.language {
            Language::Zh => format!("请问您是{}吗？", self.whom()),
            Language::En => format!("Am I speaking with {}?", self.whom()),
        }
    }

    /// The question once more, with both keys offered.
    pub fn question_again(&self) -> String {
        match self.language {
            Language::Zh => {
                format!("不好意思，没有听清。请问您是{}吗？是请按1，不是请按2。", self.whom())
            }
            Language::En => format!(
                "Sorry, I did not catch that. Are you {}? Press 1 for yes or 2 for no.",
                self.whom()
            ),
        }
    }

    /// To “who is this, what is it about?” before identity is confirmed.
    pub fn who_calls(&self) -> String {
        match self.language {
            Language::Zh => {
                let who = self.sender.as_deref().unwrap_or("一位客户");
                format!("我是{who}的人工智能助手，有一件事要转告{}本人。", self.whom())
            }
            Language::En => {
                let who = self.sender.as_deref().unwrap_or("a customer");
                format!("I am the AI assistant of {who}, with a message for {} only.", self.whom())
            }
        }
    }

    /// A truthful yes.
    pub fn robot(&self) -> &'static str {
        self.pick(
            "是的，我是人工智能语音助手，不是真人。",
            "Yes, I am an AI assistant, not a person.",
        )
    }
    /// After a wrong person or a family member.
    pub fn sorry(&self) -> &'static str {
        self.pick("抱歉打扰您了，再见。", "Sorry to have bothered you. Goodbye.")
    }
    /// After a refusal to talk.
    pub fn refused(&self) -> &'static str {
        self.pick(
            "好的，那就不打扰您了，再见。",
            "All right, I will not take more of your time. Goodbye.",
        )
    }
    /// After a wish not to be called.
    pub fn opted_out(&self) -> &'static str {
        self.pick(
            "好的，我们不会再给您打电话了，再见。",
            "Understood, we will not call you again. Goodbye.",
        )
    }
    /// Whether that was a wish not to be called, with both keys offered.
    pub fn opt_out_question(&self) -> &'static str {
        self.pick(
            "您是希望我们以后不再给您打电话吗？是请按1，不是请按2。",
            "Would you like us not to call you again? Press 1 for yes or 2 for no.",
        )
    }
    /// When identity stays unclear.
    pub fn not_confirmed(&self) -> &'static str {
        self.pick(
            "不好意思，没能确认您的身份，我先挂断了，再见。",
            "Sorry, I could not confirm who you are, so I will hang up now. Goodbye.",
        )
    }
    /// To a machine: no name, no content.
    pub fn voicemail(&self) -> &'static str {
        self.pick(
            "您好，这里是人工智能语音助手，刚才给您打过电话，再见。",
            "Hello, this is an AI assistant. I tried to reach you. Goodbye.",
        )
    }
    /// To “wait a moment”.
    pub fn waiting(&self) -> &'static str {
        self.pick("好的，我等您。", "Sure, I will wait.")
    }
    /// After the truthful yes, once the message was delivered.
    pub fn is_it_clear(&self) -> &'static str {
        self.pick("刚才说的您听清楚了吗？", "Was the message clear?")
    }
    /// When a limit ends the call.
    pub fn time_is_up(&self) -> &'static str {
        self.pick("抱歉，通话时间到了，我先挂断了，再见。", "Sorry, our time is up. Goodbye.")
    }
    /// When a part of ours failed.
    pub fn fault(&self) -> &'static str {
        self.pick(
            "抱歉，系统出了问题，我先挂断了，再见。",
            "Sorry, something went wrong here. Goodbye.",
        )
    }
    /// A closing after silence.
    pub fn goodbye(&self) -> &'static str {
        self.pick("那我先挂断了，再见。", "I will hang up now. Goodbye.")
    }

    fn whom(&self) -> String {
        match (&self.addressee, self.language) {
            (Some(name), _) => name.clone(),
            (None, Language::Zh) => format!("尾号{}的机主", self.last_four),
            (None, Language::En) => {
                format!("the holder of the number ending in {}", spaced(&self.last_four))
            }
        }
    }

    fn pick(&self, zh: &'static str, en: &'static str) -> &'static str {
        match self.language {
            Language::Zh => zh,
            Language::En => en,
        }
    }
}

/// Digits one by one, so that no voice reads them as a number.
fn spaced(digits: &str) -> String {
    digits.chars().map(String::from).collect::<Vec<_>>().join(" ")
}
