//! How long the callee's silence is borne: the hello timer and the mute timer.

use std::time::Duration;

use domain::Now;

/// Waits for the callee in *now* time; counts only while nobody speaks and packets flow.
#[derive(Debug)]
pub(crate) struct Patience {
    mute: Duration,
    once: Option<Duration>,
    hello: Option<Now>,
    until: Option<Now>,
    flowing: bool,
    quiet: bool,
}

impl Patience {
    pub(crate) fn new(mute_ms: u32) -> Self {
        let mute = Duration::from_millis(u64::from(mute_ms));
        Self { mute, once: None, hello: None, until: None, flowing: true, quiet: false }
    }

    pub(crate) fn wait_for_hello(&mut self, now: Now, ms: u32) {
        self.hello = Some(now + Duration::from_millis(u64::from(ms)));
    }

    pub(crate) fn stop_hello(&mut self) {
        self.hello = None;
    }

    /// The callee did something: start anew.
    pub(crate) fn touch(&mut self) {
        self.hello = None;
        self.until = None;
        self.quiet = false;
    }

    /// The next wait, and only that, lasts `ms`.
    pub(crate) fn next_is(&mut self, now: Now, ms: u32) {
        let wait = Duration::from_millis(u64::from(ms));
        self.once = Some(wait);
        if self.until.is_some() {
            self.until = Some(now + wait);
        }
    }

    /// From now on every wait lasts `ms`, also the one under way, which starts anew.
    pub(crate) fn set_mute(&mut self, now: Now, ms: u32) {
        self.mute = Duration::from_millis(u64::from(ms));
        if self.until.is_some() {
            self.until = Some(now + self.mute);
        }
    }

    /// Without packets silence proves nothing: the dead-stream timer has the word.
    pub(crate) fn set_flowing(&mut self, flowing: bool) {
        self.flowing = flowing;
        self.until = None;
        self.quiet = false;
    }

    /// Called after every input: whether everything is quiet now.
    pub(crate) fn set_quiet(&mut self, now: Now, quiet: bool) {
        let counts = quiet && self.flowing && self.hello.is_none();
        if counts && !self.quiet {
            self.until = Some(now + self.once.unwrap_or(self.mute));
        } else if !counts {
            self.until = None;
        }
        self.quiet = counts;
    }

    /// The wait is over; the next one is as long as usual.
    pub(crate) fn is_over(&mut self) {
        self.until = None;
        self.once = None;
        self.quiet = false;
    }

    pub(crate) fn hello_deadline(&self) -> Option<Now> {
        self.hello
    }

    pub(crate) fn deadline(&self) -> Option<Now> {
        self.until
    }
}
