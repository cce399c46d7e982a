//! A few threads with decoders, shared by all calls.
//!
//! A decoder takes megabytes and a decode tens of milliseconds of a core, so calls share a
//! bounded pool off the media lanes instead of owning one each.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use conversation::Expect;
use domain::Language;
use tokio::sync::oneshot;

use crate::lexicon::Lexicon;
use crate::recognizer_limits::Limits;
use crate::recognizer_match::{Match, PhraseDecoder};
use crate::sphinx::{Sphinx, SphinxError};

/// What the pool is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolSettings {
    /// Threads, each with decoders for both languages (about 55 MB).
    pub threads: usize,
    /// Utterances that may wait. One more is answered `unclear` at once: a late answer would be
    /// worse for the conversation than none.
    pub queue: usize,
}

impl Default for PoolSettings {
    fn default() -> Self {
        Self { threads: 2, queue: 32 }
    }
}

/// A phrase that was believed.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    /// The phrase as the list writes it.
    pub text: String,
    /// Between 0 and 1.
    pub confidence: f32,
}

/// The pool. Dropping it waits for the decodes under way.
pub struct SphinxPool {
    /// Absent only while dropping.
    jobs: Option<SyncSender<Job>>,
    threads: Vec<JoinHandle<()>>,
}

struct Job {
    samples: Vec<i16>,
    language: Language,
    expect: Expect,
    reply: oneshot::Sender<Result<Option<Heard>, SphinxError>>,
}

impl SphinxPool {
    /// Loads the lexica and starts the threads; anything missing shows here.
    pub fn start(library: &Arc<Sphinx>, settings: &PoolSettings) -> Result<Self, SphinxError> {
        let zh = Arc::new(Lexicon::built_in(Language::Zh)?);
        let en = Arc::new(Lexicon::built_in(Language::En)?);
        // Bound and overflow rule: see `PoolSettings::queue`.
        let (jobs, queue) = sync_channel(settings.queue);
        let queue = Arc::new(Mutex::new(queue));
        let mut pool = Self { jobs: Some(jobs), threads: Vec::new() };
        for number in 0..settings.threads.max(1) {
            let decoders = Decoders {
                zh: PhraseDecoder::new(library, Arc::clone(&zh))?,
                en: PhraseDecoder::new(library, Arc::clone(&en))?,
                zh_limits: Limits::built_in(Language::Zh)?,
                en_limits: Limits::built_in(Language::En)?,
            };
            let queue = Arc::clone(&queue);
            let thread = std::thread::Builder::new()
                .name(format!("recognizer-{number}"))
                .spawn(move || decoders.work(&queue))
                .map_err(SphinxError::Thread)?;
            pool.threads.push(thread);
        }
        Ok(pool)
    }

    /// Decodes one utterance at 16 kHz; `None` is `unclear`.
    pub async fn decode(
        &self,
        samples: Vec<i16>,
        language: Language,
        expect: Expect,
    ) -> Result<Option<Heard>, SphinxError> {
        let (reply, answer) = oneshot::channel();
        let Some(jobs) = &self.jobs else {
            return Ok(None);
        };
        match jobs.try_send(Job { samples, language, expect, reply }) {
            Ok(()) => answer.await.unwrap_or(Err(SphinxError::Stopped)),
            Err(TrySendError::Full(_)) => {
                tracing::warn!("recognizer queue is full, an utterance stays unclear");
                Ok(None)
            }
            Err(TrySendError::Disconnected(_)) => Err(SphinxError::Stopped),
        }
    }
}

impl Drop for SphinxPool {
    fn drop(&mut self) {
        self.jobs = None;
        for thread in self.threads.drain(..) {
            // A thread that panicked has nothing left to wait for.
            let _ = thread.join();
        }
    }
}

/// The decoders of one thread.
struct Decoders {
    zh: PhraseDecoder,
    en: PhraseDecoder,
    zh_limits: Limits,
    en_limits: Limits,
}

impl Decoders {
    fn work(mut self, queue: &Mutex<Receiver<Job>>) {
        loop {
            let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(job) = job else { return };
            // The call may have ended while this waited.
            if job.reply.is_closed() {
                continue;
            }
            let (decoder, limits) = match job.language {
                Language::Zh => (&mut self.zh, &self.zh_limits),
                Language::En => (&mut self.en, &self.en_limits),
            };
            let best = decoder.best(&job.samples, job.expect, |found| limits.sure(found));
            let _ = job.reply.send(best.map(|found| believed(found, limits)));
        }
    }
}

fn believed(found: Option<Match>, limits: &Limits) -> Option<Heard> {
    let found = found.filter(|found| limits.accept(found))?;
    let confidence = limits.confidence(&found);
    Some(Heard { text: found.take.text, confidence })
}
