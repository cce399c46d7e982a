//! Every requirement in `tests/requirements/*.toml`: who it is for, what must be said, what may
//! not be known before the identity is confirmed, and which questions it answers.
//!
//! Format of a file:
//!
//! ```toml
//! requirement = "帮我通知张三…"        # the text of the customer, any form
//! language = "zh"                      # zh or en: the language of the call
//! addressee = "张三"                   # name asked for on the phone; left out: nobody is named
//! sender = "李四"                      # on whose behalf, said before identity; left out: nobody
//! must_say = ["明天下午三点"]          # each must be in the message that is delivered
//! must_not_say = ["卡号"]              # none may be in it (optional)
//! must_not_say_before_confirm = ["会"] # none may be in the brief (optional)
//!
//! [[questions]]                        # asked after the message (optional, any number)
//! ask = "几点"
//! answer_contains = "三点"
//! ```
//!
//! Texts are compared by their letters and digits alone, in lower case: white space, punctuation
//! and the width of digits do not matter. Every `must_say` is also checked to be absent from the
//! purpose in the brief.

#![expect(clippy::expect_used, reason = "a test that cannot be set up has failed")]

use std::fs;
use std::path::PathBuf;

use domain::{Language, Masked};
use engine::ports::judge::Judge;
use engine::ports::responder::{Prompt, RespondOrder, Responder, ResponderEvent, Said};
use futures::FutureExt;
use serde::Deserialize;
use speech::rules::RulesJudge;
use speech::script::ScriptResponder;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    requirement: String,
    language: String,
    addressee: Option<String>,
    sender: Option<String>,
    must_say: Vec<String>,
    #[serde(default)]
    must_not_say: Vec<String>,
    #[serde(default)]
    must_not_say_before_confirm: Vec<String>,
    #[serde(default)]
    questions: Vec<Asked>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    ask: String,
    answer_contains: String,
}

/// A reply: its words, and whether the call ends after it.
struct Reply {
    text: String,
    ends: bool,
}

#[test]
fn every_requirement_is_spoken_whole_and_answers_its_questions() {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/requirements");
    let mut files: Vec<PathBuf> = fs::read_dir(&dir)
        .expect("directory of requirements")
        .map(|entry| entry.expect("entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no requirement in {}", dir.display());
    let mut failures = Vec::new();
    for file in files {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = fs::read_to_string(&file).expect("readable");
        let case: Case = toml::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
        for failure in check(&case) {
            failures.push(format!("{name}: {failure}"));
        }
    }
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
}

fn check(case: &Case) -> Vec<String> {
    let language: Language = case.language.parse().expect("zh or en");
    let mut failures = Vec::new();
    let brief = RulesJudge
        .brief(Masked::new(case.requirement.clone()), language)
        .now_or_never()
        .expect("rules are done at once")
        .expect("rules do not fail");
    if brief.addressee != case.addressee {
        failures.push(format!("addressee {:?}, not {:?}", brief.addressee, case.addressee));
    }
    if brief.sender != case.sender {
        failures.push(format!("sender {:?}, not {:?}", brief.sender, case.sender));
    }
    let known = [&brief.addressee, &brief.sender, &brief.purpose];
    let known: String = known.into_iter().flatten().map(|s| bare(s) + "|").collect();
    for secret in &case.must_not_say_before_confirm {
        if known.contains(&bare(secret)) {
            failures.push(format!("{secret:?} is known before the identity is confirmed"));
        }
    }
    let purpose = bare(brief.purpose.as_deref().unwrap_or_default());
    let mut history = Vec::new();
    let message = delivered(case, language, &brief.addressee, &mut history);
    for fact in &case.must_say {
        if !bare(&message).contains(&bare(fact)) {
            failures.push(format!("{fact:?} is not said in {message:?}"));
        }
        if purpose.contains(&bare(fact)) {
            failures.push(format!("{fact:?} is in the purpose"));
        }
    }
    for forbidden in &case.must_not_say {
        if bare(&message).contains(&bare(forbidden)) {
            failures.push(format!("{forbidden:?} is said in {message:?}"));
        }
    }
    for asked in &case.questions {
        let mut after = history.clone();
        after.push(said(false, &asked.ask));
        let reply = respond(case, language, &brief.addressee, &after, Prompt::Reply);
        if !bare(&reply.text).contains(&bare(&asked.answer_contains)) {
            failures.push(format!(
                "{:?} is answered with {:?}, without {:?}",
                asked.ask, reply.text, asked.answer_contains
            ));
        }
    }
    failures
}

/// The whole message; a callee who says “好的” hears all parts of a long one. `history` is left as
/// it is when the message has been heard.
fn delivered(
    case: &Case,
    language: Language,
    addressee: &Option<String>,
    history: &mut Vec<Said>,
) -> String {
    let mut message = String::new();
    let mut prompt = Prompt::Deliver;
    for _ in 0..500 {
        let reply = respond(case, language, addressee, history, prompt);
        if reply.ends {
            // The closing is no part of the message, and no acknowledgement has been given yet.
            if !message.is_empty() {
                history.pop();
            }
            return message;
        }
        message.push_str(&reply.text);
        history.push(said(true, &reply.text));
        history.push(said(false, if language == Language::Zh { "好的" } else { "okay" }));
        prompt = Prompt::Reply;
    }
    panic!("the message never ends");
}

fn respond(
    case: &Case,
    language: Language,
    addressee: &Option<String>,
    history: &[Said],
    prompt: Prompt,
) -> Reply {
    let mut receiver = ScriptResponder.respond(RespondOrder {
        prompt,
        requirement: Masked::new(case.requirement.clone()),
        addressee: addressee.clone().map(Masked::new),
        history: history.to_vec(),
        language,
        max_chars: 600,
    });
    let mut reply = Reply { text: String::new(), ends: false };
    while let Ok(event) = receiver.try_recv() {
        match event {
            ResponderEvent::Text(text) => reply.text.push_str(text.reveal()),
            ResponderEvent::EndCall { .. } => reply.ends = true,
            ResponderEvent::Finished => return reply,
            ResponderEvent::Failed(error) => panic!("{error}"),
        }
    }
    panic!("the reply was not finished");
}

fn said(by_us: bool, text: &str) -> Said {
    Said { by_us, text: Masked::new(text.to_owned()), unclear: false }
}

fn bare(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '０'..='９' | 'Ａ'..='Ｚ' | 'ａ'..='ｚ' => {
                char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c)
            }
            c => c,
        })
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}
