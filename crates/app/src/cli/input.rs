//! What a customer may type, checked before anything is sent.

use domain::NumberRules;

use super::tongue::Tongue;

/// Longest requirement, in characters.
const MAX_REQUIREMENT: usize = 20_000;

/// What is wrong with an argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// No number among the separators.
    NoPhones,
    /// The n-th number, from 1.
    Phone(usize),
    /// Neither a requirement nor an agent.
    NoRequirement,
    /// Longer than the server takes.
    LongRequirement(usize),
    /// Not the id of a call.
    CallId,
    /// An option's text is empty or longer than 100 characters.
    Option(&'static str),
    /// Not 8 to 128 of the characters allowed.
    IdempotencyKey,
    /// Not a moment in RFC 3339.
    Moment,
    /// Not a status.
    Status(String),
    /// Nothing that could be a number.
    Number,
}

impl Wrong {
    /// In words.
    pub(crate) fn text(&self, tongue: Tongue) -> String {
        match self {
            Self::NoPhones => tongue.pick("phones is missing", "缺少手机号").to_owned(),
            Self::Phone(n) => tongue.pick(
                format!("number {n} is not an 11-digit mainland mobile number"),
                format!("第 {n} 个号码不正确，应为 11 位大陆手机号，多个号码用英文逗号分隔"),
            ),
            Self::NoRequirement => tongue
                .pick(
                    "the requirement is missing (or give --agent-id)",
                    "缺少外呼需求（或 --agent-id）",
                )
                .to_owned(),
            Self::LongRequirement(n) => tongue.pick(
                format!("the requirement has {n} characters, {MAX_REQUIREMENT} are allowed"),
                format!("外呼需求有 {n} 字，超过 {MAX_REQUIREMENT} 字"),
            ),
            Self::CallId => {
                tongue.pick("the call id is malformed", "通话编号 call_id 格式不正确").to_owned()
            }
            Self::Option(name) => tongue.pick(
                format!("--{name}: give 1 to 100 characters"),
                format!("--{name}：应为 1 到 100 个字符"),
            ),
            Self::IdempotencyKey => tongue
                .pick(
                    "--idempotency-key: give 8 to 128 of A-Z a-z 0-9 . _ : -",
                    "--idempotency-key：应为 8 到 128 个字符，限 A-Z a-z 0-9 . _ : -",
                )
                .to_owned(),
            Self::Moment => tongue
                .pick(
                    "--since: write a moment as 2026-01-31T08:00:00+08:00",
                    "--since：时间格式如 2026-01-31T08:00:00+08:00",
                )
                .to_owned(),
            Self::Status(word) => tongue.pick(
                format!("--status: there is no status {word}"),
                format!("--status：没有状态 {word}"),
            ),
            Self::Number => {
                tongue.pick("--phone: this is no phone number", "--phone：号码不正确").to_owned()
            }
        }
    }
}

/// A comma list of numbers, as it is sent: bare numbers, first to last.
pub(crate) fn phones(text: &str) -> Result<String, Wrong> {
    let rules = NumberRules::default();
    let numbers = text.split(',').map(str::trim).filter(|number| !number.is_empty());
    let numbers = numbers.enumerate().map(|(i, number)| {
        let number = rules.parse(number).map_err(|_| Wrong::Phone(i + 1))?;
        Ok(number.reveal().to_owned())
    });
    let numbers: Vec<String> = numbers.collect::<Result<_, _>>()?;
    if numbers.is_empty() {
        return Err(Wrong::NoPhones);
    }
    Ok(numbers.join(","))
}

/// A requirement the server would take; none is needed with an agent.
pub(crate) fn requirement(text: Option<&str>, agent: bool) -> Result<(), Wrong> {
    if agent {
        return Ok(());
    }
    match text.unwrap_or_default().trim().chars().count() {
        0 => Err(Wrong::NoRequirement),
        n if n > MAX_REQUIREMENT => Err(Wrong::LongRequirement(n)),
        _ => Ok(()),
    }
}

/// `^[A-Za-z0-9_.:^~-]{1,256}$`
pub(crate) fn call_id(text: &str) -> Result<(), Wrong> {
    let good = (1..=256).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.:^~-".contains(&b));
    good.then_some(()).ok_or(Wrong::CallId)
}

/// The id of an engine, voice or emotion.
pub(crate) fn option(name: &'static str, text: Option<&str>) -> Result<(), Wrong> {
    let good = text.is_none_or(|text| (1..=100).contains(&text.chars().count()));
    good.then_some(()).ok_or(Wrong::Option(name))
}

/// `^[A-Za-z0-9._:-]{8,128}$`
pub(crate) fn idempotency_key(text: &str) -> Result<(), Wrong> {
    let good = (8..=128).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._:-".contains(&b));
    good.then_some(()).ok_or(Wrong::IdempotencyKey)
}

/// A moment in RFC 3339.
pub(crate) fn moment(text: &str) -> Result<(), Wrong> {
    text.parse::<jiff::Timestamp>().map(|_| ()).map_err(|_| Wrong::Moment)
}

/// A comma list of statuses.
pub(crate) fn statuses(text: &str) -> Result<(), Wrong> {
    for word in text.split(',').map(str::trim) {
        domain::CallStatus::from_word(word).ok_or_else(|| Wrong::Status(word.to_owned()))?;
    }
    Ok(())
}

/// A number to look for; also one that only an operator's pattern allows.
pub(crate) fn number(text: &str) -> Result<String, Wrong> {
    let text = text.trim();
    let bare = text.strip_prefix("+86").unwrap_or(text);
    let good = (1..=32).contains(&bare.len())
        && bare.bytes().all(|b| b.is_ascii_digit() || b"+*#".contains(&b));
    good.then(|| bare.to_owned()).ok_or(Wrong::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phone_lists() {
        for (text, want) in [
            ("13800138000", Ok("13800138000")),
            ("+8613800138000", Ok("13800138000")),
            (" 13800138000 , +8613900139000,,", Ok("13800138000,13900139000")),
            ("13800138000,13800138000", Ok("13800138000,13800138000")),
            ("13800138000,1380013800", Err(Wrong::Phone(2))),
            ("12800138000", Err(Wrong::Phone(1))),
            ("02087654321", Err(Wrong::Phone(1))),
            ("13800138000，13900139000", Err(Wrong::Phone(1))),
            ("１３８00138000", Err(Wrong::Phone(1))),
            (",, ,", Err(Wrong::NoPhones)),
            ("", Err(Wrong::NoPhones)),
        ] {
            assert_eq!(phones(text), want.map(str::to_owned), "{text}");
        }
    }

    #[test]
    fn requirements() {
        let long = "长".repeat(MAX_REQUIREMENT);
        assert_eq!(requirement(Some(&long), false), Ok(()));
        let longer = format!("{long}。");
        assert_eq!(requirement(Some(&longer), false), Err(Wrong::LongRequirement(20_001)));
        assert_eq!(requirement(Some(" \n　"), false), Err(Wrong::NoRequirement));
        assert_eq!(requirement(None, false), Err(Wrong::NoRequirement));
        assert_eq!(requirement(None, true), Ok(()));
    }

    #[test]
    fn identifiers_and_choices() {
        for (id, good) in [
            ("0192f0c1-7a6b-7c3d-8e4f-000000000001", true),
            ("A_.:^~-9", true),
            (&"x".repeat(256), true),
            (&"x".repeat(257), false),
            ("", false),
            ("a/b", false),
            ("a b", false),
            ("通话", false),
        ] {
            assert_eq!(call_id(id).is_ok(), good, "{id}");
        }
        assert_eq!(idempotency_key("a.b_c:d-"), Ok(()));
        assert_eq!(idempotency_key("short12"), Err(Wrong::IdempotencyKey));
        assert_eq!(idempotency_key("with space"), Err(Wrong::IdempotencyKey));
        assert_eq!(option("emotion", Some("")), Err(Wrong::Option("emotion")));
        assert_eq!(option("emotion", None), Ok(()));
        assert_eq!(statuses("completed, busy"), Ok(()));
        assert_eq!(statuses("done"), Err(Wrong::Status("done".to_owned())));
        assert_eq!(moment("2026-01-31T08:00:00+08:00"), Ok(()));
        assert_eq!(moment("yesterday"), Err(Wrong::Moment));
        assert_eq!(number("+8613800138000").as_deref(), Ok("13800138000"));
        assert_eq!(number("138-0013"), Err(Wrong::Number));
    }
}
