//! The line of cues: what is asked of somebody outside, what waits, and until when.
//!
//! At most one enquiry is out. Its answer counts if it comes with its number before its limit;
//! whatever comes later, or to a number that is not out, changes nothing.

use std::collections::VecDeque;
use std::time::Duration;

use domain::Now;

use crate::director::{CueNo, Enquiry, Needs, Order, Unanswered};

/// What became of an enquiry that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Settled {
    pub(crate) no: CueNo,
    pub(crate) kind: &'static str,
    /// From its sending, or nothing if it was never sent; ms.
    pub(crate) took_ms: u64,
    /// Why there is no answer, if there is none.
    pub(crate) why: Option<Unanswered>,
    /// Whether whoever was asked is to be told that nobody waits any more.
    pub(crate) unask: bool,
}

#[derive(Debug)]
struct Out {
    no: CueNo,
    kind: &'static str,
    since: Now,
    until: Now,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Cues {
    order: Order,
    limit: Duration,
    last: u32,
    out: Option<Out>,
    /// At most [`Order::WAITING`]; beyond that the oldest goes, and the director is told.
    waiting: VecDeque<(CueNo, Enquiry)>,
    closed: bool,
}

impl Cues {
    pub(crate) fn new(needs: &Needs) -> Self {
        Self {
            order: needs.order,
            limit: Duration::from_millis(u64::from(needs.answer_ms)),
            last: 0,
            out: None,
            waiting: VecDeque::new(),
            closed: false,
        }
    }

    /// Takes an enquiry in; answers what is over because of it.
    pub(crate) fn ask(&mut self, now: Now, enquiry: Enquiry) -> Vec<Settled> {
        self.last += 1;
        let (no, kind) = (CueNo(self.last), enquiry.kind);
        if self.closed {
            return vec![never_sent(no, kind, Unanswered::Void)];
        }
        let mut over = Vec::new();
        if self.order == Order::Latest {
            over.extend(self.void(now, Unanswered::Superseded));
        } else if self.waiting.len() >= Order::WAITING
            && let Some((no, oldest)) = self.waiting.pop_front()
        {
            over.push(never_sent(no, oldest.kind, Unanswered::Dropped));
        }
        self.waiting.push_back((no, enquiry));
        over
    }

    /// The enquiry whose turn it is, if none is out; it is out from now on.
    pub(crate) fn send(&mut self, now: Now) -> Option<(CueNo, Enquiry)> {
        if self.out.is_some() {
            return None;
        }
        let (no, enquiry) = self.waiting.pop_front()?;
        self.out = Some(Out { no, kind: enquiry.kind, since: now, until: now + self.limit });
        Some((no, enquiry))
    }

    /// An answer came, or that there is none; `None` if nobody waits for it.
    pub(crate) fn answered(
        &mut self,
        now: Now,
        no: CueNo,
        why: Option<Unanswered>,
    ) -> Option<Settled> {
        let out = self.out.take_if(|out| out.no == no && now < out.until)?;
        Some(settled(&out, now, why, false))
    }

    /// The one that is out has reached its limit.
    pub(crate) fn overdue(&mut self, now: Now) -> Option<Settled> {
        let out = self.out.take_if(|out| out.until <= now)?;
        Some(settled(&out, now, Some(Unanswered::TimedOut), true))
    }

    /// Nothing is asked any more: what waits and what is out is void.
    pub(crate) fn close(&mut self, now: Now) -> Vec<Settled> {
        self.closed = true;
        self.void(now, Unanswered::Void)
    }

    /// Takes [`Cues::close`] back.
    pub(crate) fn reopen(&mut self) {
        self.closed = false;
    }

    /// Whether nobody is asked and nothing waits to be.
    pub(crate) fn is_idle(&self) -> bool {
        self.out.is_none() && self.waiting.is_empty()
    }

    pub(crate) fn deadline(&self) -> Option<Now> {
        self.out.as_ref().map(|out| out.until)
    }

    fn void(&mut self, now: Now, why: Unanswered) -> Vec<Settled> {
        let out = self.out.take().map(|out| settled(&out, now, Some(why), true));
        let waiting = self.waiting.drain(..).map(|(no, e)| never_sent(no, e.kind, why));
        out.into_iter().chain(waiting).collect()
    }
}

fn settled(out: &Out, now: Now, why: Option<Unanswered>, unask: bool) -> Settled {
    let took_ms = u64::try_from(now.since(out.since).as_millis()).unwrap_or(u64::MAX);
    Settled { no: out.no, kind: out.kind, took_ms, why, unask }
}

const fn never_sent(no: CueNo, kind: &'static str, why: Unanswered) -> Settled {
    Settled { no, kind, took_ms: 0, why: Some(why), unask: false }
}

#[cfg(test)]
mod tests;
