//! Payloads of every codec, into room of every size.
#![no_main]

use libfuzzer_sys::fuzz_target;
use media::codec::{Codec, CodecId};

fuzz_target!(|data: &[u8]| {
    let [first, room, payloads @ ..] = data else {
        return;
    };
    let id = CodecId::ALL[usize::from(*first) % CodecId::ALL.len()];
    let mut codec = Codec::new(id);
    let mut out = vec![0i16; usize::from(*room) * 8];
    for payload in payloads.split(|byte| *byte == 0xa5) {
        let written = codec.decode(payload, &mut out);
        assert!(written <= out.len());
        let mut bytes = vec![0; out.len()];
        assert!(codec.encode(&out[..written], &mut bytes) <= bytes.len());
    }
});
