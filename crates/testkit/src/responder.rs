//! The `Responder` fake: delivers one message, answers, and ends the call when it is understood.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::Masked;
use engine::ports::responder::{Prompt, RespondOrder, Responder, ResponderEvent};
use engine::ports::synthesizer::SpeechError;
use tokio::sync::mpsc;

use crate::moods::{Mood, Moods};
use crate::sabotage::{Plants, Sabotage};

/// See the module.
#[derive(Clone, Debug)]
pub struct FakeResponder {
    /// How it behaves.
    pub moods: Moods,
    plants: Plants,
    orders: Arc<Mutex<Vec<RespondOrder>>>,
}

impl FakeResponder {
    /// One that behaves like this.
    pub fn new(moods: Moods, plants: Plants) -> Self {
        Self { moods, plants, orders: Arc::default() }
    }

    /// Everything it was asked for, in order.
    pub fn orders(&self) -> Vec<RespondOrder> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Words, and whether the call is to end after them.
fn reply(order: &RespondOrder) -> (&'static [&'static str], Option<bool>) {
    let last = order.history.iter().rev().find(|s| !s.by_us);
    let heard = last.map_or("", |s| s.text.reveal().as_str());
    match order.prompt {
        Prompt::Deliver => {
            (&["李雷让我转告您，", "明天下午三点在二楼会议室开会。", "请带上上个月的报表。"], None)
        }
        Prompt::Silence { .. } => (&["您还在听吗？"], None),
        Prompt::Reply if heard.contains("知道") => (&["好的，", "再见。"], Some(true)),
        Prompt::Reply if heard.contains("去不了") => (&["好的，我会转告他。"], Some(false)),
        Prompt::Reply if heard.contains("结束") => (&[], Some(true)),
        Prompt::Reply => (&["是明天下午三点开会的事，", "您清楚了吗？"], None),
    }
}

impl Responder for FakeResponder {
    fn name(&self) -> &'static str {
        "table"
    }

    fn respond(&self, order: RespondOrder) -> mpsc::Receiver<ResponderEvent> {
        // Bound: as the port wants it, the maker waits when its words are not read.
        let (to, from) = mpsc::channel(4);
        self.orders.lock().unwrap_or_else(PoisonError::into_inner).push(order.clone());
        let moods = self.moods.clone();
        if self.plants.fires(Sabotage::TimerKept) {
            let clock = moods.clock();
            moods.clock().spawn(async move { clock.sleep(Duration::from_secs(86_400)).await });
        }
        self.moods.clock().spawn(async move {
            moods.clock().sleep(moods.responder_takes()).await;
            let failed = ResponderEvent::Failed(SpeechError::Failed {
                part: "responder",
                cause: "made to fail".to_owned(),
            });
            let (words, end) = reply(&order);
            match moods.responder() {
                Mood::Works => {}
                Mood::Stalls => return to.closed().await,
                Mood::Fails => {
                    let _ = to.send(failed).await;
                    return;
                }
                Mood::FailsMidway => {
                    let first = words.first().map_or("", |w| *w).to_owned();
                    let _ = to.send(ResponderEvent::Text(Masked::new(first))).await;
                    let _ = to.send(failed).await;
                    return;
                }
            }
            for word in words {
                let text = Masked::new((*word).to_owned());
                if to.send(ResponderEvent::Text(text)).await.is_err() {
                    return;
                }
            }
            if let Some(done) = end {
                let _ = to.send(ResponderEvent::EndCall { done }).await;
            }
            let _ = to.send(ResponderEvent::Finished).await;
        });
        from
    }
}
