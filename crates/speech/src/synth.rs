//! The embedded synthesizer: the `Synthesizer` port on espeak-ng.
//!
//! A text is cut into parts, each spoken by the voice of its own script. A part is made in a few
//! hundredths of its length, so it is made whole: only then is it known how long it is, and with
//! that which character a sample belongs to.

use std::sync::Arc;

use domain::Language;
use engine::ports::synthesizer::{SpeakOrder, SpeechChunk, SpeechError, Synthesizer, VoiceInfo};
use media::resample::SpeechResampler;
use tokio::sync::mpsc;

use crate::espeak::{ESPEAK_RATE, Espeak};
use crate::synth_cache::{CacheKey, Part, Speech, SpeechCache};
use crate::synth_text::{Segment, segments};

/// Speaks by espeak-ng.
#[derive(Clone)]
pub struct EspeakSynthesizer {
    espeak: Espeak,
    cache: Arc<SpeechCache>,
}

type Sender = mpsc::Sender<Result<SpeechChunk, SpeechError>>;

impl EspeakSynthesizer {
    /// A synthesizer that keeps at most so many bytes of speech for reuse.
    pub fn new(espeak: Espeak, cache_bytes: usize) -> Self {
        Self { espeak, cache: Arc::new(SpeechCache::new(cache_bytes)) }
    }

    /// Its program's version, or why it cannot speak.
    pub async fn check(&self) -> Result<String, SpeechError> {
        self.espeak.version().await
    }

    async fn perform(&self, order: SpeakOrder, sender: Sender) {
        let key = CacheKey {
            text: order.text.reveal().clone(),
            voice: order.voice.clone(),
            speed: order.speed,
            rate: order.sample_rate,
        };
        let mut player = Player::new(&order, sender);
        if let Some(speech) = self.cache.get(&key) {
            for part in speech.iter() {
                if player.play(part).await.is_err() {
                    return;
                }
            }
            return;
        }
        match self.make(&order, &mut player).await {
            Ok(Some(speech)) => self.cache.put(key, speech),
            Ok(None) => {}
            Err(error) => player.fail(error).await,
        }
    }

    /// Makes and plays part by part; `None` if the listener went away.
    async fn make(
        &self,
        order: &SpeakOrder,
        player: &mut Player,
    ) -> Result<Option<Speech>, SpeechError> {
        if !matches!(order.sample_rate, 8_000 | 16_000) {
            let cause = format!("no sample rate {}", order.sample_rate);
            return Err(SpeechError::Failed { part: "synthesizer", cause });
        }
        let voice = voice_named(&order.voice)?;
        let mut parts = Vec::new();
        let mut all = segments(order.text.reveal(), order.language);
        let count = u32::try_from(order.text.reveal().chars().count()).unwrap_or(u32::MAX);
        if let Some(last) = all.last_mut() {
            last.chars_done = count;
        }
        for segment in all {
            let closed = player.sender.clone();
            let part = tokio::select! {
                // Dropping the other branch kills the program.
                () = closed.closed() => return Ok(None),
                part = self.make_part(&segment, voice, order) => part?,
            };
            if player.play(&part).await.is_err() {
                return Ok(None);
            }
            parts.push(part);
        }
        Ok(Some(Speech::from(parts)))
    }

    async fn make_part(
        &self,
        segment: &Segment,
        voice: &Voice,
        order: &SpeakOrder,
    ) -> Result<Part, SpeechError> {
        let name = voice.program_voice(segment.language);
        let pace = words_per_minute(segment.language, order.speed);
        let mut speaking = self.espeak.speak(&name, pace, &segment.spoken).await?;
        let mut resampler = SpeechResampler::new(ESPEAK_RATE, order.sample_rate);
        let mut samples = Vec::new();
        while let Some(piece) = speaking.next().await? {
            resampler.push(&piece, &mut samples);
        }
        resampler.finish(&mut samples);
        let pause = segment.pause_ms as usize * order.sample_rate as usize / 1000;
        samples.resize(samples.len() + pause, 0);
        Ok(Part { samples, chars_done: segment.chars_done })
    }
}

impl Synthesizer for EspeakSynthesizer {
    fn speak(&self, order: SpeakOrder) -> mpsc::Receiver<Result<SpeechChunk, SpeechError>> {
        // Bound: 400 ms of audio; the task waits when it is full and ends when nobody reads.
        let (sender, receiver) = mpsc::channel(QUEUE_CHUNKS);
        let synthesizer = self.clone();
        tokio::spawn(async move { synthesizer.perform(order, sender).await });
        receiver
    }

    fn voices(&self) -> Vec<VoiceInfo> {
        // espeak-ng knows no emotions: its variants are other voices, not other moods.
        let info = |voice: &Voice| VoiceInfo::neutral(voice.id, voice.language, voice.gender);
        VOICES.iter().map(info).collect()
    }
}

/// Cuts parts into chunks, with gain and marks.
struct Player {
    sender: Sender,
    gain: f32,
    chunk: usize,
    chars_done: u32,
}

/// The listener is gone.
struct Gone;

impl Player {
    fn new(order: &SpeakOrder, sender: Sender) -> Self {
        Self {
            sender,
            gain: f32::from(order.volume.min(100)) / 50.0,
            chunk: (order.sample_rate as usize * CHUNK_MS / 1000).max(1),
            chars_done: 0,
        }
    }

    async fn play(&mut self, part: &Part) -> Result<(), Gone> {
        let chars = u64::from(part.chars_done.saturating_sub(self.chars_done));
        let total = part.samples.len().max(1) as u64;
        let mut played = 0_u64;
        for piece in part.samples.chunks(self.chunk) {
            played += piece.len() as u64;
            // Proportional within the part; readers round down to a word or hanzi.
            let done = u32::try_from(chars * played / total).unwrap_or(u32::MAX);
            let samples = piece.iter().map(|s| (f32::from(*s) * self.gain) as i16).collect();
            let chars_done = Some(self.chars_done + done);
            if self.sender.send(Ok(SpeechChunk { samples, chars_done })).await.is_err() {
                return Err(Gone);
            }
        }
        self.chars_done = part.chars_done;
        Ok(())
    }

    async fn fail(&self, error: SpeechError) {
        // Nobody listens: nobody needs to know.
        let _ = self.sender.send(Err(error)).await;
    }
}

/// A voice as customers choose it.
struct Voice {
    id: &'static str,
    language: Language,
    gender: &'static str,
    /// Variant of espeak-ng; one that no simulated callee of the lab uses.
    variant: &'static str,
}

impl Voice {
    fn program_voice(&self, language: Language) -> String {
        format!("{}+{}", crate::espeak::voice_of(language), self.variant)
    }
}

fn voice_named(id: &str) -> Result<&'static Voice, SpeechError> {
    let unknown = || SpeechError::UnknownVoice { voice: id.to_owned() };
    VOICES.iter().find(|voice| voice.id == id).ok_or_else(unknown)
}

/// Half the natural pace at 0, twice at 100.
fn words_per_minute(language: Language, speed: u8) -> u32 {
    let natural: f32 = match language {
        Language::Zh => 230.0,
        Language::En => 175.0,
    };
    let factor = ((f32::from(speed.min(100)) - 50.0) / 50.0).exp2();
    (natural * factor).round() as u32
}

/// The voices, the default of each language first.
const VOICES: [Voice; 4] = [
    Voice { id: "v0001", language: Language::Zh, gender: "female", variant: "f2" },
    Voice { id: "v0002", language: Language::Zh, gender: "male", variant: "m3" },
    Voice { id: "v0003", language: Language::En, gender: "female", variant: "f2" },
    Voice { id: "v0004", language: Language::En, gender: "male", variant: "m3" },
];

const CHUNK_MS: usize = 40;
const QUEUE_CHUNKS: usize = 10;

#[cfg(test)]
#[path = "synth_tests.rs"]
mod tests;
