//! What a question can be about, and which clauses hold an answer of that kind.

use crate::rules::Words;

/// What a question is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// The time of day.
    Hour,
    /// The day.
    Day,
    /// How long.
    Span,
    /// The place.
    Place,
    /// A sum of money.
    Money,
    /// How many.
    Count,
    /// Whom to call.
    Contact,
    /// Who.
    Person,
    /// What to bring, prepare or wear.
    Bring,
    /// Why.
    Reason,
}

/// What a question is about; several if it is not sure.
pub fn topics(w: &Words) -> Vec<Topic> {
    let mut found: Vec<Topic> =
        TOPICS.iter().filter(|(_, zh, en)| w.zh(zh) || w.en(en)).map(|(t, ..)| *t).collect();
    if found.contains(&Topic::Money) || found.contains(&Topic::Contact) {
        found.retain(|t| matches!(t, Topic::Money | Topic::Contact));
    }
    found
}

/// How surely a clause holds an answer of that kind: 0 not at all, 1 perhaps, 2 surely.
pub fn strength(topic: Topic, clause: &str) -> u32 {
    let surely = match topic {
        Topic::Money => {
            let units = ["元", "块", " dollar", " euro", " yuan", " pound", " cents", "毛"];
            number_before(clause, &units) || clause.contains(['$', '¥', '￥', '€', '£'])
        }
        Topic::Contact => digits_in_row(clause) >= 5 || clause.contains('@'),
        _ => holds(topic, clause),
    };
    if surely { 2 } else { u32::from(holds(topic, clause)) }
}

fn holds(topic: Topic, clause: &str) -> bool {
    let lower = clause.to_lowercase();
    let has = |list: &[&str]| list.iter().any(|w| lower.contains(w));
    let w = Words::of(clause);
    match topic {
        Topic::Span => number_before(&lower, SPANS),
        Topic::Hour => {
            number_before(&lower, HOURS) || has(&["中午", "凌晨"]) || w.en(&["noon", "midnight"])
        }
        Topic::Day => {
            has(DAYS)
                || number_before(&lower, &["号", "日", "月", "天", "年", " day", " week"])
                || w.en(EN_DAYS)
        }
        Topic::Place => {
            (has(ZH_PLACES) && w.han)
                || (has(&["家"]) && !has(NO_HOMES))
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
        Topic::Count => clause.chars().any(|c| c.is_ascii_digit() || NUMERALS.contains(c)),
        Topic::Contact => {
            (digits_in_row(clause) >= 5)
                || clause.contains('@')
                || has(&["找", "联系人", "联系", "微信", "分机", "contact", "ext"])
        }
        Topic::Person => has(PEOPLE),
        Topic::Bring => has(&[
            "带", "准备", "材料", "着装", "dress", "attire", "need", "自备", "穿", "bring",
            "carry", "prepare", "wear",
        ]),
        Topic::Reason => {
            has(&["因为", "由于", "原因", "为了", "because", "due to", "since", "reason"])
        }
    }
}

/// A number, in digits or Chinese numerals, right before one of these units.
fn number_before(text: &str, units: &[&str]) -> bool {
    units.iter().any(|u| {
        text.match_indices(u).any(|(at, _)| {
            text[..at].chars().last().is_some_and(|c| c.is_ascii_digit() || NUMERALS.contains(c))
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
/// Words with 家 that are no home.
const NO_HOMES: &[&str] =
    &["大家", "国家", "专家", "家长", "家人", "家属", "商家", "买家", "卖家", "厂家", "作家"];
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
/// Words by which a question tells its topic, Chinese and English.
const TOPICS: &[(Topic, &[&str], &[&str])] = &[
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
        &["how much", "cost", "price", "fee", "charge", "pay", "expensive", "total"],
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
        &["phone", "contact", "who do i call", "which number", "email", "reach", "call back"],
    ),
    (
        Topic::Hour,
        &["几点", "什么时候", "什么时间", "何时", "时间"],
        &["when", "what time", "time"],
    ),
    (Topic::Span, &["多久", "多长时间", "几个小时", "几天"], &["how long"]),
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
        &["where", "address", "place", "location", "which room", "which building"],
    ),
    (
        Topic::Bring,
        &["带什么", "准备什么", "要带", "带东西", "材料", "穿什么", "带啥"],
        &["bring", "take with", "prepare", "wear", "need to have"],
    ),
    (Topic::Person, &["谁", "哪位", "哪个人"], &["who", "whom", "whose"]),
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
/// Units of a span of time.
const SPANS: &[&str] = &[
    "小时",
    "分钟",
    "天",
    "周",
    "个小时",
    "个月",
    "个星期",
    "年",
    " hour",
    " minute",
    " day",
    " week",
    " month",
];
/// Units of the time of day.
const HOURS: &[&str] = &[
    "点", "时", ":", "：", "am", "pm", " am", " pm", "a.m", "p.m", " a.m", " p.m", "o'clock",
    "分钟", "小时", " hour", " minute",
];
/// Words beside people.
const PEOPLE: &[&str] = &[
    "联系", "找", "和", "跟", "由", "一起", "妈", "爸", "爷", "奶", "儿子", "女儿", "with ", "人",
    "by ", "dr.", "mr.", "mrs.", "ms.", "先生", "女士", "老师", "医生", "经理",
];
