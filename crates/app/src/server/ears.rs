//! The recognizer while its models are being read: the server takes calls meanwhile, and what a
//! callee says before it is there waits for it.
//!
//! Each decoder takes most of a second to load, and nobody who is called now can have said
//! anything before that is over, as long as somebody has to pick up first.

use std::collections::VecDeque;
use std::sync::Arc;

use domain::{Frame, MediaTime};
use engine::ports::PortFuture;
use engine::ports::recognizer::{Expect, Heard, Recognizer, RecognizerOptions, RecognizerSession};
use engine::ports::synthesizer::SpeechError;
use speech::recognizer::SphinxRecognizer;
use speech::sphinx::{Sphinx, SphinxError};
use speech::sphinx_pool::PoolSettings;
use tokio::sync::watch;

/// Frames kept for a recognizer that is not there yet: 30 s, as the port has it. What exceeds it
/// is dropped.
const MOST_FRAMES: usize = 1_500;

/// The recognizer, or why there is none; `None` while it is not known.
type Loaded = Option<Result<Arc<dyn Recognizer>, Arc<str>>>;

/// See the module.
pub(crate) struct Ears(watch::Receiver<Loaded>);

impl Ears {
    /// Begins to load. Whether the library is there at all shows at once.
    pub(crate) fn begin(settings: PoolSettings) -> Result<Self, SphinxError> {
        let library = Sphinx::open()?;
        let (told, loaded) = watch::channel(None);
        tokio::task::spawn_blocking(move || {
            let made = SphinxRecognizer::with_library(&library, &settings);
            let made = made.map(|r| Arc::new(r) as Arc<dyn Recognizer>).map_err(|error| {
                tracing::error!(%error, "recognizer disabled, all speech counts as unclear");
                Arc::from(error.to_string())
            });
            // Nobody is left to be told if the server has stopped meanwhile.
            let _ = told.send(Some(made));
        });
        Ok(Self(loaded))
    }
}

impl Recognizer for Ears {
    fn open(&self, options: &RecognizerOptions) -> Result<Box<dyn RecognizerSession>, SpeechError> {
        let now = self.0.borrow().clone();
        match now {
            Some(made) => open(&made, options),
            None => Ok(Box::new(Waiting {
                loaded: self.0.clone(),
                options: options.clone(),
                kept: VecDeque::new(),
                session: None,
            })),
        }
    }
}

fn open(
    made: &Result<Arc<dyn Recognizer>, Arc<str>>,
    options: &RecognizerOptions,
) -> Result<Box<dyn RecognizerSession>, SpeechError> {
    match made {
        Ok(recognizer) => recognizer.open(options),
        Err(hint) => Err(SpeechError::Unavailable { part: "recognizer", hint: hint.to_string() }),
    }
}

/// A session that was opened too early.
struct Waiting {
    loaded: watch::Receiver<Loaded>,
    options: RecognizerOptions,
    /// What was said until now.
    kept: VecDeque<Frame>,
    session: Option<Box<dyn RecognizerSession>>,
}

impl Waiting {
    /// The real session as soon as it can be had, with all that was said before.
    fn session(&mut self) -> Option<&mut Box<dyn RecognizerSession>> {
        if self.session.is_none() {
            let made = self.loaded.borrow().clone()?;
            let mut session = open(&made, &self.options).ok()?;
            self.kept.drain(..).for_each(|frame| session.push(&frame));
            self.session = Some(session);
        }
        self.session.as_mut()
    }
}

impl RecognizerSession for Waiting {
    fn push(&mut self, frame: &Frame) {
        if let Some(session) = self.session() {
            session.push(frame);
        } else if self.kept.len() < MOST_FRAMES {
            self.kept.push_back(*frame);
        }
    }

    fn finish(
        &mut self,
        start: MediaTime,
        end: MediaTime,
        expect: Expect,
    ) -> PortFuture<'static, Result<Heard, SpeechError>> {
        if let Some(session) = self.session() {
            return session.finish(start, end, expect);
        }
        let later = self.kept.iter().position(|f| f.at >= end).unwrap_or(self.kept.len());
        let said: Vec<Frame> = self.kept.drain(..later).collect();
        let (mut loaded, options) = (self.loaded.clone(), self.options.clone());
        Box::pin(async move {
            let gone = || SpeechError::Failed { part: "recognizer", cause: "stopping".to_owned() };
            let made = loaded.wait_for(Option::is_some).await.map_err(|_| gone())?.clone();
            let mut session = open(&made.ok_or_else(gone)?, &options)?;
            said.iter().for_each(|frame| session.push(frame));
            session.finish(start, end, expect).await
        })
    }

    fn glance(
        &self,
        start: MediaTime,
        end: MediaTime,
        expect: Expect,
    ) -> PortFuture<'static, Result<Option<Heard>, SpeechError>> {
        match &self.session {
            Some(session) => session.glance(start, end, expect),
            None => Box::pin(async { Ok(None) }),
        }
    }

    fn discard(&mut self) {
        self.kept.clear();
        if let Some(session) = &mut self.session {
            session.discard();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use domain::FRAME_SAMPLES;

    use super::*;

    /// Understands when the frames it has began and how many they are.
    #[derive(Clone, Default)]
    struct Counter(Arc<Mutex<Vec<u64>>>);

    impl Recognizer for Counter {
        fn open(&self, _: &RecognizerOptions) -> Result<Box<dyn RecognizerSession>, SpeechError> {
            Ok(Box::new(Self::default()))
        }
    }

    impl RecognizerSession for Counter {
        fn push(&mut self, frame: &Frame) {
            self.0.lock().unwrap().push(frame.at.as_millis());
        }

        fn finish(
            &mut self,
            _: MediaTime,
            _: MediaTime,
            _: Expect,
        ) -> PortFuture<'static, Result<Heard, SpeechError>> {
            let frames = std::mem::take(&mut *self.0.lock().unwrap());
            Box::pin(async move { Ok(Heard::text(format!("{frames:?}"))) })
        }

        fn discard(&mut self) {}
    }

    fn frame(ms: u64) -> Frame {
        Frame { at: MediaTime::from_millis(ms), samples: [0; FRAME_SAMPLES] }
    }

    fn at(ms: u64) -> MediaTime {
        MediaTime::from_millis(ms)
    }

    #[tokio::test]
    async fn what_is_said_before_the_recognizer_is_there_is_heard_when_it_is() {
        let (told, loaded) = watch::channel(None);
        let ears = Ears(loaded);
        let mut session = ears.open(&RecognizerOptions::default()).unwrap();
        for ms in [0, 20, 40, 60] {
            session.push(&frame(ms));
        }
        let first = session.finish(at(0), at(40), Expect::Talk);
        assert_eq!(session.glance(at(40), at(60), Expect::Talk).await, Ok(None));
        told.send(Some(Ok(Arc::new(Counter::default()) as Arc<dyn Recognizer>))).unwrap();
        assert_eq!(first.await.unwrap().text.reveal(), "[0, 20]");
        session.push(&frame(80));
        let second = session.finish(at(40), at(100), Expect::Talk).await.unwrap();
        assert_eq!(second.text.reveal(), "[40, 60, 80]");
        let mut later = ears.open(&RecognizerOptions::default()).unwrap();
        later.push(&frame(0));
        let third = later.finish(at(0), at(20), Expect::Talk).await.unwrap();
        assert_eq!(third.text.reveal(), "[0]");
    }

    #[tokio::test]
    async fn a_recognizer_that_cannot_be_had_after_all_leaves_speech_unheard() {
        let (told, loaded) = watch::channel(None);
        let ears = Ears(loaded);
        let mut session = ears.open(&RecognizerOptions::default()).unwrap();
        session.push(&frame(0));
        let heard = session.finish(at(0), at(20), Expect::Talk);
        told.send(Some(Err(Arc::from("no model")))).unwrap();
        assert!(matches!(heard.await, Err(SpeechError::Unavailable { .. })));
        assert!(ears.open(&RecognizerOptions::default()).is_err());
    }
}
