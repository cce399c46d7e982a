//! How far playing stays behind the network: transit times in, a target delay out.

/// Smallest target, in ticks of 20 ms.
const MIN_TARGET: u32 = 1;
/// Largest target, in ticks: 120 ms.
const MAX_TARGET: u32 = 6;
/// Target before anything was measured, in ticks: 40 ms.
const FIRST_TARGET: u32 = 2;
/// Packets in one window of the minimum: five seconds.
const WINDOW: u32 = 250;
/// The peak loses one part in so many with each packet: half in three and a half seconds.
const FADE: u32 = 256;

/// Transit times of one source, in units of its clock.
///
/// The fastest packet of the last two windows is the base; the peak of what others took longer
/// than it, fading slowly, rounded up to whole ticks, is the target. It rises at once and falls
/// only when the peak is well below, so that it does not swing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Delay {
    /// Smallest transit of the window before and of this one, relative to `origin`.
    minima: [i32; 2],
    in_window: u32,
    /// The first transit; all others are kept relative to it, so wrapping does not matter.
    origin: Option<u32>,
    /// Fading peak of the spread, in 16ths of a unit.
    peak_q4: u32,
    target: u32,
    /// Units of one tick.
    tick: u32,
}

impl Delay {
    /// Nothing measured yet, on a clock of so many units a second.
    pub const fn new(clock: u32) -> Self {
        let tick = clock / 50;
        Self {
            minima: [0; 2],
            in_window: 0,
            origin: None,
            // As if the first target had been measured.
            peak_q4: ((FIRST_TARGET - 1) * tick) << 4,
            target: FIRST_TARGET * tick,
            tick,
        }
    }

    /// Takes in the transit (arrival minus timestamp) of one packet.
    pub fn packet(&mut self, transit: u32) {
        let origin = *self.origin.get_or_insert(transit);
        let transit = transit.wrapping_sub(origin) as i32;
        self.minima[1] = self.minima[1].min(transit);
        self.in_window += 1;
        if self.in_window == WINDOW {
            self.minima = [self.minima[1], transit];
            self.in_window = 0;
        }
        let spread = transit.wrapping_sub(self.base()).clamp(0, 50 * self.tick as i32) as u32;
        self.peak_q4 = (self.peak_q4 - self.peak_q4 / FADE).max(spread << 4);
        let peak = self.peak_q4 >> 4;
        let needed = peak.div_ceil(self.tick).clamp(MIN_TARGET, MAX_TARGET) * self.tick;
        if needed > self.target {
            self.target = needed;
        } else if needed < self.target && peak + self.tick * 3 / 2 < self.target {
            self.target -= self.tick;
        }
    }

    /// By how many units playing at timestamp `playing` runs ahead of the target at `now`;
    /// negative when the delay is larger than needed.
    pub fn early(&self, now: u32, playing: u32) -> i32 {
        let Some(origin) = self.origin else { return 0 };
        let transit = now.wrapping_sub(playing).wrapping_sub(origin) as i32;
        (self.base() + self.target as i32).wrapping_sub(transit)
    }

    /// The target, in units.
    pub const fn target(&self) -> u32 {
        self.target
    }

    fn base(&self) -> i32 {
        self.minima[0].min(self.minima[1])
    }
}
