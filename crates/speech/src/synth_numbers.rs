//! Numbers in Mandarin words, by kind: values, digits, dates, times, amounts, percent.

/// Reads the number that begins at `chars[0]` (a digit or a currency sign); the words and how
/// many characters they stand for.
pub fn read_number(chars: &[char]) -> (String, usize) {
    if let Some(read) = currency(chars).or_else(|| date(chars)).or_else(|| time(chars)) {
        return read;
    }
    if let Some(read) = grouped_digits(chars) {
        return read;
    }
    let (number, mut at) = decimal(chars);
    let Some(number) = number else {
        return (String::new(), 1);
    };
    match chars.get(at) {
        Some('%' | '％') => return (format!("百分之{}", number.words()), at + 1),
        Some('-' | '~' | '～' | '–') if chars.get(at + 1).is_some_and(char::is_ascii_digit) => {
            let (rest, used) = read_number(&chars[at + 1..]);
            return (format!("{}到{rest}", number.words()), at + 1 + used);
        }
        Some('年') if number.whole.len() == 4 && number.fraction.is_empty() => {
            return (digits(&number.whole, '一'), at);
        }
        Some(unit) if number.is_two() && COUNTED.contains(unit) => {
            return ("两".to_owned(), at);
        }
        Some(unit) if number.whole.len() >= 5 && !AFTER_VALUES.contains(unit) => {
            at = number.whole.len();
            return (digits(&number.whole, '幺'), at);
        }
        None if number.whole.len() >= 5 && number.fraction.is_empty() && !number.grouped => {
            return (digits(&number.whole, '幺'), at);
        }
        _ => {}
    }
    if number.whole.len() > 1 && number.whole.starts_with('0') && number.fraction.is_empty() {
        return (digits(&number.whole, '幺'), at);
    }
    (number.words(), at)
}

/// Digits one by one; `one` is 幺 in telephone and room numbers, 一 in years.
pub fn digits(text: &str, one: char) -> String {
    text.chars()
        .filter_map(|c| match c.to_digit(10) {
            Some(1) => Some(one),
            Some(n) => Some(DIGITS[n as usize]),
            None => None,
        })
        .collect()
}

/// A value below 10^16 in words; a longer one digit by digit.
pub fn value(text: &str) -> String {
    let text = text.trim_start_matches('0');
    if text.is_empty() {
        return "零".to_owned();
    }
    if text.len() > 16 {
        return digits(text, '一');
    }
    let mut groups: Vec<&str> = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let cut = rest.len().saturating_sub(4);
        groups.push(&rest[cut..]);
        rest = &rest[..cut];
    }
    let mut words = String::new();
    let mut skipped = false;
    for (index, group) in groups.iter().enumerate().rev() {
        let number: u32 = group.parse().unwrap_or(0);
        if number == 0 {
            skipped = true;
            continue;
        }
        if !words.is_empty() && (skipped || number < 1000) {
            words.push('零');
        }
        skipped = false;
        words.push_str(&below_ten_thousand(number));
        words.push_str(["", "万", "亿", "万亿"][index.min(3)]);
    }
    // 十五, not 一十五, but 一百一十五.
    words.strip_prefix("一十").map_or(words.clone(), |rest| format!("十{rest}"))
}

fn below_ten_thousand(number: u32) -> String {
    let mut words = String::new();
    let mut zero = false;
    for (unit, name) in [(1000, "千"), (100, "百"), (10, "十"), (1, "")] {
        let digit = number / unit % 10;
        if digit == 0 {
            zero = !words.is_empty();
            continue;
        }
        if zero {
            words.push('零');
            zero = false;
        }
        words.push(DIGITS[digit as usize]);
        words.push_str(name);
    }
    words
}

/// A whole number with perhaps a fraction.
struct Decimal {
    whole: String,
    fraction: String,
    grouped: bool,
}

impl Decimal {
    fn words(&self) -> String {
        let whole = value(&self.whole);
        match self.fraction.trim_end_matches('0') {
            "" => whole,
            fraction => format!("{whole}点{}", digits(fraction, '一')),
        }
    }

    fn is_two(&self) -> bool {
        self.whole == "2" && self.fraction.is_empty()
    }
}

/// `1,234.50`, `12`, `3.5`: the number and the characters it takes.
fn decimal(chars: &[char]) -> (Option<Decimal>, usize) {
    let (mut whole, mut at) = run_of_digits(chars);
    if whole.is_empty() {
        return (None, 0);
    }
    let mut grouped = false;
    while whole.len() <= 15 && (grouped || whole.len() <= 3) && chars.get(at) == Some(&',') {
        let (group, used) = run_of_digits(&chars[at + 1..]);
        if used != 3 {
            break;
        }
        whole.push_str(&group);
        at += 4;
        grouped = true;
    }
    let mut fraction = String::new();
    if chars.get(at) == Some(&'.') {
        let (digits, used) = run_of_digits(&chars[at + 1..]);
        if used > 0 {
            fraction = digits;
            at += 1 + used;
        }
    }
    (Some(Decimal { whole, fraction, grouped }), at)
}

fn run_of_digits(chars: &[char]) -> (String, usize) {
    let digits: String = chars.iter().take_while(|c| c.is_ascii_digit()).collect();
    let used = digits.len();
    (digits, used)
}

fn currency(chars: &[char]) -> Option<(String, usize)> {
    let unit = match chars.first()? {
        '¥' | '￥' => "元",
        '$' | '＄' => "美元",
        '€' => "欧元",
        _ => return None,
    };
    let (number, used) = decimal(&chars[1..]);
    let number = number?;
    let words = if number.is_two() { "两".to_owned() } else { number.words() };
    Some((format!("{words}{unit}"), 1 + used))
}

/// `2026-01-31`, `2026/1/31`, `2026.1.31`.
fn date(chars: &[char]) -> Option<(String, usize)> {
    let (year, used) = run_of_digits(chars);
    let mark = *chars.get(used)?;
    if year.len() != 4 || !matches!(mark, '-' | '/' | '.') {
        return None;
    }
    let (month, month_used) = run_of_digits(&chars[used + 1..]);
    let second = used + 1 + month_used;
    if chars.get(second) != Some(&mark) {
        return None;
    }
    let (day, day_used) = run_of_digits(&chars[second + 1..]);
    let within = |text: &str, most: u32| text.parse().is_ok_and(|n: u32| (1..=most).contains(&n));
    (within(&month, 12) && within(&day, 31)).then(|| {
        let words = format!("{}年{}月{}日", digits(&year, '一'), value(&month), value(&day));
        (words, second + 1 + day_used)
    })
}

/// `15:30`, `9：05`, `00:00:01`.
fn time(chars: &[char]) -> Option<(String, usize)> {
    let (hour, used) = run_of_digits(chars);
    if !matches!(chars.get(used), Some(':' | '：')) {
        return None;
    }
    let (minute, minute_used) = run_of_digits(&chars[used + 1..]);
    let fits = |text: &str, below: u32| text.parse().is_ok_and(|n: u32| n < below);
    if minute_used != 2 || !fits(&hour, 25) || !fits(&minute, 60) {
        return None;
    }
    let hour = if hour.trim_start_matches('0') == "2" { "两".to_owned() } else { value(&hour) };
    let words = match minute.as_str() {
        "00" => format!("{hour}点整"),
        m if m.starts_with('0') => format!("{hour}点零{}分", value(m)),
        m => format!("{hour}点{}分", value(m)),
    };
    let mut end = used + 1 + minute_used;
    if matches!(chars.get(end), Some(':' | '：')) {
        let (second, second_used) = run_of_digits(&chars[end + 1..]);
        if second_used == 2 && fits(&second, 60) {
            end += 3;
            let words = words.trim_end_matches('整').to_owned();
            return Some((format!("{words}{}秒", value(&second)), end));
        }
    }
    Some((words, end))
}

/// `010-12345678`, `400 800 1234`, `+86 138…` after the sign: digits in groups, seven and more.
fn grouped_digits(chars: &[char]) -> Option<(String, usize)> {
    let mut words = String::new();
    let (mut at, mut total, mut groups) = (0, 0, 0);
    loop {
        let (group, used) = run_of_digits(&chars[at..]);
        if used < 3 {
            break;
        }
        if groups > 0 {
            words.push('，');
        }
        words.push_str(&digits(&group, '幺'));
        groups += 1;
        total += used;
        at += used;
        let joined = matches!(chars.get(at), Some('-' | ' '));
        if !joined || chars.get(at + 1..).is_none_or(|rest| run_of_digits(rest).1 < 3) {
            break;
        }
        at += 1;
    }
    (groups >= 2 && total >= 7).then_some((words, at))
}

const DIGITS: [char; 10] = ['零', '一', '二', '三', '四', '五', '六', '七', '八', '九'];
/// What is counted with 两 and not with 二.
const COUNTED: [char; 20] = [
    '个', '位', '点', '次', '天', '年', '件', '份', '小', '分', '块', '元', '周', '张', '名', '台',
    '间', '条', '本', '千',
];
/// A long number before these is a value, before anything else it is read digit by digit.
const AFTER_VALUES: [char; 16] = [
    '元', '块', '万', '亿', '个', '人', '名', '件', '份', '台', '米', '次', '美', '吨', '公', '条',
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_by_kind() {
        for (text, words, rest) in [
            ("0", "零", ""),
            ("15日", "十五", "日"),
            ("115", "一百一十五", ""),
            ("1001", "一千零一", ""),
            ("1,234.50元", "一千二百三十四点五", "元"),
            ("100000元", "十万", "元"),
            ("10500000人", "一千零五十万", "人"),
            ("100010001元", "一亿零一万零一", "元"),
            ("13800138000", "幺三八零零幺三八零零零", ""),
            ("13800138000，", "幺三八零零幺三八零零零", "，"),
            ("010-62345678", "零幺零，六二三四五六七八", ""),
            ("400 800 1234", "四零零，八零零，幺二三四", ""),
            ("2026年", "二零二六", "年"),
            ("2026-01-31", "二零二六年一月三十一日", ""),
            ("2026/2/3 ", "二零二六年二月三日", " "),
            ("15:30", "十五点三十分", ""),
            ("9：05开", "九点零五分", "开"),
            ("2:00", "两点整", ""),
            ("12.5%", "百分之十二点五", ""),
            ("¥99.90。", "九十九点九元", "。"),
            ("$2", "两美元", ""),
            ("2个", "两", "个"),
            ("2月", "二", "月"),
            ("2点", "两", "点"),
            ("3-5天", "三到五", "天"),
            ("007", "零零七", ""),
            ("305室", "三百零五", "室"),
        ] {
            let chars: Vec<char> = text.chars().collect();
            let (read, used) = read_number(&chars);
            let left: String = chars[used..].iter().collect();
            assert_eq!((read.as_str(), left.as_str()), (words, rest), "{text}");
        }
    }

    #[test]
    fn anything_that_begins_with_a_digit_makes_progress() {
        for text in ["1", "1.", "1,", "1:", "1-", "99:99", "1.2.3.4", "¥", "00000000000000000000"]
        {
            let chars: Vec<char> = text.chars().collect();
            let (_, used) = read_number(&chars);
            assert!((1..=chars.len()).contains(&used), "{text}: {used}");
        }
    }
}
