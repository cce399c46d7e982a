//! What a lane does: many legs, one wheel, and no clock, thread or socket of its own.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::Thread;

use domain::Now;
use media::leg::{LegCommand, Tick};
use rtrb::{Consumer, Producer, PushError};

use crate::lanes::inbox::{Garbage, LaneOrder, News, Order, Tape, nobody, ring};
use crate::lanes::recorder::Recorder;
use crate::lanes::wheel::{Place, Seat, Wheel};
use crate::lanes::wire::{Channel, LONGEST};

/// Slots of a turn, 2 ms each. More of them would wake an idle lane more often for little.
pub(crate) const SLOTS: usize = 10;

/// How much a lane has room for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    /// Slots of a turn.
    pub(crate) slots: usize,
    /// Legs that need no more memory.
    pub(crate) legs: usize,
    /// Orders that may wait. Overflow rule: the order is refused and its call ends.
    pub(crate) orders: usize,
    /// News the collector may be behind. Overflow rule: a frame is lost (the recognizer hears a
    /// gap); an event or a leg to be freed waits on the lane for the next tick.
    pub(crate) news: usize,
}

impl Room {
    /// Of a lane on a core of its own.
    pub(crate) const WHOLE: Self = Self { slots: SLOTS, legs: 4_096, orders: 8_192, news: 8_192 };
}

/// Without packets for this many ticks nothing flows.
const STALL_TICKS: u32 = 50;
/// RTCP is looked for every so many ticks.
const RTCP_TICKS: u64 = 10;
/// Datagrams a leg is served in one tick: whoever floods one leg does not stop the others.
const MOST: u32 = 16;

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
    room: Room,
    orders: Consumer<LaneOrder>,
    news: Producer<News>,
    tape: Producer<Tape>,
}

impl LaneShared {
    /// What is shared, the lane's ends, and the collector's. `tape` leads to the recorder.
    pub(crate) fn new(
        room: Room,
        recorder: Arc<Recorder>,
        tape: Producer<Tape>,
    ) -> (Arc<Self>, LaneEnds, Consumer<News>) {
        let (ordered, orders) =
            ring(room.orders, || LaneOrder { key: nobody(), order: Order::Answered });
        let (news, told) = ring(room.news, || News::Flowing(nobody(), false));
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
        (Arc::new(shared), LaneEnds { room, orders, news, tape }, told)
    }

    /// Gives an order; the order back if there is no room.
    pub(crate) fn push(&self, order: LaneOrder) -> Result<(), LaneOrder> {
        self.orders().push(order).map_err(|PushError::Full(back)| back)
    }

    pub(super) fn orders(&self) -> MutexGuard<'_, Producer<LaneOrder>> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
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

/// The legs of a lane, and what serves them.
pub(crate) struct Lane {
    shared: Arc<LaneShared>,
    ends: LaneEnds,
    wheel: Wheel,
    /// Room for one datagram.
    mail: Box<[u8; LONGEST]>,
    tick: Box<Tick>,
    /// News that did not fit; bounded by the legs, because a leg waits before it makes more.
    held_back: Vec<News>,
    count: u64,
}

impl Lane {
    /// An empty one.
    pub(crate) fn new(shared: Arc<LaneShared>, ends: LaneEnds) -> Self {
        Self {
            shared,
            wheel: Wheel::new(ends.room.slots, ends.room.legs),
            mail: Box::new([0; LONGEST]),
            tick: Box::new(Tick::new()),
            held_back: Vec::with_capacity(ends.room.legs),
            count: 0,
            ends,
        }
    }

    /// Whether nobody sits in a slot.
    pub(crate) fn is_free(&self, slot: usize) -> bool {
        self.wheel.is_free(slot)
    }

    /// A turn of the wheel is over, in which a slot was served late or not.
    pub(crate) fn turned(&mut self, late: bool) {
        self.count += 1;
        self.shared.ticks.store(self.count, Ordering::Relaxed);
        self.shared.late.fetch_add(u64::from(late), Ordering::Relaxed);
    }

    /// The tick of the legs of one slot; in a turn each slot has one, in order.
    pub(crate) fn serve(&mut self, now: Now, slot: usize) {
        self.hand_on_held_back();
        while let Ok(order) = self.ends.orders.pop() {
            self.carry_out(now, order);
        }
        for place in self.wheel.places(slot) {
            self.wheel.prefetch_after(place);
            self.receive(now, place);
            self.play(now, place);
        }
        self.shared.legs.store(self.wheel.len() as u64, Ordering::Relaxed);
        if self.ends.news.slots() < self.ends.room.news {
            self.shared.wake_collector();
        }
    }

    fn receive(&mut self, now: Now, place: Place) {
        let seat = self.wheel.seat(place);
        for _ in 0..MOST {
            let Some(a) = seat.wire.receive(Channel::Rtp, now, &mut self.mail) else { break };
            seat.leg.receive_rtp(a.at, a.from, &self.mail[..a.length]);
        }
        if place.is_due(self.count, RTCP_TICKS) {
            for _ in 0..MOST {
                let Some(a) = seat.wire.receive(Channel::Rtcp, now, &mut self.mail) else { break };
                seat.leg.receive_rtcp(a.at, a.from, &self.mail[..a.length]);
            }
        }
    }

    fn play(&mut self, now: Now, place: Place) {
        let seat = self.wheel.seat(place);
        seat.leg.tick(now, &mut self.tick);
        if let Some((to, bytes)) = self.tick.rtp.get() {
            seat.wire.send(Channel::Rtp, to, bytes);
        }
        if let Some((to, bytes)) = self.tick.rtcp.get() {
            seat.wire.send(Channel::Rtcp, to, bytes);
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
        self.watch_flow(now, place);
        self.tell(place);
    }

    /// Whether packets come; a second without any is told, and their return.
    fn watch_flow(&mut self, now: Now, place: Place) {
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
        // Music on hold is no sign of life that anybody should be asked for. Who reports but sends
        // nothing suppresses silence, and is silent like others.
        let comes = seat.idle_ticks < STALL_TICKS || seat.leg.is_reported(now);
        seat.flowing = comes && !seat.leg.is_held();
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
        // Told only now: what is used takes up room until it is taken away.
        let seat = self.wheel.seat(place);
        seat.waiting.set_done(seat.given - seat.leg.waiting());
    }

    fn carry_out(&mut self, now: Now, order: LaneOrder) {
        let key = order.key;
        if let Order::Add { leg, wire, waiting } = order.order {
            self.wheel.add(Seat::new(key, leg, wire, waiting));
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
        if let LegCommand::Play { chunk, .. } = &command {
            seat.given += chunk.len() as u64;
        }
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
            // Playout has told that it took no more of the line.
            self.hand_on(News::Garbage(Garbage::Chunk(chunk)));
        }
    }

    fn close(&mut self, now: Now, place: Place) {
        let seat = self.wheel.seat(place);
        seat.leg.goodbye(now, &mut self.tick);
        if let Some((to, bytes)) = self.tick.rtcp.get() {
            seat.wire.send(Channel::Rtcp, to, bytes);
        }
        while let Some(event) = self.wheel.seat(place).leg.poll_event() {
            let key = self.wheel.seat(place).key;
            self.hand_on(News::Event(key, event));
        }
        let seat = self.wheel.remove(place);
        let quality = seat.leg.quality();
        self.hand_on(News::Gone(seat.key, quality, seat.leg, seat.wire));
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
            if sent >= self.ends.room.news / 2 {
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
    fn a_backlog_is_emptied_and_a_flood_waits_for_its_turn() {
        let (_, recorder, tape, _mail) = stuck();
        let (shared, ends, _told) = LaneShared::new(Room::WHOLE, Arc::new(recorder), tape);
        let mut lane = Lane::new(shared, ends);
        let pool = Arc::new(PortPool::new(IpAddr::V4(Ipv4Addr::LOCALHOST), (27_000, 27_998)));
        let sockets = pool.open().unwrap();
        let to = sockets.rtp.local_addr().unwrap();
        let leg = Box::new(Leg::new(LegSetup::new(nobody().leg, 1, 2, 3)));
        lane.wheel.add(Seat::new(nobody(), leg, Box::new(sockets), Arc::default()));
        let place = lane.wheel.find(nobody()).unwrap();
        let from = UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut taken = |sent: usize| {
            for _ in 0..sent {
                from.send_to(&[0; 12], to).unwrap();
            }
            let before = lane.wheel.seat(place).leg.quality().early;
            lane.receive(Now::default(), place);
            lane.wheel.seat(place).leg.quality().early - before
        };
        assert_eq!([taken(1), taken(6), taken(0)], [1, 6, 0]);
        assert_eq!([taken(40), taken(1), taken(0), taken(0)], [16, 16, 9, 0]);
        lane.shared.recorder.stop();
    }
}
