//! One OS thread that sends and receives the RTP of every call of the lab.
//!
//! Audio goes out on one 20 ms wheel. Between its ticks the sockets are looked at every 5 ms
//! while there are few calls, so that what is measured here is measured to 5 ms.

mod line;
mod phone;
mod rtcp;

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use domain::Now;
use media::sdp::Negotiated;
use tokio::sync::oneshot;

pub(crate) use phone::{FromPhone, Phone, PhoneSettings, Playback};

use crate::clock::Clock;
use crate::report::HeardReport;

/// Names a phone on the lane.
pub(crate) type PhoneId = u64;

/// What a call can ask of its phone.
#[derive(Debug)]
pub(crate) enum ToPhone {
    /// The 200 OK was sent.
    Answered(Now),
    /// Play this from now on, instead of what plays.
    Play(Playback),
    /// Play nothing.
    Stop,
    /// Send a key.
    Press(char),
    /// Send no more RTP.
    Vanish,
    /// The peer described its side anew.
    Renegotiate(Negotiated),
}

enum Command {
    Open(PhoneId, Box<Phone>),
    Do(PhoneId, ToPhone),
    Close(PhoneId, Now, oneshot::Sender<(HeardReport, Option<Vec<i16>>)>),
    Quit,
}

/// The lane is full or gone.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the media thread takes no more commands")]
pub(crate) struct LaneClosed;

/// The thread, seen from the calls. The last one to be dropped ends it.
#[derive(Clone, Debug)]
pub(crate) struct Lane {
    /// 4,096 commands: a few per call. When full, a command is refused and its call ends.
    commands: SyncSender<Command>,
}

impl Lane {
    /// Starts the thread.
    pub(crate) fn start(clock: Clock) -> std::io::Result<(Self, JoinHandle<()>)> {
        let (commands, inbox) = sync_channel(4_096);
        let thread = std::thread::Builder::new()
            .name("lab-media".to_owned())
            .spawn(move || Wheel { clock, inbox, phones: Vec::new() }.turn())?;
        Ok((Self { commands }, thread))
    }

    pub(crate) fn open(&self, id: PhoneId, phone: Phone) -> Result<(), LaneClosed> {
        self.send(Command::Open(id, Box::new(phone)))
    }

    pub(crate) fn tell(&self, id: PhoneId, order: ToPhone) -> Result<(), LaneClosed> {
        self.send(Command::Do(id, order))
    }

    /// Closes a phone; resolves to what it heard, and to nothing if there is no such phone.
    pub(crate) async fn close(
        &self,
        id: PhoneId,
        invited: Now,
    ) -> Option<(HeardReport, Option<Vec<i16>>)> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Close(id, invited, reply)).ok()?;
        answer.await.ok()
    }

    /// Ends the thread once it has done what was asked before.
    pub(crate) fn quit(&self) {
        let _ = self.send(Command::Quit);
    }

    fn send(&self, command: Command) -> Result<(), LaneClosed> {
        self.commands.try_send(command).map_err(|error| match error {
            TrySendError::Full(_) | TrySendError::Disconnected(_) => LaneClosed,
        })
    }
}

struct Wheel {
    clock: Clock,
    inbox: Receiver<Command>,
    phones: Vec<(PhoneId, Box<Phone>)>,
}

impl Wheel {
    fn turn(mut self) {
        let mut next_tick = self.clock.now() + TICK;
        let mut buffer = vec![0u8; 2_048];
        loop {
            let wait = self.wait(next_tick);
            let command = match wait {
                Some(wait) => self.inbox.recv_timeout(wait),
                None => self.inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match command {
                Ok(Command::Quit) | Err(RecvTimeoutError::Disconnected) => return,
                Ok(command) => {
                    if wait.is_none() {
                        next_tick = self.clock.now() + TICK;
                    }
                    self.obey(command);
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            let now = self.clock.now();
            for (_, phone) in &mut self.phones {
                phone.receive(now, &mut buffer);
            }
            if now >= next_tick {
                for (_, phone) in &mut self.phones {
                    phone.send(now);
                }
                next_tick = next_tick + TICK;
                if now.since(next_tick) > MOST_BEHIND {
                    next_tick = now + TICK;
                }
            }
            for (_, phone) in &mut self.phones {
                phone.deliver(now);
            }
        }
    }

    /// How long nothing needs to be done; `None` without phones.
    fn wait(&self, next_tick: Now) -> Option<Duration> {
        if self.phones.is_empty() {
            return None;
        }
        let now = self.clock.now();
        let look = if self.phones.len() <= FEW { LOOK_AGAIN } else { TICK };
        let due = self.phones.iter().filter_map(|(_, p)| p.next_due()).min();
        let until = due.map_or(next_tick, |due| due.min(next_tick));
        Some(until.since(now).min(look))
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Open(id, phone) => self.phones.push((id, phone)),
            Command::Do(id, order) => {
                if let Some((_, phone)) = self.phones.iter_mut().find(|(n, _)| *n == id) {
                    phone.obey(order);
                }
            }
            Command::Close(id, invited, reply) => {
                if let Some(place) = self.phones.iter().position(|(n, _)| *n == id) {
                    let (_, phone) = self.phones.swap_remove(place);
                    let _ = reply.send(phone.finish(invited, self.clock.now()));
                }
            }
            Command::Quit => {}
        }
    }
}

const TICK: Duration = Duration::from_millis(20);
const LOOK_AGAIN: Duration = Duration::from_millis(5);
/// Up to so many phones are looked at between the ticks.
const FEW: usize = 64;
/// Beyond this the missed ticks are dropped instead of made up for in a burst.
const MOST_BEHIND: Duration = Duration::from_millis(100);
