//! A machine of one processor whose time and order of tasks follow from a seed.
//!
//! It is the engine's [`Runtime`] without tokio: tasks that are ready stand in a list, timers in
//! a heap. Time stands still while anything is ready, then jumps to the next timer. With a seed,
//! chance picks who of those that are ready runs next, and now and then time goes on while they
//! wait, as on a machine that is busy; so each seed is another interleaving, and the same seed
//! is the same run. Without a seed they run in the order in which they became ready.

mod beside;
mod ready;
mod sleep;

use std::cell::RefCell;
use std::collections::{BTreeMap, BinaryHeap};
use std::fmt;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use domain::{Now, WallTime};
use engine::Clock;
use engine::ports::PortFuture;
use engine::runtime::{Job, Runtime};

use crate::chance::Chance;
pub use beside::{Beside, beside, virtually};
use ready::{Ready, Token};
use sleep::{Sleep, Timer};

/// The root is the future that [`Machine::run`] was given.
const ROOT: u64 = 0;
/// One turn in so many finds the machine busy, and time goes on meanwhile.
const BUSY_ONE_IN: u64 = 256;
/// Longest such delay, µs.
const BUSY_US: u64 = 4_000;
/// Turns without any time passing after which tasks are running in a circle.
const CIRCLE: u64 = 2_000_000;

thread_local! {
    // So that whatever is started inside of a machine's run lives on it.
    static CURRENT: RefCell<Option<Machine>> = const { RefCell::new(None) };
}

/// See the module. Clones are one machine.
#[derive(Clone)]
pub struct Machine(Arc<Shared>);

pub(crate) struct Shared {
    me: Weak<Shared>,
    ready: Arc<Ready>,
    wall: WallTime,
    state: Mutex<State>,
}

struct State {
    now: Now,
    chance: Option<Chance>,
    tasks: BTreeMap<u64, Task>,
    next_task: u64,
    heap: BinaryHeap<Timer>,
    /// Who is to be woken; a timer that is not here was dropped.
    waiting: BTreeMap<u64, Waker>,
    next_timer: u64,
    /// The task that runs now is lost: a planted fault.
    lose: bool,
}

struct Task {
    /// Absent while it runs.
    work: Option<PortFuture<'static, ()>>,
    token: Arc<Token>,
}

impl Machine {
    /// A machine whose day begins at `wall`; see the module for `seed`.
    pub fn new(wall: WallTime, seed: Option<u64>) -> Self {
        let state = State {
            now: Now::default(),
            chance: seed.map(Chance::new),
            tasks: BTreeMap::new(),
            next_task: ROOT + 1,
            heap: BinaryHeap::new(),
            waiting: BTreeMap::new(),
            next_timer: 0,
            lose: false,
        };
        let state = Mutex::new(state);
        let ready = Arc::default();
        Self(Arc::new_cyclic(|me| Shared { me: me.clone(), ready, wall, state }))
    }

    /// The machine that runs on this thread now.
    pub fn current() -> Option<Self> {
        CURRENT.with_borrow(Clone::clone)
    }

    /// Its time and tasks, for an engine.
    pub fn clock(&self) -> Clock {
        Clock::of(self.0.clone())
    }

    /// Runs `root` to its end; what else was started then stands still, and dies with
    /// [`Machine::stop`].
    ///
    /// # Panics
    /// When nothing is left that could ever go on, or tasks wake each other in a circle.
    pub fn run<T>(&self, root: impl Future<Output = T>) -> T {
        let outer = CURRENT.replace(Some(self.clone()));
        let _restore = Restore(outer);
        let mut root = pin!(root);
        let token = Token::new(ROOT, &self.0.ready);
        let waker = Waker::from(token.clone());
        token.wake_up();
        let mut turns = 0;
        loop {
            let Some(id) = self.next() else {
                assert!(self.pass(), "nothing is left that could ever go on");
                turns = 0;
                continue;
            };
            turns += 1;
            assert!(turns < CIRCLE, "tasks run in a circle, and no time passes");
            if id != ROOT {
                self.turn(id);
                continue;
            }
            token.rest();
            if let Poll::Ready(done) = root.as_mut().poll(&mut Context::from_waker(&waker)) {
                return done;
            }
        }
    }

    /// Drops every task as a process that is killed does.
    pub fn stop(&self) {
        loop {
            // One after the other, because a task that is dropped may start or end others.
            let Some((_, task)) = self.lock().tasks.pop_first() else {
                return;
            };
            drop(task);
        }
    }

    /// Tasks that are not over.
    pub fn tasks(&self) -> usize {
        self.lock().tasks.len()
    }

    /// Timers that somebody waits for.
    pub fn timers(&self) -> usize {
        self.lock().waiting.len()
    }

    /// A planted fault: the task that runs now never runs again.
    pub(crate) fn lose_running_task(&self) {
        self.lock().lose = true;
    }

    /// Who runs next.
    fn next(&self) -> Option<u64> {
        let mut s = self.lock();
        let busy = s.chance.as_mut().is_some_and(|c| c.below(BUSY_ONE_IN) == 0);
        if busy && self.0.ready.len() > 0 {
            let delay = s.chance.as_mut().map_or(0, |c| c.below(BUSY_US));
            let until = s.now + Duration::from_micros(delay);
            drop(s);
            self.advance(until);
            s = self.lock();
        }
        self.0.ready.pick(s.chance.as_mut())
    }

    fn turn(&self, id: u64) {
        let (mut work, token) = {
            let mut s = self.lock();
            let Some(task) = s.tasks.get_mut(&id) else {
                return;
            };
            let Some(work) = task.work.take() else {
                return;
            };
            (work, task.token.clone())
        };
        token.rest();
        let waker = Waker::from(token);
        let over = work.as_mut().poll(&mut Context::from_waker(&waker)).is_ready();
        let mut s = self.lock();
        let over = over || std::mem::take(&mut s.lose);
        // A task that was aborted meanwhile is not in the table any more.
        let kept = match s.tasks.get_mut(&id) {
            Some(task) if !over => task.work.replace(work),
            Some(_) => {
                let gone = s.tasks.remove(&id);
                drop(s);
                drop(gone);
                Some(work)
            }
            None => {
                drop(s);
                Some(work)
            }
        };
        drop(kept);
    }

    /// Time goes on to the next timer; `false` if there is none.
    fn pass(&self) -> bool {
        let next = {
            let mut s = self.lock();
            loop {
                match s.heap.peek().map(|t| (t.at, t.id)) {
                    None => return false,
                    Some((at, id)) if s.waiting.contains_key(&id) => break at,
                    Some(_) => drop(s.heap.pop()),
                }
            }
        };
        self.advance(next);
        true
    }

    /// Time goes on to `until`; whoever waited for a moment before it is woken.
    fn advance(&self, until: Now) {
        let mut due = Vec::new();
        {
            let mut s = self.lock();
            s.now = s.now.max(until);
            while s.heap.peek().is_some_and(|t| t.at <= s.now) {
                let Some(timer) = s.heap.pop() else { break };
                due.extend(s.waiting.remove(&timer.id));
            }
        }
        due.into_iter().for_each(Waker::wake);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = self.lock();
        f.debug_struct("Machine").field("now", &s.now).field("tasks", &s.tasks.len()).finish()
    }
}

impl Runtime for Shared {
    fn now(&self) -> Now {
        self.lock().now
    }

    fn wall(&self) -> WallTime {
        let ms = i64::try_from(self.now().as_millis()).unwrap_or(i64::MAX);
        self.wall.plus_millis(ms)
    }

    fn sleep_until(&self, at: Now) -> PortFuture<'static, ()> {
        Box::pin(Sleep::new(self.me.clone(), at))
    }

    fn spawn(&self, work: PortFuture<'static, ()>) -> Arc<dyn Job> {
        let mut s = self.lock();
        let id = s.next_task;
        s.next_task += 1;
        let token = Token::new(id, &self.ready);
        s.tasks.insert(id, Task { work: Some(work), token: token.clone() });
        drop(s);
        token.wake_up();
        Arc::new(Handle { machine: self.me.clone(), id })
    }
}

/// A task of a machine.
struct Handle {
    machine: Weak<Shared>,
    id: u64,
}

impl Job for Handle {
    fn abort(&self) {
        let Some(machine) = self.machine.upgrade() else {
            return;
        };
        let task = machine.lock().tasks.remove(&self.id);
        drop(task);
    }

    fn is_finished(&self) -> bool {
        self.machine.upgrade().is_none_or(|m| !m.lock().tasks.contains_key(&self.id))
    }
}

/// Gives the thread back to the machine around this one, if there is one.
struct Restore(Option<Machine>);

impl Drop for Restore {
    fn drop(&mut self) {
        CURRENT.set(self.0.take());
    }
}
