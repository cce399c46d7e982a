//! Phone numbers and the patterns of operators: what is read is dialable, and masked when printed.
#![no_main]

use domain::NumberRules;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let mut lines = text.lines();
    let number = lines.next().unwrap_or_default();
    let patterns: Vec<String> = lines.map(str::to_owned).collect();
    let plain = NumberRules::default();
    if let Ok(read) = plain.parse(number) {
        assert!(read.reveal().len() == 11 && read.reveal().bytes().all(|b| b.is_ascii_digit()));
        assert_eq!(plain.parse(read.reveal()).as_ref(), Ok(&read), "reading it again");
    }
    let Ok(rules) = NumberRules::new(patterns) else {
        return;
    };
    if let Ok(read) = rules.parse(number) {
        let digits = read.reveal();
        assert!(digits.chars().all(|c| c.is_ascii_digit() || "+#*".contains(c)), "{digits:?}");
        assert!(!digits.is_empty() && read.last_four().len() <= 4);
        let printed = format!("{read} {read:?}");
        assert!(digits.len() < 5 || !printed.contains(digits), "{printed}");
        assert!(number.contains(digits));
    }
});
