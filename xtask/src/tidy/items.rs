//! Finds functions, structs and enums in blanked source, and counts what the limits are about.
//!
//! This is no parser: it follows brackets from the keywords `fn`, `struct` and `enum`. It is
//! right for code that rustfmt accepts and passes over macro definitions.

use super::blank::is_word;

/// What kind of item, with the number its limit speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A function; arguments without the receiver.
    Function { arguments: usize },
    /// A struct, named or tuple.
    Struct { fields: usize },
    /// An enum.
    Enum { variants: usize },
}

/// One item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Kind and count.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Line of its keyword, from 1.
    pub line: usize,
    /// Line of its closing bracket, or of its `;`.
    pub last_line: usize,
    /// Names of the variants of an enum; else empty.
    pub variants: Vec<String>,
}

impl Item {
    /// Lines from keyword to closing bracket.
    pub fn lines(&self) -> usize {
        self.last_line - self.line + 1
    }
}

/// A word or one character of punctuation; `->` and `=>` are one token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its text.
    pub text: String,
    /// Its line, from 1.
    pub line: usize,
}

/// Splits blanked source.
pub fn tokens(code: &str) -> Vec<Token> {
    let mut out = Vec::new();
    for (index, text) in code.lines().enumerate() {
        let line = index + 1;
        let chars: Vec<char> = text.chars().collect();
        let mut at = 0;
        while at < chars.len() {
            let start = at;
            at += 1;
            if is_word(chars[start]) {
                while at < chars.len() && is_word(chars[at]) {
                    at += 1;
                }
            } else if chars[start].is_whitespace() {
                continue;
            } else if matches!(chars[start], '-' | '=') && chars.get(at) == Some(&'>') {
                at += 1;
            }
            let text = chars[start..at].iter().collect();
            out.push(Token { text, line });
        }
    }
    out
}

/// The tokens that are not under `#[cfg(test)]`; none if the whole file is (`#![cfg(test)]`).
pub fn without_tests(tokens: &[Token]) -> Vec<Token> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let inner = is(tokens, at + 1, "!");
        let open = at + 1 + usize::from(inner);
        if !(is(tokens, at, "#") && is(tokens, open, "[")) {
            out.push(tokens[at].clone());
            at += 1;
            continue;
        }
        let close = group_end(tokens, open);
        let attribute = &tokens[open..close.min(tokens.len())];
        let has = |word: &str| attribute.iter().any(|t| t.text == word);
        if is(tokens, open + 1, "cfg") && has("test") && !has("not") {
            if inner {
                return Vec::new();
            }
            at = item_end(tokens, close + 1) + 1;
        } else {
            out.extend_from_slice(&tokens[at..(close + 1).min(tokens.len())]);
            at = close + 1;
        }
    }
    out
}

/// Names of the modules that stand in files of their own and are only compiled for tests.
pub fn test_modules(all: &[Token]) -> Vec<String> {
    let modules = |tokens: &[Token]| -> Vec<String> {
        let declared = tokens.windows(3).filter(|w| w[0].text == "mod" && w[2].text == ";");
        declared.map(|w| w[1].text.clone()).collect()
    };
    let shipped = modules(&without_tests(all));
    let mut names = modules(all);
    names.retain(|name| !shipped.contains(name));
    names
}

/// Every function, struct and enum, in order of their keywords.
pub fn items(tokens: &[Token]) -> Vec<Item> {
    (0..tokens.len())
        .filter_map(|at| match tokens[at].text.as_str() {
            "fn" => function(tokens, at),
            "struct" => structure(tokens, at),
            "enum" => enumeration(tokens, at),
            _ => None,
        })
        .collect()
}

fn function(tokens: &[Token], at: usize) -> Option<Item> {
    let name = name_after(tokens, at)?;
    let open = skip_generics(tokens, at + 2);
    if !is(tokens, open, "(") {
        return None;
    }
    let close = group_end(tokens, open);
    let arguments = segments(tokens.get(open + 1..close)?, true)
        .iter()
        .filter(|segment| !is_receiver(segment))
        .count();
    let end = item_end(tokens, close + 1);
    Some(item(tokens, at, end, name, Kind::Function { arguments }))
}

fn structure(tokens: &[Token], at: usize) -> Option<Item> {
    let name = name_after(tokens, at)?;
    let mut open = skip_generics(tokens, at + 2);
    if is(tokens, open, "where") {
        while open < tokens.len() && !is(tokens, open, "{") && !is(tokens, open, ";") {
            open = next(tokens, open);
        }
    }
    if is(tokens, open, ";") {
        return Some(item(tokens, at, open, name, Kind::Struct { fields: 0 }));
    }
    if !is(tokens, open, "{") && !is(tokens, open, "(") {
        return None;
    }
    let close = group_end(tokens, open);
    let fields = segments(tokens.get(open + 1..close)?, true).len();
    Some(item(tokens, at, close, name, Kind::Struct { fields }))
}

fn enumeration(tokens: &[Token], at: usize) -> Option<Item> {
    let name = name_after(tokens, at)?;
    let mut open = skip_generics(tokens, at + 2);
    while open < tokens.len() && !is(tokens, open, "{") {
        open = next(tokens, open);
    }
    let close = group_end(tokens, open);
    // Discriminants may shift (`1 << 3`), and a variant's own generics stand in brackets.
    let variants: Vec<String> = segments(tokens.get(open + 1..close)?, false)
        .iter()
        .filter_map(|segment| first_word(segment))
        .collect();
    let kind = Kind::Enum { variants: variants.len() };
    let mut found = item(tokens, at, close, name, kind);
    found.variants = variants;
    Some(found)
}

fn item(tokens: &[Token], at: usize, end: usize, name: String, kind: Kind) -> Item {
    let line = tokens[at].line;
    Item {
        kind,
        name,
        line,
        last_line: tokens.get(end).or(tokens.last()).map_or(line, |t| t.line),
        variants: Vec::new(),
    }
}

fn is(tokens: &[Token], at: usize, text: &str) -> bool {
    tokens.get(at).is_some_and(|t| t.text == text)
}

fn name_after(tokens: &[Token], at: usize) -> Option<String> {
    let name = &tokens.get(at + 1)?.text;
    name.starts_with(is_word).then(|| name.clone())
}

/// Index of the bracket that closes the one at `open`; past the end if none does.
fn group_end(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.text.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at;
                }
            }
            _ => {}
        }
    }
    tokens.len()
}

/// The token after `at`, or after the whole group if a bracket opens there.
fn next(tokens: &[Token], at: usize) -> usize {
    match tokens.get(at).map(|t| t.text.as_str()) {
        Some("(" | "[" | "{") => group_end(tokens, at) + 1,
        _ => at + 1,
    }
}

/// Where the item that begins at `at` ends: its `;`, or the end of its braces.
fn item_end(tokens: &[Token], mut at: usize) -> usize {
    while at < tokens.len() {
        match tokens[at].text.as_str() {
            ";" => return at,
            "{" => return group_end(tokens, at),
            _ => at = next(tokens, at),
        }
    }
    tokens.len()
}

fn skip_generics(tokens: &[Token], open: usize) -> usize {
    if !is(tokens, open, "<") {
        return open;
    }
    let (mut depth, mut at) = (0usize, open);
    while at < tokens.len() {
        match tokens[at].text.as_str() {
            "<" => depth += 1,
            ">" => depth -= 1,
            _ => {}
        }
        at = next(tokens, at);
        if depth == 0 {
            break;
        }
    }
    at
}

/// Splits at commas outside brackets; empty pieces are dropped. `angles`: whether `<` opens one.
fn segments(tokens: &[Token], angles: bool) -> Vec<Vec<Token>> {
    let mut out = vec![Vec::new()];
    let mut depth = 0usize;
    for token in tokens {
        match token.text.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            "<" if angles => depth += 1,
            ">" if angles => depth = depth.saturating_sub(1),
            "," if depth == 0 => {
                out.push(Vec::new());
                continue;
            }
            _ => {}
        }
        if let Some(last) = out.last_mut() {
            last.push(token.clone());
        }
    }
    out.retain(|segment| !segment.is_empty());
    out
}

/// The first word outside brackets, which leaves attributes out.
fn first_word(segment: &[Token]) -> Option<String> {
    let mut at = 0;
    while at < segment.len() {
        if segment[at].text.starts_with(is_word) {
            return Some(segment[at].text.clone());
        }
        at = next(segment, at);
    }
    None
}

/// `self`, `mut self`, `&'a mut self`, `self: Arc<Self>`.
fn is_receiver(segment: &[Token]) -> bool {
    let before_type = segment.split(|t| t.text == ":").next().unwrap_or(&[]);
    before_type.last().is_some_and(|t| t.text == "self")
}

#[cfg(test)]
#[path = "items_tests.rs"]
mod tests;
