//! The codecs and ciphers of one phone. Callees speak and hear at 8,000 samples a second, on
//! whatever line: a wideband codec carries their voices, not more than them.

use media::codec::{Codec, CodecId, MAX_PACKET_SAMPLES};
use media::resample::{Downsampler, Upsampler};
use media::srtp::{Agreed, SrtpReceiver, SrtpSender};

/// Samples of 20 ms at 8 kHz.
const FRAME: usize = 160;

/// Both ends of a phone's line.
#[derive(Debug)]
pub(crate) struct Ends {
    pub(crate) voice: Voice,
    pub(crate) ears: Ears,
    pub(crate) secrets: Option<Secrets>,
}

impl Ends {
    pub(crate) fn new(codec: CodecId) -> Self {
        Self { voice: Voice::new(codec), ears: Ears::new(codec), secrets: None }
    }
}

/// What encodes a callee's voice.
#[derive(Debug)]
pub(crate) struct Voice {
    codec: Codec,
    up: Upsampler,
}

impl Voice {
    pub(crate) fn new(codec: CodecId) -> Self {
        Self { codec: Codec::new(codec), up: Upsampler::default() }
    }

    pub(crate) fn codec(&self) -> CodecId {
        self.codec.id()
    }

    /// Encodes 20 ms; returns the length of the payload.
    pub(crate) fn say(&mut self, samples: &[i16; FRAME], out: &mut [u8]) -> usize {
        if self.codec.id().sample_rate() == 8_000 {
            return self.codec.encode(samples, out);
        }
        let mut wide = [0; 2 * FRAME];
        self.up.process(samples, &mut wide);
        self.codec.encode(&wide, out)
    }
}

/// What decodes the caller's.
#[derive(Debug)]
pub(crate) struct Ears {
    codec: Codec,
    down: Downsampler,
    narrow: [i16; MAX_PACKET_SAMPLES],
    /// Source and clock of the stream, and its first timestamp.
    stream: Option<(u32, u32, u32)>,
}

impl Ears {
    pub(crate) fn new(codec: CodecId) -> Self {
        let (codec, down) = (Codec::new(codec), Downsampler::default());
        Self { codec, down, narrow: [0; MAX_PACKET_SAMPLES], stream: None }
    }

    /// Decodes a payload to 8,000 samples a second.
    pub(crate) fn hear(&mut self, codec: CodecId, payload: &[u8]) -> &[i16] {
        if self.codec.id() != codec {
            (self.codec, self.down) = (Codec::new(codec), Downsampler::default());
        }
        if codec.sample_rate() == 8_000 {
            let len = self.codec.decode(payload, &mut self.narrow);
            return &self.narrow[..len];
        }
        let mut wide = [0; MAX_PACKET_SAMPLES];
        let len = self.codec.decode(payload, &mut wide) / 2;
        self.down.process(&wide[..2 * len], &mut self.narrow[..len]);
        &self.narrow[..len]
    }

    /// A timestamp as it would be on a clock of 8,000, which the witness counts by.
    pub(crate) fn narrow_timestamp(&mut self, clock: u32, ssrc: u32, timestamp: u32) -> u32 {
        if clock == 8_000 {
            return timestamp;
        }
        let fits = |s: &(u32, u32, u32)| (s.0, s.1) == (ssrc, clock);
        let (_, _, first) = match self.stream.filter(fits) {
            Some(stream) => stream,
            None => *self.stream.insert((ssrc, clock, timestamp)),
        };
        // Packets before the first one are rare and would wrap: they count from a second before.
        timestamp.wrapping_sub(first).wrapping_add(clock) / (clock / 8_000)
    }
}

/// The ciphers of one call.
#[derive(Debug)]
pub(crate) struct Secrets {
    pub(crate) sender: SrtpSender,
    pub(crate) receiver: SrtpReceiver,
}

impl Secrets {
    /// For what was agreed on; a direction whose key stays the same goes on where it stood.
    pub(crate) fn after(before: Option<Self>, agreed: &Agreed) -> Self {
        let suite = agreed.suite;
        let (sender, receiver) =
            before.map_or((None, None), |b| (Some(b.sender), Some(b.receiver)));
        let sender = sender.filter(|s| s.is(suite, &agreed.ours));
        let receiver = receiver.filter(|r| r.is(suite, &agreed.theirs));
        Self {
            sender: sender.unwrap_or_else(|| SrtpSender::new(suite, &agreed.ours)),
            receiver: receiver.unwrap_or_else(|| SrtpReceiver::new(suite, &agreed.theirs)),
        }
    }
}
