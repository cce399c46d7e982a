//! Everything an installation takes and has to give back, counted.

#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock and waits")]

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::Failure;
use crate::callees::LOOK;
use crate::site::Site;

/// One count of each kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Books {
    /// Open descriptors by kind: `socket`, `recording`, `database`, `other`.
    pub descriptors: BTreeMap<&'static str, usize>,
    /// Threads of the process.
    pub threads: usize,
    /// Tasks of the runtime. A timer belongs to a task or to a transaction.
    pub tasks: usize,
    /// SIP transactions that run, and ended ones that are remembered.
    pub transactions: (usize, usize),
    /// SIP dialogs and legs.
    pub dialogs: (usize, usize),
    /// RTP ports in use, and legs on lanes.
    pub ports: (usize, u64),
    /// Calls that run, and that wait.
    pub calls: (usize, usize),
}

impl Books {
    /// Now.
    pub fn count(site: &Site) -> Result<Self, Failure> {
        let mut descriptors = BTreeMap::new();
        for entry in fs::read_dir("/proc/self/fd")? {
            // The one that reads this directory is gone by the time it is asked for.
            let Ok(target) = fs::read_link(entry?.path()) else { continue };
            *descriptors.entry(kind(&target.to_string_lossy())).or_default() += 1;
        }
        Ok(Self {
            descriptors,
            threads: fs::read_dir("/proc/self/task")?.count(),
            tasks: tokio::runtime::Handle::current().metrics().num_alive_tasks(),
            transactions: site.sip.transactions(),
            dialogs: (site.sip.live_dialogs(), site.sip.live_legs()),
            ports: (site.lanes.ports_in_use(), site.lanes.stats().iter().map(|s| s.legs).sum()),
            calls: (site.engine.running(), site.engine.waiting()),
        })
    }

    /// Waits until nothing of a call is left, and with `like` until all is as it was then; gives
    /// what is there at the end of the patience if it does not come to that.
    pub async fn settled(
        site: &Site,
        like: Option<&Self>,
        patience: Duration,
    ) -> Result<Self, Failure> {
        let until = Instant::now() + patience;
        loop {
            let now = Self::count(site)?;
            let is_like = like.is_none_or(|like| *like == now);
            if (now.is_quiet() && is_like) || Instant::now() > until {
                return Ok(now);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    fn is_quiet(&self) -> bool {
        self.transactions == (0, 0)
            && self.dialogs == (0, 0)
            && self.ports == (0, 0)
            && self.calls == (0, 0)
    }
}

fn kind(target: &str) -> &'static str {
    if target.starts_with("socket:") {
        "socket"
    } else if target.contains("waihu.db") {
        "database"
    } else if target.contains(".wav") || target.contains(".part") {
        "recording"
    } else if target.contains("/fd") {
        // The directory that is being read.
        "this reading"
    } else {
        "other"
    }
}
