//! A lane's thread: when and where it runs, by its clock, its sleep, its core and its rank.

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;

use domain::Now;

use crate::lanes::lane::{Lane, LaneEnds, LaneShared, SLOTS};

/// Length of a tick, which is one turn of the wheel.
const TICK_NS: u64 = 20_000_000;
/// Time of a slot.
const SLOT_NS: u64 = TICK_NS / SLOTS as u64;
/// A lane that is behind goes through its slots without a pause, but once in a turn it leaves the
/// core for so long: those that empty its queues on a shared core would starve.
const BREATH_NS: u64 = 1_500_000;

/// Of 1 to 99; any goes before all threads without a real-time priority, and what keeps the
/// machine going has higher ones.
const RANK: libc::c_int = 10;
/// What comes nearest to it without the right to one.
const NICE: libc::c_int = -10;

/// Starts the thread of lane `n`, on the core `pin` if one is named.
pub(super) fn spawn(
    n: usize,
    shared: Arc<LaneShared>,
    ends: LaneEnds,
    pin: Option<usize>,
) -> io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name(format!("lane-{n}")).spawn(move || {
        if let Some(core) = pin {
            pin_to(core);
        }
        go_first();
        run(&shared, Lane::new(shared.clone(), ends));
    })
}

fn run(shared: &LaneShared, mut lane: Lane) {
    let start = monotonic_ns();
    let mut due = start;
    while !shared.is_stopping() {
        let mut late = false;
        for slot in 0..SLOTS {
            due += SLOT_NS;
            // The first slot begins the turn, also of an empty wheel.
            if slot > 0 && lane.is_free(slot) {
                continue;
            }
            let now = monotonic_ns();
            if now > due + 10 * TICK_NS {
                // The machine slept: catching up would send a burst that nobody can use.
                due = now;
            }
            if now < due {
                sleep_until(due);
            } else if slot == 0 {
                sleep_until(now + BREATH_NS);
            }
            let woke = monotonic_ns();
            late |= woke > due + 2_000_000;
            lane.serve(Now::from_nanos(woke - start), slot);
        }
        lane.turned(late);
    }
}

/// Nanoseconds of the monotonic clock.
pub(super) fn monotonic_ns() -> u64 {
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a live timespec.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut t) };
    u64::try_from(t.tv_sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(t.tv_nsec).unwrap_or(0)
}

/// Sleeps to an absolute time, so that lateness does not add up.
pub(super) fn sleep_until(ns: u64) {
    let t = libc::timespec {
        tv_sec: i64::try_from(ns / 1_000_000_000).unwrap_or(i64::MAX),
        tv_nsec: i64::try_from(ns % 1_000_000_000).unwrap_or(0),
    };
    let absolute = libc::TIMER_ABSTIME;
    // SAFETY: the pointer is to a live timespec; no remainder is asked for.
    unsafe {
        libc::clock_nanosleep(libc::CLOCK_MONOTONIC, absolute, &raw const t, std::ptr::null_mut());
    }
}

/// Lets this thread run before all others where the system allows it (real-time, round robin),
/// else before the process's others as far as it does: packets are late by as much as it waits,
/// and nothing else here minds waiting for some milliseconds. Linux keeps a twentieth of each
/// core back for the others.
fn go_first() {
    let policy = libc::SCHED_RR | libc::SCHED_RESET_ON_FORK;
    let rank = libc::sched_param { sched_priority: RANK };
    // SAFETY: 0 is the calling thread, the pointer is to a live parameter. A refusal changes
    // nothing.
    unsafe {
        if libc::sched_setscheduler(0, policy, &raw const rank) != 0 {
            libc::setpriority(libc::PRIO_PROCESS, 0, NICE);
        }
    }
}

/// Keeps this thread on one core.
fn pin_to(core: usize) {
    // SAFETY: all zeroes is an empty set; the macro-like functions write within it.
    unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(core, &mut set);
        libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const set);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::lane::Room;
    use crate::lanes::recorder::tests::stuck;

    #[test]
    fn a_lane_does_not_wait_for_one_who_was_interrupted_while_giving_orders() {
        let (_, recorder, tape, _mail) = stuck();
        let (shared, ends, _told) = LaneShared::new(Room::WHOLE, Arc::new(recorder), tape);
        // The lane would stand still if it took this lock, or if a place that is taken and not
        // filled yet held it up.
        let mut orders = shared.orders();
        let half_sent = orders.write_chunk_uninit(1).unwrap();
        let lane = spawn(0, shared.clone(), ends, None).unwrap();
        while shared.stats().ticks < 3 {
            std::thread::yield_now();
        }
        half_sent.fill_from_iter(std::iter::empty());
        drop(orders);
        shared.stop();
        lane.join().unwrap();
        shared.recorder.stop();
    }
}
