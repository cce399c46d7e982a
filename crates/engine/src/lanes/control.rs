//! What control does with one lane: legs are opened, told and closed; any task may.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use media::leg::{Leg, LegGear, LegSetup};
use media::sdp::Negotiated;

use crate::lanes::collector::{Collector, Sink};
use crate::lanes::inbox::{LaneOrder, Order};
use crate::lanes::lane::LaneShared;
use crate::lanes::wire::Wire;
use crate::plane::{LegKey, LegOrder, PlaneError};

/// See the module.
pub(crate) struct Control {
    pub(crate) shared: Arc<LaneShared>,
    pub(crate) collector: Arc<Collector>,
}

impl Control {
    /// Opens a leg on a wire of its own; its SSRC and first numbers come from `seed`.
    pub(crate) fn open(
        &self,
        order: LegOrder,
        seed: u64,
        wire: Box<dyn Wire>,
    ) -> Result<(), PlaneError> {
        let (first_seq, first_timestamp) = ((seed >> 16) as u16 & 0x7FFF, seed as u32);
        let setup = LegSetup {
            speech_rate: order.media.speech_rate(),
            nat: order.media.nat,
            record: order.record.is_some(),
            media_timeout: Duration::from_secs(u64::from(order.media_timeout_s)),
            turn: order.turn,
            ..LegSetup::new(order.key.leg, (seed >> 32) as u32, first_seq, first_timestamp)
        };
        let recorder = &self.shared.recorder;
        if let Some(name) = order.record {
            recorder.expect(order.key, name, order.mailbox.clone());
        }
        self.collector.add(order.key, Sink { mailbox: order.mailbox, ear: order.ear });
        let leg = Box::new(Leg::new(setup));
        let added = self.order(order.key, Order::Add { leg, wire, waiting: order.waiting });
        if added.is_err() {
            self.collector.remove(order.key);
            recorder.forget(order.key);
        }
        added
    }

    /// Lets a leg exchange media as agreed.
    pub(crate) fn connect(
        &self,
        key: LegKey,
        agreed: Negotiated,
        allowed: Vec<IpAddr>,
    ) -> Result<(), PlaneError> {
        // Codecs and ciphers are made here, where memory may be taken.
        let gear = Box::new(LegGear::for_media(&agreed));
        self.order(key, Order::Connect { agreed: Box::new(agreed), allowed, gear })
    }

    /// Gives an order that may be refused.
    pub(crate) fn order(&self, key: LegKey, order: Order) -> Result<(), PlaneError> {
        self.shared.push(LaneOrder { key, order }).map_err(|_| PlaneError::Overloaded)
    }

    /// Closes a leg.
    pub(crate) fn close(&self, key: LegKey) {
        let mut order = LaneOrder { key, order: Order::Close };
        // Closing must not be lost: the lane empties its queue every 20 ms.
        for _ in 0..50 {
            match self.shared.push(order) {
                Ok(()) => return,
                Err(back) => order = back,
            }
            std::thread::yield_now();
        }
        tracing::error!(call = %key.call, "media lane does not take orders; a leg leaks");
    }
}
