//! What all calls of one engine share.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use call::Input;
use domain::{CallId, LegId};
use tokio_util::task::TaskTracker;

use crate::config::EngineConfig;
use crate::hub::Hub;
use crate::mailbox::Mailbox;
use crate::parts::Parts;
use crate::ports::trunk::{Trunk, TrunkCommand, TrunkEvent, TrunkEvents};
use crate::scheduler::Scheduler;

/// Shared by the engine's tasks.
pub(crate) struct Core {
    pub(crate) parts: Parts,
    pub(crate) config: EngineConfig,
    pub(crate) hub: Arc<Hub>,
    pub(crate) scheduler: Scheduler,
    pub(crate) tasks: TaskTracker,
    draining: AtomicBool,
    // Locks, because trunk, lanes and customers reach calls from any task; held for look-ups.
    running: Mutex<BTreeMap<CallId, Mailbox>>,
    trunk: OnceLock<Arc<dyn Trunk>>,
    silent: SilentTrunk,
}

impl Core {
    pub(crate) fn new(parts: Parts, config: EngineConfig) -> Self {
        let scheduler = Scheduler::new(&config);
        Self {
            parts,
            config,
            hub: Arc::default(),
            scheduler,
            tasks: TaskTracker::new(),
            draining: AtomicBool::new(false),
            running: Mutex::default(),
            trunk: OnceLock::new(),
            silent: SilentTrunk,
        }
    }

    /// Runs `work` as a task that a drain waits for.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.parts.clock.spawn(self.tasks.track_future(work));
    }

    /// Plugs the trunks in, once.
    pub(crate) fn plug(&self, trunk: Arc<dyn Trunk>) {
        let _ = self.trunk.set(trunk);
    }

    pub(crate) fn trunk(&self) -> &dyn Trunk {
        self.trunk.get().map_or(&self.silent as &dyn Trunk, |t| &**t)
    }

    pub(crate) fn has_trunk(&self) -> bool {
        self.trunk.get().is_some() && !self.config.routes.is_empty()
    }

    pub(crate) fn started(&self, call: CallId, mailbox: Mailbox) {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).insert(call, mailbox);
    }

    pub(crate) fn mailbox(&self, call: CallId) -> Option<Mailbox> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.get(&call).cloned()
    }

    /// How many calls run.
    pub(crate) fn running(&self) -> usize {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Mailboxes of all calls that run.
    pub(crate) fn mailboxes(&self) -> Vec<Mailbox> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.values().cloned().collect()
    }

    /// A call's line may be used by the next one.
    pub(crate) fn line_is_free(&self, call: CallId) {
        self.scheduler.finished(call);
    }

    /// A call is over, and everything about it is durable.
    pub(crate) fn forget(&self, call: CallId) {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&call);
        self.scheduler.finished(call);
        self.hub.close(call);
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    pub(crate) fn start_draining(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }
}

impl TrunkEvents for Core {
    fn deliver(&self, call: CallId, leg: LegId, event: TrunkEvent) {
        match self.mailbox(call) {
            Some(mailbox) => mailbox.input(Input::Trunk(leg, event)),
            None => tracing::debug!(%call, "trunk event for a call that is over"),
        }
    }

    fn trunk_usable(&self, trunk: &str, usable: bool) {
        self.scheduler.set_usable(trunk, usable);
    }

    fn trunk_full(&self, trunk: &str, wait: std::time::Duration) {
        self.scheduler.set_full(trunk, self.parts.clock.now() + wait);
    }
}

/// Stands in until trunks are plugged in; commands to it go nowhere.
struct SilentTrunk;

impl Trunk for SilentTrunk {
    fn submit(&self, call: CallId, _leg: LegId, _command: TrunkCommand) {
        tracing::error!(%call, "no trunk is plugged in");
    }
}
