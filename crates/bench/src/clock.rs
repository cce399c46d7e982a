//! The stopwatch: clocks that two processes of one machine share.

/// Nanoseconds of the monotonic clock, the same in every process.
pub fn monotonic_ns() -> i64 {
    read(libc::CLOCK_MONOTONIC)
}

/// What to take off a kernel receive stamp (time of day) to make it monotonic. Read anew often:
/// the time of day is slewed.
pub fn stamp_offset_ns() -> i64 {
    let before = monotonic_ns();
    let wall = read(libc::CLOCK_REALTIME);
    let after = monotonic_ns();
    wall - i64::midpoint(before, after)
}

/// Sleeps to a moment of [`monotonic_ns`], so that lateness does not add up.
pub fn sleep_until(ns: i64) {
    let t = libc::timespec { tv_sec: ns / 1_000_000_000, tv_nsec: ns % 1_000_000_000 };
    // SAFETY: the pointer is to a live timespec; no remainder is asked for.
    unsafe {
        libc::clock_nanosleep(
            libc::CLOCK_MONOTONIC,
            libc::TIMER_ABSTIME,
            &raw const t,
            std::ptr::null_mut(),
        );
    }
}

fn read(clock: libc::clockid_t) -> i64 {
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a live timespec.
    unsafe { libc::clock_gettime(clock, &raw mut t) };
    t.tv_sec * 1_000_000_000 + t.tv_nsec
}
