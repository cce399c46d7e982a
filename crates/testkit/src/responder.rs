//! The `Responder` fake: delivers one message, answers, and ends the call when it is understood.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::Masked;
use engine::ports::responder::{Prompt, RespondOrder, Responder, ResponderEvent};
use engine::ports::synthesizer::SpeechError;
use tokio::sync::mpsc;

use crate::moods::{Mood, Moods};
use crate::sabotage::{Plants, Sabotage};
use crate::world::LONG_REQUIREMENT;

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

/// One sentence as long as a line may be, one that is cut into two, and a short one.
const LONG: [&str; 3] = [
    "李雷让我转告您，明天的会从上午九点开始，先由财务部汇报上个季度的收入和支出，\
     再由市场部介绍三个新客户的情况，然后大家一起讨论明年的预算安排，\
     最后由总经理总结发言并布置工作。",
    "中午在二楼餐厅用餐，下午两点继续开会，内容包括新产品的定价和渠道，\
     仓库搬迁的时间表和费用，售后服务的投诉处理，人员招聘和培训的计划，\
     以及年底客户答谢会的场地布置和节目单，请您提前准备好自己负责的那几页材料。",
    "请带上电脑。",
];

/// Words, and whether the call is to end after them.
fn reply(order: &RespondOrder) -> (&'static [&'static str], Option<bool>) {
    let last = order.history.iter().rev().find(|s| !s.by_us);
    let heard = last.map_or("", |s| s.text.reveal().as_str());
    match order.prompt {
        Prompt::Deliver if order.requirement.reveal() == LONG_REQUIREMENT => (&LONG, None),
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
