//! Phrases of callees and machines that mean the same whatever was asked.

use super::identity_words::WEAK;
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
    ]) && !w.zh(&["等一下再打", "等下再打"])
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
    ]) || w.en(&[
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
    ])
}

/// “Goodbye.”
pub fn says_goodbye(w: &Words) -> bool {
    w.zh(&["再见", "拜拜", "挂了", "先挂", "拜了", "回见", "再会"]) && !w.zh(&["别挂", "不要挂"])
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
        ])
}

/// “I do not want to talk now.”
pub fn refuses(w: &Words) -> bool {
    w.zh(ZH_BUSY) || w.en(EN_BUSY)
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
    "hello",
    "hi",
    "hey",
    "good morning",
    "good afternoon",
    "good evening",
    "yes hello",
    "morning",
];
const AGREEMENTS: &[&str] =
    &["好", "好的", "好啊", "行", "可以", "ok", "okay", "sure", "all right", "alright", "fine"];
const THANKS: &[&str] = &["谢谢", "谢谢你", "谢谢您", "thanks", "thank you"];
const BACKCHANNELS: &[&str] = &[
    "嗯", "哦", "噢", "喔", "啊", "唔", "恩", "呃", "额", "诶", "哎", "uh huh", "uhhuh", "mm",
    "mmm", "mhm", "mm hmm", "mmhmm", "hmm", "uh", "um", "oh", "ah", "right", "i see",
];
const NEGATIONS: &[&str] =
    &["不要", "别", "请勿", "勿", "不许", "不准", "停止", "莫", "甭", "禁止", "少"];
const SOFTENERS: &[&str] = &[
    "再",
    "给我",
    "给我们",
    "给这个号码",
    "给他",
    "给她",
    "往我",
    "往这",
    "老",
    "总是",
    "总",
    "一直",
    "继续",
    "随便",
    "老是",
    "来",
    "向我",
    "这样",
    "对我",
    "给这个电话",
    "联系",
    "拨",
];
const CALLING: &[&str] =
    &["打", "来电", "拨", "骚扰", "联系", "烦我", "打扰", "电话", "呼叫", "推销"];
const ZH_OPT_OUT: &[&str] = &[
    "拉黑",
    "黑名单",
    "退订",
    "骚扰电话",
    "投诉你",
    "举报你",
    "从名单",
    "删除我的号码",
    "删掉我的号码",
    "删除我的电话",
    "取消订阅",
    "把我的号码删",
    "不想再接到",
    "不要联系我",
    "别联系我",
    "取消来电",
    "不接受来电",
    "别烦我",
    "停止拨打",
    "不要打扰我",
    "别打扰我",
    "移出名单",
    "拒绝来电",
    "永远不要",
    "投诉了",
];
const EN_OPT_OUT: &[&str] = &[
    "stop calling",
    "stop phoning",
    "stop ringing",
    "stop contacting",
    "dont call",
    "do not call",
    "never call",
    "quit calling",
    "take me off",
    "remove me",
    "remove my number",
    "remove this number",
    "unsubscribe",
    "opt out",
    "opt me out",
    "no more calls",
    "leave me alone",
    "do not contact",
    "dont contact",
    "lose my number",
    "lose this number",
    "delete my number",
    "off your list",
    "off the list",
    "dont ever call",
    "dont phone",
    "do not phone",
    "block this number",
    "stop bothering",
    "dont you call",
    "stop harassing",
    "not call again",
    "not call me again",
];
const ZH_VOICEMAIL: &[&str] = &[
    "嘀声",
    "滴声",
    "哔声",
    "提示音",
    "后留言",
    "请留言",
    "留下您的",
    "留下你的姓名",
    "语音信箱",
    "留言信箱",
    "暂时无法接",
    "无人接听",
    "您拨打的",
    "您所拨打",
    "你拨打的",
    "已关机",
    "已停机",
    "不在服务区",
    "正在通话中",
    "接听电话",
    "尽快给您回",
    "语音留言",
    "是空号",
    "无法接通",
];
const EN_VOICEMAIL: &[&str] = &[
    "leave a message",
    "leave your message",
    "leave me a message",
    "after the tone",
    "after the beep",
    "at the tone",
    "at the beep",
    "voicemail",
    "voice mail",
    "mailbox",
    "not available to take",
    "unable to take your call",
    "cant take your call",
    "cannot take your call",
    "cant come to the phone",
    "record your message",
    "leave your name",
    "get back to you",
    "return your call",
    "is not available right now please",
    "unavailable to take",
    "leave a detailed message",
    "the number you have dialed",
    "the subscriber",
    "call you back as soon",
    "im not available right now",
    "not available at the moment",
];
const ZH_SCREENING: &[&str] = &[
    "说出您的姓名",
    "说出你的姓名",
    "说出您的名字",
    "来电原因",
    "来电目的",
    "来电事由",
    "来意",
    "电话助理",
    "通话助手",
    "电话秘书",
    "来电助手",
    "智能助理",
    "通话助理",
    "语音助理",
    "报上姓名",
    "说明来电",
];
const EN_SCREENING: &[&str] = &[
    "say your name",
    "state your name",
    "reason for your call",
    "reason for calling",
    "reason for the call",
    "why youre calling",
    "why you are calling",
    "call screening",
    "screening service",
    "call assist",
    "before i try to connect",
    "before i connect",
    "record your name",
    "virtual assistant",
    "screening this call",
    "purpose of your call",
    "the person you are calling",
    "the person youre calling",
    "call assistant",
];
const EN_MACHINES: &[&str] = &[
    "robot",
    "bot",
    "machine",
    "real person",
    "human",
    "ai",
    "recording",
    "computer",
    "automated",
    "robocall",
    "a i",
    "artificial intelligence",
    "real human",
    "person or",
];
const ZH_WHO: &[&str] = &[
    "谁啊",
    "你谁",
    "您谁",
    "你是谁",
    "您是谁",
    "哪位",
    "谁打",
    "谁呀",
    "是谁",
    "哪里打",
    "你是哪",
    "您是哪",
    "找谁",
    "什么事",
    "啥事",
    "干什么的",
    "干嘛",
    "什么情况",
    "有事吗",
    "有何贵干",
    "哪家公司",
    "哪个公司",
    "什么单位",
    "做什么的",
    "怎么了",
    "你们是",
    "你找",
    "您找",
    "谁让你",
    "什么电话",
    "谁委托",
    "请问您是",
    "请问你是",
];
const EN_WHO: &[&str] = &[
    "who is this",
    "whos this",
    "who are you",
    "whos calling",
    "who is calling",
    "whos speaking",
    "who is speaking",
    "who am i",
    "what is this about",
    "whats this about",
    "what is it about",
    "what is this regarding",
    "whats this regarding",
    "what do you want",
    "what company",
    "where are you calling from",
    "may i ask who",
    "whos asking",
    "who is it",
    "what is it",
    "whats it about",
    "why are you calling",
    "how can i help",
    "what can i do for you",
    "who wants to know",
    "can i ask who",
    "whats going on",
    "whats up",
    "who do you want",
    "who are you looking for",
    "whos there",
    "calling about",
    "is this regarding",
    "what for",
    "how may i help",
    "what is this call about",
];
const ZH_BUSY: &[&str] = &[
    "没空",
    "没时间",
    "在忙",
    "很忙",
    "正忙",
    "我忙",
    "不方便",
    "在开会",
    "开着会",
    "在开车",
    "开车呢",
    "晚点再",
    "回头再",
    "待会再",
    "改天再",
    "等会再",
    "没兴趣",
    "不感兴趣",
    "不需要",
    "不用了",
    "不想听",
    "不想说",
    "别说了",
    "不用说",
    "以后再说",
    "晚点打",
    "晚点说",
    "在上课",
    "在睡觉",
    "没工夫",
    "不聊",
    "不要了",
    "不买",
    "现在不行",
    "有事在",
    "在上班",
    "会儿再打",
    "在外面",
    "没有兴趣",
    "我不用",
];
const EN_BUSY: &[&str] = &[
    "im busy",
    "i am busy",
    "busy right now",
    "in a meeting",
    "im driving",
    "i am driving",
    "dont have time",
    "no time",
    "call me later",
    "call back later",
    "call later",
    "not now",
    "not interested",
    "no interest",
    "no thank you",
    "no thanks",
    "cant talk",
    "cannot talk",
    "bad time",
    "not a good time",
    "another time",
    "in the middle of",
    "at work right now",
    "dont want to talk",
    "dont want any",
    "try again later",
    "i have no time",
    "im at work",
    "call me back later",
    "dont want it",
    "dont need it",
];
