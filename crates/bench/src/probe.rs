//! How punctual a core is: what a thread of real-time priority suffers that sleeps there.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::clock::{monotonic_ns, sleep_until};
use crate::machine;
use crate::spread::{Percentiles, Spread};

/// Sleeps so long at a time.
const ROUND_NS: i64 = 20_000_000;
/// Later than this it begins anew.
const LOST_NS: i64 = 100_000_000;

/// Notes how late a thread wakes up; ends with its owner.
pub struct Probe {
    spread: Arc<Mutex<Spread>>,
    over: Arc<AtomicBool>,
}

impl Probe {
    /// Starts it on a core, or where its owner is.
    pub fn start(core: Option<usize>) -> io::Result<Self> {
        let spread = Arc::new(Mutex::new(Spread::default()));
        let over = Arc::new(AtomicBool::new(false));
        let (of, end) = (spread.clone(), over.clone());
        std::thread::Builder::new().name("probe".to_owned()).spawn(move || {
            if let Some(core) = core {
                // Refused, it runs where it may.
                let _ = machine::pin_to(core);
            }
            machine::be_punctual();
            let mut due = monotonic_ns();
            while !end.load(Ordering::Relaxed) {
                due += ROUND_NS;
                sleep_until(due);
                let late = monotonic_ns() - due;
                of.lock().unwrap_or_else(PoisonError::into_inner).add_ns(late);
                if late > LOST_NS {
                    due = monotonic_ns();
                }
            }
        })?;
        Ok(Self { spread, over })
    }

    /// How late it was so far.
    pub fn percentiles(&self) -> Percentiles {
        self.spread.lock().unwrap_or_else(PoisonError::into_inner).percentiles()
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}
