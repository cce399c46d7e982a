//! When and where a lane's thread runs: its clock, its sleep, its core and its rank.

/// Of 1 to 99; any goes before all threads without a real-time priority, and what keeps the
/// machine going has higher ones.
const RANK: libc::c_int = 10;
/// What comes nearest to it without the right to one.
const NICE: libc::c_int = -10;

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
pub(super) fn go_first() {
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
pub(super) fn pin_to(core: usize) {
    // SAFETY: all zeroes is an empty set; the macro-like functions write within it.
    unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(core, &mut set);
        libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const set);
    }
}
