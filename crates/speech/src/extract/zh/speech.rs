//! Turns what a Chinese instruction says about a person into what is said to that person.

use super::names;
use crate::extract::scan::{starts_with_any, strip_any};
use crate::extract::text::is_han;
use crate::extract::{Scene, Verb};

/// The words that introduce a clause. `first`: it is the first of the message.
pub fn lead(verb: Verb, first: bool, sender: Option<&str>) -> String {
    let s = sender.unwrap_or_default();
    let (with, without, later) = match verb {
        Verb::Plain => ("给您带来的消息是：", "给您带来的消息是：", ""),
        Verb::Call => ("托我来电，", "这次来电是：", ""),
        Verb::Tell => ("托我转告您，", "有件事转告您，", ""),
        Verb::Remind => ("托我提醒您，", "来电是想提醒您，", "提醒您，"),
        Verb::Request => ("想请您", "来电是想请您", "请您"),
        Verb::Ask => ("想请问您", "想请问您", "想请问您"),
        Verb::Confirm => ("想跟您确认，", "想跟您确认，", "另外想跟您确认，"),
        Verb::Invite => ("想邀请您", "想邀请您", "邀请您"),
        Verb::Thank => ("托我向您表示感谢，", "来电是想向您表示感谢，", "感谢您"),
        Verb::Congratulate => ("托我向您道贺，恭喜您", "来电是向您道贺，恭喜您", "恭喜您"),
        Verb::Wish => ("托我向您问好，祝您", "来电是向您问好，祝您", "祝您"),
        Verb::Apologise => ("托我向您道歉，", "来电是想向您道歉，", "向您道歉，"),
    };
    match (first, sender) {
        (false, _) => later.to_owned(),
        (true, Some(_)) => format!("{s}{with}"),
        (true, None) => without.to_owned(),
    }
}

/// A clause after its instruction, said to the addressee.
pub fn clause(verb: Verb, rest: &str, scene: &mut Scene) -> String {
    let said = to_you(rest, scene);
    match verb {
        Verb::Request | Verb::Ask | Verb::Invite | Verb::Wish | Verb::Congratulate => {
            said.strip_prefix('您').map_or(said.clone(), |r| {
                if r.starts_with('的') { said.clone() } else { r.to_owned() }
            })
        }
        _ => said,
    }
}

/// Pronouns and names replaced: the addressee becomes 您, the sender is named. Quotes stay.
pub fn to_you(text: &str, scene: &mut Scene) -> String {
    let mut out = String::with_capacity(text.len());
    let mut s = text;
    let third = scene.third;
    let mentioned = scene.mentioned;
    note_others(text, scene);
    if mentioned && !third && starts_with_any(s, &["他", "她"]) {
        // “…还给Lily，她在5楼”: the pronoun is hers.
        let end = s.char_indices().nth(1).map_or(s.len(), |(i, _)| i);
        out.push_str(&s[..end]);
        s = &s[end..];
    }
    scene.mentioned = ends_with_person(text);
    while let Some(c) = s.chars().next() {
        if let Some(end) = quoted(s) {
            out.push_str(&s[..end]);
            s = &s[end..];
            continue;
        }
        let before = out.chars().last();
        if let Some((word, rest)) = replaced(s, before, scene, third) {
            out.push_str(&word);
            s = rest;
        } else {
            out.push(c);
            s = &s[c.len_utf8()..];
        }
    }
    out.replace("您您", "您")
}

/// What the start of `s` is said as, and what follows it; `None` if it stays.
fn replaced<'a>(
    s: &'a str,
    before: Option<char>,
    scene: &Scene,
    third: bool,
) -> Option<(String, &'a str)> {
    if let Some(name) = &scene.addressee
        && name.chars().count() >= 2
        && let Some(rest) = s.strip_prefix(name.as_str())
        && !rest.starts_with(|c: char| c.is_ascii_alphanumeric())
    {
        return Some(("您".to_owned(), strip_any(rest.trim_start(), &["本人"]).unwrap_or(rest)));
    }
    if let Some(rest) = strip_any(s, &["他/她", "她/他", "他（她）", "他(她)", "TA", "对方"])
        && !before.is_some_and(|c| c.is_ascii_alphanumeric())
        && !rest.starts_with(|c: char| c.is_ascii_alphanumeric())
    {
        return Some(("您".to_owned(), rest));
    }
    if starts_with_any(s, &["他们", "她们", "它们", "他人", "他乡", "你们", "我们", "我国", "我行"])
    {
        let end = s.char_indices().nth(2).map_or(s.len(), |(i, _)| i);
        return Some((s[..end].to_owned(), &s[end..]));
    }
    if let Some(rest) = strip_any(s, ASKED) {
        let after = rest.strip_prefix("自己").unwrap_or(rest);
        let mine = scene.matches_pronoun(s[..s.len() - rest.len()].chars().last()) && !third;
        let needs = s.starts_with('要') && matches!(before, Some('需' | '只' | '主' | '重' | '必'));
        if mine && !needs && !after.starts_with('的') && !names_kin(rest) {
            return Some(("请您".to_owned(), rest));
        }
    }
    let c = s.chars().next()?;
    let rest = &s[c.len_utf8()..];
    match c {
        '他' | '她' if matches!(before, Some('其' | '吉' | '利')) => None,
        '他' | '她' if !third && scene.matches_pronoun(Some(c)) => Some(("您".to_owned(), rest)),
        '你' => Some(("您".to_owned(), rest)),
        '我' if before != Some('自') => Some((scene.speaker_zh(), rest)),
        '咱' => Some(("我们".to_owned(), rest.strip_prefix('们').unwrap_or(rest))),
        _ => None,
    }
}

/// Somebody else who is the subject of a clause: from then on 他 and 她 may be theirs.
fn note_others(text: &str, scene: &mut Scene) {
    let start = strip_any(text, &["但是", "因为", "由于", "不过", "而且", "但"]).unwrap_or(text);
    if let Some(p) = names::person(start)
        && !matches!(p.kind, names::PersonKind::Office | names::PersonKind::Pronoun)
        && scene.addressee.as_deref() != Some(p.name)
        && p.name.chars().all(is_han)
        && !p.rest.starts_with('的')
        && !p.rest.is_empty()
    {
        scene.third = true;
    }
}

/// Whether a clause ends with somebody to whom something is given or who is to be found.
fn ends_with_person(text: &str) -> bool {
    ["给", "找", "联系", "跟", "和", "与", "由"].iter().any(|word| {
        let Some(at) = text.rfind(word) else {
            return false;
        };
        let tail = &text[at + word.len()..];
        let tail = tail.rsplit('的').next().unwrap_or(tail);
        names::person(tail).is_some_and(|p| p.rest.is_empty() && p.kind == names::PersonKind::Named)
    })
}

fn names_kin(rest: &str) -> bool {
    starts_with_any(
        rest,
        &["妈", "爸", "老婆", "老公", "儿子", "女儿", "家人", "爱人", "孩子", "们"],
    )
}

fn quoted(s: &str) -> Option<usize> {
    let close = match s.chars().next()? {
        '“' => '”',
        '「' => '」',
        '『' => '』',
        '《' => '》',
        '"' => '"',
        _ => return None,
    };
    let open = s.chars().next()?.len_utf8();
    s[open..].find(close).map(|at| open + at + close.len_utf8())
}

const ASKED: &[&str] = &[
    "让他",
    "让她",
    "请他",
    "请她",
    "叫他",
    "叫她",
    "要他",
    "要她",
    "要求他",
    "要求她",
    "麻烦他",
    "麻烦她",
    "希望他",
    "希望她",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn scene(addressee: &str, sender: Option<&str>) -> Scene {
        Scene {
            addressee: Some(addressee.to_owned()),
            sender: sender.map(str::to_owned),
            ..Scene::default()
        }
    }

    #[test]
    fn the_addressee_becomes_you_and_the_sender_is_named() {
        for (text, want) in [
            ("他的快递放在A座", "您的快递放在A座"),
            ("如果有问题让她联系我", "如果有问题请您联系李四"),
            ("其他人都到了", "其他人都到了"),
            ("我们公司明天放假", "我们公司明天放假"),
            ("他们已经到了", "他们已经到了"),
            ("张三的房租3200元", "您的房租3200元"),
            ("原话是“我等他”", "原话是“我等他”"),
            ("王五病了", "王五病了"),
        ] {
            assert_eq!(to_you(text, &mut scene("张三", Some("李四"))), want, "{text}");
        }
        let mut s = scene("张三", None);
        assert_eq!(to_you("王五病了", &mut s), "王五病了");
        assert_eq!(to_you("他明天不来", &mut s), "他明天不来");
    }
}
