//! Starts queued calls when they may start, ends those that may not, and takes up what a dead
//! process left.

use std::sync::Arc;

use call::{CallPlan, Moment};
use domain::{
    CallEnded, CallId, CallRecord, CallStatus, EndReason, EndWhat, Event, Identity, MicroYuan, Now,
    Texts, Who,
};
use media::profile::SrtpPolicy;
use media::srtp::{MASTER_LEN, MasterKey, OurKeys};

use crate::admission::request_of;
use crate::config::queue_deadline;
use crate::core::Core;
use crate::journal::{CallJournal, log_end, settlement};
use crate::mailbox::{Mail, Mailbox};
use crate::ports::records::{CommitError, ReadError};
use crate::run::Run;
use crate::scheduler::{Decision, Queued};

/// After this the store is asked again to take the end of a call that a dead process left.
const END_AGAIN: std::time::Duration = std::time::Duration::from_secs(1);

/// Runs until `stop` is cancelled: decides, starts, expires.
pub(crate) async fn dispatch(core: Arc<Core>, stop: tokio_util::sync::CancellationToken) {
    loop {
        let clock = core.parts.clock.clone();
        let (decisions, again) = if core.is_draining() {
            (Vec::new(), None)
        } else {
            core.scheduler.decide(clock.now(), clock.wall())
        };
        for decision in decisions {
            match decision {
                // It stays queued in the store, for the next start.
                Decision::Start(q, _) if core.is_draining() => core.scheduler.finished(q.call),
                Decision::Start(q, trunk) => start(&core, &q, trunk).await,
                Decision::Expire(q) => end_queued(&core, q, EndWhat::QueueExpired).await,
                Decision::Cancel(q) => end_queued(&core, q, EndWhat::Canceled).await,
            }
        }
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = core.scheduler.changed() => {}
            () = clock.until_some(again) => {}
        }
    }
}

/// Ends a call that waited; while the store cannot take that, it goes on waiting.
async fn end_queued(core: &Core, q: Queued, what: EndWhat) {
    let ended = end_unstarted(core, q.call, unstarted(what)).await;
    core.scheduler.finished(q.call);
    if ended {
        core.scheduler.take_orders(q.call);
    } else {
        core.scheduler.enqueue(q.later(core.parts.clock.now()));
    }
}

/// Applies the policy once more and lets the call run.
async fn start(core: &Arc<Core>, q: &Queued, trunk: Arc<str>) {
    let clock = &core.parts.clock;
    let again = || {
        core.scheduler.finished(q.call);
        core.scheduler.enqueue(q.clone().later(clock.now()));
    };
    let record = match core.parts.records.call(q.call).await {
        Ok(Some(record)) if record.status == CallStatus::Queued => record,
        Err(error) => {
            tracing::error!(call = %q.call, %error, "queued call not readable");
            return again();
        }
        Ok(_) => {
            // Ended, perhaps, by a try whose answer was lost.
            tracing::error!(call = %q.call, "queued call not startable");
            core.scheduler.finished(q.call);
            core.hub.close(q.call);
            core.scheduler.take_orders(q.call);
            return;
        }
    };
    match core.forbidden(q.account, &q.number, clock.wall()).await {
        Ok(None) => {}
        Ok(Some(_)) => return end_queued(core, q.clone(), EndWhat::PolicyBlocked).await,
        // The rules cannot be read: nobody is called meanwhile.
        Err(_) => return again(),
    }
    let Some(plan) = plan(core, &record, trunk) else {
        return end_queued(core, q.clone(), EndWhat::Canceled).await;
    };
    let (mailbox, mail) = Mailbox::new();
    core.started(q.call, mailbox.clone());
    // Who ordered before it could be found here waits; who comes now finds its mailbox.
    if let Some(credential) = core.scheduler.take_orders(q.call) {
        mailbox.send(Mail::from_owner(credential));
    }
    let run = Run::new(core.clone(), &record, plan, mailbox, mail);
    core.spawn(run.run());
}

fn plan(core: &Core, record: &CallRecord, trunk: Arc<str>) -> Option<CallPlan> {
    let route = core.config.routes.iter().find(|r| r.name == trunk)?;
    let id = record.call.as_bytes();
    let session = id[8..].iter().fold(0u64, |n, b| (n << 8) | u64::from(*b)) >> 2;
    Some(CallPlan {
        call: record.call,
        request: request_of(record)?,
        price: record.accepted.price,
        hold: record.held,
        simulated: route.simulated,
        caller: route.caller.clone().or_else(|| core.config.caller.clone()),
        trunk,
        node: core.config.node.clone(),
        voicemail_message: core.config.voicemail_message,
        session_id: session,
        media: route.media.clone(),
        keys: (route.media.srtp != SrtpPolicy::Off).then(|| strong_keys(core.parts.random)),
    })
}

/// Fresh keys for the media of one call.
fn strong_keys(random: fn() -> [u8; 10]) -> OurKeys {
    let key = || {
        let mut bytes = [0; MASTER_LEN];
        bytes.chunks_exact_mut(10).for_each(|part| part.copy_from_slice(&random()));
        MasterKey(bytes)
    };
    OurKeys { tag80: key(), tag32: key() }
}

/// Nothing was dialled, so nobody hung up.
pub(crate) fn unstarted(what: EndWhat) -> EndReason {
    EndReason { what, who: None, sip_code: None }
}

/// Ends a call that never ran, or whose process is gone: end, settlement and release at once.
/// Answers whether it is over.
pub(crate) async fn end_unstarted(core: &Core, call: CallId, reason: EndReason) -> bool {
    let record = match core.parts.records.call(call).await {
        Ok(Some(record)) if !record.is_ended() => record,
        Ok(_) => {
            // Perhaps by an earlier try whose answer was lost: who watches reads its end.
            core.hub.close(call);
            return true;
        }
        Err(ReadError(cause)) => {
            tracing::error!(%call, %cause, "cannot end a call");
            return false;
        }
    };
    let at = core.parts.clock.moment();
    if let Err(error) = commit_end(core, &record, at, reason).await {
        tracing::error!(%call, %error, "cannot end a call");
        return false;
    }
    core.hub.close(call);
    true
}

async fn commit_end(
    core: &Core,
    record: &CallRecord,
    at: Moment,
    reason: EndReason,
) -> Result<(), CommitError> {
    let answered = record.milestones.answered_at;
    let mut milestones = record.milestones;
    milestones.ended_at = Some(at.wall);
    let last_media = record.lines.iter().map(|l| l.end_ms).max().unwrap_or(0);
    let duration_s = answered.map_or(0, |_| u32::try_from(last_media.div_ceil(1_000)).unwrap_or(0));
    let identity = match (answered, record.identity) {
        (None, _) => Identity::NotReached,
        (Some(_), Identity::Pending) => Identity::Unclear,
        (Some(_), known) => known,
    };
    let end = CallEnded {
        status: reason.what.status(),
        reason,
        identity,
        duration_s,
        charge: MicroYuan::ZERO,
        hold: record.held,
        milestones,
        recording_follows: false,
    };
    let mut journal = CallJournal::resume(record);
    match settlement(record.call, record.accepted.account, &end) {
        Ok(t) => journal.post(t),
        Err(error) => tracing::error!(call = %record.call, %error, "settlement refused"),
    }
    journal.add(at, Event::CallEnded(end), Texts::default(), None);
    match journal.begin(at.now) {
        Some(c) => {
            c.run(&*core.parts.records, &core.hub).await.map_err(|(_, e)| e)?;
            log_end(record.call, record.target.as_ref(), &end);
            Ok(())
        }
        None => Ok(()),
    }
}

/// After a restart: queued calls wait again, all others died with their process.
pub(crate) async fn recover(core: &Arc<Core>) -> Result<Recovered, ReadError> {
    let mut found = Recovered::default();
    let mut open = Vec::new();
    for record in core.parts.records.unfinished().await? {
        if record.status == CallStatus::Queued {
            let Some(number) = record.target.clone() else {
                continue;
            };
            core.hub.open(record.call);
            core.scheduler.enqueue(Queued {
                call: record.call,
                account: record.accepted.account,
                number,
                until: queue_deadline(record.created_at, record.accepted.terms.limits.queue_s),
                not_before: Now::default(),
            });
            found.requeued += 1;
        } else {
            if !end_lost(core, record.call).await {
                open.push(record.call);
            }
            found.lost += 1;
        }
    }
    if !open.is_empty() {
        core.spawn(end_later(core.clone(), open));
    }
    Ok(found)
}

async fn end_lost(core: &Core, call: CallId) -> bool {
    end_unstarted(core, call, EndReason::new(EndWhat::NodeLost, Who::Platform)).await
}

/// Tries again to end what a dead process left, until the store takes it or we stop, too.
async fn end_later(core: Arc<Core>, mut open: Vec<CallId>) {
    while !open.is_empty() && !core.is_draining() {
        core.parts.clock.sleep(END_AGAIN).await;
        let mut left = Vec::new();
        for call in open {
            if core.is_draining() || !end_lost(&core, call).await {
                left.push(call);
            }
        }
        open = left;
    }
}

/// What a restart found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Queued calls that wait again.
    pub requeued: u32,
    /// Calls that died with their process.
    pub lost: u32,
}
