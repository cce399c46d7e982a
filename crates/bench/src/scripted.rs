//! Models that do what a run says, and take as long: they know no language.
//!
//! Each character of a text is spoken as a tone of its own, so that the callee's end can tell
//! from the sound which characters it heard.

use std::f64::consts::TAU;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use domain::{Brief, Frame, Language, Masked, MediaTime};
use engine::ports::PortFuture;
use engine::ports::judge::{Judge, Meaning, Question, Reply};
use engine::ports::recognizer::{
    Expect, Heard, Recognizer, RecognizerOptions, RecognizerSession, glance_by,
};
use engine::ports::responder::{Prompt, RespondOrder, Responder, ResponderEvent};
use engine::ports::synthesizer::{
    SpeakOrder, SpeechChunk, SpeechClass, SpeechError, Synthesizer, VoiceInfo,
};
use serde::Serialize;
use tokio::sync::mpsc;

/// Tones there are; the next character begins with the first again.
pub const TONES: usize = 24;
/// Length of a character: 200 ms at 8 kHz.
pub const CHAR_SAMPLES: usize = 1_600;
/// Utterances up to this long are backchannels, ms: the lab's are 160 to 300 ms long, and its
/// shortest interruption 500.
const BACKCHANNEL_MS: u64 = 400;
/// Loudness of speech.
const PEAK: f64 = 6_000.0;

/// How long the models take.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Delays {
    /// From the end of an utterance to its text, ms.
    pub recognizer_ms: u64,
    /// To what it means, ms.
    pub judge_ms: u64,
    /// To the first words of a reply, ms.
    pub responder_ms: u64,
    /// From a text to its first sound, ms.
    pub synthesizer_ms: u64,
}

impl Delays {
    /// What a reply takes by script alone, ms.
    pub const fn sum_ms(&self) -> u64 {
        self.recognizer_ms + self.judge_ms + self.responder_ms + self.synthesizer_ms
    }
}

/// What a callee is like; stands in the requirement, whose brief carries it to the judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Script {
    /// Identity is confirmed, a short message is delivered, the next reply ends the call.
    Short,
    /// The same with a long message and replies that never end the call.
    Long,
    /// The same with ten seconds of speech in each reply.
    Held,
    /// It is somebody else.
    Denied,
    /// Do not call again.
    OptOut,
}

impl Script {
    const ALL: [(Self, &str); 5] = [
        (Self::Short, "short"),
        (Self::Long, "long"),
        (Self::Held, "held"),
        (Self::Denied, "denied"),
        (Self::OptOut, "opt out"),
    ];

    /// As a requirement.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(s, _)| *s == self).map_or("", |(_, w)| w)
    }

    fn of(word: &str) -> Self {
        Self::ALL.iter().find(|(_, w)| *w == word).map_or(Self::Short, |(s, _)| *s)
    }
}

/// Characters of the long message.
pub const LONG_CHARS: usize = 40;

/// All four models.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scripted {
    /// How long they take.
    pub delays: Delays,
}

struct Session(Duration);

impl Recognizer for Scripted {
    fn open(&self, _: &RecognizerOptions) -> Result<Box<dyn RecognizerSession>, SpeechError> {
        Ok(Box::new(Session(Duration::from_millis(self.delays.recognizer_ms))))
    }
}

/// What was said, by its length alone.
fn text(start: MediaTime, end: MediaTime, expect: Expect) -> &'static str {
    let short = end.since(start).as_millis() <= BACKCHANNEL_MS;
    if expect == Expect::Talk && short { "mm" } else { "words" }
}

impl RecognizerSession for Session {
    fn push(&mut self, _: &Frame) {}

    fn finish(
        &mut self,
        start: MediaTime,
        end: MediaTime,
        expect: Expect,
    ) -> PortFuture<'static, Result<Heard, SpeechError>> {
        let (delay, text) = (self.0, text(start, end, expect));
        Box::pin(async move {
            tokio::time::sleep(delay).await;
            Ok(Heard::text(text))
        })
    }

    fn glance(
        &self,
        start: MediaTime,
        end: MediaTime,
        expect: Expect,
    ) -> PortFuture<'static, Result<Option<Heard>, SpeechError>> {
        glance_by(Self(self.0).finish(start, end, expect))
    }

    fn discard(&mut self) {}
}

impl Judge for Scripted {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn brief(
        &self,
        requirement: Masked<String>,
        language: Language,
    ) -> PortFuture<'static, Result<Brief, SpeechError>> {
        let addressee = Some(requirement.reveal().clone());
        Box::pin(async move { Ok(Brief { addressee, language, ..Brief::default() }) })
    }

    fn judge(&self, reply: Reply) -> PortFuture<'static, Result<Meaning, SpeechError>> {
        let delay = Duration::from_millis(self.delays.judge_ms);
        let script = reply.addressee.as_ref().map_or(Script::Short, |a| Script::of(a.reveal()));
        let meaning = match (reply.question, script) {
            (Question::Hello, _) => Meaning::Greeting,
            (Question::Identity, Script::Denied) => Meaning::Denied,
            (Question::Identity | Question::OptOut, Script::OptOut) => Meaning::OptOut,
            (Question::Identity, _) => Meaning::Confirmed,
            (Question::Talk, _) if reply.heard.text.reveal() == "mm" => Meaning::Backchannel,
            (Question::Talk | Question::OptOut, _) => Meaning::Other,
        };
        Box::pin(async move {
            tokio::time::sleep(delay).await;
            Ok(meaning)
        })
    }
}

impl Responder for Scripted {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn respond(&self, order: RespondOrder) -> mpsc::Receiver<ResponderEvent> {
        // Bound: as the port wants it, the maker waits when its words are not read.
        let (to, from) = mpsc::channel(4);
        let delay = Duration::from_millis(self.delays.responder_ms);
        let (chars, end) = match (order.prompt, Script::of(order.requirement.reveal())) {
            (_, Script::Held) => (50, false),
            (Prompt::Deliver, Script::Long) => (LONG_CHARS, false),
            (Prompt::Deliver, _) => (8, false),
            (_, Script::Long) => (6, false),
            _ => (6, true),
        };
        tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            let text = Masked::new("字".repeat(chars - 1) + "。");
            let _ = to.send(ResponderEvent::Text(text)).await;
            if end {
                let _ = to.send(ResponderEvent::EndCall { done: true }).await;
            }
            let _ = to.send(ResponderEvent::Finished).await;
        });
        from
    }
}

/// All tones, each as long as a character.
static SOUNDS: LazyLock<Vec<Arc<[i16]>>> = LazyLock::new(|| {
    let tone = |n: usize| (0..CHAR_SAMPLES).map(|i| sample(n, i)).collect();
    (0..TONES).map(tone).collect()
});

/// What tone `n` sounds like, Hz; a whole number of periods fits into 20 ms.
pub const fn pitch(n: usize) -> u32 {
    300 + 100 * (n % TONES) as u32
}

fn sample(tone: usize, at: usize) -> i16 {
    let turns = f64::from(pitch(tone)) * at as f64 / 8_000.0;
    ((turns * TAU).sin() * PEAK) as i16
}

impl Synthesizer for Scripted {
    fn speak(&self, order: SpeakOrder) -> mpsc::Receiver<Result<SpeechChunk, SpeechError>> {
        // Bound: as the port wants it, the maker waits when its chunks are not read.
        let (to, from) = mpsc::channel(4);
        let delay = Duration::from_millis(self.delays.synthesizer_ms);
        let whole = order.text.reveal().chars().count();
        // Fixed phrases are long in a language that nobody listens to here.
        let chars = if order.class == SpeechClass::Content { whole } else { whole.min(8) };
        tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            for n in 0..chars {
                let samples = SOUNDS[n % TONES].iter().copied().collect();
                let done = if n + 1 == chars { whole } else { n + 1 };
                let chars_done = u32::try_from(done).ok();
                if to.send(Ok(SpeechChunk { samples, chars_done })).await.is_err() {
                    return;
                }
            }
        });
        from
    }

    fn voices(&self) -> Vec<VoiceInfo> {
        [("v0001", Language::Zh), ("v0002", Language::En)]
            .map(|(id, language)| VoiceInfo::neutral(id, language, "female"))
            .to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_survive_the_way_through_a_requirement() {
        for (script, _) in Script::ALL {
            assert_eq!(Script::of(script.word()), script);
        }
    }
}
