//! Answers a question with those clauses of the message that hold the answer.
//!
//! Nothing is made up: an answer is always words of the message, or there is none.

use super::topics::{Topic, strength, topics};
use crate::extract::Fact;
use crate::extract::text::is_han;
use crate::rules::Words;

/// The clauses that answer a question, in their order; empty if none does.
pub fn answer<'a>(question: &str, facts: &'a [Fact], most: usize) -> Vec<&'a str> {
    let asked = Words::of(question);
    let topics = topics(&asked);
    let keys = keys(&asked);
    let scored: Vec<(u32, u32, usize)> = facts
        .iter()
        .enumerate()
        .map(|(at, fact)| {
            let on = topics.iter().map(|t| strength(*t, &fact.text)).max().unwrap_or(0);
            (on, overlap(&keys, &fact.text), at)
        })
        .collect();
    let typed = scored.iter().any(|s| s.0 > 0);
    let score = |s: &&(u32, u32, usize)| 3 * s.0 + s.1;
    let fits = |s: &&(u32, u32, usize)| if typed { s.0 > 0 } else { s.1 >= 1 };
    let Some(best) = scored.iter().filter(fits).map(|s| score(&s)).max() else {
        return Vec::new();
    };
    let chosen: Vec<usize> =
        scored.iter().filter(fits).filter(|s| score(s) == best).map(|s| s.2).take(most).collect();
    let whole = topics.contains(&Topic::Bring) || (topics.contains(&Topic::Reason) && !typed);
    widened(facts, &chosen, whole, topics.contains(&Topic::Reason))
}

/// The chosen clauses with what belongs to them: what spells them out, and, where a list or a
/// reason was asked for, their sentence.
fn widened<'a>(facts: &'a [Fact], chosen: &[usize], whole: bool, back: bool) -> Vec<&'a str> {
    let mut wanted: Vec<usize> = Vec::new();
    for at in chosen {
        let Some(fact) = facts.get(*at) else {
            continue;
        };
        let near = |n: usize| facts.get(n).is_some_and(|f| f.sentence == fact.sentence);
        wanted.push(*at);
        if fact.opens {
            wanted.push(at + 1);
        }
        if whole {
            let from = if back { at.saturating_sub(WIDEST) } else { *at };
            wanted.extend((from..at + WIDEST).filter(|n| near(*n)));
        }
    }
    wanted.sort_unstable();
    wanted.dedup();
    wanted.iter().filter_map(|n| facts.get(*n)).map(|f| f.text.as_str()).collect()
}

/// The telling pieces of a question: pairs of Han characters and rarer single ones, English words.
fn keys(w: &Words) -> Vec<String> {
    if !w.han {
        return w
            .spaced
            .split_whitespace()
            .filter(|word| word.len() > 2 && !EN_COMMON.contains(word))
            .map(|word| word.trim_end_matches('s').to_owned())
            .collect();
    }
    let mut text = w.solid.clone();
    for word in ASKING_WORDS {
        text = text.replace(word, "|");
    }
    let chars: Vec<char> = text.chars().collect();
    let pairs = chars
        .windows(2)
        .filter(|p| p.iter().all(|c| is_han(*c) || c.is_ascii_alphanumeric()))
        .map(|p| p.iter().collect::<String>());
    let single = chars.iter().filter(|c| is_han(**c) && !COMMON.contains(**c));
    pairs.chain(single.map(char::to_string)).collect()
}

/// How much of a question a clause shares.
fn overlap(keys: &[String], clause: &str) -> u32 {
    let lower = clause.to_lowercase();
    let hits = keys.iter().filter(|k| lower.contains(k.as_str()));
    hits.map(|k| if k.chars().count() > 1 { 2 } else { 1 }).sum()
}

/// Clauses on each side that an answer is widened by.
const WIDEST: usize = 4;
/// Characters that are in every other clause.
const COMMON: &str =
    "天日年月时点人大小上下不一个了有要会可以来去能到好还过就也都午早间么样吃得着为从把被给跟和些";
const ASKING_WORDS: &[&str] = &[
    "什么时候",
    "什么时间",
    "什么地方",
    "什么",
    "哪里",
    "哪些",
    "哪位",
    "哪个",
    "几个",
    "几",
    "哪",
    "谁",
    "哪儿",
    "怎么",
    "多少",
    "几点",
    "几号",
    "请问",
    "是不是",
    "能不能",
    "可不可以",
    "需要",
    "要不要",
    "有没有",
    "吗",
    "呢",
    "啊",
    "你说",
    "我们",
    "我",
    "你",
    "您",
    "的",
    "是",
    "在",
    "那",
    "这个",
    "就是",
];
const EN_COMMON: &[&str] = &[
    "what", "when", "where", "which", "that", "this", "with", "does", "there", "have", "will",
    "should", "about", "the", "for", "are", "you", "who", "how", "can", "did", "was", "has", "and",
    "its", "going", "from", "come", "your", "time", "much", "many", "need", "tell", "know",
    "please", "again",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(texts: &[&str]) -> Vec<Fact> {
        let fact = |(sentence, text): (usize, &&str)| Fact {
            text: (*text).to_owned(),
            sentence,
            opens: false,
        };
        texts.iter().enumerate().map(fact).collect()
    }

    #[test]
    fn answers_are_clauses_of_the_message() {
        let zh = facts(&[
            "明天下午三点在二号会议室开会",
            "带身份证和两张照片",
            "费用40元",
            "联系人李四13800138000",
        ]);
        let en = facts(&[
            "Your appointment has moved to Tuesday 3 pm",
            "Bring your ID",
            "The fee is $25",
        ]);
        for (question, clauses, want) in [
            ("几点", &zh, "三点"),
            ("在哪里开会", &zh, "二号会议室"),
            ("哪天", &zh, "明天"),
            ("多少钱", &zh, "40元"),
            ("要带什么", &zh, "照片"),
            ("联系谁", &zh, "李四"),
            ("what time", &en, "3 pm"),
            ("how much is it", &en, "$25"),
            ("what should I bring", &en, "ID"),
            ("which day", &en, "Tuesday"),
        ] {
            let got = answer(question, clauses, 2).join("|");
            assert!(got.contains(want), "{question}: {got}");
        }
        assert!(answer("天气怎么样", &zh, 2).is_empty());
        assert!(answer("why", &en, 2).is_empty());
    }
}
