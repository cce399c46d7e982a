//! The callees' voices: espeak-ng run as a program, its speech cut, levelled and cached.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use domain::Language;
use media::resample::SpeechResampler;
use tokio::io::AsyncWriteExt;
use tokio::sync::{OnceCell, Semaphore};

use crate::config::{LabError, VoiceError};
use crate::hearing::level;
use crate::persona::Speaker;

/// Variants of espeak-ng that speak for callees and machines, and nowhere else in this project:
/// the recognizer is neither taught nor tuned with them.
pub const LAB_VOICES: [&str; 5] = ["linda", "Denis", "Annie", "michel", "belinda"];
/// The last one is every machine's.
const PEOPLE: usize = LAB_VOICES.len() - 1;
const MACHINE: &str = LAB_VOICES[PEOPLE];

/// How loud speech is made, as root mean square of its loud parts (−23 dB of full scale).
pub(crate) const SPEECH_LEVEL: f32 = 2_200.0;

/// A voice that a callee keeps for the whole call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Voice {
    language: Language,
    variant: &'static str,
}

impl Voice {
    /// The voice of a person, chosen by a draw, or that of all machines.
    pub(crate) fn of(language: Language, speaker: Speaker, draw: u64) -> Self {
        let variant = match speaker {
            Speaker::Person => LAB_VOICES[draw as usize % PEOPLE],
            Speaker::Machine => MACHINE,
        };
        Self { language, variant }
    }

    fn espeak_name(self) -> String {
        // Never `cmn` or `zh`: these voices read most hanzi as English letters.
        let base = match self.language {
            Language::Zh => "cmn-latn-pinyin",
            Language::En => "en-us",
        };
        format!("{base}+{}", self.variant)
    }

    /// Words a minute that sound like a person on the phone.
    fn pace(self) -> &'static str {
        match self.language {
            Language::Zh => "220",
            Language::En => "165",
        }
    }
}

/// 8 kHz samples, shared by all calls that say the same.
pub(crate) type Pcm = Arc<[i16]>;

/// By voice and text; a cell is filled once, whoever asks first.
type Cache = HashMap<(Voice, &'static str), Arc<OnceCell<Pcm>>>;

/// Renders lines once each.
#[derive(Debug)]
pub(crate) struct Voices {
    espeak: PathBuf,
    /// Texts are constants of this crate, so this grows no further than voices × variants.
    cache: Mutex<Cache>,
    /// Two renderings at a time: more would only steal the media thread's core.
    busy: Semaphore,
}

impl Voices {
    /// Checks that the program can be run.
    pub(crate) async fn open(espeak: PathBuf) -> Result<Self, LabError> {
        let run = tokio::process::Command::new(&espeak)
            .arg("--version")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .status()
            .await;
        if let Err(source) = run {
            return Err(LabError::Espeak { program: espeak, source });
        }
        Ok(Self { espeak, cache: Mutex::default(), busy: Semaphore::new(2) })
    }

    /// A line's samples, without silence at its ends.
    pub(crate) async fn render(&self, voice: Voice, text: &'static str) -> Result<Pcm, VoiceError> {
        let cell = {
            let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(cache.entry((voice, text)).or_default())
        };
        let pcm = cell.get_or_try_init(|| self.render_anew(voice, text)).await?;
        Ok(Arc::clone(pcm))
    }

    async fn render_anew(&self, voice: Voice, text: &str) -> Result<Pcm, VoiceError> {
        let _permit = self.busy.acquire().await;
        let mut samples = Vec::new();
        for (n, part) in text.split(crate::persona::PAUSE).enumerate() {
            if n > 0 {
                samples.resize(samples.len() + PAUSE_SAMPLES, 0);
            }
            let speech = levelled(trimmed(&self.run(voice, part).await?));
            if speech.is_empty() {
                return Err(VoiceError::NoSpeech { voice: voice.espeak_name() });
            }
            samples.extend(speech);
        }
        Ok(samples.into())
    }

    /// One run of the program; its output at 8 kHz.
    async fn run(&self, voice: Voice, text: &str) -> Result<Vec<i16>, VoiceError> {
        let mut child = tokio::process::Command::new(&self.espeak)
            .args(["-v", &voice.espeak_name(), "-s", voice.pace(), "-z", "--stdout", "--stdin"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(text.as_bytes()).await?;
        }
        let output = child.wait_with_output().await?;
        if !output.status.success() {
            return Err(VoiceError::NoSpeech { voice: voice.espeak_name() });
        }
        let body = output.stdout.get(WAV_HEADER..).unwrap_or_default();
        let input: Vec<i16> =
            body.chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect();
        let mut resampled = Vec::with_capacity(input.len() * 3 / 8);
        let mut resampler = SpeechResampler::new(ESPEAK_RATE, 8_000);
        resampler.push(&input, &mut resampled);
        resampler.finish(&mut resampled);
        Ok(resampled)
    }
}

/// Without the silence before and after; what is left begins with sound, so that the moment a
/// line starts to play is the moment it is heard.
fn trimmed(samples: &[i16]) -> &[i16] {
    let loud = |s: &i16| s.unsigned_abs() > 200;
    let from = samples.iter().position(loud).unwrap_or(samples.len());
    let to = samples.iter().rposition(loud).map_or(from, |last| last + 1);
    &samples[from..to]
}

fn levelled(samples: &[i16]) -> Vec<i16> {
    let mut power = 0.0;
    let mut count = 0.0;
    for frame in samples.chunks(160).map(level).filter(|l| *l > 200.0) {
        power += frame * frame;
        count += 1.0;
    }
    if count == 0.0 {
        return Vec::new();
    }
    let gain = SPEECH_LEVEL / (power / count as f32).sqrt();
    samples.iter().map(|s| (f32::from(*s) * gain).clamp(-32_000.0, 32_000.0) as i16).collect()
}

const WAV_HEADER: usize = 44;
const ESPEAK_RATE: u32 = 22_050;
/// 600 ms.
const PAUSE_SAMPLES: usize = 4_800;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::persona::Line;

    async fn seconds(line: Line, language: Language) -> Vec<f32> {
        let voices = Voices::open("espeak-ng".into()).await.unwrap();
        let mut all = Vec::new();
        for draw in 0..PEOPLE as u64 {
            let voice = Voice::of(language, line.speaker(), draw);
            for text in line.variants(language) {
                all.push(voices.render(voice, text).await.unwrap().len() as f32 / 8_000.0);
            }
        }
        all
    }

    #[tokio::test]
    async fn lengths_are_those_of_the_persona_table() {
        for language in [Language::Zh, Language::En] {
            for (line, range) in [
                (Line::LongTalk, 11.0..14.5),
                (Line::VoicemailGreeting, 6.0..9.0),
                // “喂？” is one syllable.
                (Line::Hello, 0.1..1.8),
                (Line::Mhm, 0.1..0.7),
            ] {
                for s in seconds(line, language).await {
                    assert!(range.contains(&s), "{line:?} {language:?} {s}");
                }
            }
        }
    }

    #[tokio::test]
    async fn speech_has_one_level_and_no_silence_at_its_ends() {
        let voices = Voices::open("espeak-ng".into()).await.unwrap();
        for draw in 0..PEOPLE as u64 {
            let voice = Voice::of(Language::Zh, Speaker::Person, draw);
            let pcm = voices.render(voice, "好的，我知道了").await.unwrap();
            assert!(pcm[..40].iter().any(|s| s.unsigned_abs() > 30));
            assert!((1_200.0..2_600.0).contains(&level(&pcm)), "{}", level(&pcm));
            let again = voices.render(voice, "好的，我知道了").await.unwrap();
            assert!(Arc::ptr_eq(&pcm, &again));
        }
    }

    #[tokio::test]
    async fn a_missing_program_is_named() {
        let error = Voices::open("/nonexistent/espeak".into()).await.unwrap_err();
        assert!(error.to_string().contains("/nonexistent/espeak"), "{error}");
    }
}
