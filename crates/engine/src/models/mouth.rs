//! The mouth: makes a line's audio and hands it to the lane, as fast as there is room for it.

mod pieces;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use conversation::{Input as Talk, SpeechClass};
use domain::{ItemId, Language, Masked, PlaylistId, VoiceChoice};
use media::leg::LegCommand;
use media::playout::MAX_WAITING_MS;

use super::{Tasks, Tell};
use crate::clock::Clock;
use crate::plane::{LegKey, MediaPlane, PlaneError, Waiting};
use crate::ports::synthesizer::{SpeakOrder, SpeechError, Synthesizer};
use crate::runtime::Job;
use pieces::{Piece, Pieces};

/// A lane tells how much waits as often as this, ms.
const TICK_MS: u64 = 20;
/// A synthesizer that makes nothing for so long has failed.
const CHUNK_LIMIT: Duration = Duration::from_secs(8);

/// How it speaks.
#[derive(Clone, Debug)]
pub(crate) struct Manner {
    /// With which voice.
    pub(crate) voice: VoiceChoice,
    /// In which language.
    pub(crate) language: Language,
    /// Samples a second: 8,000 or 16,000.
    pub(crate) rate: u32,
}

/// Speaks on one leg. Dropping it ends what it has under way.
pub(crate) struct Mouth {
    work: Work,
    manner: Manner,
    tasks: Tasks,
    speaking: BTreeMap<PlaylistId, Vec<Arc<dyn Job>>>,
}

/// What each line's task needs.
#[derive(Clone)]
struct Work {
    synthesizer: Arc<dyn Synthesizer>,
    plane: Arc<dyn MediaPlane>,
    key: LegKey,
    clock: Clock,
    tell: Tell,
    waiting: Arc<Waiting>,
    /// Samples that may wait on the lane.
    room: u64,
}

impl Mouth {
    /// The mouth of the leg `key`.
    pub(crate) fn new(
        key: LegKey,
        plane: Arc<dyn MediaPlane>,
        synthesizer: Arc<dyn Synthesizer>,
        manner: Manner,
        clock: Clock,
        tell: Tell,
    ) -> Self {
        let tasks = Tasks::new(clock.clone());
        let waiting = Arc::default();
        let room = MAX_WAITING_MS * u64::from(manner.rate) / 1_000;
        let work = Work { synthesizer, plane, key, clock, tell, waiting, room };
        Self { work, manner, tasks, speaking: BTreeMap::new() }
    }

    /// How much of what it gave to the leg waits there.
    pub(crate) fn waiting(&self) -> Arc<Waiting> {
        self.work.waiting.clone()
    }

    /// Makes a line's audio and queues it on the lane.
    pub(crate) fn speak(
        &mut self,
        list: PlaylistId,
        item: ItemId,
        text: String,
        class: SpeechClass,
    ) {
        let Manner { voice, language, rate } = &self.manner;
        let order = SpeakOrder {
            text: Masked::new(text),
            language: *language,
            voice: voice.voice.clone(),
            emotion: voice.emotion.clone(),
            speed: voice.speed,
            volume: voice.volume,
            sample_rate: *rate,
            class,
        };
        let work = self.work.clone();
        let task = self.tasks.spawn(async move {
            let mut given = false;
            if let Err(error) = work.speak_line(list, item, order, &mut given).await {
                tracing::warn!(call = %work.key.call, %error, "a line could not be spoken whole");
                // The lane would wait for the rest of it before it plays anything else.
                let _ = work.plane.command(work.key, LegCommand::EndItem { playlist: list, item });
                (work.tell)(if given { Talk::BrokeOff(item) } else { Talk::Unspeakable(item) });
            }
        });
        let running = self.speaking.entry(list).or_default();
        running.retain(|t| !t.is_finished());
        running.push(task);
        self.speaking.retain(|_, tasks| !tasks.is_empty());
    }

    /// Ends the synthesis of a playlist.
    pub(crate) fn hush(&mut self, list: PlaylistId) {
        for task in self.speaking.remove(&list).unwrap_or_default() {
            task.abort();
        }
    }
}

impl Work {
    /// Streams one line into the lane, no faster than playout has room for it; `given` says
    /// whether the lane has anything of it.
    async fn speak_line(
        &self,
        playlist: PlaylistId,
        item: ItemId,
        order: SpeakOrder,
        given: &mut bool,
    ) -> Result<(), SpeechError> {
        let mut pieces = Pieces::new(order.sample_rate);
        let mut chunks = self.synthesizer.speak(order);
        let (mut any, mut whole) = (false, true);
        loop {
            let chunk = match self.clock.within(CHUNK_LIMIT, chunks.recv()).await {
                Some(Some(Ok(chunk))) => chunk,
                Some(None) => break,
                // What was made before the failure is still spoken.
                Some(Some(Err(_))) | None if any => {
                    whole = false;
                    break;
                }
                Some(Some(Err(error))) => return Err(error),
                None => {
                    let cause = "no audio in time".to_owned();
                    return Err(SpeechError::Failed { part: "synthesizer", cause });
                }
            };
            any = true;
            pieces.add(chunk);
            // What lies there already goes into the same piece.
            while pieces.is_short() {
                match chunks.try_recv() {
                    Ok(Ok(more)) => pieces.add(more),
                    Ok(Err(_)) => {
                        whole = false;
                        break;
                    }
                    Err(_) => break,
                }
            }
            while let Some(piece) = pieces.next() {
                self.play(playlist, item, piece).await?;
                *given = true;
            }
        }
        if !any {
            return Err(SpeechError::Failed { part: "synthesizer", cause: "no audio".to_owned() });
        }
        if let Some(last) = pieces.last() {
            self.play(playlist, item, last).await?;
            *given = true;
        }
        let end = LegCommand::EndItem { playlist, item };
        self.plane.command(self.key, end).map_err(lane_failed)?;
        (self.tell)(if whole { Talk::MadeAll(item) } else { Talk::BrokeOff(item) });
        Ok(())
    }

    async fn play(
        &self,
        playlist: PlaylistId,
        item: ItemId,
        piece: Piece,
    ) -> Result<(), SpeechError> {
        let samples = piece.chunk.len() as u64;
        self.room_for(samples).await;
        for (samples, chars_done) in piece.marks {
            (self.tell)(Talk::Made(item, samples, chars_done));
        }
        let play = LegCommand::Play { playlist, item, chunk: piece.chunk };
        self.waiting.give(samples);
        self.plane.command(self.key, play).map_err(lane_failed)
    }

    /// Waits until so many samples more have room on the lane.
    async fn room_for(&self, samples: u64) {
        loop {
            let over = (self.waiting.samples() + samples).saturating_sub(self.room);
            if over == 0 {
                return;
            }
            // What is too much will have been played by then, unless we stand still.
            let over_ms = over * MAX_WAITING_MS / self.room.max(1);
            self.clock.sleep(Duration::from_millis(over_ms.max(TICK_MS))).await;
        }
    }
}

fn lane_failed(error: PlaneError) -> SpeechError {
    SpeechError::Failed { part: "media lane", cause: error.to_string() }
}
