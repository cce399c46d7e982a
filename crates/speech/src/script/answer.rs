//! Answers a question with those clauses of the message that hold the answer.
//!
//! Nothing is made up: an answer is always a clause that the requirement has, or no answer.

use crate::extract::text::is_han;
use crate::rules::Words;

/// What a question is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Topic {
    Hour,
    Day,
    Place,
    Money,
    Count,
    Contact,
    Person,
    Bring,
    Reason,
}

/// The clauses that answer a question, the best ones in their order; empty if none does.
pub fn answer<'a>(question: &str, clauses: &'a [String], most: usize) -> Vec<&'a str> {
    let asked = Words::of(question);
    let topics = topics(&asked);
    let keys = keys(&asked);
    let scored: Vec<(u32, bool, &str)> = clauses
        .iter()
        .map(|c| {
            let overlap = overlap(&keys, c);
            let on_topic = topics.iter().any(|t| holds(*t, c));
            (overlap, on_topic, c.as_str())
        })
        .collect();
    let typed: Vec<&(u32, bool, &str)> = scored.iter().filter(|s| s.1).collect();
    let pool: Vec<&(u32, bool, &str)> = if !typed.is_empty() {
        typed
    } else if topics
        .iter()
        .any(|t| matches!(t, Topic::Hour | Topic::Money | Topic::Contact))
    {
        // Asked for a time, a sum or a number that is not there: nothing else will do.
        Vec::new()
    } else {
        scored.iter().filter(|s| s.0 >= 2).collect()
    };
    let best = pool.iter().map(|s| s.0).max().unwrap_or(0);
    pool.into_iter()
        .filter(|s| s.0 == best)
        .take(most)
        .map(|s| s.2)
        .collect()
}

fn topics(w: &Words) -> Vec<Topic> {
    let table: &[(Topic, &[&str], &[&str])] = &[
        (
            Topic::Money,
            &[
                "多少钱",
                "价格",
                "费用",
                "几块",
                "收费",
                "贵",
                "金额",
                "多少元",
                "要钱",
                "免费",
                "打折",
                "交多少",
                "付多少",
            ],
            &[
                "how much",
                "cost",
                "price",
                "fee",
                "charge",
                "pay",
                "expensive",
                "total",
            ],
        ),
        (
            Topic::Contact,
            &[
                "电话",
                "号码",
                "联系谁",
                "找谁",
                "联系方式",
                "怎么联系",
                "跟谁联系",
                "联系人",
                "微信",
                "邮箱",
            ],
            &[
                "phone",
                "contact",
                "who do i call",
                "which number",
                "email",
                "reach",
                "call back",
            ],
        ),
        (
            Topic::Hour,
            &["几点", "什么时候", "什么时间", "何时", "时间", "多久"],
            &["when", "what time", "time", "how long"],
        ),
        (
            Topic::Day,
            &[
                "哪天",
                "哪一天",
                "几号",
                "星期几",
                "周几",
                "礼拜几",
                "什么时候",
                "日期",
                "几月",
                "何时",
                "什么时间",
                "哪个星期",
            ],
            &["which day", "what day", "when", "date", "what date"],
        ),
        (
            Topic::Place,
            &[
                "在哪",
                "哪里",
                "哪儿",
                "什么地方",
                "地址",
                "地点",
                "位置",
                "哪个房间",
                "几楼",
                "哪个",
                "怎么走",
                "去哪",
                "到哪",
            ],
            &[
                "where",
                "address",
                "place",
                "location",
                "which room",
                "which building",
            ],
        ),
        (
            Topic::Bring,
            &[
                "带什么",
                "准备什么",
                "要带",
                "带东西",
                "材料",
                "穿什么",
                "带啥",
            ],
            &["bring", "take with", "prepare", "wear", "need to have"],
        ),
        (Topic::Person, &["谁"], &["who", "whom", "with whom"]),
        (
            Topic::Reason,
            &["为什么", "为啥", "怎么回事", "原因", "因为什么"],
            &["why", "reason", "how come"],
        ),
        (
            Topic::Count,
            &["多少", "几个", "几份", "几位", "几人", "多大", "多远"],
            &["how many", "how big", "how far"],
        ),
    ];
    let mut found: Vec<Topic> = table
        .iter()
        .filter(|(_, zh, en)| w.zh(zh) || w.en(en))
        .map(|(t, ..)| *t)
        .collect();
    if found.contains(&Topic::Money) || found.contains(&Topic::Contact) {
        found.retain(|t| matches!(t, Topic::Money | Topic::Contact));
    }
    found
}

/// Whether a clause holds an answer of that kind.
fn holds(topic: Topic, clause: &str) -> bool {
    let lower = clause.to_lowercase();
    let has = |list: &[&str]| list.iter().any(|w| lower.contains(w));
    let w = Words::of(clause);
    match topic {
        Topic::Hour => {
            number_before(
                &lower,
                &[
                    "点", "时", ":", "：", "am", "pm", " am", " pm", "a.m", "p.m", " a.m", " p.m",
                    "o'clock", "分钟", "小时", " hour", " minute",
                ],
            ) || has(&["中午", "凌晨"])
                || w.en(&["noon", "midnight"])
        }
        Topic::Day => {
            has(DAYS) || number_before(&lower, &["号", "日", "月", "天", "年"]) || w.en(EN_DAYS)
        }
        Topic::Place => {
            (has(ZH_PLACES) && w.han)
                || w.en(EN_PLACES)
                || number_before(&lower, &["楼", "号楼", "栋", "室", "座", "层"])
        }
        Topic::Money => {
            number_before(
                &lower,
                &[
                    "元", "块", "万", "千", "百", "折", "%", " 元", "美元", " dollars", " dollar",
                    " euros", " yuan", " pounds", " cents", "毛",
                ],
            ) || has(&["$", "¥", "￥", "€", "£", "免费"])
                || w.en(&["free", "waived", "fee"])
        }
        Topic::Count => clause
            .chars()
            .any(|c| c.is_ascii_digit() || NUMERALS.contains(c)),
        Topic::Contact => {
            (digits_in_row(clause) >= 5)
                || clause.contains('@')
                || has(&["联系人", "联系", "微信", "分机", "contact", "ext"])
        }
        Topic::Person => has(&[
            "联系", "找", "和", "跟", "由", "一起", "with ", "人", "by ", "dr.", "mr.", "mrs.",
            "ms.", "先生", "女士", "老师", "医生", "经理",
        ]),
        Topic::Bring => has(&[
            "带", "准备", "自备", "穿", "bring", "carry", "prepare", "wear",
        ]),
        Topic::Reason => has(&[
            "因为", "由于", "原因", "为了", "because", "due to", "since", "reason",
        ]),
    }
}

/// A number, in digits or Chinese numerals, right before one of these units.
fn number_before(text: &str, units: &[&str]) -> bool {
    units.iter().any(|u| {
        text.match_indices(u).any(|(at, _)| {
            text[..at]
                .chars()
                .last()
                .is_some_and(|c| c.is_ascii_digit() || NUMERALS.contains(c))
        })
    })
}

fn digits_in_row(text: &str) -> usize {
    let mut best = 0;
    let mut run = 0;
    for c in text.chars() {
        if c.is_ascii_digit() {
            run += 1;
            best = best.max(run);
        } else if !matches!(c, ' ' | '-' | '+' | '(' | ')') {
            run = 0;
        }
    }
    best
}

/// The telling pieces of a question: pairs of Han characters, longer English words.
fn keys(w: &Words) -> Vec<String> {
    if w.han {
        let mut text = w.solid.clone();
        for word in ASKING_WORDS {
            text = text.replace(word, "|");
        }
        let chars: Vec<char> = text.chars().collect();
        chars
            .windows(2)
            .filter(|p| p.iter().all(|c| is_han(*c) || c.is_ascii_alphanumeric()))
            .map(|p| p.iter().collect())
            .collect()
    } else {
        w.spaced
            .split_whitespace()
            .filter(|word| word.len() > 3 && !EN_COMMON.contains(word))
            .map(|word| word.trim_end_matches('s').to_owned())
            .collect()
    }
}

fn overlap(keys: &[String], clause: &str) -> u32 {
    let lower = clause.to_lowercase();
    let hits = keys.iter().filter(|k| lower.contains(k.as_str())).count();
    u32::try_from(hits * 2).unwrap_or(u32::MAX)
}

const NUMERALS: &str = "零〇一二两三四五六七八九十百千万半";
const DAYS: &[&str] = &[
    "今天",
    "明天",
    "后天",
    "昨天",
    "今晚",
    "明晚",
    "明早",
    "今早",
    "周一",
    "周二",
    "周三",
    "周四",
    "周五",
    "周六",
    "周日",
    "周末",
    "星期",
    "礼拜",
    "下周",
    "本周",
    "月底",
    "月初",
    "元旦",
    "春节",
    "国庆",
    "中秋",
    "端午",
    "除夕",
    "下个月",
];
const EN_DAYS: &[&str] = &[
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "today",
    "tomorrow",
    "tonight",
    "january",
    "february",
    "march",
    "april",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "weekend",
    "may",
    "next week",
    "mon",
    "tue",
    "wed",
    "thu",
    "fri",
];
const ZH_PLACES: &[&str] = &[
    "地址",
    "地点",
    "位于",
    "室",
    "楼",
    "厅",
    "院",
    "店",
    "路",
    "街",
    "栋",
    "座",
    "门口",
    "站",
    "广场",
    "中心",
    "前台",
    "大厦",
    "机场",
    "酒店",
    "医院",
    "学校",
    "餐厅",
    "银行",
    "公园",
    "小区",
    "馆",
    "办公室",
    "公司",
    "线上",
    "会议号",
    "zoom",
    "集合",
    "柜",
    "驿站",
    "派出所",
    "支行",
    "在家",
    "家里",
    "校区",
    "教室",
    "单元",
    "超市",
    "村",
    "镇",
    "区",
    "窗口",
];
const EN_PLACES: &[&str] = &[
    "at",
    "in room",
    "room",
    "street",
    "avenue",
    "road",
    "building",
    "office",
    "desk",
    "floor",
    "hall",
    "clinic",
    "hospital",
    "hotel",
    "restaurant",
    "station",
    "airport",
    "park",
    "center",
    "centre",
    "garage",
    "address",
    "school",
    "library",
    "bank",
    "store",
    "gate",
    "lobby",
    "zoom",
    "online",
    "suite",
    "drive",
    "lane",
    "house",
    "cafe",
    "garden",
    "terminal",
];
const ASKING_WORDS: &[&str] = &[
    "什么时候",
    "什么时间",
    "什么地方",
    "什么",
    "哪里",
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
    "should", "about", "your", "time", "much", "many", "need", "tell", "know", "please", "again",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_clauses_of_the_message() {
        let zh: Vec<String> = [
            "明天下午三点在二号会议室开会",
            "带身份证和两张照片",
            "费用40元",
            "联系人李四13800138000",
        ]
        .map(str::to_owned)
        .to_vec();
        let en: Vec<String> = [
            "Your appointment has moved to Tuesday 3 pm",
            "Bring your ID",
            "The fee is $25",
        ]
        .map(str::to_owned)
        .to_vec();
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
        for question in ["停车方便吗", "有几点优惠电话", "天气怎么样"] {
            let _ = answer(question, &zh, 2);
        }
        assert!(answer("天气怎么样", &zh, 2).is_empty());
        assert!(answer("why", &en, 2).is_empty());
    }
}
