//! What was done for one call that a service outside led, and a plain model of its floor.

use conversation::director::Needs;

/// How long after an order something of before may still be told: a turn of the wheel, and a
/// collector that comes late.
const SLACK_MS: u64 = 400;
/// Playlists that may wait behind the first one.
const PENDING: usize = 4;

/// See the module. All times are in ms of the life in which the call was led.
#[derive(Clone, Debug, Default)]
pub struct Led {
    needs: Needs,
    lists: Vec<List>,
    /// Since when the director wants us to stand still.
    stands: Option<u64>,
    collecting: bool,
    /// When a collection was over; its last key cut what was being said.
    collected: Option<u64>,
    sent: Vec<(u32, u64)>,
    /// Number and outcome of every enquiry, in the order in which they were over.
    pub(crate) settled: Vec<(u32, &'static str)>,
    /// Enquiries that the director had.
    pub(crate) asked: u32,
    /// Requests that are alive.
    pub(crate) out: u32,
    ended: Option<u64>,
    /// What did not hold, and whether it is about enquiries or about the floor.
    pub(crate) found: Vec<(About, String)>,
}

/// What something that did not hold is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    /// How many enquiries are out.
    Out,
    /// Which answers count.
    Answer,
    /// What is played.
    Floor,
}

/// A playlist.
#[derive(Clone, Debug)]
struct List {
    tag: u8,
    words: String,
    begun: bool,
    cut: Option<u64>,
    over: bool,
    /// Perhaps too many waited.
    refusable: bool,
}

impl List {
    fn is_alive(&self) -> bool {
        !self.over && self.cut.is_none()
    }
}

impl Led {
    pub(super) fn begin(needs: Needs) -> Self {
        Self { needs, ..Self::default() }
    }

    /// What every list that came to its end would have been, in that order.
    pub(crate) fn words(&self) -> Vec<&str> {
        self.lists.iter().map(|l| l.words.as_str()).collect()
    }

    pub(crate) fn limit_ms(&self) -> u64 {
        u64::from(self.needs.answer_ms)
    }

    pub(super) fn need(&mut self, about: About, holds: bool, found: impl FnOnce() -> String) {
        if !holds {
            self.found.push((about, found()));
        }
    }

    /// A request is made; answers how long it may take.
    pub(super) fn sent(&mut self, no: u32, now: u64) -> u64 {
        let settled = |no: u32| self.settled.iter().any(|(n, _)| *n == no);
        let open = self.sent.iter().map(|(n, _)| *n).find(|n| *n == no || !settled(*n));
        self.need(About::Out, open.is_none(), || format!("{no} is sent while {open:?} is out"));
        self.sent.push((no, now));
        self.limit_ms()
    }

    /// An enquiry is over.
    pub(super) fn over(&mut self, no: u32, outcome: &'static str, now: u64) {
        let known = self.settled.iter().any(|(n, _)| *n == no);
        self.need(About::Answer, !known, || format!("{no} is over twice, now {outcome}"));
        self.settled.push((no, outcome));
        let took = self.sent.iter().find(|(n, _)| *n == no).map(|(_, at)| now - at);
        let limit = self.limit_ms();
        let right = match outcome {
            "answered" | "unusable" | "failed" => took.is_some_and(|t| t < limit),
            "timed_out" => took.is_some_and(|t| t >= limit),
            "dropped" => took.is_none(),
            _ => true,
        };
        self.need(About::Answer, right, || {
            format!("{no} is {outcome} after {took:?} of {limit} ms")
        });
    }

    /// The director says something, after what it said before or in its place.
    pub(super) fn says(&mut self, tag: u8, words: String, instead: bool, now: u64) {
        if instead {
            self.cuts(now);
        }
        let refusable = self.lists.iter().filter(|l| l.is_alive()).count() > PENDING;
        self.lists.push(List { tag, words, begun: false, cut: None, over: false, refusable });
    }

    pub(super) fn cuts(&mut self, now: u64) {
        for l in self.lists.iter_mut().filter(|l| l.is_alive()) {
            l.cut = Some(now);
        }
        self.stands = None;
    }

    pub(super) fn stands(&mut self, stands: bool, now: u64) {
        self.stands = if stands { self.stands.or(Some(now)) } else { None };
    }

    pub(super) fn collects(&mut self, collecting: bool, now: u64) {
        self.collecting = collecting;
        // A key ends a pause, too, and may have been pressed.
        self.stands = None;
        self.collected = (!collecting).then_some(now);
    }

    /// The director ends the call.
    pub(super) fn ends(&mut self, now: u64) {
        self.ended.get_or_insert(now);
    }

    /// A cue that only a call has that goes on.
    pub(super) fn goes_on(&mut self, now: u64) {
        let over = self.ended.is_some_and(|at| now > at + SLACK_MS);
        self.need(About::Floor, !over, || format!("it goes on at {now} ms after its end"));
    }

    /// A playlist began, or a line of it was heard whole.
    pub(super) fn plays(&mut self, tag: u8, begins: bool, now: u64) {
        self.stands_still(tag, now);
        let Some(at) = self.lists.iter().rposition(|l| l.tag == tag) else {
            return self.need(About::Floor, false, || format!("{tag} plays, never said"));
        };
        let before = self.lists[..at].iter().find(|l| l.is_alive()).map(|l| l.tag);
        self.need(About::Floor, before.is_none(), || format!("{tag} plays before {before:?}"));
        let l = &mut self.lists[at];
        let (fresh, cut) = (begins != l.begun, l.cut);
        l.begun = true;
        self.need(About::Floor, fresh, || format!("{tag} begins twice, or not at all"));
        let late = cut.is_some_and(|at| now > at + SLACK_MS);
        self.need(About::Floor, !late, || format!("{tag} plays at {now} ms, cut at {cut:?}"));
    }

    /// A playlist is over.
    pub(super) fn played(&mut self, tag: u8, was_cut: bool, now: u64) {
        let Some(at) = self.lists.iter().rposition(|l| l.tag == tag && !l.over) else {
            return self.need(About::Floor, false, || format!("{tag} is over, never said"));
        };
        let collecting = self.collecting || self.collected.is_some_and(|at| now <= at + SLACK_MS);
        let before = self.lists[..at].iter().find(|l| l.is_alive()).map(|l| l.tag);
        let l = &mut self.lists[at];
        l.over = true;
        let (cut, refusable) = (l.cut, l.refusable);
        // A key that is collected cuts what is being said.
        let right = was_cut == cut.is_some() || was_cut && (refusable || collecting);
        self.need(About::Floor, right, || format!("{tag} is over, cut: {was_cut}, not {cut:?}"));
        let in_turn = was_cut || before.is_none();
        self.need(About::Floor, in_turn, || format!("{tag} is over before {before:?}"));
        let late = cut.is_some_and(|at| now > at + SLACK_MS);
        self.need(About::Floor, !late, || format!("{tag} is over at {now} ms, cut at {cut:?}"));
    }

    fn stands_still(&mut self, tag: u8, now: u64) {
        let since = self.stands.filter(|since| !self.collecting && now > since + SLACK_MS);
        self.need(About::Floor, since.is_none(), || {
            format!("{tag} plays at {now} ms, standing since {since:?}")
        });
    }
}
