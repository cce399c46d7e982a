//! Asking the processor for memory before it is needed.
//!
//! A lane goes through more legs in 20 ms than fit into a core's own cache, so each leg has to be
//! brought from afar. Waiting for that was more than a tenth of a tick; who says in time what comes
//! next does not wait (docs/performance.md has the figures).

/// Bytes that come at once.
#[cfg(target_arch = "x86_64")]
const LINE: usize = 64;

/// Begins to bring all of `value` near; nothing where there is no instruction for it.
#[cfg(target_arch = "x86_64")]
pub fn prefetch<T: ?Sized>(value: &T) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    let start = (&raw const *value).cast::<i8>();
    // The first line may begin before the value, the last one may end after it.
    let lead = start.addr() % LINE;
    for at in (0..lead + size_of_val(value)).step_by(LINE) {
        // SAFETY: a hint: it reads nothing, and no address is wrong.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(start.wrapping_add(at)) };
    }
}

/// Begins to bring all of `value` near; nothing where there is no instruction for it.
#[cfg(not(target_arch = "x86_64"))]
pub fn prefetch<T: ?Sized>(_value: &T) {}
