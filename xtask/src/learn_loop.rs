//! A bigram of phones for the free loop, in ARPA format (Katz back-off with Witten-Bell weights).

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::learn_corpus::Recording;

/// The bigram of what was said, with silence between clauses.
pub fn bigram(recordings: &[Recording]) -> String {
    let mut pairs: BTreeMap<&str, BTreeMap<&str, f64>> = BTreeMap::new();
    let mut singles: BTreeMap<&str, f64> = BTreeMap::new();
    for Recording { said, .. } in recordings {
        let mut last = "<s>";
        let mut add = |phone| {
            *pairs.entry(last).or_default().entry(phone).or_default() += 1.0;
            *singles.entry(phone).or_default() += 1.0;
            last = phone;
        };
        for (n, clause) in said.iter().enumerate() {
            if n > 0 {
                add("SIL");
            }
            clause.iter().flatten().for_each(|phone| add(phone));
        }
        add("</s>");
    }
    render(&pairs, &singles)
}

fn render(pairs: &BTreeMap<&str, BTreeMap<&str, f64>>, singles: &BTreeMap<&str, f64>) -> String {
    let total: f64 = singles.values().sum();
    let alone = |phone: &str| singles.get(phone).map_or(0.0, |n| n / total);
    let (mut ones, mut twos) = (String::new(), String::new());
    let (mut count, mut pair_count) = (0, 0);
    for phone in ["<s>"].into_iter().chain(singles.keys().copied()) {
        let own = if phone == "<s>" { -99.0 } else { alone(phone).log10() };
        let followers = pairs.get(phone);
        let seen = followers.map_or(0.0, |f| f.values().sum::<f64>());
        let kinds = followers.map_or(0.0, |f| f.len() as f64);
        // Witten-Bell: as much is left for the unseen as new followers have come.
        let left = if seen > 0.0 { kinds / (seen + kinds) } else { 1.0 };
        let covered: f64 = followers.map_or(0.0, |f| f.keys().map(|p| alone(p)).sum());
        let back_off = (left / (1.0 - covered).max(1e-6)).log10();
        count += 1;
        // Writing to a string cannot fail.
        let _ = writeln!(ones, "{own:.4} {phone} {back_off:.4}");
        for (next, n) in followers.into_iter().flatten() {
            pair_count += 1;
            let _ = writeln!(twos, "{:.4} {phone} {next}", (n / (seen + kinds)).log10());
        }
    }
    format!(
        "\\data\\\nngram 1={count}\nngram 2={pair_count}\n\n\\1-grams:\n{ones}\n\
         \\2-grams:\n{twos}\n\
         \\end\\\n"
    )
}
