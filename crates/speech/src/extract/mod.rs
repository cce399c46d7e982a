//! Reads a requirement in plain words: who is called, on whose behalf, and what is to be said.
//!
//! A requirement is usually an instruction to an assistant. Its clauses are read by a small
//! grammar: *instruction, person, content*. The content is kept word by word; only persons are
//! changed (the addressee becomes "you", the sender is named), so that no fact can be lost, and
//! what the grammar does not know is said as it stands, behind a neutral lead.

mod en;
mod labels;
mod meta;
mod reading;
pub(crate) mod scan;
mod telling;
pub(crate) mod text;
mod zh;

use domain::{Brief, Language};

pub use telling::{Fact, Message};

/// What an instruction wants done with the words after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// No instruction: the words are the message.
    Plain,
    /// To call, and nothing more.
    Call,
    /// To tell.
    Tell,
    /// To remind or to warn.
    Remind,
    /// To have the addressee do something.
    Request,
    /// To ask something.
    Ask,
    /// To have something confirmed.
    Confirm,
    /// To invite.
    Invite,
    /// To thank.
    Thank,
    /// To congratulate.
    Congratulate,
    /// To send wishes or greetings.
    Wish,
    /// To apologise.
    Apologise,
}

/// Whom an instruction is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Object {
    /// Not said.
    None,
    /// A pronoun.
    Pronoun,
    /// Somebody who can be asked for.
    Named(String),
    /// The same, but where the name ends is a guess.
    Guessed(String),
    /// A role that one cannot ask for: customers, my mother.
    Vocative(String),
}

impl Object {
    /// Whether a person was named in whatever way.
    pub const fn is_person(&self) -> bool {
        !matches!(self, Object::None | Object::Pronoun)
    }
}

/// An instruction at the start of a clause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// What is to be done.
    pub verb: Verb,
    /// With whom; the first who was named.
    pub object: Object,
    /// The pronoun it used for the addressee, if one: `他`, `她`, `h` for him, `s` for her.
    pub pronoun: Option<char>,
    /// What follows; may be empty.
    pub rest: String,
}

impl Head {
    /// Whether `next`, right after this one, is a second instruction to us and not content.
    fn chains_to(&self, next: &Head) -> bool {
        let same = self.object == next.object && self.object != Object::None;
        next.object == Object::Pronoun
            || same
            || (self.verb == Verb::Call && (!next.object.is_person() || !self.object.is_person()))
    }

    /// Both in one: the later verb, the first person.
    fn then(self, next: Head) -> Head {
        let keeps = self.object.is_person() || !next.object.is_person();
        Head {
            object: if keeps { self.object } else { next.object },
            pronoun: next.pronoun.or(self.pronoun),
            ..next
        }
    }
}

/// Who is who while a requirement is turned into speech.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scene {
    /// The name to be replaced by "you".
    pub addressee: Option<String>,
    /// Who says "I".
    pub sender: Option<String>,
    /// The pronoun used for the addressee, if one was.
    pub pronoun: Option<char>,
    /// Somebody else became the subject: pronouns are no longer surely the addressee's.
    pub third: bool,
    /// The clause before ended with somebody else: a pronoun right after it is theirs.
    pub mentioned: bool,
}

impl Scene {
    /// Whether a pronoun can mean the addressee.
    pub fn matches_pronoun(&self, pronoun: Option<char>) -> bool {
        self.pronoun.is_none() || self.pronoun == pronoun
    }
    /// How the sender is called where the requirement says 我.
    pub fn speaker_zh(&self) -> String {
        match &self.sender {
            Some(name) if name.chars().count() <= 10 => name.clone(),
            _ => "委托人".to_owned(),
        }
    }
    /// How the sender is called where the requirement says "I".
    pub fn speaker_en(&self) -> String {
        self.sender.clone().unwrap_or_else(|| "the caller".to_owned())
    }
}

/// Reads a requirement; the call is held in `language`.
pub fn read(requirement: &str, language: Language) -> Message {
    let cleaned = text::clean(requirement);
    let grammar = grammar_of(&cleaned);
    let reading = reading::Reading::of(&cleaned, grammar);
    telling::tell(reading, grammar, language)
}

/// The language a text is mostly written in: one English word weighs as much as one Han character,
/// so that 李梅 in an English sentence does not make it Chinese.
fn grammar_of(text: &str) -> Language {
    let han = text.chars().filter(|c| text::is_han(*c)).count();
    let words = text.split(|c: char| !c.is_ascii_alphabetic()).filter(|w| !w.is_empty()).count();
    if han >= words && han > 0 { Language::Zh } else { Language::En }
}

/// What may be known before the identity is confirmed; nothing of the content.
pub fn brief(requirement: &str, language: Language) -> Brief {
    let message = read(requirement, language);
    let purpose = match (language, message.asks) {
        (Language::Zh, false) => "有一件事想转告您",
        (Language::Zh, true) => "有一件事想请问您",
        (Language::En, false) => "I have a message to pass on",
        (Language::En, true) => "I have a question to pass on",
    };
    Brief {
        addressee: message.addressee,
        sender: message.neutral_sender,
        purpose: Some(purpose.to_owned()),
        language,
    }
}

/// What the judge needs to know of names.
pub(crate) mod names_of {
    pub use super::en::names::is_title as is_english_title;
    pub use super::zh::names::{is_full_name, without_title};
}
