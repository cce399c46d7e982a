//! Takes a lane's news to the calls they concern, and frees what the lane is done with.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use call::{Input, MediaEvent};
use rtrb::Consumer;

use crate::lanes::inbox::News;
use crate::lanes::lane::LaneShared;
use crate::mailbox::Mailbox;
use crate::plane::{Ear, LegKey};

/// Woken by the lane; this is how long a lost wake-up can cost.
const NAP: Duration = Duration::from_millis(50);

/// Where one leg's news go.
#[derive(Clone)]
pub(crate) struct Sink {
    pub(crate) mailbox: Mailbox,
    pub(crate) ear: Option<Arc<dyn Ear>>,
}

/// The legs of one lane and their sinks.
#[derive(Default)]
pub(crate) struct Collector {
    // A lock, because legs are opened on any task; the lane itself never takes it.
    sinks: Mutex<HashMap<LegKey, Sink>>,
}

impl Collector {
    pub(crate) fn add(&self, key: LegKey, sink: Sink) {
        self.sinks.lock().unwrap_or_else(PoisonError::into_inner).insert(key, sink);
    }

    pub(crate) fn remove(&self, key: LegKey) -> Option<Sink> {
        self.sinks.lock().unwrap_or_else(PoisonError::into_inner).remove(&key)
    }

    fn sink(&self, key: LegKey) -> Option<Sink> {
        self.sinks.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned()
    }

    pub(crate) fn spawn(
        self: Arc<Self>,
        n: usize,
        shared: Arc<LaneShared>,
        mut news: Consumer<News>,
    ) -> io::Result<JoinHandle<()>> {
        std::thread::Builder::new().name(format!("collect-{n}")).spawn(move || {
            shared.set_collector(std::thread::current());
            loop {
                self.collect(&shared, &mut news);
                if shared.is_stopping() {
                    return;
                }
                std::thread::park_timeout(NAP);
            }
        })
    }

    /// Hands on all that is there.
    pub(crate) fn collect(&self, shared: &LaneShared, news: &mut Consumer<News>) {
        while let Ok(one) = news.pop() {
            self.pass_on(shared, one);
        }
    }

    fn pass_on(&self, shared: &LaneShared, news: News) {
        match news {
            News::Frame(key, frame) => {
                if let Some(ear) = self.sink(key).and_then(|s| s.ear) {
                    ear.frame(&frame);
                }
            }
            News::Event(key, event) => {
                if let Some(sink) = self.sink(key) {
                    sink.mailbox.input(Input::Media(key.leg, MediaEvent::Leg(event)));
                }
            }
            News::Flowing(key, flowing) => {
                if let Some(sink) = self.sink(key) {
                    sink.mailbox.input(Input::Media(key.leg, MediaEvent::Flowing(flowing)));
                }
            }
            News::Gone(key, quality, leg, wire) => {
                // The port is free again before the call hears of it.
                drop((leg, wire));
                shared.recorder.end(key);
                if let Some(sink) = self.remove(key) {
                    sink.mailbox.input(Input::Media(key.leg, MediaEvent::Closed(quality)));
                }
            }
            News::Garbage(garbage) => drop(garbage),
        }
    }
}
