//! The director's table: from cues to steps, and what stands in no step before confirmation.

use domain::{Brief, Language, MediaTime, UtteranceNo};

use super::*;
use crate::director::{Heard, Played};
use crate::words::{Certainty, LineTone};

fn director(opening: Opening) -> BuiltIn {
    let brief = Brief {
        addressee: Some("王伟".to_owned()),
        sender: Some("李雷".to_owned()),
        purpose: None,
        language: Language::Zh,
    };
    BuiltIn::new(Phrases::new(&brief, "8000", false), opening, true)
}

/// A line of ours that was heard until 300 ms before an utterance of 600 ms ended.
const OURS: Played = Played {
    tag: Tag(0),
    line: 0,
    item: domain::ItemId(1),
    began: MediaTime::ZERO,
    ended: None,
    silent: Some(MediaTime::from_millis(300)),
    since: MediaTime::ZERO,
};

/// A cue by name: a meaning, perhaps with marks: `~` interrupts, `_` before the disclosure was
/// heard whole, `%` doubtful, `*` not beyond doubt, `.` the last words, `+` five seconds long,
/// `-` 400 ms, `=` dealt with, `?` only a glance, `!` in our last line, `@` like an echo; or
/// another cue.
fn cue(name: &str) -> Cue {
    let word = name.trim_end_matches(['~', '_', '%', '+', '-', '=', '?', '!', '*', '.', '@']);
    let over = |tag, cut| Cue::Over { tag, cut };
    match word {
        "opened" => return Cue::Opened,
        "no hello" => return Cue::NoHello,
        "silence" => return Cue::Silence,
        "1" | "2" | "5" => return Cue::Key(word.chars().next().unwrap()),
        "beep" => return Cue::Tone(LineTone::Single, false),
        "beep in speech" => return Cue::Tone(LineTone::Single, true),
        "ring" => return Cue::Tone(LineTone::Ringing, false),
        "busy" => return Cue::Tone(LineTone::Busy, false),
        "opening begun" => return Cue::Begun(tag::OPENING),
        "message begun" => return Cue::Begun(tag::MESSAGE),
        "message over" => return over(tag::MESSAGE, false),
        "message cut" => return over(tag::MESSAGE, true),
        "reply over" => return over(tag::REPLY, false),
        "closing over" => return over(tag::CLOSING, false),
        "replied" => return Cue::Replied { end_call: None, spoke: true },
        "replied done" => return Cue::Replied { end_call: Some(true), spoke: true },
        "replied cannot" => return Cue::Replied { end_call: Some(false), spoke: true },
        "replied mute" => return Cue::Replied { end_call: Some(true), spoke: false },
        "reply failed" => return Cue::ReplyFailed,
        "gone" => return Cue::Gone,
        "leave" => return Cue::Leave(EndWhat::MaxDuration),
        _ => {}
    }
    let all = [
        Meaning::Confirmed,
        Meaning::Denied,
        Meaning::ThirdParty,
        Meaning::Refused,
        Meaning::OptOut,
        Meaning::AsksRobot,
        Meaning::AsksWho,
        Meaning::Greeting,
        Meaning::Voicemail,
        Meaning::Screening,
        Meaning::HoldOn,
        Meaning::AsksRepeat,
        Meaning::Backchannel,
        Meaning::Agrees,
        Meaning::Goodbye,
        Meaning::Other,
        Meaning::Unclear,
    ];
    let meaning = all.into_iter().find(|m| format!("{m:?}") == word);
    let length_ms = match name {
        _ if name.contains('+') => 5_000,
        _ if name.contains('-') => 400,
        _ => 600,
    };
    let meaning = meaning.unwrap_or_else(|| panic!("no cue named {word}"));
    let certainty = match name {
        _ if name.contains('%') => Certainty::Unsure,
        _ if name.contains('*') => Certainty::Sure,
        _ => Certainty::Certain,
    };
    let heard = Heard {
        n: UtteranceNo(1),
        words: String::new().into(),
        unclear: meaning == Meaning::Unclear,
        certainty,
        start: MediaTime::ZERO,
        end: MediaTime::from_millis(length_ms),
        asked: Tag::default(),
        interrupts: name.contains('~'),
        last_line: name.contains('!'),
        settled: name.contains('='),
        played: name.contains('@').then_some(OURS),
        last: name.contains('.'),
    };
    if name.contains('?') { Cue::Early(meaning, heard) } else { Cue::Judged(meaning, heard) }
}

/// A label by name.
fn label(of: Tag) -> &'static str {
    match of {
        tag::OPENING => "Opening",
        tag::QUESTION => "Question",
        tag::MESSAGE => "Message",
        tag::REPLY => "Reply",
        _ => "Closing",
    }
}

/// A step in short.
fn short(step: &Step) -> String {
    match step {
        Step::Say { tag, lines, .. } => {
            let classes: Vec<String> = lines.iter().map(|l| format!("{:?}", l.0)).collect();
            format!("say {}:{}", label(*tag), classes.join("+"))
        }
        Step::Open => "open".to_owned(),
        Step::Cut => "cut".to_owned(),
        Step::Resume => "resume".to_owned(),
        Step::Respond(Prompt::Silence { times }, _) => format!("respond silence {times}"),
        Step::Respond(prompt, _) => format!("respond {prompt:?}"),
        Step::Identity(identity, _) => identity.word().to_owned(),
        Step::OptOut(_) => "block".to_owned(),
        Step::Classify(verdict) => format!("{verdict:?}"),
        Step::Expect(_, tag) => format!("expect {:?}", Question::of(*tag)),
        Step::Patience(ms) => format!("wait {ms}"),
        Step::Closing(what) => format!("closing {}", what.word()),
        Step::HangUp(what) => format!("hang up {}", what.word()),
        Step::AwaitHello(ms) => format!("hello within {ms}"),
        other => format!("{other:?}"),
    }
}

/// Gives all cues; the steps that answer the last one must be these.
fn check(cues: &[&str], want: &str) {
    let mut director = director(Opening::AfterHello);
    let mut steps = Vec::new();
    let mut confirmed = false;
    for name in cues {
        // Unless it is about that, what is said first was heard.
        director.gate.set_disclosed(!name.contains('_'));
        steps = director.steps(cue(name));
        for step in &steps {
            confirmed |= matches!(step, Step::Identity(Identity::Confirmed, _));
            let respond = matches!(step, Step::Respond(..));
            assert!(!respond || confirmed, "{cues:?}: content before confirmation: {step:?}");
        }
    }
    let got: Vec<String> = steps.iter().map(short).collect();
    assert_eq!(got.join(", "), want, "{cues:?}");
}

const ASKED: [&str; 3] = ["opened", "Greeting", "opening begun"];
const TALKING: [&str; 5] = ["opened", "Greeting", "opening begun", "Confirmed", "message begun"];

fn asking(cues: &[&str], want: &str) {
    check(&[&ASKED, cues].concat(), want);
}

fn talking(cues: &[&str], want: &str) {
    check(&[&TALKING, cues].concat(), want);
}

#[test]
fn the_hello_opens() {
    check(&["opened"], "hello within 1200, expect Hello");
    for hello in ["Greeting", "Other", "Unclear", "Confirmed", "AsksWho", "no hello", "silence"] {
        check(&["opened", hello], "open, expect Identity");
    }
    check(&["opened", "Greeting", "no hello"], "");
    // A long greeting that nobody understands is hardly a person.
    check(&["opened", "Unclear+"], "wait 2000");
    let mut at_once = director(Opening::AtAnswer);
    let steps: Vec<String> = at_once.steps(Cue::Opened).iter().map(short).collect();
    assert_eq!(steps, ["open", "expect Identity"]);
}

const CONFIRMED: &str = "cut, Human, confirmed, expect Talk, respond Deliver";

#[test]
fn the_identity_question() {
    asking(&["Confirmed"], CONFIRMED);
    asking(&["1"], CONFIRMED);
    asking(&["Confirmed~"], CONFIRMED);
    for before in ["Confirmed_", "Greeting_", "Unclear_", "AsksWho_", "AsksRobot_", "Denied_"] {
        asking(&[before], "");
    }
    asking(&["Confirmed_~"], "resume");
    let leaves = |identity: &str| {
        let closing = "closing identity_not_confirmed, say Closing:Closing";
        format!("cut, Human, {identity}, {closing}")
    };
    asking(&["Denied"], &leaves("denied"));
    asking(&["2"], &leaves("denied"));
    asking(&["ThirdParty~"], &leaves("third_party"));
    asking(&["Refused"], &leaves("refused"));
    asking(&["Goodbye"], &leaves("refused"));
    asking(&["5"], "");
    asking(&["Greeting"], "cut, say Question:Opening+Opening");
    asking(&["AsksRepeat"], "cut, say Question:Opening+Opening");
    asking(&["AsksRobot"], "cut, say Question:Neutral+Question");
    asking(&["AsksWho"], "cut, say Question:Neutral+Question");
    asking(&["Screening"], "cut, say Question:Neutral+Question");
    asking(&["HoldOn"], "say Question:Neutral, wait 20000");
    for within in ["Greeting~", "Backchannel~", "Unclear~", "AsksWho~"] {
        asking(&[within], "resume");
    }
}

#[test]
fn unclear_and_silent_callees_are_asked_once_more() {
    let again = "cut, say Question:Question";
    let leaves = "cut, unclear, closing identity_not_confirmed, say Closing:Closing";
    for (first, second) in [("Unclear", "Other"), ("Backchannel", "Unclear")] {
        asking(&[first], again);
        asking(&[first, second], leaves);
    }
    asking(&["silence"], again);
    asking(&["silence", "silence"], leaves);
    let nothing = ["opened", "no hello", "opening begun", "silence", "silence"];
    check(&nothing, "unclear, closing silence, say Closing:Closing");
    asking(&["Unclear", "Confirmed"], CONFIRMED);
    asking(&["silence", "1"], CONFIRMED);
    let who = ["AsksWho"; 6];
    asking(&who, leaves);
}

#[test]
fn the_question_is_repeated_once_in_whatever_order_it_stays_unanswered() {
    let unanswered = ["silence", "Unclear", "Other", "Backchannel"];
    let between = ["AsksRepeat", "AsksWho", "AsksRobot", "Greeting"];
    let again = "cut, say Question:Question";
    let leaves = "cut, unclear, closing identity_not_confirmed, say Closing:Closing";
    for first in unanswered {
        for second in unanswered {
            asking(&[first], again);
            asking(&[first, second], leaves);
            for other in between {
                asking(&[other, first], again);
                asking(&[first, other, second], leaves);
                asking(&[other, first, other, second], leaves);
            }
        }
    }
}

#[test]
fn last_words_that_are_our_first_say_who_we_are() {
    let leaves = "say Closing:Opening+Closing";
    let blocked = format!("cut, Human, refused, block, closing opted_out, {leaves}");
    // Last words do not wait for an opening.
    let unopened = format!("open, expect Identity, {leaves}");
    let at_once = format!("cut, Human, refused, block, closing opted_out, {unopened}");
    check(&["opened", "OptOut"], &at_once);
    check(&["opened", "Greeting", "OptOut_"], &blocked);
    check(&["opened", "leave"], &format!("cut, closing max_duration, {unopened}"));
    asking(&["OptOut_~"], "cut, Human, refused, block, closing opted_out, say Closing:Closing");
}

#[test]
fn what_is_said_before_the_message_is_heard_does_not_replace_it() {
    let soon = |cues: &[&str], want: &str| {
        check(&[&["opened", "Greeting", "opening begun", "Confirmed"], cues].concat(), want);
    };
    for said in ["Backchannel", "Unclear", "Unclear%+", "Other", "Confirmed", "Greeting", "AsksWho"]
    {
        soon(&[said], "");
        soon(&[&format!("{said}~")], "resume");
    }
    soon(&["AsksRobot"], "cut, say Reply:Neutral, respond Deliver");
    soon(&["AsksRobot", "Backchannel"], "");
    soon(&["HoldOn"], "cut, respond Reply");
    soon(&["HoldOn", "message cut", "Greeting"], "cut, respond Deliver");
    soon(&["HoldOn", "message cut", "Other"], "cut, respond Reply");
    soon(&["Refused"], "cut, respond Reply");
}

#[test]
fn listeners_are_told_from_speakers_before_their_pause_is_over() {
    for glance in ["Backchannel~?", "Unclear~%?-", "Other~%?-"] {
        talking(&[glance], "resume");
        asking(&[glance], "resume");
        talking(&["replied done", glance], "resume");
        check(&["opened", glance], "");
    }
    for glance in ["Other~?-", "Unclear~%?", "AsksRepeat~?-", "OptOut~?-", "HoldOn~?-"] {
        talking(&[glance], "");
        asking(&[glance], "");
    }
    asking(&["Confirmed~?-"], "");
    // The sentence itself follows, perhaps when the message is over.
    talking(&["Backchannel=", "Backchannel~="], "resume");
    talking(&["Backchannel="], "");
    talking(&["Unclear=%-"], "");
    talking(&["AsksRepeat="], "cut, respond Reply");
}

#[test]
fn doubtful_hearings_end_nothing() {
    for doubtful in ["Denied%", "ThirdParty%", "Refused%", "OptOut%"] {
        asking(&[doubtful], "cut, say Question:Question");
    }
    let blocked = "cut, Human, refused, block, closing opted_out, say Closing:Closing";
    asking(&["OptOut%", "OptOut%"], blocked);
}

#[test]
fn wishes_not_to_be_called_are_met_at_any_time() {
    let blocked = "cut, Human, refused, block, closing opted_out, say Closing:Closing";
    asking(&["OptOut~"], blocked);
    let after = "cut, Human, block, closing opted_out, say Closing:Closing";
    talking(&["OptOut"], after);
    talking(&["replied done", "OptOut"], after);
}

const BLOCKED: &str = "cut, Human, refused, block, closing opted_out, say Closing:Closing";

#[test]
fn a_wish_not_to_be_called_that_is_not_beyond_doubt_is_asked_about() {
    let asked = "cut, expect OptOut, say Question:Question";
    asking(&["OptOut*"], asked);
    for yes in ["OptOut*", "OptOut%", "Agrees", "Confirmed", "Refused", "Goodbye", "silence", "1"] {
        asking(&["OptOut*", yes], BLOCKED);
    }
    asking(&["OptOut*", "Unclear~%-"], "resume");
    asking(&["OptOut*", "Unclear"], asked);
    asking(&["OptOut*", "Unclear", "Unclear"], BLOCKED);
    asking(&["OptOut*", "Unclear", "Denied", "OptOut*", "Unclear"], asked);
    asking(&["OptOut*", "AsksRepeat"], asked);
    for no in ["Denied", "2"] {
        asking(&["OptOut*", no], "expect Identity, cut, say Question:Question");
    }
    asking(&["OptOut*", "Denied", "OptOut*"], asked);
    let left = "cut, Human, third_party, closing identity_not_confirmed, say Closing:Closing";
    asking(&["OptOut*", "ThirdParty"], &format!("expect Identity, {left}"));
    asking(
        &["OptOut*", "leave"],
        "cut, Human, refused, block, closing max_duration, say Closing:Closing",
    );
    let for_ever =
        ["OptOut*", "AsksRepeat", "AsksRepeat", "AsksRepeat", "AsksRepeat", "AsksRepeat"];
    asking(&for_ever, BLOCKED);
}

#[test]
fn after_a_no_the_talk_goes_on_where_it_was() {
    let blocked = "cut, Human, block, closing opted_out, say Closing:Closing";
    for doubtful in ["OptOut*", "OptOut%"] {
        talking(&[doubtful], "cut, expect OptOut, say Question:Question");
        talking(&[doubtful, "Agrees"], blocked);
        talking(&[doubtful, "Denied"], "expect Talk, cut, respond Deliver");
        talking(&[doubtful, "Other"], "expect Talk, cut, respond Reply");
        talking(&["message over", doubtful, "Denied"], "expect Talk, cut, say Reply:Question");
        let leaving = ["message over", "replied done", doubtful];
        talking(&leaving, "cut, expect OptOut, say Question:Question");
        talking(
            &[&leaving[..], &["Denied"]].concat(),
            "expect Talk, cut, closing task_done, say Closing:Closing",
        );
    }
    // Nobody was confirmed: what comes after the farewell is no talk about the matter.
    asking(&["Denied", "OptOut*", "Other"], "expect Identity");
    asking(
        &["Denied", "OptOut*", "Denied"],
        "expect Identity, cut, closing identity_not_confirmed, say Closing:Closing",
    );
}

#[test]
fn the_last_words_before_the_line_is_cut_count() {
    asking(&["OptOut*."], "Human, refused, block, closing opted_out");
    asking(&["OptOut%."], "");
    asking(&["OptOut%", "OptOut%."], "Human, refused, block, closing opted_out");
    asking(&["OptOut*", "gone"], "Human, refused, block, closing opted_out");
    asking(&["OptOut*", "Denied.", "gone"], "");
    asking(&["OptOut", "OptOut."], "");
    asking(&["Denied."], "Human, denied");
    asking(&["Denied%."], "");
    asking(&["ThirdParty."], "Human, third_party");
    asking(&["Refused."], "Human, refused");
    asking(&["Confirmed."], "");
    asking(&["gone"], "");
    talking(&["OptOut."], "Human, block, closing opted_out");
    talking(&["Denied."], "");
    check(&["opened", "Greeting", "Denied_."], "");
    check(&["opened", "Voicemail", "OptOut."], "");
}

const OPENS: &str = "open, expect Identity";

#[test]
fn machines_hear_one_neutral_sentence() {
    let found = "cut, Voicemail, voicemail, closing voicemail, wait 2500";
    let message = "closing voicemail, open, expect Identity, say Closing:Closing";
    let opened = "closing voicemail, say Closing:Closing";
    check(&["opened", "Voicemail"], found);
    asking(&["Voicemail"], found);
    // A tone before any voice is a machine's if neither its like nor a voice follows.
    check(&["opened", "beep"], "hello within 5000");
    check(&["opened", "beep", "no hello"], &format!("{found}, {message}"));
    check(&["opened", "beep", "Greeting"], "open, expect Identity");
    check(&["opened", "no hello", "beep", "silence"], &format!("{found}, {opened}"));
    // Voice that goes on as no person's does is a machine's greeting.
    check(&["opened", "Unclear+", "beep"], &format!("{found}, {message}"));
    check(&["opened", "Greeting+", "beep"], &format!("{found}, {opened}"));
    // The tone comes before the greeting that it ends is judged.
    for said in ["Greeting+", "Unclear+", "Other+"] {
        check(&["opened", "beep in speech", said], &format!("{found}, {message}"));
        check(&["opened", "beep", said], if said == "Unclear+" { "wait 2000" } else { OPENS });
    }
    check(&["opened", "beep in speech", "Greeting"], OPENS);
    // Machines say hello too; who goes on for five seconds then is none the less one.
    check(&["opened", "Greeting", "Other_+", "beep"], &format!("{found}, {opened}"));
    check(&["opened", "Greeting", "Confirmed_+", "beep"], &format!("{found}, {opened}"));
    check(&["opened", "Voicemail", "beep"], message);
    check(&["opened", "Voicemail", "silence"], message);
    check(&["opened", "Voicemail", "Other"], "wait 2500");
    check(&["opened", "Voicemail", "beep", "closing over"], "hang up voicemail");
    // A long greeting that nobody understands, and silence after our opening.
    check(&["opened", "Unclear+", "silence", "silence"], &format!("{found}, {opened}"));
    talking(&["beep"], "");
}

#[test]
fn a_tone_after_a_person_has_spoken_is_noise() {
    for said in ["Greeting", "Other", "AsksWho", "Confirmed_", "Unclear"] {
        check(&["opened", said, "beep"], "");
        check(&["opened", said, "ring"], "");
    }
    asking(&["AsksWho", "Unclear+", "beep"], "");
    asking(&["beep", "silence"], "cut, say Question:Question");
}

#[test]
fn behind_a_gateway_that_answers_at_once_nobody_is_spoken_to_before_somebody_speaks() {
    check(&["opened", "beep", "ring"], "hello within 6000");
    check(&["opened", "beep", "ring", "silence"], "");
    check(&["opened", "beep", "ring", "ring", "Greeting"], "open, expect Identity");
    // It has stopped to ring: somebody may have picked up without a word.
    check(&["opened", "beep", "ring", "no hello"], "open, expect Identity");
    // What was said to a telephone that rings was said to nobody.
    let withdrawn = "cut, expect Hello, hello within 6000";
    check(&["opened", "no hello", "opening begun", "beep", "ring"], withdrawn);
    check(
        &["opened", "no hello", "opening begun", "beep", "ring", "ring", "Greeting"],
        "open, expect Identity, say Opening:Opening+Opening",
    );
    let rings: Vec<&str> = ["opened"].into_iter().chain(["ring"; 14]).collect();
    check(&rings, "End(Silence)");
    for stage in [&["opened"][..], &ASKED, &TALKING] {
        check(&[stage, &["busy"]].concat(), "End(CalleeHungUp)");
    }
}

#[test]
fn the_talk_belongs_to_the_responder() {
    talking(&["Other"], "cut, respond Reply");
    talking(&["Other~"], "cut, respond Reply");
    talking(&["Backchannel~"], "resume");
    talking(&["Backchannel"], "cut, respond Reply");
    talking(&["replied done", "Other~%"], "resume");
    // “Yes, right” into the message is no answer; into its last line, a question, it is.
    talking(&["Agrees~"], "resume");
    talking(&["Agrees~?"], "resume");
    talking(&["Agrees~!"], "cut, respond Reply");
    talking(&["Agrees~!?"], "");
    talking(&["Agrees"], "cut, respond Reply");
    talking(&["replied done", "Agrees~!"], "resume");
    talking(&["Unclear~%"], "resume");
    talking(&["Other~%"], "resume");
    talking(&["Unclear~%+"], "cut, respond Reply");
    talking(&["replied"], "");
    talking(&["AsksRobot"], "cut, say Reply:Neutral, respond Deliver");
    talking(&["message over", "AsksRobot"], "cut, say Reply:Neutral+Question");
    talking(&["message cut", "AsksRobot"], "cut, say Reply:Neutral, respond Deliver");
    talking(&["silence"], "respond silence 1");
    talking(&["silence", "silence"], "respond silence 2");
    talking(&["silence", "Other", "silence"], "respond silence 1");
    let thrice = ["silence"; 3];
    talking(&thrice, "closing silence, say Closing:Closing");
    let told = [&["message over"], &thrice[..]].concat();
    talking(&told, "closing task_done, say Closing:Closing");
    talking(&["reply failed"], "closing model_failed, say Closing:Closing");
}

#[test]
fn the_end() {
    talking(&["replied done"], "closing task_done");
    talking(&["replied cannot"], "closing task_impossible");
    talking(&["replied mute"], "closing task_done, say Closing:Closing");
    talking(&["replied done", "reply over"], "hang up task_done");
    // What was being said when the closing was begun is not the closing.
    talking(&["replied mute", "reply over"], "");
    talking(&["reply failed", "message over"], "");
    talking(&["reply failed", "closing over"], "hang up model_failed");
    talking(&["replied done", "Goodbye"], "");
    talking(&["replied done", "Goodbye~"], "resume");
    talking(&["replied done", "AsksWho"], "cut, respond Reply");
    talking(&["replied mute", "AsksWho"], "");
    talking(&["replied done", "silence"], "hang up task_done");
    let leaves = "cut, closing max_duration, say Closing:Closing";
    talking(&["leave"], leaves);
    asking(&["leave"], leaves);
    talking(&["leave", "closing over"], "hang up max_duration");
}

#[test]
fn what_may_be_our_own_echo_answers_nothing() {
    for said in
        ["Confirmed@", "Denied@", "AsksWho@", "Goodbye@", "Other@", "Unclear@", "ThirdParty@"]
    {
        asking(&[said], "");
        asking(&[&format!("{said}~")], "resume");
        talking(&[&format!("{said}~")], "resume");
        asking(&[&format!("{said}.")], "");
    }
    // It is no sign of life either: silence is asked about, and ends as silence.
    let nobody = ["opened", "no hello", "opening begun", "Confirmed@", "silence", "Confirmed@"];
    check(&[&nobody[..], &["silence"]].concat(), "unclear, closing silence, say Closing:Closing");
    // Words that go on after ours are nobody's echo, and a wish is asked about.
    asking(&["Confirmed+@"], CONFIRMED);
    let asked = "cut, expect OptOut, say Question:Question";
    asking(&["OptOut*@~"], asked);
}
