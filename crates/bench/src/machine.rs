//! What the kernel says about this machine, its cores, our threads and our sockets.

use std::collections::BTreeMap;
use std::fs;
use std::io;

use serde::{Deserialize, Serialize};

/// Time of one core since boot, in ticks of 10 ms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoreTime {
    /// Nothing to do, or only to wait for a disk. Measured, while the kernel finds out what the
    /// rest was for by looking at every tick: threads that run in step with its looks are seen too
    /// often or hardly at all.
    pub idle: u64,
    /// Serving soft interrupts, where the kernel could tell them from the thread they hit.
    pub softirq: u64,
    /// Taken by the hypervisor.
    pub steal: u64,
}

/// Time of one thread or of several, ns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ThreadTime {
    /// On a core, kernel work for it included.
    pub ran: u64,
    /// Ready, while something else ran.
    pub waited: u64,
}

/// Counts of UDP for the whole network namespace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UdpCounts {
    /// Datagrams that found a full receive buffer.
    pub receive_full: u64,
    /// Datagrams that found a full send buffer.
    pub send_full: u64,
}

/// The name of the processor, its number of cores, and the kernel.
pub fn describe() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find_map(|l| l.strip_prefix("model name"))
        .map_or("unknown processor", |l| l.trim_start_matches([' ', '\t', ':']));
    // Not what this process may use: it is pinned.
    let cores = cpu.lines().filter(|l| l.starts_with("processor")).count();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{model}, {cores} cores, Linux {}", kernel.trim())
}

/// Keeps this thread, and those it starts from now on, on one core.
pub fn pin_to(core: usize) -> io::Result<()> {
    // SAFETY: all zeroes is an empty set; the macro-like functions write within it.
    let done = unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(core, &mut set);
        libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const set)
    };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Lets this process have as many descriptors as it may; returns how many.
pub fn raise_descriptors() -> u64 {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the pointers are to a live rlimit.
    unsafe {
        libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit);
        limit.rlim_cur = limit.rlim_max;
        libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit);
    }
    limit.rlim_cur
}

/// Lets this thread run when it should: its sleeps end without the slack of 50 µs, and where the
/// system allows it, it goes before all others of its core.
pub fn be_punctual() {
    let rank = libc::sched_param { sched_priority: 20 };
    // SAFETY: takes numbers and a pointer to a live parameter; 0 is the calling thread. A refusal
    // changes nothing, and shows in how late we send.
    unsafe {
        libc::prctl(libc::PR_SET_TIMERSLACK, 1 as libc::c_ulong);
        libc::sched_setscheduler(0, libc::SCHED_RR | libc::SCHED_RESET_ON_FORK, &raw const rank);
    }
}

/// The time of one core.
pub fn core_time(core: usize) -> io::Result<CoreTime> {
    read_core(&fs::read_to_string("/proc/stat")?, core)
        .ok_or_else(|| io::Error::other(format!("no core {core}")))
}

/// The times of our threads, by name; those of one name together.
pub fn thread_times() -> io::Result<BTreeMap<String, ThreadTime>> {
    let mut times = BTreeMap::<String, ThreadTime>::new();
    for task in fs::read_dir("/proc/self/task")? {
        let path = task?.path();
        // A thread may end meanwhile.
        let Ok(stat) = fs::read_to_string(path.join("schedstat")) else {
            continue;
        };
        let name = fs::read_to_string(path.join("comm")).unwrap_or_default();
        let mut numbers = stat.split_whitespace().map_while(|n| n.parse().ok());
        let sum = times.entry(name.trim().to_owned()).or_default();
        sum.ran += numbers.next().unwrap_or(0);
        sum.waited += numbers.next().unwrap_or(0);
    }
    Ok(times)
}

/// Time that a process has had on the processor, ns, ended threads included.
pub fn process_time(pid: u32) -> io::Result<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // After the name in brackets, which may hold anything: user and system time are the 12th
    // and 13th, in ticks of 10 ms.
    let rest = stat.rsplit(')').next().unwrap_or_default();
    let ticks = rest.split_whitespace().skip(11).take(2).map_while(|n| n.parse::<u64>().ok());
    Ok(ticks.sum::<u64>() * 10_000_000)
}

/// Resident memory of this process, bytes.
pub fn resident() -> io::Result<u64> {
    let statm = fs::read_to_string("/proc/self/statm")?;
    let pages = statm.split_whitespace().nth(1).and_then(|n| n.parse().ok());
    let pages: u64 = pages.ok_or_else(|| io::Error::other("statm is no list of numbers"))?;
    // SAFETY: takes a number only.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    Ok(pages * u64::try_from(page).unwrap_or(4_096))
}

/// Memory of a process, KB.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Memory {
    /// What is resident, pages of the program's file and of libraries among it.
    pub resident: u64,
    /// Of that, what belongs to no file: what it asked for and wrote to.
    pub anonymous: u64,
    /// What it asked its allocator for and has not given back, whether written to or not.
    pub in_use: u64,
}

/// Memory of this process.
pub fn memory() -> io::Result<Memory> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|l| l.strip_prefix("RssAnon:"));
    let anonymous = line.and_then(|l| l.split_whitespace().next()?.parse().ok());
    let anonymous = anonymous.ok_or_else(|| io::Error::other("status has no RssAnon"))?;
    // SAFETY: takes nothing and answers by value.
    let info = unsafe { libc::mallinfo2() };
    let in_use = (info.uordblks + info.hblkhd) as u64 / 1_024;
    Ok(Memory { resident: resident()? / 1_024, anonymous, in_use })
}

/// Makes the allocator give back what it keeps for later.
pub fn trim() {
    // SAFETY: takes a number only.
    unsafe { libc::malloc_trim(0) };
}

/// The namespace's counts of UDP.
pub fn udp_counts() -> io::Result<UdpCounts> {
    Ok(read_udp(&fs::read_to_string("/proc/net/snmp")?))
}

/// Datagrams dropped by sockets on these local ports since they were opened.
pub fn socket_drops(ports: &[u16]) -> io::Result<u64> {
    Ok(read_drops(&fs::read_to_string("/proc/net/udp")?, ports))
}

fn read_core(stat: &str, core: usize) -> Option<CoreTime> {
    let name = format!("cpu{core}");
    let line = stat.lines().find(|l| l.split(' ').next() == Some(&name))?;
    let n: Vec<u64> = line.split_whitespace().skip(1).map_while(|n| n.parse().ok()).collect();
    let [_user, _nice, _system, idle, iowait, _irq, softirq, steal, ..] = n[..] else {
        return None;
    };
    Some(CoreTime { idle: idle + iowait, softirq, steal })
}

fn read_udp(snmp: &str) -> UdpCounts {
    let mut lines = snmp.lines().filter_map(|l| l.strip_prefix("Udp:"));
    let (names, values) = (lines.next().unwrap_or(""), lines.next().unwrap_or(""));
    let of = |name: &str| {
        let at = names.split_whitespace().position(|n| n == name)?;
        values.split_whitespace().nth(at)?.parse().ok()
    };
    UdpCounts {
        receive_full: of("RcvbufErrors").unwrap_or(0),
        send_full: of("SndbufErrors").unwrap_or(0),
    }
}

fn read_drops(table: &str, ports: &[u16]) -> u64 {
    let drops = |line: &str| {
        let mut fields = line.split_whitespace();
        let port = fields.nth(1)?.rsplit(':').next()?;
        let port = u16::from_str_radix(port, 16).ok()?;
        let drops: u64 = fields.last()?.parse().ok()?;
        ports.contains(&port).then_some(drops)
    };
    table.lines().skip(1).filter_map(drops).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernel_tables_are_read() {
        let stat =
            "cpu  9 9 9 9 9 9 9 9 0 0\ncpu0 1 2 3 40 5 6 7 8 0 0\ncpu1 1 1 1 1 1 1 1 1 0 0\n";
        let want = CoreTime { idle: 45, softirq: 7, steal: 8 };
        assert_eq!(read_core(stat, 0), Some(want));
        assert_eq!(read_core(stat, 2), None);
        let snmp = "Udp: InDatagrams RcvbufErrors SndbufErrors\nUdp: 5 6 7\nUdpLite: 1 1 1\n";
        let (receive_full, send_full) = (6, 7);
        assert_eq!(read_udp(snmp), UdpCounts { receive_full, send_full });
        let udp = "  sl  local_address drops\n \
            1: 0100007F:B02C 00000000:0000 07 0:0 0:0 0 0 0 410439 2 0 3\n \
            2: 0100007F:B02D 00000000:0000 07 0:0 0:0 0 0 0 410439 2 0 4\n";
        assert_eq!(read_drops(udp, &[0xB02D]), 4);
        assert_eq!(read_drops(udp, &[0xB02D, 0xB02C, 9]), 7);
    }

    #[test]
    fn this_machine_answers() {
        assert!(core_time(0).unwrap().idle > 0);
        assert!(thread_times().unwrap().values().any(|t| t.ran > 0));
        assert!(resident().unwrap() > 100_000);
        let memory = memory().unwrap();
        assert!(memory.anonymous > 0 && memory.anonymous <= memory.resident, "{memory:?}");
        assert!(memory.in_use > 0);
    }
}
