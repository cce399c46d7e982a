//! The `Judge` fake: one table of key words.

use domain::{Brief, Language, Masked};
use engine::ports::PortFuture;
use engine::ports::judge::{Judge, Meaning, Reply};
use engine::ports::synthesizer::SpeechError;

use crate::moods::{Mood, Moods};

/// See the module.
#[derive(Clone, Debug)]
pub struct FakeJudge {
    /// How it behaves.
    pub moods: Moods,
}

/// The first row whose words occur decides.
const TABLE: &[(&str, Meaning)] = &[
    ("不要再打", Meaning::OptOut),
    ("打错", Meaning::Denied),
    ("不是这个意思", Meaning::Denied),
    ("家人", Meaning::ThirdParty),
    ("不方便", Meaning::Refused),
    ("机器人", Meaning::AsksRobot),
    ("语音信箱", Meaning::Voicemail),
    ("说明来意", Meaning::Screening),
    ("等一下", Meaning::HoldOn),
    ("再说一遍", Meaning::AsksRepeat),
    ("哪位", Meaning::AsksWho),
    ("是我", Meaning::Confirmed),
    ("嗯", Meaning::Backchannel),
    ("再见", Meaning::Goodbye),
    ("喂", Meaning::Greeting),
];

fn meaning(reply: &Reply) -> Meaning {
    if reply.heard.unclear {
        return Meaning::Unclear;
    }
    let heard = reply.heard.text.reveal();
    let row = TABLE.iter().find(|(words, _)| heard.contains(words));
    row.map_or(Meaning::Other, |(_, found)| *found)
}

impl Judge for FakeJudge {
    fn name(&self) -> &'static str {
        "table"
    }

    /// Reads `给ADDRESSEE，SENDER托我…`; other requirements name nobody.
    fn brief(
        &self,
        requirement: Masked<String>,
        language: Language,
    ) -> PortFuture<'static, Result<Brief, SpeechError>> {
        let text = requirement.reveal();
        let names = text.strip_prefix("给").and_then(|t| t.split_once('，'));
        let names = names.and_then(|(to, rest)| Some((to, rest.split_once("托我")?.0)));
        let brief = Brief {
            addressee: names.map(|n| n.0.to_owned()),
            sender: names.map(|n| n.1.to_owned()),
            purpose: None,
            language,
        };
        let (mood, takes) = (self.moods.judge(), self.moods.judge_takes());
        let clock = self.moods.clock();
        Box::pin(async move {
            clock.sleep(takes).await;
            match mood {
                Mood::Works => Ok(brief),
                Mood::Stalls => std::future::pending().await,
                Mood::Fails | Mood::FailsMidway => Err(failed()),
            }
        })
    }

    fn judge(&self, reply: Reply) -> PortFuture<'static, Result<Meaning, SpeechError>> {
        let (mood, takes) = (self.moods.judge(), self.moods.judge_takes());
        let clock = self.moods.clock();
        Box::pin(async move {
            clock.sleep(takes).await;
            match mood {
                Mood::Works => Ok(meaning(&reply)),
                Mood::Stalls => std::future::pending().await,
                Mood::Fails | Mood::FailsMidway => Err(failed()),
            }
        })
    }
}

fn failed() -> SpeechError {
    SpeechError::Failed { part: "judge", cause: "made to fail".to_owned() }
}
