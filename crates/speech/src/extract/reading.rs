//! First pass over a requirement: takes instructions, labels, senders and directions apart from
//! what is to be said.

use domain::Language;

use super::labels::{Label, label};
use super::scan::{starts_with_any, strip_words};
use super::text::{Clause, Sentence, sentences, speakable};
use super::{Head, Object, Verb, en, meta, zh};

/// A clause of what is to be said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The instruction that stood before it, if one.
    pub verb: Option<Verb>,
    /// The words, still said about the addressee.
    pub text: String,
    /// The mark after it.
    pub mark: Option<char>,
}

/// A requirement taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Who is called.
    pub addressee: Option<String>,
    /// Whether where that name ends was a guess, so that it stays in the text too.
    pub guessed: bool,
    /// A role in place of a name.
    pub vocative: Option<String>,
    /// On whose behalf, in full.
    pub sender: Option<String>,
    /// The pronoun for the addressee.
    pub pronoun: Option<char>,
    /// An instruction was found.
    pub instructed: bool,
    /// A request for a secret was left out.
    pub withheld: bool,
    /// What is to be said, by sentences.
    pub parts: Vec<Vec<Part>>,
    /// An instruction whose content comes in the next clause.
    pending: Option<Verb>,
}

impl Reading {
    /// Reads a cleaned text by the grammar of a language.
    pub fn of(text: &str, grammar: Language) -> Self {
        let mut reading = Self::default();
        let body = reading.take_signature(text, grammar);
        for sentence in &sentences(body) {
            reading.take_sentence(sentence, grammar);
        }
        reading.take_bare_wish();
        if reading.addressee.is_none() && reading.vocative.is_none() && reading.instructed {
            reading.take_topic(grammar);
        }
        reading
    }

    /// The text without the name signed below it.
    fn take_signature<'a>(&mut self, text: &'a str, grammar: Language) -> &'a str {
        let text = text.trim_end();
        let line = text.rfind('\n').map_or(0, |at| at + 1);
        let dashes = ["——", "--", " —", " –"].iter().filter_map(|d| text.rfind(d));
        let from = [". From ", "! From ", "\" From ", "” From "];
        let from = from.iter().filter_map(|d| text.rfind(d).map(|at| at + d.len() - 5));
        let lower = text.to_ascii_lowercase();
        let thanks = ["thanks, ", "thx, ", "regards, ", "cheers, ", "thank you, ", "best, "];
        let thanks = thanks.iter().filter_map(|d| lower.rfind(d).map(|at| at + d.len() - 2));
        let dash = dashes.chain(from).chain(thanks).max();
        for at in [Some(line), dash.filter(|at| *at > line)].into_iter().flatten() {
            let tail = &text[at..];
            let signed = match grammar {
                Language::Zh => zh::senders::signature(tail),
                Language::En => en::senders::signature(tail.trim_start()),
            };
            if let Some(name) = signed
                && speakable(&text[..at])
            {
                self.sender = Some(name);
                return &text[..at];
            }
        }
        text
    }

    /// “向王老师问好” and nothing more is a message by itself.
    fn take_bare_wish(&mut self) {
        let wish = self.pending.filter(|v| matches!(v, Verb::Wish | Verb::Thank | Verb::Apologise));
        if self.parts.is_empty()
            && let Some(verb) = wish
        {
            self.parts.push(vec![Part { verb: Some(verb), text: String::new(), mark: None }]);
        }
    }

    fn take_sentence(&mut self, sentence: &Sentence, grammar: Language) {
        let mut parts = Vec::new();
        let mut skip = false;
        for (at, clause) in sentence.iter().enumerate() {
            if std::mem::take(&mut skip) {
                continue;
            }
            match label(clause, grammar) {
                Some(Label::Content) => continue,
                Some(found) => {
                    skip = self.take_labelled(found, sentence.get(at + 1), grammar);
                    if skip {
                        continue;
                    }
                }
                None => {}
            }
            let more = at + 1 < sentence.len();
            if more && parts.is_empty() && self.take_salutation(clause, sentence, grammar) {
                continue;
            }
            if parts.is_empty() && !clause.text.to_lowercase().starts_with("message") {
                self.take_heading(clause, grammar);
            }
            if !meta::is_direction(&clause.text) {
                self.take_clause(clause, grammar, &mut parts);
            }
        }
        // “能帮我通知张三…吗” asks us, not him.
        if let (Some(first), Some(last)) = (sentence.first(), parts.last_mut())
            && self.instructed
            && starts_with_any(&first.text, &["能", "可以", "可否", "麻烦"])
        {
            let plain = last.text.trim_end_matches(['吗', '么']).len();
            last.text.truncate(plain);
            last.mark = None;
        }
        if !parts.is_empty() {
            self.parts.push(parts);
        }
    }

    /// “Parcel for Daniel Kim: …”, “给张三的包裹：…”: a heading that names the addressee; it is
    /// said.
    fn take_heading(&mut self, clause: &Clause, grammar: Language) {
        let heading = matches!(clause.mark, Some(':' | '：')) && self.parts.is_empty();
        if !heading || self.addressee.is_some() || self.instructed {
            return;
        }
        self.addressee = match grammar {
            Language::Zh => clause
                .text
                .strip_prefix('给')
                .and_then(zh::names::person)
                .filter(|p| p.rest.starts_with('的') && p.kind == zh::names::PersonKind::Named)
                .map(|p| p.name.to_owned()),
            Language::En => clause
                .text
                .split_once(" for ")
                .filter(|(_, name)| name.starts_with(char::is_uppercase))
                .and_then(|(_, name)| en::names::whole(name)),
        };
    }

    /// “王芳，你好，你的…”: a message that begins by calling the addressee.
    fn take_salutation(&mut self, clause: &Clause, sentence: &Sentence, grammar: Language) -> bool {
        if self.addressee.is_some() || self.instructed || !self.parts.is_empty() {
            return false;
        }
        let you = sentence.iter().any(|c| {
            let lower = c.text.to_lowercase();
            lower.contains(['你', '您']) || format!(" {lower} ").contains(" you")
        });
        let text = clause.text.trim_end_matches("您好").trim_end_matches("你好");
        let greeted = ["hello", "hi", "hey", "dear", "good morning", "good afternoon"];
        let text = strip_words(text, &greeted).unwrap_or(text);
        let person = match grammar {
            Language::Zh => zh::names::person(text)
                .filter(|p| p.rest.is_empty() && p.kind == zh::names::PersonKind::Named)
                .map(|p| p.name.to_owned()),
            Language::En => en::names::whole(text).filter(|_| text.starts_with(char::is_uppercase)),
        };
        let found = person.is_some() && you;
        if found {
            self.addressee = person;
        }
        found
    }

    /// Whether the value of a label was understood, so that it need not be said.
    fn take_labelled(&mut self, found: Label, value: Option<&Clause>, grammar: Language) -> bool {
        let Some(value) = value else {
            return false;
        };
        match found {
            Label::Addressee => {
                let person = match grammar {
                    Language::Zh => zh::names::whole(&value.text).map(|p| p.name.to_owned()),
                    Language::En => en::names::whole(&value.text),
                };
                let known = person.is_some();
                self.addressee = self.addressee.take().or(person);
                self.instructed |= known;
                known
            }
            Label::Sender => {
                let fits = value.text.chars().count() <= 24;
                if fits {
                    self.sender.get_or_insert_with(|| value.text.clone());
                }
                fits
            }
            Label::Dialled => value.text.chars().all(|c| !c.is_alphabetic()) && self.instructed,
            Label::Content => false,
        }
    }

    fn take_clause(&mut self, clause: &Clause, grammar: Language, parts: &mut Vec<Part>) {
        let pieces = match grammar {
            Language::Zh => vec![clause.text.as_str()],
            Language::En => en::heads::pieces(&clause.text),
        };
        let last = pieces.len() - 1;
        for (at, piece) in pieces.into_iter().enumerate() {
            let mark = if at == last { clause.mark } else { Some(',') };
            self.take_piece(piece, mark, grammar, parts);
        }
    }

    fn take_piece(
        &mut self,
        piece: &str,
        mark: Option<char>,
        grammar: Language,
        parts: &mut Vec<Part>,
    ) {
        let signed = match grammar {
            Language::Zh => zh::senders::signed(piece).map(|s| (s.sender, s.rest)),
            Language::En => en::senders::signed(piece),
        };
        let mut words = piece.to_owned();
        if let Some((sender, rest)) = signed
            && self.sender.is_none()
        {
            self.sender = Some(sender);
            words = rest;
        }
        let head = match grammar {
            Language::Zh => zh::heads::head(&words, self.instructed),
            Language::En => en::heads::head(&words, self.instructed),
        };
        let head = head.filter(|h| self.is_ours(h));
        let (verb, words) = match head {
            Some(head) => self.take_head(head, grammar),
            None if self.is_name_after_role(&words, parts, grammar) => return,
            // A call, and then what it is about.
            None => {
                (self.pending.take().map(|v| if v == Verb::Call { Verb::Tell } else { v }), words)
            }
        };
        if !speakable(&words) || meta::is_direction(&words) {
            self.pending = verb.or(self.pending);
            return;
        }
        let asking = matches!(verb, Some(Verb::Ask | Verb::Confirm));
        let (left, taken) = meta::without_secrets(&words, asking);
        self.withheld |= taken;
        if let Some(text) = left {
            parts.push(Part { verb, text, mark });
        }
    }

    /// “remind my tenant, Mr. Brown, that…”: the name in apposition to a role.
    fn is_name_after_role(&mut self, words: &str, parts: &[Part], grammar: Language) -> bool {
        if self.pending.is_none() || self.vocative.is_none() || !parts.is_empty() {
            return false;
        }
        let name = match grammar {
            Language::Zh => zh::names::person(words)
                .filter(|p| p.rest.is_empty() && p.kind == zh::names::PersonKind::Named)
                .map(|p| p.name.to_owned()),
            Language::En => {
                en::names::whole(words).filter(|_| words.starts_with(char::is_uppercase))
            }
        };
        if self.addressee.is_none() && name.is_some() {
            self.addressee = name;
            self.vocative = None;
            return true;
        }
        false
    }

    /// Whether an instruction is one to us: once we know whom we call, “notify Li Si” is something
    /// the addressee is to do.
    fn is_ours(&self, head: &Head) -> bool {
        match (&head.object, &self.addressee) {
            (Object::Named(name) | Object::Guessed(name), Some(known)) => {
                known.contains(name.as_str()) || name.contains(known.as_str())
            }
            (Object::Vocative(_), Some(_)) => head.verb == Verb::Call,
            _ => true,
        }
    }

    fn take_head(&mut self, head: Head, grammar: Language) -> (Option<Verb>, String) {
        self.instructed = true;
        self.pronoun = self.pronoun.or(head.pronoun.filter(|c| "他她hs".contains(*c)));
        let mut rest = head.rest;
        match head.object {
            Object::Named(name) => {
                self.addressee.get_or_insert(name);
            }
            Object::Guessed(name) if self.addressee.is_none() => {
                rest = format!("{name}{rest}");
                self.addressee = Some(name);
                self.guessed = true;
            }
            Object::Vocative(name) if !is_generic(&name) && self.addressee.is_none() => {
                let name = match name.as_str() {
                    "妈" => "妈妈".to_owned(),
                    "爸" => "爸爸".to_owned(),
                    _ => name,
                };
                self.vocative.get_or_insert(name);
            }
            _ => {}
        }
        let rest = match grammar {
            Language::Zh => rest,
            Language::En => en::heads::without_number(&rest, head.verb).to_owned(),
        };
        let verb = match (head.verb, self.pending.take()) {
            (Verb::Call, Some(before)) => before,
            (verb, _) => verb,
        };
        (Some(verb), rest)
    }

    /// “张三明天三点开会，通知他一下”: the person called is the subject of the first clause.
    fn take_topic(&mut self, grammar: Language) {
        let Some(first) = self.parts.first().and_then(|s| s.first()) else {
            return;
        };
        if grammar == Language::Zh
            && first.verb.is_none()
            && let Some(p) = zh::names::person(&first.text)
            && p.kind == zh::names::PersonKind::Named
        {
            self.addressee = Some(p.name.to_owned());
        }
    }
}

/// Roles that mean nobody but whoever is called.
fn is_generic(role: &str) -> bool {
    let lower = role.to_lowercase();
    [
        "客户",
        "顾客",
        "用户",
        "机主",
        "收件人",
        "接听人",
        "customer",
        "client",
        "recipient",
        "user",
        "person",
        "caller",
        "number",
    ]
    .contains(&lower.rsplit(' ').next().unwrap_or(&lower))
}
