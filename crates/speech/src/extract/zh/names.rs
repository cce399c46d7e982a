//! Finds who is meant at the start of a Chinese phrase: names, nicknames, titles, roles, pronouns.

pub use super::name_words::KIN;
use super::name_words::*;
use crate::extract::scan::{starts_with_any, strip_any};

/// Who stands at the start of a phrase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person<'a> {
    /// The words that name them.
    pub name: &'a str,
    /// In what way.
    pub kind: PersonKind,
    /// What follows.
    pub rest: &'a str,
}

/// In what way a person is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PersonKind {
    /// By a name one can ask for.
    Named,
    /// By a name whose end is a guess.
    Guessed,
    /// By an office or a shop one can ask for.
    Office,
    /// By a role nobody can be asked for: a customer, my mother, several people.
    Role,
    /// By a pronoun.
    Pronoun,
}

/// Who stands at the start, if anybody.
pub fn person(s: &str) -> Option<Person<'_>> {
    if let Some(rest) = strip_any(s, PRONOUNS) {
        if rest.starts_with('的') || starts_with_any(rest, KIN) {
            return None;
        }
        return Some(Person { name: head_of(s, rest), kind: PersonKind::Pronoun, rest });
    }
    let first = of_child(s, single(s)?);
    // Several people: nobody to ask for by name, but they must be mentioned.
    if let Some(rest) = strip_any(first.rest, &["和", "与", "跟", "以及", "、"])
        && let Some(second) = single(rest)
        && first.kind != PersonKind::Guessed
        && matches!(second.kind, PersonKind::Named | PersonKind::Role)
    {
        let name = head_of(s, second.rest);
        return Some(Person { name, kind: PersonKind::Role, rest: second.rest });
    }
    Some(first)
}

/// The person that a phrase as a whole names, as between 给 and 打电话.
pub fn whole(s: &str) -> Option<Person<'_>> {
    let s = s.trim();
    let open = s.find(['(', '（']).unwrap_or(s.len());
    let s = s[..open].trim();
    if s.is_empty() {
        return None;
    }
    if let Some(p) = person(s)
        && p.rest.trim().is_empty()
    {
        return Some(p);
    }
    // A number to be dialled names nobody.
    if s.chars().all(|c| c.is_ascii_digit() || "+- ".contains(c)) {
        return Some(Person { name: s, kind: PersonKind::Pronoun, rest: "" });
    }
    let own = strip_any(s, &["我们的", "我的", "我家", "我们", "我"]);
    let short = s.chars().count() <= 12;
    let plain = !s.contains(['，', '。', ' ']) || s.is_ascii();
    let content = CONTENT_MARKS.iter().any(|m| s.contains(m));
    if own.is_some() || !short || !plain || content {
        return None;
    }
    Some(Person { name: s, kind: PersonKind::Office, rest: "" })
}

/// Whether a title says man or woman.
pub fn is_female(name: &str) -> Option<bool> {
    let female =
        ["女士", "小姐", "阿姨", "太太", "夫人", "奶奶", "姐", "妈", "婆", "姑", "女儿", "妹"];
    let male = ["先生", "叔叔", "爷爷", "哥", "爸", "公", "舅", "儿子", "弟", "师傅", "伯"];
    if female.iter().any(|w| name.ends_with(w)) {
        Some(true)
    } else if male.iter().any(|w| name.ends_with(w)) {
        Some(false)
    } else {
        None
    }
}

/// A name without the title at its end.
pub fn without_title(name: &str) -> &str {
    TITLES.iter().filter_map(|t| name.strip_suffix(t)).min_by_key(|s| s.len()).unwrap_or(name)
}

/// Whether a phrase could begin what is to be said, 3 for surely, 0 for no.
pub fn begins_content(s: &str) -> u8 {
    let Some(first) = s.chars().next() else {
        return 3;
    };
    if !first.is_alphanumeric() || first.is_ascii_alphanumeric() || starts_with_any(s, STARTERS) {
        3
    } else {
        u8::from(SINGLE_STARTERS.contains(first))
    }
}

/// Whether this is a family name and a given name and nothing else.
pub fn is_full_name(s: &str) -> bool {
    single(s).is_some_and(|p| p.rest.is_empty() && p.kind == PersonKind::Named)
}

/// 李小明的家长: who is named by somebody else's name.
fn of_child<'a>(s: &'a str, first: Person<'a>) -> Person<'a> {
    let related = first
        .rest
        .strip_prefix('的')
        .and_then(|r| strip_any(r, ROLES).or_else(|| strip_any(r, KIN)));
    match related {
        Some(rest) if first.kind == PersonKind::Named => {
            Person { name: head_of(s, rest), kind: PersonKind::Named, rest }
        }
        _ => first,
    }
}

fn single(s: &str) -> Option<Person<'_>> {
    if starts_with_any(s, STARTERS) && !starts_with_any(s, &["我的", "我们"]) {
        return None;
    }
    latin(s)
        .or_else(|| titled(s))
        .or_else(|| related(s))
        .or_else(|| nickname(s))
        .or_else(|| full_name(s))
        .or_else(|| placed(s))
        .or_else(|| role(s))
}

fn latin(s: &str) -> Option<Person<'_>> {
    let s = s.trim_start();
    let mut end = 0;
    for (words, word) in s.split_inclusive(' ').enumerate() {
        let letters = word
            .trim_end()
            .chars()
            .take_while(|c| c.is_ascii_alphabetic() || matches!(c, '.' | '\'' | '-'));
        let len = letters.count();
        let upper = word.starts_with(|c: char| c.is_ascii_uppercase());
        let enough = upper || (words == 0 && len >= 3);
        if len == 0 || !enough || words == 3 {
            break;
        }
        end += len;
        if len != word.trim_end().len() || !word.ends_with(' ') {
            break;
        }
        end += 1;
    }
    let name = s[..end].trim_end();
    let rest = s[name.len()..].trim_start();
    // 通知VIP客户: the letters belong to a role.
    if name.is_empty() || starts_with_any(rest, ROLES) {
        return None;
    }
    match strip_any(rest, TITLES) {
        Some(after) => {
            Some(Person { name: head_of(s, after), kind: PersonKind::Named, rest: after })
        }
        None => Some(Person { name, kind: PersonKind::Named, rest }),
    }
}

/// A title among the first characters, with nothing before it that could be content.
fn titled(s: &str) -> Option<Person<'_>> {
    let (at, title) = TITLES
        .iter()
        .filter_map(|t| s.find(t).map(|at| (at, *t)))
        .filter(|(at, _)| *at > 0)
        .min_by_key(|(at, t)| (*at, usize::MAX - t.len()))?;
    let before = &s[..at];
    let end = at + title.len();
    let chars = before.chars().count();
    let clean = before.chars().all(char::is_alphanumeric);
    let is_surname = |c: char| SURNAMES.contains(c) || DOUBTFUL_SURNAMES.contains(c);
    let surname = before.chars().last().is_some_and(is_surname);
    let busy = (1..chars).any(|n| {
        let cut = before.char_indices().nth(n).map_or(before.len(), |(i, _)| i);
        starts_with_any(&before[cut..], STARTERS)
    });
    let known = surname || (chars > 1 && before.starts_with(is_surname));
    let preposition = before.starts_with(|c| "给跟向对把被让叫请问帮同到去".contains(c));
    if preposition
        || INSTRUCTIONS.iter().any(|v| before.contains(v))
        || !clean
        || chars > 9
        || busy
        || starts_with_any(before, STARTERS)
        || !known
    {
        return None;
    }
    let name = last_name(&s[..end]);
    let own = ["我", "他", "她", "你"].iter().any(|w| name.starts_with(w));
    let kind = if own { PersonKind::Role } else { PersonKind::Named };
    Some(Person { name, kind, rest: &s[end..] })
}

/// 我同事张伟, 客户王女士, 我妈: a relation, perhaps with a name after it.
fn related(s: &str) -> Option<Person<'_>> {
    let own = strip_any(s, &["我们的", "我们公司的", "我们", "我的", "我家", "我"]);
    let base = own.unwrap_or(s);
    let after = strip_any(base, ROLES).or_else(|| strip_any(base, KIN))?;
    let named = after.strip_prefix('的').unwrap_or(after);
    if let Some(p) = titled(named)
        .or_else(|| nickname(named))
        .or_else(|| latin(named))
        .or_else(|| full_name(named).filter(|p| p.kind == PersonKind::Named))
    {
        return Some(p);
    }
    Some(Person { name: head_of(base, after), kind: PersonKind::Role, rest: after })
}

fn nickname(s: &str) -> Option<Person<'_>> {
    let after = strip_any(s, &["小", "老", "阿"])?;
    let second = after.chars().next()?;
    let not_a_name = "区学时心组店型孩伙朋费板师婆公人家百年总件姨爸妈";
    if !crate::extract::text::is_han(second) || not_a_name.contains(second) {
        return None;
    }
    let rest = &after[second.len_utf8()..];
    let rest = rest.strip_prefix(second).unwrap_or(rest);
    let kind = if begins_content(rest) > 0 { PersonKind::Named } else { PersonKind::Guessed };
    Some(Person { name: head_of(s, rest), kind, rest })
}

/// A family name and one or two characters after it; what follows decides which.
fn full_name(s: &str) -> Option<Person<'_>> {
    let double = strip_any(s, DOUBLE_SURNAMES);
    let first = s.chars().next()?;
    let doubtful = double.is_none() && DOUBTFUL_SURNAMES.contains(first);
    let after = match double {
        Some(after) => after,
        None if SURNAMES.contains(first) || doubtful => &s[first.len_utf8()..],
        None => return None,
    };
    let mut best: Option<(u8, usize)> = None;
    for len in [2, 1] {
        let Some(rest) = skip_given(after, len) else {
            continue;
        };
        let score = begins_content(rest);
        if best.is_none_or(|(b, _)| score > b) {
            best = Some((score, rest.len()));
        }
    }
    let (score, left) = best?;
    if doubtful && score < 3 {
        return None;
    }
    let rest = &s[s.len() - left..];
    let kind = if score > 0 { PersonKind::Named } else { PersonKind::Guessed };
    Some(Person { name: head_of(s, rest), kind, rest })
}

/// What follows a given name of `len` characters; `None` if these cannot be one.
fn skip_given(s: &str, len: usize) -> Option<&str> {
    let end = s.char_indices().nth(len).map_or(s.len(), |(i, _)| i);
    let given = &s[..end];
    let fits = given.chars().count() == len
        && given.chars().all(|c| crate::extract::text::is_han(c) && !NEVER_GIVEN.contains(c))
        && !STARTERS.iter().any(|w| given.contains(w));
    fits.then(|| &s[end..])
}

/// 研发部李雷: a name after the place where its bearer works or lives.
fn placed(s: &str) -> Option<Person<'_>> {
    for place in PLACES {
        let Some(at) = s.find(place).filter(|at| (1..=30).contains(at)) else {
            continue;
        };
        let after = &s[at + place.len()..];
        let after = after.strip_prefix('的').unwrap_or(after);
        let before = &s[..at];
        let plain = before.chars().all(char::is_alphanumeric) && before.chars().count() <= 8;
        if plain
            && !STARTERS.iter().any(|w| before.contains(w))
            && begins_content(before) == 0
            && let Some(p) = full_name(after).or_else(|| nickname(after))
            && p.kind == PersonKind::Named
        {
            return Some(p);
        }
    }
    None
}

fn role(s: &str) -> Option<Person<'_>> {
    if let Some(p) = group(s) {
        return Some(p);
    }
    let rest = strip_any(s, OFFICES)?;
    Some(Person { name: head_of(s, rest), kind: PersonKind::Office, rest })
}

/// 所有供应商代表, 小区业主: several people, up to where the message begins.
fn group(s: &str) -> Option<Person<'_>> {
    if let Some(after) = strip_any(s, &["所有", "全体", "各位", "全部"]) {
        let ends = after.char_indices().map(|(at, _)| at).skip(2).take(7);
        let cut = ends.chain([after.len()]).find(|at| begins_content(&after[*at..]) > 0)?;
        let rest = &after[cut..];
        return Some(Person { name: head_of(s, rest), kind: PersonKind::Role, rest });
    }
    let (at, role) = ROLES
        .iter()
        .filter_map(|r| s.find(r).map(|at| (at, *r)))
        .min_by_key(|(at, r)| (*at, usize::MAX - r.len()))?;
    let before = &s[..at];
    let plain = before.chars().count() <= 6
        && before.chars().all(char::is_alphanumeric)
        && (before.is_empty() || begins_content(before) == 0)
        && !INSTRUCTIONS.iter().chain(STARTERS).any(|w| before.contains(w));
    let rest = &s[at + role.len()..];
    plain.then(|| Person { name: head_of(s, rest), kind: PersonKind::Role, rest })
}

/// 我同事张经理 → 张经理: what comes after a relation.
fn last_name(s: &str) -> &str {
    let own = strip_any(s, &["我们的", "我们", "我的", "我"]).unwrap_or(s);
    let placed = strip_any(own, ROLES).or_else(|| strip_any(own, OFFICES));
    let base = placed.map_or(own, |r| r.strip_prefix('的').unwrap_or(r));
    let after = base.rsplit('的').next().unwrap_or(base);
    let named = after.starts_with(|c| SURNAMES.contains(c) || DOUBTFUL_SURNAMES.contains(c));
    let base = if named { after } else { base };
    if without_title(base).is_empty() { own } else { base }
}

fn head_of<'a>(s: &'a str, rest: &str) -> &'a str {
    s[..s.len() - rest.len()].trim()
}

#[cfg(test)]
mod tests {
    use super::*;
    use PersonKind::*;

    #[test]
    fn names_end_where_the_message_begins() {
        for (text, name, kind, rest) in [
            ("张三明天下午三点开会", "张三", Named, "明天下午三点开会"),
            ("李小明带身份证", "李小明", Named, "带身份证"),
            ("陈伟的快递到了", "陈伟", Named, "的快递到了"),
            ("欧阳娜娜今晚到", "欧阳娜娜", Named, "今晚到"),
            ("王女士周五前", "王女士", Named, "周五前"),
            ("市场部的李经理开会", "李经理", Named, "开会"),
            ("李小明的家长明天来", "李小明的家长", Named, "明天来"),
            ("我同事张伟明天来", "张伟", Named, "明天来"),
            ("客户王女士她的订单", "王女士", Named, "她的订单"),
            ("小王下来拿外卖", "小王", Named, "下来拿外卖"),
            ("Emily 她的快递", "Emily", Named, "她的快递"),
            ("John Smith先生明天", "John Smith先生", Named, "明天"),
            ("他带身份证", "他", Pronoun, "带身份证"),
            ("我妈明天吃药", "妈", Role, "明天吃药"),
            ("各位业主明天停水", "各位业主", Role, "明天停水"),
            ("张三和李四明天开会", "张三和李四", Role, "明天开会"),
            ("物业电梯坏了", "物业", Office, "电梯坏了"),
        ] {
            let got = person(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((got.name, got.kind, got.rest), (name, kind, rest), "{text}");
        }
    }

    #[test]
    fn words_of_a_message_are_no_names() {
        for text in ["于明天上午到", "高度重视", "他的妈妈", "明天开会", "带身份证", "马上过来"]
        {
            assert_eq!(person(text).map(|p| p.name), None, "{text}");
        }
        assert_eq!(whole("张三关于癌症复查的事").map(|p| p.name), None);
        assert_eq!(whole("海底捞国贸店").map(|p| p.name), Some("海底捞国贸店"));
    }
}
