//! On whose behalf a Chinese requirement is made: 我是…, 以…的名义, 受…委托, a signature.

use crate::extract::scan::{find_any, has_any, starts_with_any, strip_any};
use crate::extract::text::is_han;

use super::{heads, names};

/// What a clause says about the sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// Who it is.
    pub sender: String,
    /// What is left of the clause.
    pub rest: String,
}

/// The sender that a clause names.
pub fn signed(clause: &str) -> Option<Signed> {
    let s = clause.trim();
    introduced(s)
        .or_else(|| on_behalf(s))
        .or_else(|| acting(s))
        .or_else(|| subject(s))
        .filter(|f| fits(&f.sender))
}

/// 我是李四, 说我是李四, 我叫李四, 这里是阳光牙科.
fn introduced(s: &str) -> Option<Signed> {
    let s = strip_any(s, &["说明", "就说", "说", "告诉他", "告诉她", "你好", "您好"]).unwrap_or(s);
    let after = strip_any(
        s.trim_start_matches(['，', ' ']),
        &[
            "我是",
            "我叫",
            "我这边是",
            "我这里是",
            "这里是",
            "这边是",
            "我们是",
            "本人是",
            "我的名字是",
            "我的名字叫",
            "我的姓名是",
            "我姓名是",
        ],
    )?;
    let sender = strip_any(after, &["来自", "一名", "一个"]).unwrap_or(after).trim();
    let said =
        has_any(sender, &["想", "要", "说", "不是", "在", "因为", "为了", "打算", "吗", "真人"]);
    let human = has_any(sender, &["人类", "机器人", "AI"]);
    (!said && !human && sender.chars().count() <= 20).then(|| Signed {
        sender: sender.trim_end_matches(['。', '的']).to_owned(),
        rest: String::new(),
    })
}

/// 以…的名义, 代表…, 受…委托, 帮…给, …让我, 说是…打来的.
fn on_behalf(s: &str) -> Option<Signed> {
    if let Some((before, _, after)) = find_any(s, &["以", "用"])
        && let Some((name, _, rest)) = find_any(after, &["的名义", "的身份", "名义", "身份"])
    {
        let rest = strip_any(rest, &["，", "来", "去"]).unwrap_or(rest);
        return Some(Signed { sender: name.to_owned(), rest: format!("{before}{rest}") });
    }
    let polite = strip_any(s, &["请你", "请您", "请", "你", "麻烦"]).unwrap_or(s);
    if let Some(after) = strip_any(polite, &["代表", "受", "帮", "替", "为"])
        && let Some((name, word, rest)) = find_any(
            after,
            &["的委托", "委托", "给", "通知", "提醒", "打电话", "告诉", "向", "邀请", "问"],
        )
        && !name.is_empty()
        && !starts_with_any(name, &["我", "忙"])
        && !name.contains(['，', ' '])
    {
        let rest = if word.ends_with("委托") { rest.to_owned() } else { format!("{word}{rest}") };
        return Some(Signed { sender: name.to_owned(), rest });
    }
    let after = strip_any(s, &["就说是", "说是", "告诉他是", "告诉她是"])?;
    let (name, ..) =
        find_any(after, &["打来的", "打的", "让你打", "让打", "通知的", "委托的", "说的"])?;
    Some(Signed { sender: name.to_owned(), rest: String::new() })
}

/// 你是阳光牙科的客服: whom the speaker acts for.
fn acting(s: &str) -> Option<Signed> {
    let after = strip_any(s, &["你现在是", "你是", "您是", "你作为", "作为", "扮演"])?;
    let (name, ..) = find_any(
        after,
        &[
            "的客服",
            "的助理",
            "的前台",
            "的秘书",
            "的专员",
            "的工作人员",
            "的员工",
            "的接待",
            "的AI",
            "的智能",
            "的语音",
            "的电话",
            "的管家",
            "的老师",
            "的销售",
            "的顾问",
            "的代表",
            "客服",
            "助理",
        ],
    )?;
    let name = strip_any(name, &["一名", "一位", "一个"]).unwrap_or(name).trim();
    (!name.is_empty()).then(|| Signed { sender: name.to_owned(), rest: String::new() })
}

/// 李四让我通知张三, 李四想请王五吃饭, 阳光公司通知您.
fn subject(s: &str) -> Option<Signed> {
    let (name, word, after) = find_any(
        s,
        &[
            "让我",
            "托我",
            "委托我",
            "要我",
            "叫我",
            "想让你",
            "想请",
            "想约",
            "想要",
            "想",
            "委托你",
            "托你",
            "请",
            "通知",
            "邀请",
            "提醒",
        ],
    )?;
    let person = names::is_full_name(name) || titled(name);
    let company = ORGANISATIONS.iter().any(|o| name.ends_with(o));
    if !(person || company) || name.chars().count() > 14 {
        return None;
    }
    let verb = strip_any(word, &["让", "托", "委托", "要", "叫", "想"]).unwrap_or(word);
    let verb = strip_any(verb, &["我", "你", "让你"]).unwrap_or(verb);
    let rest = format!("{verb}{after}");
    heads::head(&rest, false).filter(|h| h.object != crate::extract::Object::None)?;
    Some(Signed { sender: name.to_owned(), rest })
}

/// A signature: a name after a dash on the last line, or before 敬上.
pub fn signature(line: &str) -> Option<String> {
    let line = line.trim();
    let dashed = line.strip_prefix("——").or_else(|| line.strip_prefix("--"));
    let closed = line
        .strip_suffix("敬上")
        .or_else(|| line.strip_suffix("敬启"))
        .or_else(|| line.strip_prefix("落款"))
        .or_else(|| line.strip_prefix("署名"));
    let name = dashed.or(closed)?.trim_matches(['：', ':', ' ', '-', '—']);
    fits(name).then(|| name.to_owned())
}

/// The part of the sender that may be said before the identity is known.
pub fn neutral(sender: &str) -> Option<String> {
    let s = match find_any(sender, &["他的", "她的", "您的", "你的", "的"]) {
        Some((_, word, after)) if word != "的" || has_any(sender, &["他", "她"]) => after,
        _ => sender,
    };
    let s = strip_any(s, &["主治医生", "主治医师", "债权人", "前妻", "前夫", "律师"]).unwrap_or(s);
    let s = match strip_any(s, &["他", "她", "您", "你"]) {
        Some(kin) => strip_any(kin, names::KIN).unwrap_or(kin),
        None => s,
    };
    let mut digits = s.chars().filter(char::is_ascii_digit).count();
    let mut s = s;
    if digits >= 4 || s.chars().count() > 16 {
        let last = s.rsplit('的').next().unwrap_or(s);
        s = strip_any(last, &["业主", "住户", "租客", "会员", "客户"]).unwrap_or(last);
        digits = s.chars().filter(char::is_ascii_digit).count();
    }
    (fits(s) && s.chars().count() <= 16 && digits < 4).then(|| s.to_owned())
}

fn titled(name: &str) -> bool {
    names::person(name).is_some_and(|p| p.rest.is_empty() && p.kind == names::PersonKind::Named)
        && (names::without_title(name) != name
            || name.starts_with(['小', '老', '阿'])
            || name.is_ascii())
}

fn fits(name: &str) -> bool {
    let len = name.chars().count();
    (1..=24).contains(&len)
        && name.chars().any(|c| is_han(c) || c.is_ascii_alphabetic())
        && !name.contains(['，', '。', '：', '\n', '！', '？'])
        && !matches!(name, "他" | "她" | "你" | "我" | "谁" | "人")
}

const ORGANISATIONS: &[&str] = &[
    "公司",
    "医院",
    "诊所",
    "牙科",
    "学校",
    "银行",
    "物业",
    "中心",
    "集团",
    "酒店",
    "餐厅",
    "大学",
    "幼儿园",
    "快递",
    "平台",
    "工作室",
    "事务所",
    "俱乐部",
    "健身房",
    "店",
    "部",
    "处",
    "局",
    "协会",
    "客服",
    "团队",
    "社区",
    "居委会",
    "委员会",
    "车行",
    "4S店",
    "书店",
    "超市",
    "驿站",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn senders_are_found_in_many_forms() {
        for (text, sender, rest) in [
            ("我是李四", "李四", ""),
            ("说我是3栋的业主李四", "3栋的业主李四", ""),
            ("以阳光牙科的名义通知张三", "阳光牙科", "通知张三"),
            ("帮李四给王五打电话", "李四", "给王五打电话"),
            ("你是阳光牙科的客服", "阳光牙科", ""),
            ("李四让我通知张三明天开会", "李四", "通知张三明天开会"),
            ("李四想请王女士周六吃饭", "李四", "请王女士周六吃饭"),
            ("就说是李四打来的", "李四", ""),
        ] {
            let got = signed(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((got.sender.as_str(), got.rest.as_str()), (sender, rest), "{text}");
        }
        for text in
            ["帮我给王五打电话", "我是真人", "我是想问一下", "明天开会", "请张三通知李四开会"]
        {
            assert_eq!(signed(text), None, "{text}");
        }
        assert_eq!(neutral("他的主治医生李四").as_deref(), Some("李四"));
    }
}
