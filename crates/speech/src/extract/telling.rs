//! Second pass over a requirement: what is said to the addressee, in whole sentences.

use domain::Language;

use super::reading::{Part, Reading};
use super::scan::{has_any, starts_with_any, strip_words};
use super::text::{bare, is_han};
use super::{Scene, Verb, en, zh};

/// A requirement ready to be spoken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// Who is called, if a name was found.
    pub addressee: Option<String>,
    /// On whose behalf, in full.
    pub sender: Option<String>,
    /// The same, as it may be said before the identity is known.
    pub neutral_sender: Option<String>,
    /// What is said, sentence by sentence, with the words that introduce it.
    pub sentences: Vec<String>,
    /// The same by clauses, without those words: from these, questions are answered.
    pub clauses: Vec<Fact>,
    /// It wants an answer of the addressee.
    pub asks: bool,
    /// It ends with a question.
    pub ends_asking: bool,
    /// A request for a password, a code or a card number was left out.
    pub withheld: bool,
}

/// A clause of the message from which a question can be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Its words.
    pub text: String,
    /// In which sentence it stands.
    pub sentence: usize,
    /// What follows spells it out.
    pub opens: bool,
}

/// Turns a reading into what is said. `grammar` is the language it was written in, `language`
/// that of the call.
pub fn tell(reading: Reading, grammar: Language, language: Language) -> Message {
    let neutral_sender = reading.sender.as_deref().and_then(|s| match grammar {
        Language::Zh => zh::senders::neutral(s),
        Language::En => en::senders::neutral(s),
    });
    let mut message = Message {
        addressee: reading.addressee.clone(),
        sender: reading.sender.clone(),
        neutral_sender,
        withheld: reading.withheld,
        ..Message::default()
    };
    let mut scene = scene(&reading, grammar);
    let mut lead = opening_lead(&reading, language);
    for sentence in &reading.parts {
        let mut said = String::new();
        scene.third = false;
        scene.mentioned = false;
        for (at, part) in sentence.iter().enumerate() {
            let verb = spoken_verb(part, &reading);
            let words = match grammar {
                Language::Zh => zh::speech::clause(verb, &part.text, &mut scene),
                Language::En => en::speech::clause(verb, &part.text, &mut scene),
            };
            let introduced = match lead.take() {
                Some(before) => before + &lead_of(verb, true, &reading, language),
                None if part.verb.is_some() => lead_of(verb, false, &reading, language),
                None => String::new(),
            };
            message.asks |= matches!(verb, Verb::Ask | Verb::Confirm | Verb::Invite);
            let asking = question_at(sentence) == Some(at);
            let end = mark(part, at + 1 == sentence.len(), asking, language);
            message.asks |= end.contains(['？', '?']);
            said.push_str(&join(&introduced, &words, said.is_empty(), language));
            if !said.ends_with(['.', '。', '？', '！', '?', '!']) && !closes_quote(&said) {
                said.push_str(end);
            }
            if !words.is_empty() {
                let plain = strip_words(&words, &["that", "to"]).unwrap_or(&words);
                message.clauses.push(Fact {
                    text: sentence_case(plain, language),
                    sentence: message.sentences.len(),
                    opens: matches!(part.mark, Some(':' | '：')),
                });
            }
        }
        message.sentences.push(said);
    }
    let last = message.sentences.last();
    message.ends_asking = last.is_some_and(|s| s.trim_end().ends_with(['？', '?']));
    message
}

/// The clause of a sentence at which its question is over: what follows are facts about it.
fn question_at(sentence: &[Part]) -> Option<usize> {
    let asks = |p: &Part| matches!(p.verb, Some(Verb::Ask | Verb::Confirm));
    let start = sentence.iter().position(asks)?;
    let words = |p: &&Part| has_any(&p.text.to_lowercase(), QUESTION_WORDS);
    let end = sentence[start + 1..].iter().take_while(|p| p.verb.is_none());
    let later = end.enumerate().filter(|(_, p)| words(p)).map(|(n, _)| start + 1 + n).last();
    Some(later.unwrap_or(start))
}

fn scene(reading: &Reading, grammar: Language) -> Scene {
    let name = reading.addressee.as_deref();
    let female = match grammar {
        Language::Zh => name.and_then(zh::names::is_female),
        Language::En => name.and_then(en::names::is_female),
    };
    let implied = match (grammar, female) {
        (Language::Zh, Some(true)) => Some('她'),
        (Language::Zh, Some(false)) => Some('他'),
        (Language::En, Some(true)) => Some('s'),
        (Language::En, Some(false)) => Some('h'),
        (_, None) => None,
    };
    Scene {
        addressee: reading.addressee.clone().filter(|_| !reading.guessed),
        sender: match grammar {
            Language::Zh => reading.sender.as_deref().and_then(zh::senders::neutral),
            Language::En => reading.sender.clone(),
        },
        pronoun: reading.pronoun.or(implied),
        third: false,
        mentioned: false,
    }
}

/// The verb of a part; what comes without an instruction after one is simply told.
fn spoken_verb(part: &Part, reading: &Reading) -> Verb {
    match part.verb {
        Some(verb) => verb,
        None if reading.instructed => Verb::Tell,
        None => Verb::Plain,
    }
}

fn lead_of(verb: Verb, first: bool, reading: &Reading, language: Language) -> String {
    let sender = reading.sender.as_deref();
    match language {
        Language::Zh => zh::speech::lead(verb, first, sender),
        Language::En => en::speech::lead(verb, first, sender),
    }
}

/// What stands before everything: whom it is for, when that is a role.
fn opening_lead(reading: &Reading, language: Language) -> Option<String> {
    Some(match (&reading.vocative, language) {
        (None, _) => String::new(),
        (Some(role), Language::Zh) => format!("这是给{role}的消息。"),
        (Some(role), Language::En) if en::names::is_kin(role) => String::new(),
        (Some(role), Language::En) => format!("This is a message for the {role}. "),
    })
}

fn join(lead: &str, words: &str, start: bool, language: Language) -> String {
    match language {
        Language::Zh => {
            let direct =
                lead.ends_with("提醒您，") && words.starts_with(is_han) && !words.starts_with('您');
            let lead = if direct { lead.trim_end_matches('，') } else { lead };
            if words.is_empty() {
                let bare = lead.trim_end_matches("祝您").trim_end_matches("恭喜您");
                return bare.trim_end_matches(['，', '：']).to_owned();
            }
            match lead.strip_suffix("这次来电是：") {
                Some(before) if starts_with_any(words, DEEDS) => {
                    format!("{before}这次来电是想{words}")
                }
                _ => format!("{lead}{words}"),
            }
        }
        Language::En => {
            let words = match lead {
                "please" => strip_words(words, &["to"]).unwrap_or(words),
                _ => words,
            };
            let gap = if lead.is_empty() || lead.ends_with(' ') { "" } else { " " };
            let space = if start { "" } else { " " };
            let joined = format!("{space}{lead}{gap}{words}");
            if start { sentence_case(&joined, language) } else { joined }
        }
    }
}

fn mark(part: &Part, last: bool, asking: bool, language: Language) -> &'static str {
    let told = matches!(part.verb, Some(Verb::Tell | Verb::Remind | Verb::Request | Verb::Call));
    let question = matches!(part.mark, Some('？' | '?')) && !told;
    match (language, last) {
        (Language::Zh, _) if question || asking => "？",
        (Language::Zh, true) => "。",
        (Language::En, _) if question => "?",
        (Language::En, false) if asking => ".",
        (Language::En, true) => ".",
        (Language::Zh, false) if matches!(part.mark, Some(':' | '：')) => "：",
        (Language::Zh, false) => "，",
        (Language::En, false) if matches!(part.mark, Some(':' | '：')) => ":",
        (Language::En, false) => ",",
    }
}

/// Whether it ends with a quote that has its own full stop.
fn closes_quote(said: &str) -> bool {
    let inner = said.trim_end_matches(['"', '”', '」', '』']);
    inner.len() < said.len() && inner.ends_with(['.', '。', '？', '！', '?', '!'])
}

fn sentence_case(text: &str, language: Language) -> String {
    let mut chars = text.chars();
    match (language, chars.next()) {
        (Language::En, Some(c)) => c.to_uppercase().chain(chars).collect(),
        _ => text.to_owned(),
    }
}

const DEEDS: &[&str] = &[
    "预订", "预定", "预约", "订", "报修", "咨询", "取消", "改", "了解", "反馈", "投诉", "申请",
    "办理", "购买", "退", "换", "查询", "租", "借",
];
const QUESTION_WORDS: &[&str] = &[
    "吗",
    "是否",
    "能不能",
    "有没有",
    "要不要",
    "是不是",
    "可不可以",
    "会不会",
    "什么",
    "哪",
    "谁",
    "几",
    "多少",
    "怎么",
    "何时",
    "能否",
    "可否",
    "愿不愿意",
    "行不行",
    "方便",
    "还是",
    "if ",
    "whether",
    "what",
    "when",
    "where",
    "who",
    "how",
    "which",
];

impl Message {
    /// Whether there is anything to say.
    pub fn is_empty(&self) -> bool {
        self.sentences.iter().all(|s| bare(s).is_empty())
    }
}
