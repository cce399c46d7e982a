//! The instruction at the start of a Chinese clause: 帮我给王女士打电话，提醒她… names a person and
//! says what is to be done with what follows.

use super::names::{self, Person, PersonKind};
use crate::extract::scan::{starts_with_any, strip_any};
use crate::extract::{Head, Object, Verb};

/// The instruction that a clause starts with. `inside`: one came before, so that the person may be
/// left out.
pub fn head(clause: &str, inside: bool) -> Option<Head> {
    let mut found: Option<Head> = None;
    let mut rest = clause.trim().to_owned();
    while let Some(next) = step(&rest, inside || found.is_some()) {
        let next = match found.take() {
            None => next,
            // 告诉张三确认地址: what he is to do is content, 让他 is not.
            Some(before) if before.chains_to(&next) => before.then(next),
            Some(before) => {
                found = Some(before);
                break;
            }
        };
        let left = after_head(&next.rest).to_owned();
        let shorter = left.len() < rest.len();
        found = Some(Head { rest: left.clone(), ..next });
        if !shorter {
            break;
        }
        rest = left;
    }
    found
}

/// One instruction.
fn step(s: &str, inside: bool) -> Option<Head> {
    let mut s = s.trim_start();
    loop {
        if let Some(h) = with_person_first(s).or_else(|| calling(s)).or_else(|| telling(s, inside))
        {
            return Some(h);
        }
        match strip_any(s, POLITE) {
            Some(rest) if !rest.is_empty() => s = rest.trim_start_matches([' ', '，', ',']),
            _ => return None,
        }
    }
}

/// 给王女士打电话, 跟他说, 向客户道歉.
fn with_person_first(s: &str) -> Option<Head> {
    let after = strip_any(s, &["给", "跟", "向", "同", "和", "对", "与", "代我向", "替我向"])?;
    let (at, tail, verb) = TAILS
        .iter()
        .flat_map(|(tails, verb)| tails.iter().map(move |t| (*t, *verb)))
        .filter_map(|(t, verb)| after.find(t).map(|at| (at, t, verb)))
        .filter(|(at, ..)| after[..*at].chars().count() <= 24)
        .min_by_key(|(at, t, _)| (*at, usize::MAX - t.len()))?;
    let between = after[..at].trim();
    let rest = after[at + tail.len()..].to_owned();
    if let Some(p) = names::whole(between) {
        return Some(made(verb, &p, rest));
    }
    // 给张三关于合同的事打电话: the name is at the start, the rest is content.
    let p = names::person(between)?;
    if names::begins_content(p.rest) < 3 {
        let object = Object::Vocative(between.to_owned());
        return Some(Head { verb, object, pronoun: None, rest });
    }
    let rest = format!("{}{rest}", p.rest);
    Some(made(verb, &p, rest))
}

/// 打电话给张三, 联系王女士.
fn calling(s: &str) -> Option<Head> {
    let after = strip_any(s, CALLS)?.trim_start();
    let after = strip_any(after, &["一下", "下"]).unwrap_or(after).trim_start();
    match names::person(after) {
        Some(p) => {
            let rest = p.rest.to_owned();
            Some(made(Verb::Call, &p, rest))
        }
        None if s.starts_with("联系") || s.starts_with("回访") => None,
        None => {
            let rest = after.to_owned();
            Some(Head { verb: Verb::Call, object: Object::None, pronoun: None, rest })
        }
    }
}

/// 通知张三, 提醒她, 请王女士, 问他.
fn telling(s: &str, inside: bool) -> Option<Head> {
    let (words, verb) = TELLS
        .iter()
        .filter_map(|(words, verb)| strip_any(s, words).map(|rest| (rest, *verb)))
        .min_by_key(|(rest, _)| rest.len())?;
    let used = &s[..s.len() - words.len()];
    if NOT_VERBS.iter().any(|w| s.starts_with(w)) {
        return None;
    }
    let after = strip_any(words, &["一下", "一声", "下"]).unwrap_or(words);
    let after = after.trim_start();
    // 麻烦你, 请您: that is us.
    if verb == Verb::Request && starts_with_any(after, &["你", "您"]) {
        return None;
    }
    if let Some(p) = names::person(after) {
        let sure = !matches!(p.kind, PersonKind::Guessed);
        let plain_request = matches!(verb, Verb::Request | Verb::Invite | Verb::Ask);
        if sure || !plain_request {
            let rest = p.rest.to_owned();
            return Some(made(verb, &p, rest));
        }
    }
    let object = Object::None;
    let whose = starts_with_any(after, &["他", "她"]);
    let alone = match verb {
        Verb::Request => whose && !used.starts_with('要'),
        Verb::Ask => inside && used != "问" || whose,
        Verb::Confirm => inside || whose,
        Verb::Tell if used == "就说" || used == "说一下" => true,
        Verb::Tell if used.ends_with('说') => inside,
        Verb::Invite | Verb::Congratulate | Verb::Wish | Verb::Thank => inside,
        // 通知：… and 提醒周五前… stand without a person; 通知单 does not.
        _ => inside || whose || names::begins_content(after) == 3,
    };
    alone.then(|| Head { verb, object, pronoun: None, rest: after.to_owned() })
}

fn made(verb: Verb, p: &Person<'_>, rest: String) -> Head {
    let (object, pronoun) = match p.kind {
        PersonKind::Named | PersonKind::Office => (Object::Named(p.name.to_owned()), None),
        PersonKind::Guessed => (Object::Guessed(p.name.to_owned()), None),
        PersonKind::Role => (Object::Vocative(p.name.to_owned()), None),
        PersonKind::Pronoun => (Object::Pronoun, p.name.chars().next()),
    };
    Head { verb, object, pronoun, rest }
}

fn after_head(rest: &str) -> &str {
    let mut s = rest;
    loop {
        let before = s;
        s = s.trim_start_matches([' ', '，', ',', '：', ':', '、']);
        s = strip_any(s, &["一下", "一声", "说一下", "说一声", "并且", "然后"]).unwrap_or(s);
        if let Some(after) = s.strip_prefix('说')
            && !starts_with_any(after, &["明书", "法", "好", "话"])
        {
            s = after;
        }
        if s == before {
            return s;
        }
    }
}

const POLITE: &[&str] = &[
    "请你",
    "请您",
    "请帮我",
    "请帮忙",
    "请替我",
    "请",
    "麻烦你",
    "麻烦您",
    "麻烦",
    "帮我",
    "帮忙",
    "帮",
    "替我",
    "代我",
    "你好",
    "您好",
    "现在",
    "马上",
    "立即",
    "尽快",
    "然后",
    "接着",
    "并且",
    "再",
    "并",
    "同时",
    "顺便",
    "顺带",
    "另外",
    "还要",
    "还",
    "也",
    "需要你",
    "需要",
    "我想让你",
    "我想请你",
    "我想",
    "我要",
    "我需要你",
    "我需要",
    "想请你",
    "想",
    "你去",
    "你要",
    "你",
    "去",
    "能不能",
    "能",
    "可以",
    "可否",
    "能否",
    "务必",
    "记得",
    "一定要",
    "记住",
    "电话里",
    "在电话里",
    "接通后",
    "电话接通后",
    "接通电话后",
    "打通后",
    "要",
    "最后",
    "首先",
    "先",
    "其次",
    "任务是",
    "任务",
    "主要是",
    "目的是",
    "来",
];
const CALLS: &[&str] = &[
    "打电话给",
    "打个电话给",
    "打一个电话给",
    "打给",
    "电话给",
    "致电给",
    "致电",
    "拨打",
    "拨给",
    "呼叫",
    "联系一下",
    "联系",
    "电话联系",
    "去电",
    "回访",
    "call",
    "Call",
    "打电话",
    "打个电话",
    "外呼",
    "回电给",
];
const TAILS: &[(&[&str], Verb)] = &[
    (
        &[
            "打个电话",
            "打一个电话",
            "打一通电话",
            "打通电话",
            "打电话",
            "打个回访电话",
            "去个电话",
            "拨个电话",
            "拨打电话",
            "致电",
            "发起外呼",
            "通个电话",
            "打一个",
            "打一下电话",
        ],
        Verb::Call,
    ),
    (
        &[
            "说一声",
            "说一下",
            "说",
            "讲一下",
            "讲",
            "带个话",
            "转达",
            "转告",
            "带话",
            "捎个话",
            "传个话",
        ],
        Verb::Tell,
    ),
    (&["确认一下", "确认", "核实一下", "核实", "核对一下", "核对"], Verb::Confirm),
    (&["道歉", "道个歉", "表示歉意", "赔个不是", "致歉"], Verb::Apologise),
    (&["道谢", "表示感谢", "致谢"], Verb::Thank),
    (&["道喜", "道贺"], Verb::Congratulate),
    (&["问好", "问个好", "拜年", "送上祝福"], Verb::Wish),
    (&["了解一下", "了解", "咨询一下", "咨询", "打听一下", "打听"], Verb::Ask),
];
const TELLS: &[(&[&str], Verb)] = &[
    (
        &[
            "通知到",
            "通知",
            "告诉",
            "告知",
            "转告",
            "知会",
            "转达给",
            "转达",
            "传达给",
            "传达",
            "电话通知",
            "打电话通知",
            "打电话告诉",
            "打电话告知",
            "打电话跟",
            "回复",
            "答复",
            "说一下",
            "就说",
            "说",
        ],
        Verb::Tell,
    ),
    (
        &[
            "提醒",
            "叮嘱",
            "嘱咐",
            "催促",
            "催一下",
            "催一催",
            "催",
            "警告",
            "提示",
            "打电话提醒",
            "电话提醒",
            "打电话催",
            "再次提醒",
            "温馨提醒",
            "温馨提示",
        ],
        Verb::Remind,
    ),
    (
        &[
            "请",
            "让",
            "叫",
            "要求",
            "要",
            "麻烦",
            "拜托",
            "喊",
            "督促",
            "打电话让",
            "打电话叫",
            "建议",
        ],
        Verb::Request,
    ),
    (&["邀请", "诚邀", "邀", "约", "打电话邀请", "打电话约"], Verb::Invite),
    (
        &[
            "询问",
            "问问",
            "问一下",
            "问一问",
            "问下",
            "问清楚",
            "问",
            "打听一下",
            "打听",
            "咨询",
            "了解一下",
            "了解",
            "调查一下",
            "调查",
            "征求",
            "打电话问",
            "打电话询问",
            "想知道",
        ],
        Verb::Ask,
    ),
    (&["确认一下", "确认", "核实一下", "核实", "核对", "打电话确认", "打电话核实"], Verb::Confirm),
    (&["感谢", "谢谢", "多谢"], Verb::Thank),
    (&["祝贺", "恭喜", "恭贺"], Verb::Congratulate),
    (&["祝福", "祝愿", "祝"], Verb::Wish),
];
/// Words that begin like an instruction and are none.
const NOT_VERBS: &[&str] = &[
    "问题",
    "问卷",
    "问世",
    "问候",
    "通知单",
    "通知书",
    "提示音",
    "请假",
    "请客",
    "请求",
    "请勿",
    "让步",
    "要是",
    "要么",
    "要不",
    "约定",
    "约好",
    "约会",
    "回复率",
    "确认函",
    "确认单",
    "叫好",
    "要求是",
    "要不要",
    "说明书",
    "说明会",
    "说法",
    "说好",
    "说不定",
    "让利",
    "提醒事项",
    "咨询电话",
    "联系人",
    "联系电话",
    "联系方式",
    "催款单",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_taken_apart() {
        let named = |n: &str| Object::Named(n.to_owned());
        for (text, verb, object, rest) in [
            ("通知张三明天下午三点开会", Verb::Tell, named("张三"), "明天下午三点开会"),
            ("帮我给王女士打个电话提醒她周五前交租", Verb::Remind, named("王女士"), "周五前交租"),
            ("打电话给李四", Verb::Call, named("李四"), ""),
            ("请张三明天来一趟", Verb::Request, named("张三"), "明天来一趟"),
            ("告诉 Emily 她的快递到了", Verb::Tell, named("Emily"), "她的快递到了"),
            ("给张三关于合同的事打个电话", Verb::Call, named("张三"), "关于合同的事"),
            ("向陈先生道歉", Verb::Apologise, named("陈先生"), ""),
            ("提醒周五前交房租", Verb::Remind, Object::None, "周五前交房租"),
        ] {
            let got = head(text, false).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((got.verb, got.object, got.rest.as_str()), (verb, object, rest), "{text}");
        }
        for text in ["请带好身份证", "问题已经解决", "通知单已寄出", "明天开会", "联系人李四"]
        {
            assert_eq!(head(text, false), None, "{text}");
        }
    }
}
