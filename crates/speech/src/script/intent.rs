//! What the callee wants, once the message is the topic.

use conversation::{Meaning, Question};

use crate::rules::{Words, meaning};

/// What a reply in the talk wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    /// “Never call again.”
    OptOut,
    /// “Wrong number”, after all.
    WrongPerson,
    /// “Goodbye.”
    Goodbye,
    /// “I have no time.”
    Busy,
    /// “Are you a robot?”
    Robot,
    /// “Who is this?”
    Who,
    /// “Wait a moment.”
    HoldOn,
    /// “Pardon?”, “what is it about?”, “go ahead”.
    Repeat,
    /// A question about the matter.
    Ask,
    /// Understood, agreed, thanks.
    Yes,
    /// “I cannot”, “I will not”.
    No,
    /// Nothing to add.
    NoMore,
    /// Hello, in the middle.
    Hello,
    /// Anything else that was understood.
    Statement,
    /// Not understood.
    Unclear,
}

/// Tells what a reply wants.
pub fn intent(text: &str, unclear: bool) -> Intent {
    if unclear {
        return Intent::Unclear;
    }
    let w = Words::of(text);
    match meaning(text, Question::Talk, None) {
        Meaning::Unclear => Intent::Unclear,
        Meaning::OptOut => Intent::OptOut,
        Meaning::Denied => Intent::WrongPerson,
        Meaning::Goodbye => Intent::Goodbye,
        Meaning::Refused => Intent::Busy,
        Meaning::AsksRobot => Intent::Robot,
        Meaning::AsksWho => Intent::Who,
        Meaning::HoldOn => Intent::HoldOn,
        Meaning::AsksRepeat => Intent::Repeat,
        Meaning::Greeting => Intent::Hello,
        Meaning::Backchannel => Intent::Yes,
        _ => about_the_matter(&w),
    }
}

fn about_the_matter(w: &Words) -> Intent {
    let lost = w.zh(&["不清楚", "不明白", "没明白", "什么意思", "听不懂"])
        || w.en(&["dont understand", "do not understand", "not clear", "what do you mean"]);
    let go_on = w.tiled(
        GO_ON,
        &["你", "您", "请", "嗯", "好", "好的", "请问", "啊", "please", "ok", "yes", "okay"],
    );
    if go_on || lost {
        return Intent::Repeat;
    }
    if w.tiled(
        NO_MORE,
        &["了", "谢谢", "谢谢你", "谢谢您", "好的", "嗯", "no", "thanks", "thank you", "ok"],
    ) {
        return Intent::NoMore;
    }
    if is_question(w) {
        return Intent::Ask;
    }
    if w.zh(ZH_NO) && !w.zh(ZH_NOT_NO)
        || w.en(EN_NO)
        || w.tiled(PLAIN_NO, &["啊", "sorry", "thanks"])
    {
        return Intent::No;
    }
    let short =
        if w.han { w.solid.chars().count() <= 14 } else { w.spaced.split(' ').count() <= 10 };
    if short && (w.zh(ZH_YES) || w.en(EN_YES) || w.tiled(PLAIN_YES, PLAIN_YES)) {
        return Intent::Yes;
    }
    Intent::Statement
}

fn is_question(w: &Words) -> bool {
    let zh = w.zh(ZH_ASKING) && !w.zh(&["没什么", "什么都", "不管什么", "什么问题都没"]);
    let polite = w.zh(&["好吗", "行吗", "可以吗"]);
    zh || (w.asks && !w.zh(&["好呢", "好啊", "行啊", "对啊", "是啊", "可以啊", "知道啊"]))
        || polite
        || w.en(EN_ASKING)
}

const GO_ON: &[&str] = &[
    "什么事",
    "有什么事",
    "有什么事吗",
    "什么事情",
    "啥事",
    "请说",
    "你说",
    "您说",
    "说吧",
    "请讲",
    "继续",
    "接着说",
    "你继续",
    "说",
    "有事吗",
    "什么事啊",
    "怎么了",
    "干嘛",
    "go ahead",
    "what is it",
    "whats it about",
    "what is it about",
    "whats this about",
    "what is this about",
    "what",
    "go on",
    "continue",
    "tell me",
    "im listening",
];
const NO_MORE: &[&str] = &[
    "没有了",
    "没有",
    "没了",
    "没别的",
    "没问题了",
    "没什么",
    "没什么了",
    "thats all",
    "nothing else",
    "nothing",
    "thats it",
    "no thats all",
];
const ZH_ASKING: &[&str] = &[
    "什么",
    "哪",
    "谁",
    "几",
    "多少",
    "怎么",
    "为什么",
    "为啥",
    "啥",
    "是不是",
    "能不能",
    "可不可以",
    "要不要",
    "有没有",
    "多久",
    "多大",
    "多远",
    "多长",
    "何时",
    "地址",
    "会不会",
    "吗",
    "呢",
];
const EN_ASKING: &[&str] = &[
    "what",
    "when",
    "where",
    "who",
    "why",
    "how",
    "which",
    "whose",
    "is there",
    "are there",
    "do i",
    "does it",
    "can i",
    "should i",
    "is it",
    "do you",
    "can you",
    "could you",
    "will it",
    "will there",
    "whats",
    "wheres",
    "whens",
    "is that",
    "whats the",
    "how much",
    "did he",
    "did she",
    "are you",
];
const ZH_NO: &[&str] = &[
    "不行",
    "不可以",
    "去不了",
    "来不了",
    "不能",
    "不去",
    "不来",
    "不同意",
    "没办法",
    "做不到",
    "不参加",
    "不想",
    "有事",
    "不要",
    "不会去",
    "不需要",
    "不用",
    "没法",
    "办不到",
    "不愿意",
    "不接受",
    "拒绝",
    "不是",
    "不对",
    "赶不上",
    "没空",
    "没时间",
    "不买",
    "取消",
];
const ZH_NOT_NO: &[&str] =
    &["没问题", "有事再", "有事我", "不客气", "不用谢", "不会忘", "好的", "不见不散"];
const EN_NO: &[&str] = &[
    "cant",
    "cannot",
    "wont",
    "unable",
    "not able",
    "doesnt work",
    "not possible",
    "impossible",
    "refuse",
    "i disagree",
    "not going",
    "not coming",
    "dont want",
    "would rather not",
    "have to decline",
    "no way",
    "dont agree",
    "i dont think so",
    "not available",
    "no i",
    "no its",
];
const PLAIN_NO: &[&str] = &["不", "不是", "不对", "没有", "no", "nope", "nah", "not really"];
const ZH_YES: &[&str] = &[
    "好的",
    "好",
    "行",
    "可以",
    "知道",
    "明白",
    "收到",
    "没问题",
    "清楚",
    "了解",
    "记住",
    "记下",
    "会的",
    "我会",
    "同意",
    "谢谢",
    "对",
    "是的",
    "嗯",
    "ok",
    "愿意",
    "一定",
    "确认",
    "没错",
    "听到",
    "能",
];
const EN_YES: &[&str] = &[
    "ok",
    "okay",
    "yes",
    "yeah",
    "yep",
    "sure",
    "got it",
    "all right",
    "alright",
    "understood",
    "i understand",
    "fine",
    "great",
    "thanks",
    "thank you",
    "no problem",
    "sounds good",
    "will do",
    "i will",
    "ill be there",
    "perfect",
    "of course",
    "certainly",
    "clear",
    "agreed",
    "absolutely",
    "i can",
    "good",
    "noted",
    "i know",
];
const PLAIN_YES: &[&str] =
    &["好", "行", "对", "是", "嗯", "哦", "噢", "啊", "了", "的", "哈", "ok"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_told_apart() {
        use Intent::*;
        for (text, want) in [
            ("好的，知道了", Yes),
            ("嗯", Yes),
            ("谢谢", Yes),
            ("好的，没问题", Yes),
            ("Got it, thanks", Yes),
            ("几点开始", Ask),
            ("好的，在哪里", Ask),
            ("what time is it", Ask),
            ("要带什么", Ask),
            ("我去不了", No),
            ("不行", No),
            ("那天我有事", No),
            ("I can't make it", No),
            ("no", No),
            ("什么事", Repeat),
            ("再说一遍", Repeat),
            ("请说", Repeat),
            ("Pardon?", Repeat),
            ("没有了", NoMore),
            ("No, that's all", NoMore),
            ("好的，再见", Goodbye),
            ("bye", Goodbye),
            ("你是机器人吗", Robot),
            ("稍等", HoldOn),
            ("你是谁", Who),
            ("喂", Hello),
            ("别再打了", OptOut),
            ("你打错了", WrongPerson),
            ("我在开会", Busy),
            ("我考虑一下", Statement),
            ("我让我爱人过去拿那个东西然后下午给你们送回来", Statement),
            ("……", Unclear),
        ] {
            assert_eq!(intent(text, false), want, "{text}");
        }
    }
}
