//! The answer to “is that you?”, judged so that a doubt never confirms.
//!
//! A confirmation is a closed language: the whole reply must be laid out with tiles that say yes
//! and tiles that say nothing (“喂，对，是我，你说”). One word that is neither, and the reply is at
//! most unclear. A plain “嗯” or “uh-huh” is no yes: people say it to anything.

use conversation::Meaning;

use super::phrases;
use super::words::Words;
use crate::extract::names_of;

/// What a reply to the question of identity means.
pub fn judge(w: &Words, addressee: Option<&str>) -> Meaning {
    let forms = addressee.map(own_names).unwrap_or_default();
    if third_party(w) {
        return Meaning::ThirdParty;
    }
    let denied = denies(w);
    if confirms(w, &forms) {
        return Meaning::Confirmed;
    }
    if denied {
        // “不是说了吗，我就是”: both at once is no answer.
        let torn = w.zh(&["我就是", "就是我", "是本人"]) && !w.zh(&["不是本人"])
            || w.en(&["speaking", "thats me"]) && !w.en(&["not me", "thats not me"]);
        return if torn {
            Meaning::Unclear
        } else {
            Meaning::Denied
        };
    }
    if phrases::refuses(w) {
        return Meaning::Refused;
    }
    if phrases::asks_repeat(w) {
        return Meaning::AsksRepeat;
    }
    if phrases::holds_on(w) {
        return Meaning::HoldOn;
    }
    if claims_other_name(w, addressee, &forms) {
        return Meaning::Denied;
    }
    if phrases::asks_who(w) || asks_for_name(w, &forms) {
        return Meaning::AsksWho;
    }
    if phrases::greets(w) {
        return Meaning::Greeting;
    }
    if phrases::says_goodbye(w) {
        return Meaning::Goodbye;
    }
    Meaning::Unclear
}

fn confirms(w: &Words, forms: &[String]) -> bool {
    let mut strong: Vec<String> = ZH_STRONG
        .iter()
        .chain(EN_STRONG)
        .map(|s| (*s).to_owned())
        .collect();
    for name in forms {
        for pattern in NAME_PATTERNS {
            strong.push(pattern.replace('_', name));
        }
    }
    let strong: Vec<&str> = strong.iter().map(String::as_str).collect();
    let weak: Vec<&str> = WEAK.to_vec();
    let mut with_questions: Vec<&str> = weak.clone();
    with_questions.extend(FILLERS);
    with_questions.extend(QUESTIONS);
    // “我就是，您哪位” is a yes; “对，你是谁” is not yet one.
    w.tiled(&strong, &with_questions) || w.tiled(&weak, FILLERS)
}

fn denies(w: &Words) -> bool {
    w.zh(ZH_DENIALS)
        || w.en(EN_DENIALS)
        || w.tiled(
            &["不是", "不", "不对", "不是的", "错了", "no", "nope", "nah"],
            FILLERS,
        )
        || w.spaced.starts_with(" no ")
            && !w.en(&["no problem", "no thanks", "no thank you", "no time"])
}

fn third_party(w: &Words) -> bool {
    let zh_kin = ["他", "她", "你", "您", "机主", "本人"]
        .iter()
        .any(|whose| {
            ZH_RELATIONS.iter().any(|r| {
                ["我是", "是", "这是", "这里是", "我"].iter().any(|be| {
                    w.solid.contains(&format!("{be}{whose}{r}"))
                        || w.solid.contains(&format!("{be}{whose}的{r}"))
                })
            })
        });
    let relation = w.zh(&[
        "我是家属",
        "我是家人",
        "我是助理",
        "我是秘书",
        "我是同事",
        "我是他的",
        "我是她的",
    ]);
    let absent = w.zh(ZH_ABSENT);
    let en = EN_OWNERS.iter().any(|be| {
        EN_RELATIONS
            .iter()
            .any(|r| w.spaced.contains(&format!(" {be} {r} ")))
    });
    zh_kin && w.zh(&["我", "这"]) || relation || absent || en || w.en(EN_ABSENT)
}

/// “我是李四” to “是张三吗”: somebody with another name.
fn claims_other_name(w: &Words, addressee: Option<&str>, forms: &[String]) -> bool {
    if addressee.is_none() || w.asks {
        return false;
    }
    if w.han {
        return ["我是", "我叫", "我的名字是", "这里是", "我就是"]
            .iter()
            .any(|be| {
                let Some(after) = w.solid.split(be).nth(1) else {
                    return false;
                };
                let after = after.trim_end_matches(['啊', '呀', '哦', '哈', '呢', '的']);
                names_of::is_full_name(after) && !forms.iter().any(|f| f == after)
            });
    }
    ["my name is ", "this is ", "im called ", "you have reached "]
        .iter()
        .any(|be| {
            let Some(after) = w.spaced.split(&format!(" {be}")).nth(1) else {
                return false;
            };
            let name = after
                .trim()
                .trim_end_matches(" speaking")
                .trim_end_matches(" here");
            let words = name.split(' ').count();
            let plain = name.split(' ').any(|word| NO_NAMES.contains(&word));
            (1..=3).contains(&words) && !plain && !forms.iter().any(|f| f == name)
        })
}

/// “张三？” or “你找张三？”
fn asks_for_name(w: &Words, forms: &[String]) -> bool {
    w.asks && forms.iter().any(|f| w.solid.contains(&f.replace(' ', "")))
}

/// How the addressee may name themselves, ready for matching: the whole name, without the title,
/// and in English the given name.
fn own_names(addressee: &str) -> Vec<String> {
    let whole = Words::of(addressee);
    let mut forms = Vec::new();
    let mut add = |s: &str| {
        if s.chars().count() >= 2 && !forms.iter().any(|f| f == s) {
            forms.push(s.to_owned());
        }
    };
    if whole.han {
        add(&whole.solid);
        add(names_of::without_title(&whole.solid));
    }
    let words: Vec<&str> = whole.spaced.split_whitespace().collect();
    if !whole.han && !words.is_empty() {
        add(&words.join(" "));
        let named: Vec<&str> = words
            .iter()
            .copied()
            .filter(|w| !names_of::is_english_title(w))
            .collect();
        // With only a family name known, the title must be said too.
        if named.len() == words.len() || named.len() > 1 {
            add(&named.join(" "));
            add(named.first().copied().unwrap_or_default());
        }
    }
    forms
}

const NAME_PATTERNS: &[&str] = &[
    "我是_",
    "我就是_",
    "我叫_",
    "是我_",
    "我_",
    "_本人",
    "我是_本人",
    "this is _",
    "im _",
    "i am _",
    "its _",
    "my name is _",
    "_ speaking",
    "_ here",
    "_ is speaking",
    "this is _ speaking",
    "youre speaking with _",
    "yes _",
    "it is _",
];
const ZH_STRONG: &[&str] = &[
    "是我",
    "我是",
    "我就是",
    "就是我",
    "是本人",
    "我是本人",
    "本人",
    "我本人",
    "是我本人",
    "我就是本人",
    "我是机主",
    "我就是机主",
    "正是",
    "正是我",
    "就是本人",
    "我是的",
    "是我的",
];
const EN_STRONG: &[&str] = &[
    "speaking",
    "this is he",
    "this is she",
    "this is him",
    "this is her",
    "thats me",
    "that is me",
    "its me",
    "it is me",
    "yes it is",
    "it is",
    "i am",
    "yes i am",
    "yes this is",
    "that would be me",
    "thats right speaking",
    "you got me",
    "youve got me",
    "this is me",
    "im the one",
    "im the owner",
    "he is speaking",
    "she is speaking",
];
/// Yes, but not “that is me”.
const WEAK: &[&str] = &[
    "对",
    "是",
    "是的",
    "对的",
    "没错",
    "是啊",
    "对啊",
    "是呀",
    "对呀",
    "yes",
    "yeah",
    "yep",
    "yup",
    "correct",
    "thats right",
    "thats correct",
    "right",
    "yes sir",
    "yes maam",
    "indeed",
];
const FILLERS: &[&str] = &[
    "喂",
    "你好",
    "您好",
    "哈喽",
    "嗯",
    "恩",
    "啊",
    "哦",
    "呃",
    "那个",
    "请说",
    "你说",
    "您说",
    "请讲",
    "你讲",
    "说吧",
    "说",
    "讲",
    "好",
    "好的",
    "呀",
    "哈",
    "早上好",
    "下午好",
    "晚上好",
    "对",
    "是",
    "谢谢",
    "您请说",
    "什么事你说",
    "hello",
    "hi",
    "hey",
    "um",
    "uh",
    "oh",
    "well",
    "good morning",
    "good afternoon",
    "good evening",
    "go ahead",
    "sir",
    "maam",
    "please",
    "ok",
    "okay",
    "sure",
    "so",
    "and",
    "there",
    "yes",
];
const QUESTIONS: &[&str] = &[
    "您哪位",
    "你哪位",
    "哪位",
    "你是谁",
    "您是谁",
    "你是哪位",
    "您是哪位",
    "什么事",
    "有什么事",
    "有什么事吗",
    "什么事情",
    "请问什么事",
    "请问有什么事",
    "有事吗",
    "怎么了",
    "您是",
    "请问您是哪位",
    "请问你是哪位",
    "啥事",
    "什么事啊",
    "谁啊",
    "请问",
    "干嘛",
    "你有什么事",
    "您有什么事",
    "你什么事",
    "您什么事",
    "who is this",
    "whos this",
    "whos calling",
    "who is calling",
    "who are you",
    "whats this about",
    "what is this about",
    "what is it about",
    "whats up",
    "how can i help",
    "how can i help you",
    "how may i help you",
    "what can i do for you",
    "what do you want",
    "may i ask whos calling",
    "can i ask whos calling",
    "what is it",
    "who am i speaking with",
];
const ZH_DENIALS: &[&str] = &[
    "不是我",
    "不是本人",
    "我不是",
    "打错",
    "拨错",
    "找错",
    "搞错",
    "弄错",
    "没这个人",
    "没有这个人",
    "查无此人",
    "不认识",
    "我不叫",
    "我不姓",
    "换号",
    "换了号",
    "这不是他",
    "这不是她",
    "不是他的电话",
    "不是她的电话",
    "错了",
    "不是这个人",
    "没有叫",
    "没这人",
    "不姓",
    "不是他",
    "不是她",
    "你认错",
];
const EN_DENIALS: &[&str] = &[
    "wrong number",
    "wrong person",
    "not me",
    "thats not me",
    "im not",
    "i am not",
    "no one here by",
    "nobody here by",
    "no one by that name",
    "nobody by that name",
    "dont know him",
    "dont know her",
    "dont know anyone",
    "dont know who that is",
    "no such person",
    "you have the wrong",
    "isnt me",
    "isnt him",
    "isnt her",
    "not him",
    "not her",
    "not my name",
    "doesnt live here",
    "theres no",
    "there is no",
    "dont know that person",
    "never heard of",
    "no longer has this number",
    "not his number",
    "not her number",
    "this isnt",
    "this is not",
    "it isnt",
    "its not",
];
const ZH_RELATIONS: &[&str] = &[
    "老婆",
    "老公",
    "妻子",
    "丈夫",
    "爱人",
    "家人",
    "家属",
    "妈",
    "爸",
    "母亲",
    "父亲",
    "儿子",
    "女儿",
    "哥",
    "姐",
    "弟",
    "妹",
    "同事",
    "朋友",
    "秘书",
    "助理",
    "室友",
    "同学",
    "领导",
    "老板",
    "女朋友",
    "男朋友",
    "太太",
    "先生",
    "媳妇",
    "爷爷",
    "奶奶",
    "邻居",
    "司机",
    "孩子",
    "亲戚",
    "公公",
    "婆婆",
    "员工",
    "保姆",
    "外公",
    "外婆",
    "姑",
    "舅",
    "叔",
];
const ZH_ABSENT: &[&str] = &[
    "他不在",
    "她不在",
    "他现在不在",
    "她现在不在",
    "他目前不在",
    "人不在",
    "他出去了",
    "她出去了",
    "他出门",
    "她出门",
    "他在开会",
    "她在开会",
    "他在忙",
    "她在忙",
    "他没在",
    "她没在",
    "他睡",
    "她睡",
    "帮你转告",
    "帮您转告",
    "我转告",
    "转告他",
    "转告她",
    "帮你叫他",
    "帮你叫",
    "替他接",
    "替她接",
    "帮他接",
    "帮她接",
    "手机在我这",
    "他走开",
    "她走开",
    "他去世",
    "她去世",
    "他在洗澡",
    "她在洗澡",
    "要我转告",
    "我去叫",
    "我让他接",
    "我让她接",
    "他上班去",
    "他还没回",
    "她还没回",
    "他刚出",
    "她刚出",
    "本人不在",
];
const EN_OWNERS: &[&str] = &[
    "im his",
    "im her",
    "i am his",
    "i am her",
    "this is his",
    "this is her",
    "im their",
    "its his",
    "its her",
    "im the",
    "i am the",
    "this is the",
    "im a",
    "i am a",
    "i am their",
];
const EN_RELATIONS: &[&str] = &[
    "wife",
    "husband",
    "mother",
    "father",
    "mom",
    "mum",
    "dad",
    "son",
    "daughter",
    "brother",
    "sister",
    "colleague",
    "coworker",
    "co worker",
    "assistant",
    "secretary",
    "friend",
    "roommate",
    "partner",
    "boss",
    "family",
    "family member",
    "neighbor",
    "neighbour",
    "girlfriend",
    "boyfriend",
    "spouse",
    "receptionist",
    "relative",
    "cousin",
    "uncle",
    "aunt",
    "grandmother",
    "grandfather",
    "nanny",
    "caregiver",
    "nurse",
];
const EN_ABSENT: &[&str] = &[
    "hes not here",
    "shes not here",
    "he is not here",
    "she is not here",
    "hes out",
    "shes out",
    "he isnt here",
    "she isnt here",
    "not home",
    "isnt home",
    "hes in a meeting",
    "shes in a meeting",
    "take a message",
    "pass on a message",
    "hes away",
    "shes away",
    "not in right now",
    "hes busy",
    "shes busy",
    "isnt in",
    "hes at work",
    "shes at work",
    "let me get him",
    "let me get her",
    "ill get him",
    "ill get her",
    "hes asleep",
    "shes asleep",
    "not around",
    "stepped out",
    "hes unavailable",
    "shes unavailable",
    "he is out",
    "she is out",
    "passed away",
    "hes not available",
    "shes not available",
    "ill let him know",
    "ill let her know",
    "ill tell him",
    "ill tell her",
    "his phone",
    "her phone",
    "they are not here",
    "not available",
];
const NO_NAMES: &[&str] = &[
    "he",
    "she",
    "him",
    "her",
    "his",
    "me",
    "a",
    "an",
    "the",
    "not",
    "who",
    "what",
    "about",
    "it",
    "good",
    "fine",
    "crazy",
    "my",
    "our",
    "your",
    "ridiculous",
    "annoying",
    "regarding",
    "bad",
    "wrong",
    "true",
    "right",
    "so",
    "too",
    "very",
    "really",
    "just",
];
