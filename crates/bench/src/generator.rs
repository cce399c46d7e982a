//! The other side of `legs`: a process of its own on its own core that plays all callees.
//!
//! The legs are spread over [`SLOTS`] moments of each 20 ms. A slot has one socket for all its
//! legs, so that one system call sends them all: the engine's side is the same as with a socket
//! for each callee, and the generator can play thousands. Our packets are told apart by the port
//! they come from.

mod reception;
mod wire;

use std::io::{self, BufRead, Write};
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};

use clap::Args;
use media::rtp::RtpHeader;
use serde::{Deserialize, Serialize};

use crate::Failure;
use crate::audio::{self, Dice, PACKET, Script};
use crate::clock::{monotonic_ns, sleep_until, stamp_offset_ns};
use crate::generator::reception::{Heard, Receptions};
use crate::generator::wire::{Arrivals, LENGTH, Outgoing, open};
use crate::machine;
use crate::spread::{Percentiles, Spread};

/// Moments within 20 ms at which packets are sent.
pub const SLOTS: usize = 40;
const SLOT_NS: i64 = 20_000_000 / SLOTS as i64;
/// Within a round a socket is read this many slots after it was written to.
const READ_AFTER: usize = SLOTS / 2;
/// Packets that follow the last one sent are waited for this long.
const AFTERMATH_NS: i64 = 300_000_000;

/// How the generator is started.
#[derive(Args, Clone, Debug)]
pub struct GenerateArgs {
    /// Callees.
    #[arg(long)]
    pub legs: usize,
    /// Core to run on.
    #[arg(long)]
    pub core: usize,
    /// Seed of the callees' script.
    #[arg(long)]
    pub seed: u64,
    /// Callees say nothing.
    #[arg(long)]
    pub silent: bool,
}

/// Told first: where the callees are, leg `i` at the port of slot `i % SLOTS`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Offer {
    /// RTP ports, one for each slot.
    pub ports: Vec<u16>,
    /// Where RTCP may go; it is thrown away.
    pub rtcp: u16,
    /// Share of packets that are loud.
    pub loud_share: f64,
}

/// Read then: where the legs are, and the plan in monotonic time.
#[derive(Debug, Serialize, Deserialize)]
pub struct Plan {
    /// RTP ports of the legs.
    pub targets: Vec<u16>,
    /// First packets.
    pub start_ns: i64,
    /// What is measured begins.
    pub from_ns: i64,
    /// What is measured ends.
    pub until_ns: i64,
    /// Last packets.
    pub stop_ns: i64,
}

/// Told last: what was sent and what came.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Outcome {
    /// Packets sent.
    pub sent: u64,
    /// Packets the kernel did not take.
    pub unsent: u64,
    /// How late packets were sent, while measuring.
    pub lateness: Percentiles,
    /// What came from the legs.
    pub heard: Heard,
    /// Datagrams dropped at our sockets because we read too late.
    pub dropped: u64,
    /// Time on the core while measuring, ns.
    pub ran_ns: u64,
}

/// Plays the callees of one run; talks with `legs` over stdin and stdout.
pub fn run(args: &GenerateArgs) -> Result<(), Failure> {
    machine::raise_descriptors();
    machine::pin_to(args.core)?;
    machine::be_punctual();
    let script = if args.silent {
        Script::silent(args.seed)
    } else {
        Script::new(&audio::speech("en-us+f3")?, args.seed)
    };
    let sockets: Vec<UdpSocket> = (0..SLOTS).map(|_| open()).collect::<io::Result<_>>()?;
    let rtcp = open()?;
    let port = |socket: &UdpSocket| socket.local_addr().map(|a| a.port());
    tell(&Offer {
        ports: sockets.iter().map(port).collect::<io::Result<_>>()?,
        rtcp: port(&rtcp)?,
        loud_share: script.loud_share(),
    })?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    let plan: Plan = serde_json::from_str(&line)?;
    tell(&Callees::new(script, &plan, args.seed).play(&sockets, &rtcp, &plan)?)
}

fn tell(what: &impl Serialize) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, what)?;
    out.write_all(b"\n")?;
    out.flush()?;
    Ok(())
}

/// All callees and what they have heard.
struct Callees {
    script: Script,
    targets: Vec<SocketAddrV4>,
    first_seq: u16,
    outgoing: Outgoing,
    arrivals: Arrivals,
    receptions: Receptions,
    lateness: Spread,
    sent: u64,
    unsent: u64,
}

impl Callees {
    fn new(script: Script, plan: &Plan, seed: u64) -> Self {
        let target = |port: &u16| SocketAddrV4::new(Ipv4Addr::LOCALHOST, *port);
        Self {
            script,
            targets: plan.targets.iter().map(target).collect(),
            first_seq: Dice(seed).next() as u16,
            outgoing: Outgoing::default(),
            arrivals: Arrivals::new(),
            receptions: Receptions::new(&plan.targets, plan.from_ns..plan.until_ns),
            lateness: Spread::default(),
            sent: 0,
            unsent: 0,
        }
    }

    fn play(
        mut self,
        sockets: &[UdpSocket],
        rtcp: &UdpSocket,
        plan: &Plan,
    ) -> Result<Outcome, Failure> {
        // Whole rounds before the start: the legs may speak already, and nothing may pile up.
        let early = (plan.start_ns - monotonic_ns()).max(0) / (20 * 1_000_000);
        let mut due = plan.start_ns - early * 20 * 1_000_000;
        let mut offset = stamp_offset_ns();
        let (mut ran, mut ran_before) = (0, None);
        for n in 0.. {
            let slot = n % SLOTS;
            sleep_until(due);
            if due >= plan.start_ns && due < plan.stop_ns {
                let round = usize::try_from((due - plan.start_ns) / 20_000_000).unwrap_or(0);
                self.send(&sockets[slot], slot, round)?;
                if (plan.from_ns..plan.until_ns).contains(&due) {
                    let late = monotonic_ns() - due;
                    let packets = self.outgoing.len();
                    (0..packets).for_each(|_| self.lateness.add_ns(late));
                }
            }
            if slot == 0 {
                offset = stamp_offset_ns();
                while self.arrivals.receive(rtcp)? {}
            }
            self.receive(&sockets[(slot + READ_AFTER) % SLOTS], offset)?;
            due += SLOT_NS;
            if due >= plan.from_ns && ran_before.is_none() {
                ran_before = Some(own_time()?);
            }
            if due >= plan.until_ns && ran == 0 {
                ran = own_time()? - ran_before.unwrap_or(0);
            }
            if due > plan.stop_ns + AFTERMATH_NS {
                break;
            }
        }
        let ports: Vec<u16> =
            sockets.iter().filter_map(|s| s.local_addr().ok()).map(|a| a.port()).collect();
        Ok(Outcome {
            sent: self.sent,
            unsent: self.unsent,
            lateness: self.lateness.percentiles(),
            heard: self.receptions.finish(),
            dropped: machine::socket_drops(&ports)?,
            ran_ns: ran,
        })
    }

    /// One packet of each leg of a slot.
    fn send(&mut self, socket: &UdpSocket, slot: usize, round: usize) -> io::Result<()> {
        self.outgoing.clear();
        for leg in (slot..self.targets.len()).step_by(SLOTS) {
            let mut bytes = [0; LENGTH];
            let header = RtpHeader {
                marker: round == 0,
                payload_type: 8,
                seq: self.first_seq.wrapping_add(round as u16),
                timestamp: (round * PACKET) as u32,
                ssrc: 0x5EED_0000 | leg as u32,
            };
            let payload = self.script.packet(leg, round);
            if header.write(payload, &mut bytes).is_some() {
                self.outgoing.push(self.targets[leg], bytes);
            }
        }
        let sent = self.outgoing.send(socket)?;
        self.sent += sent as u64;
        self.unsent += (self.outgoing.len() - sent) as u64;
        Ok(())
    }

    fn receive(&mut self, socket: &UdpSocket, offset: i64) -> io::Result<()> {
        loop {
            let more = self.arrivals.receive(socket)?;
            for (port, stamp, bytes) in self.arrivals.iter() {
                let at = stamp - offset;
                self.receptions.packet(port, at, bytes);
            }
            if !more {
                return Ok(());
            }
        }
    }
}

fn own_time() -> io::Result<u64> {
    let times = machine::thread_times()?;
    Ok(times.values().map(|t| t.ran).sum())
}
