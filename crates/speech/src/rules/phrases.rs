//! Phrases of callees and machines that mean the same whatever was asked.

use super::asking_words::*;
use super::identity_words::WEAK;
use super::machine_words::*;
use super::words::Words;

/// “Never call again.”
pub fn opts_out(w: &Words) -> bool {
    let later = w.zh(&["晚点", "待会", "等会", "改天", "一会儿", "过会", "明天再", "回头"])
        || w.en(&["later", "tomorrow", "in an hour", "another time", "after work"]);
    let again =
        w.zh(&["再打", "再给", "以后", "骚扰"]) || w.en(&["again", "ever", "anymore", "any more"]);
    if w.zh(ZH_OPT_OUT) || w.en(EN_OPT_OUT) {
        return !later || again;
    }
    stops_calls(&w.solid) && (!later || again)
}

/// 不要, 别, 停止 … and, after words like 再 or 给我, a verb of calling.
fn stops_calls(solid: &str) -> bool {
    NEGATIONS.iter().any(|neg| {
        solid.match_indices(neg).any(|(at, _)| {
            let mut rest = &solid[at + neg.len()..];
            let mut softened = false;
            while let Some(after) = SOFTENERS.iter().find_map(|s| rest.strip_prefix(s)) {
                rest = after;
                softened = true;
            }
            let bare = ["打了", "打电话", "打扰", "打来", "骚扰", "来电", "烦我", "打过来"];
            let tail = rest.strip_prefix('打').is_some_and(str::is_empty);
            bare.iter().any(|b| rest.starts_with(b))
                || tail
                || (softened && CALLING.iter().any(|c| rest.starts_with(c)))
        })
    })
}

/// A machine that takes messages, or an announcement of the network.
pub fn is_voicemail(w: &Words) -> bool {
    w.zh(ZH_VOICEMAIL) || (w.en(EN_VOICEMAIL) && !w.en(&["can i take a message"]))
}

/// A machine that asks who is calling and why.
pub fn is_screening(w: &Words) -> bool {
    let absent =
        w.zh(&["机主", "主人"]) && w.zh(&["不方便", "正忙", "无法接", "不在", "助理", "代接"]);
    absent || w.zh(ZH_SCREENING) || w.en(EN_SCREENING)
}

/// “Are you a robot?”
pub fn asks_robot(w: &Words) -> bool {
    let zh = w.zh(&[
        "机器人",
        "人工智能",
        "真人",
        "语音助手",
        "机器在",
        "电脑",
        "录音",
        "是人吗",
        "智能客服",
        "智能语音",
        "人还是机器",
        "是人工",
        "ai",
    ]) && !w.zh(&["我不是机器", "我是真人", "转人工"])
        && (w.asks || w.zh(&["你是", "您是", "是不是", "是机器", "还是", "吧", "这是"]));
    let en = w.en(EN_MACHINES)
        && w.en(&[
            "are you",
            "is this",
            "am i",
            "you a",
            "youre a",
            "you are a",
            "is it",
            "is that",
            "talking to",
            "you an",
            "youre an",
            "real or",
            "sound like",
        ])
        && !w.en(&["im not a robot", "i am not a robot"]);
    zh || en || w.zh(&["人工服务"]) && w.asks
}

/// “Who is this? What is it about?”
pub fn asks_who(w: &Words) -> bool {
    w.zh(ZH_WHO) || w.en(EN_WHO)
}

/// “Wait a moment.”
pub fn holds_on(w: &Words) -> bool {
    w.zh(&[
        "等一下",
        "等一等",
        "稍等",
        "等等",
        "等会儿别挂",
        "别挂",
        "等我一下",
        "等下",
        "转接",
        "请等待",
        "请稍候",
        "等会儿",
        "等一会",
        "拿笔",
    ]) && !w.zh(&["再打", "再说"])
        || w.en(&[
            "hold on",
            "one moment",
            "just a moment",
            "one second",
            "just a second",
            "wait a minute",
            "hang on",
            "just a minute",
            "one minute",
            "please hold",
            "give me a second",
            "wait a moment",
            "wait a second",
            "please wait",
            "connecting you",
            "bear with me",
            "one sec",
            "hold the line",
            "stay on the line",
            "just a sec",
            "give me a minute",
            "get a pen",
            "let me check",
        ])
}

/// “Pardon?”
pub fn asks_repeat(w: &Words) -> bool {
    w.zh(&[
        "再说一遍",
        "再说一次",
        "重复一",
        "没听清",
        "听不清",
        "没听见",
        "听不见",
        "没听懂",
        "没听明白",
        "你说什么",
        "您说什么",
        "说啥",
        "大点声",
        "大声点",
        "声音太小",
        "重说",
        "慢点说",
        "说慢点",
        "没听到",
        "听不到",
        "大声一点",
        "信号不好",
        "说慢",
        "什么意思",
    ]) || w.tiled(&["什么"], &["啊", "嗯"])
        || w.en(&[
            "pardon",
            "repeat",
            "say that again",
            "come again",
            "didnt catch",
            "cant hear",
            "did not catch",
            "couldnt hear",
            "what did you say",
            "say again",
            "didnt hear",
            "excuse me",
            "speak up",
            "slower",
            "one more time",
            "didnt get that",
            "what was that",
            "cannot hear",
            "didnt understand",
            "breaking up",
            "sorry what",
            "barely hear",
            "slow down",
            "dont understand",
        ])
}

/// “Goodbye.”
pub fn says_goodbye(w: &Words) -> bool {
    w.zh(&["再见", "拜拜", "挂了", "先挂", "拜了", "回见", "再会"]) && !w.zh(&["别挂", "不要挂"])
        || w.tiled(LEAVE_TAKINGS, &["好", "好的", "行", "那", "okay", "thanks", "thank you"])
        || w.en(&[
            "bye",
            "goodbye",
            "good bye",
            "bye bye",
            "see you",
            "take care",
            "have a good day",
            "have a nice day",
            "have a good one",
            "talk to you later",
            "i have to go",
            "ive got to go",
            "gotta go",
            "hanging up",
        ])
}

/// “I do not want to talk now.”
pub fn refuses(w: &Words) -> bool {
    w.zh(ZH_BUSY) || w.en(EN_BUSY) || w.tiled(DECLINING, &[BACKCHANNELS, THANKS].concat())
}

/// A greeting and nothing more.
pub fn greets(w: &Words) -> bool {
    w.tiled(GREETINGS, &["啊", "呀", "嗯", "there", "um", "uh"])
}

/// “Uh-huh”.
pub fn is_backchannel(w: &Words) -> bool {
    w.tiled(BACKCHANNELS, &[])
}

/// “Yes, right”, and nothing else.
pub fn agrees(w: &Words) -> bool {
    let yes: Vec<&str> = WEAK.iter().chain(AGREEMENTS).copied().collect();
    w.tiled(&yes, &[BACKCHANNELS, THANKS].concat())
}

/// “Yes, please”, to an offer.
pub fn accepts(w: &Words) -> bool {
    let yes: Vec<&str> = WEAK.iter().chain(AGREEMENTS).copied().collect();
    let around = ["please", "i would", "i do", "麻烦你", "麻烦您", "拜托", "请"];
    w.tiled(&yes, &[BACKCHANNELS, THANKS, &around].concat()) || w.en(&["please do"])
}

/// Words of a greeting, as tiles.
pub const GREETINGS: &[&str] = &[
    "喂",
    "你好",
    "您好",
    "哈喽",
    "早上好",
    "上午好",
    "下午好",
    "晚上好",
    "早",
    "哎",
    "诶",
    "在听吗",
    "听得到吗",
    "听得见吗",
    "能听见吗",
    "能听到吗",
    "hello",
    "hi",
    "hey",
    "good morning",
    "good afternoon",
    "good evening",
    "yes hello",
    "morning",
    "can you hear me",
    "anyone there",
    "is anyone there",
];
const LEAVE_TAKINGS: &[&str] = &["就这样", "就这样吧", "先这样", "you too"];
const DECLINING: &[&str] = &[
    "不用",
    "不要",
    "暂时不用",
    "im good thanks",
    "im good thank you",
    "im okay thanks",
    "im okay thank you",
    "im fine thanks",
    "im fine thank you",
];
const AGREEMENTS: &[&str] =
    &["好", "好的", "好啊", "行", "可以", "ok", "okay", "sure", "all right", "alright", "fine"];
const THANKS: &[&str] = &["谢谢", "谢谢你", "谢谢您", "thanks", "thank you"];
const BACKCHANNELS: &[&str] = &[
    "嗯", "哦", "噢", "喔", "啊", "唔", "恩", "呃", "额", "诶", "哎", "uh huh", "uhhuh", "mm",
    "mmm", "mhm", "mm hmm", "mmhmm", "hmm", "uh", "um", "oh", "ah", "right", "i see",
];
