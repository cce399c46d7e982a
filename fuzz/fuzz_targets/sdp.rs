//! Session descriptions, as an answer to our offer and as an offer, with and without keys: our
//! own answer is always one that can be read, and refuses or takes every stream that was offered.
#![no_main]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a target fails by panicking")]

use libfuzzer_sys::fuzz_target;
use media::codec::CodecId;
use media::profile::SrtpPolicy;
use media::sdp::LocalMedia;
use media::srtp::{MASTER_LEN, MasterKey, OurKeys};

fuzz_target!(|data: &[u8]| {
    let Some((first, text)) = data.split_first() else {
        return;
    };
    let keys = OurKeys { tag80: MasterKey([7; MASTER_LEN]), tag32: MasterKey([9; MASTER_LEN]) };
    let local = |port| {
        let mut local = LocalMedia::new([127, 0, 0, 1].into(), port, 1);
        local.codecs = CodecId::ALL;
        local.keys = Some(&keys);
        local.srtp = match first % 3 {
            0 => SrtpPolicy::Off,
            1 => SrtpPolicy::Preferred,
            _ => SrtpPolicy::Required,
        };
        local
    };
    let ours = local(20_000);
    let _ = ours.accept(text);
    let Ok((answer, agreed)) = ours.answer(text) else {
        return;
    };
    let understood = local(30_000).accept(as_to_our_offer(&answer).as_bytes());
    let understood = understood.unwrap_or_else(|e| panic!("{e}: {answer}"));
    assert_eq!(understood.codec, agreed.codec, "{answer}");
    assert_eq!(understood.payload_type, agreed.payload_type, "{answer}");
    assert_eq!(understood.remote.port(), 20_000, "{answer}");
    assert_eq!(understood.crypto.is_some(), agreed.crypto.is_some(), "{answer}");
    assert!(agreed.crypto.is_some() || *first % 3 != 2, "what is required is not left out");
});

/// An answer bears the offer's tag of the key it takes (RFC 4568 section 5.1.3), and whoever
/// offered this here may have numbered suites otherwise than we would have.
fn as_to_our_offer(answer: &str) -> String {
    let line = |line: &str| match line.strip_prefix("a=crypto:").and_then(|l| l.split_once(' ')) {
        Some((_, key)) => {
            let tag = if key.starts_with("AES_CM_128_HMAC_SHA1_80 ") { 1 } else { 2 };
            format!("a=crypto:{tag} {key}\r\n")
        }
        None => format!("{line}\r\n"),
    };
    answer.lines().map(line).collect()
}
