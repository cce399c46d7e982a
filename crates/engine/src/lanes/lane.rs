//! One lane: many legs, one wheel.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{JoinHandle, Thread};

use domain::Now;
use media::leg::{LegCommand, Tick};
use rtrb::{Consumer, Producer, PushError};

use crate::lanes::inbox::{Garbage, LaneOrder, News, Order, Tape, nobody, ring};
use crate::lanes::io::{Mail, send};
use crate::lanes::recorder::Recorder;
use crate::lanes::thread::{go_first, monotonic_ns, pin_to, sleep_until};
use crate::lanes::wheel::{LEGS, Place, SLOTS, Seat, Wheel};

/// Orders a lane may have waiting; overflow rule: the order is refused and its call ends.
const ORDERS: usize = 8_192;
/// News a collector may be behind. Overflow rule: a frame is lost (the recognizer hears a gap);
/// an event or a leg to be freed waits on the lane for the next tick.
const NEWS: usize = 8_192;
/// Length of a tick, which is one turn of the wheel.
const TICK_NS: u64 = 20_000_000;
/// Time of a slot.
const SLOT_NS: u64 = TICK_NS / SLOTS as u64;
/// A lane that is behind goes through its slots without a pause, but once in a turn it leaves the
/// core for so long: those that empty its queues on a shared core would starve.
const BREATH_NS: u64 = 1_500_000;
/// Without packets for this many ticks nothing flows.
const STALL_TICKS: u32 = 50;
/// RTCP is looked for every so many ticks.
const RTCP_TICKS: u64 = 10;
/// Datagrams a leg is served in one tick: whoever floods one leg does not stop the others.
const MOST: u32 = 16;
/// A leg that is at pace, one packet a tick, is asked for a second one every so many ticks: asking
/// in vain costs half of what taking a packet does.
const SECOND_TICKS: u64 = 4;

/// What a lane has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LaneStats {
    /// Ticks so far.
    pub ticks: u64,
    /// Ticks of which a part began more than 2 ms late.
    pub late: u64,
    /// Frames lost because the collector was behind.
    pub frames_lost: u64,
    /// Legs on the lane.
    pub legs: u64,
}

/// What a lane shares with control and collector.
pub(crate) struct LaneShared {
    // A lock among those who order; the lane at the other end never takes it.
    orders: Mutex<Producer<LaneOrder>>,
    pub(crate) recorder: Arc<Recorder>,
    stopping: AtomicBool,
    ticks: AtomicU64,
    late: AtomicU64,
    frames_lost: AtomicU64,
    legs: AtomicU64,
    collector: std::sync::OnceLock<Thread>,
}

/// The lane's ends of its three queues, each with one sender and one receiver.
///
/// A lane goes before all other threads. So it must not even spin for one of them: whoever was
/// interrupted in the middle of sending or receiving may be waiting for the very core the lane
/// runs on. In these rings what is half sent is not there yet, and what is half received still
/// takes up its place.
pub(crate) struct LaneEnds {
    orders: Consumer<LaneOrder>,
    news: Producer<News>,
    tape: Producer<Tape>,
}

impl LaneShared {
    /// What is shared, the lane's ends, and the collector's. `tape` leads to the recorder.
    pub(crate) fn new(
        recorder: Arc<Recorder>,
        tape: Producer<Tape>,
    ) -> (Arc<Self>, LaneEnds, Consumer<News>) {
        let (ordered, orders) =
            ring(ORDERS, || LaneOrder { key: nobody(), order: Order::Answered });
        let (news, told) = ring(NEWS, || News::Flowing(nobody(), false));
        let shared = Self {
            orders: Mutex::new(ordered),
            recorder,
            stopping: AtomicBool::new(false),
            ticks: AtomicU64::new(0),
            late: AtomicU64::new(0),
            frames_lost: AtomicU64::new(0),
            legs: AtomicU64::new(0),
            collector: std::sync::OnceLock::new(),
        };
        (Arc::new(shared), LaneEnds { orders, news, tape }, told)
    }

    /// Gives an order; the order back if there is no room.
    pub(crate) fn push(&self, order: LaneOrder) -> Result<(), LaneOrder> {
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        orders.push(order).map_err(|PushError::Full(back)| back)
    }

    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        self.wake_collector();
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    pub(crate) fn set_collector(&self, thread: Thread) {
        let _ = self.collector.set(thread);
    }

    fn wake_collector(&self) {
        if let Some(thread) = self.collector.get() {
            thread.unpark();
        }
    }

    pub(crate) fn stats(&self) -> LaneStats {
        LaneStats {
            ticks: self.ticks.load(Ordering::Relaxed),
            late: self.late.load(Ordering::Relaxed),
            frames_lost: self.frames_lost.load(Ordering::Relaxed),
            legs: self.legs.load(Ordering::Relaxed),
        }
    }
}

/// The thread's own state.
pub(crate) struct LaneThread {
    shared: Arc<LaneShared>,
    ends: LaneEnds,
    wheel: Wheel,
    mail: Mail,
    tick: Box<Tick>,
    /// News that did not fit; bounded by the legs, because a leg waits before it makes more.
    held_back: Vec<News>,
    count: u64,
}

impl LaneThread {
    pub(crate) fn spawn(
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
            Self::new(shared, ends).run();
        })
    }

    fn new(shared: Arc<LaneShared>, ends: LaneEnds) -> Self {
        Self {
            shared,
            ends,
            wheel: Wheel::new(),
            mail: Mail::new(),
            tick: Box::new(Tick::new()),
            held_back: Vec::with_capacity(LEGS),
            count: 0,
        }
    }

    fn run(mut self) {
        let start = monotonic_ns();
        let mut due = start;
        while !self.shared.is_stopping() {
            let mut late = false;
            for slot in 0..SLOTS {
                due += SLOT_NS;
                // The first slot begins the turn, also of an empty wheel.
                if slot > 0 && self.wheel.is_free(slot) {
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
                self.serve(Now::from_nanos(woke - start), slot);
            }
            self.count += 1;
            self.shared.ticks.store(self.count, Ordering::Relaxed);
            self.shared.late.fetch_add(u64::from(late), Ordering::Relaxed);
        }
    }

    /// The tick of the legs of one slot.
    fn serve(&mut self, now: Now, slot: usize) {
        self.hand_on_held_back();
        while let Ok(order) = self.ends.orders.pop() {
            self.carry_out(now, order);
        }
        for place in self.wheel.places(slot) {
            self.receive(now, place);
            self.play(now, place);
        }
        self.shared.legs.store(self.wheel.len() as u64, Ordering::Relaxed);
        if self.ends.news.slots() < NEWS {
            self.shared.wake_collector();
        }
    }

    fn receive(&mut self, now: Now, place: Place) {
        let seat = self.wheel.seat(place);
        // Behind or ahead of its pace, a leg is asked for all it has.
        let all = seat.came != 1 || place.is_due(self.count, SECOND_TICKS);
        seat.came = 0;
        let most = if all { MOST } else { 1 };
        while seat.came < most
            && let Some((from, bytes)) = self.mail.receive(&seat.sockets.rtp)
        {
            seat.leg.receive_rtp(now, from, bytes);
            seat.came += 1;
        }
        if place.is_due(self.count, RTCP_TICKS) {
            for _ in 0..MOST {
                let Some((from, bytes)) = self.mail.receive(&seat.sockets.rtcp) else { break };
                seat.leg.receive_rtcp(now, from, bytes);
            }
        }
    }

    fn play(&mut self, now: Now, place: Place) {
        let seat = self.wheel.seat(place);
        seat.leg.tick(now, &mut self.tick);
        if let Some((to, bytes)) = self.tick.rtp.get() {
            let _ = send(&seat.sockets.rtp, to, bytes);
        }
        if let Some((to, bytes)) = self.tick.rtcp.get() {
            let _ = send(&seat.sockets.rtcp, to, bytes);
        }
        let key = seat.key;
        if let Some(block) = self.tick.stereo.take() {
            // A lost block shows as a gap in the indices of those that follow.
            let _ = self.ends.tape.push(Tape::Block(key, block));
        }
        for frame in self.tick.frames() {
            if self.ends.news.push(News::Frame(key, *frame)).is_err() {
                self.shared.frames_lost.fetch_add(1, Ordering::Relaxed);
            }
        }
        self.watch_flow(place);
        self.tell(place);
    }

    /// Whether packets come; a second without any is told, and their return.
    fn watch_flow(&mut self, place: Place) {
        let seat = self.wheel.seat(place);
        if !seat.connected {
            return;
        }
        let packets = seat.leg.quality().packets;
        let (key, was) = (seat.key, seat.flowing);
        if packets == seat.packets {
            seat.idle_ticks = seat.idle_ticks.saturating_add(1);
        } else {
            seat.idle_ticks = 0;
        }
        seat.packets = packets;
        // Music on hold is no sign of life that anybody should be asked for.
        seat.flowing = seat.idle_ticks < STALL_TICKS && !seat.leg.is_held();
        if seat.flowing != was {
            let flowing = seat.flowing;
            self.hand_on(News::Flowing(key, flowing));
        }
    }

    fn tell(&mut self, place: Place) {
        let key = self.wheel.seat(place).key;
        // A collector that is behind leaves events on their leg, whose ring is bounded.
        while self.held_back.is_empty() {
            let Some(event) = self.wheel.seat(place).leg.poll_event() else {
                break;
            };
            self.hand_on(News::Event(key, event));
        }
        while let Some(chunk) = self.wheel.seat(place).leg.take_used() {
            self.hand_on(News::Garbage(Garbage::Chunk(chunk)));
        }
    }

    fn carry_out(&mut self, now: Now, order: LaneOrder) {
        let key = order.key;
        if let Order::Add { leg, sockets } = order.order {
            self.wheel.add(Seat::new(key, leg, sockets));
            return;
        }
        let Some(place) = self.wheel.find(key) else {
            self.hand_on(News::Garbage(Garbage::Order(order.order)));
            return;
        };
        let seat = self.wheel.seat(place);
        match order.order {
            Order::Connect { agreed, allowed, mut gear } => {
                seat.leg.equip(&mut gear, &agreed);
                seat.leg.connect(now, &agreed, &allowed);
                seat.connected = true;
                seat.idle_ticks = 0;
                let done = Order::Connect { agreed, allowed, gear };
                self.hand_on(News::Garbage(Garbage::Order(done)));
            }
            Order::Answered => seat.leg.answered(now),
            Order::Leg(command) => self.command(now, place, command),
            Order::Close => self.close(now, place),
            Order::Add { .. } => {}
        }
    }

    fn command(&mut self, now: Now, place: Place, command: LegCommand) {
        let seat = self.wheel.seat(place);
        match &command {
            LegCommand::Cut(list) => seat.cut_until = seat.cut_until.max(*list),
            LegCommand::Queue { playlist, .. }
            | LegCommand::Play { playlist, .. }
            | LegCommand::EndItem { playlist, .. }
                if *playlist <= seat.cut_until =>
            {
                self.hand_on(News::Garbage(Garbage::Order(Order::Leg(command))));
                return;
            }
            _ => {}
        }
        if let Err(error) = seat.leg.command(now, command)
            && let Some(chunk) = error.into_chunk()
        {
            // The floor's look-ahead keeps far below the leg's bound; a chunk beyond it is lost.
            self.hand_on(News::Garbage(Garbage::Chunk(chunk)));
        }
    }

    fn close(&mut self, now: Now, place: Place) {
        let seat = self.wheel.seat(place);
        seat.leg.goodbye(now, &mut self.tick);
        if let Some((to, bytes)) = self.tick.rtcp.get() {
            let _ = send(&seat.sockets.rtcp, to, bytes);
        }
        while let Some(event) = self.wheel.seat(place).leg.poll_event() {
            let key = self.wheel.seat(place).key;
            self.hand_on(News::Event(key, event));
        }
        let seat = self.wheel.remove(place);
        let quality = seat.leg.quality();
        self.hand_on(News::Gone(seat.key, quality, seat.leg, seat.sockets));
    }

    fn hand_on(&mut self, news: News) {
        if !self.held_back.is_empty() {
            self.held_back.push(news);
        } else if let Err(PushError::Full(back)) = self.ends.news.push(news) {
            self.held_back.push(back);
        }
    }

    fn hand_on_held_back(&mut self) {
        let mut sent = 0;
        for _ in 0..self.held_back.len() {
            let news = self.held_back.remove(0);
            if let Err(PushError::Full(back)) = self.ends.news.push(news) {
                self.held_back.insert(0, back);
                break;
            }
            sent += 1;
            if sent >= NEWS / 2 {
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr, UdpSocket};

    use media::leg::{Leg, LegSetup};

    use super::*;
    use crate::lanes::pool::PortPool;
    use crate::lanes::recorder::tests::stuck;

    #[test]
    fn a_leg_at_pace_is_asked_seldom_and_one_with_a_backlog_is_emptied() {
        let (_, recorder, tape, _mail) = stuck();
        let (shared, ends, _told) = LaneShared::new(Arc::new(recorder), tape);
        let mut lane = LaneThread::new(shared, ends);
        let pool = Arc::new(PortPool::new(IpAddr::V4(Ipv4Addr::LOCALHOST), (27_000, 27_998)));
        let sockets = pool.open().unwrap();
        let to = sockets.rtp.local_addr().unwrap();
        let leg = Box::new(Leg::new(LegSetup::new(nobody().leg, 1, 2, 3)));
        lane.wheel.add(Seat::new(nobody(), leg, sockets));
        let place = lane.wheel.find(nobody()).unwrap();
        let from = UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut tick = |sent: usize| {
            for _ in 0..sent {
                from.send_to(&[0; 12], to).unwrap();
            }
            lane.receive(Now::default(), place);
            lane.count += 1;
            lane.wheel.seat(place).came
        };
        assert_eq!((0..12).map(|_| tick(1)).collect::<Vec<_>>(), [1; 12]);
        // What came too much is found within four ticks, and from then on all of it.
        let counts: Vec<u32> = (0..8).map(|n| tick(if n == 0 { 6 } else { 1 })).collect();
        assert_eq!(counts.iter().sum::<u32>(), 13, "{counts:?}");
        assert!(counts[4..].iter().all(|n| *n == 1), "{counts:?}");
        // After a gap all that comes is taken; a flood waits for its turn.
        assert_eq!([tick(0), tick(3), tick(40), tick(0), tick(0), tick(0)], [0, 3, 16, 16, 8, 0]);
        lane.shared.recorder.stop();
    }

    #[test]
    fn a_lane_does_not_wait_for_one_who_was_interrupted_while_giving_orders() {
        let (_, recorder, tape, _mail) = stuck();
        let (shared, ends, _told) = LaneShared::new(Arc::new(recorder), tape);
        // The lane would stand still if it took this lock, or if a place that is taken and not
        // filled yet held it up.
        let mut orders = shared.orders.lock().unwrap();
        let half_sent = orders.write_chunk_uninit(1).unwrap();
        let lane = LaneThread::spawn(0, shared.clone(), ends, None).unwrap();
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
