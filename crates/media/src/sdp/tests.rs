//! Offers and answers as other user agents write them, and as nobody should.

use std::net::Ipv4Addr;

use proptest::prelude::*;

use super::*;
use crate::srtp::MasterKey;

/// What baresip 1.0.0 of Debian 12 sends.
const BARESIP: &str = "v=0\r\no=- 436444463 1295321080 IN IP4 127.0.0.1\r\ns=-\r\n\
    c=IN IP4 127.0.0.1\r\nt=0 0\r\na=tool:baresip 1.0.0\r\nm=audio 31990 RTP/AVP 8 0 101\r\n\
    a=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n\
    a=fmtp:101 0-15\r\na=sendrecv\r\na=label:1\r\na=rtcp-rsize\r\n\
    a=ssrc:3777076249 cname:sip:13800138000@127.0.0.1\r\na=minptime:20\r\na=ptime:20\r\n";
/// What the answering scenario built into sipp 3.6 sends.
const SIPP: &str = "v=0\r\no=user1 53655765 2353687637 IN IP4 127.0.0.1\r\ns=-\r\n\
    c=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 6000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n";
const V6: &str = "v=0\no=- 1 1 IN IP6 ::1\ns= \nc=IN IP6 ::1\nt=0 0\nm=audio 4000 RTP/AVP 8\n";

fn ours() -> LocalMedia<'static> {
    LocalMedia::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 20_000, 77)
}

fn media(lines: &str) -> String {
    format!("v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\n{lines}")
}

#[test]
fn our_offer_is_this_text() {
    assert_eq!(
        ours().offer(),
        "v=0\r\no=waihu 77 1 IN IP4 127.0.0.1\r\ns=waihu\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
         m=audio 20000 RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n\
         a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\na=sendrecv\r\n"
    );
}

#[test]
fn answers_of_other_agents_are_understood() {
    let only_pcmu = LocalMedia { codecs: &[CodecId::Pcmu], ..ours() };
    for (what, local, text, want) in [
        ("baresip", ours(), BARESIP, ("127.0.0.1:31990", 31_991, CodecId::Pcma, 8, Some(101))),
        (
            "only µ-law",
            only_pcmu,
            BARESIP,
            ("127.0.0.1:31990", 31_991, CodecId::Pcmu, 0, Some(101)),
        ),
        ("sipp", ours(), SIPP, ("127.0.0.1:6000", 6_001, CodecId::Pcmu, 0, None)),
        ("IPv6, bare LF, no rtpmap", ours(), V6, ("[::1]:4000", 4_001, CodecId::Pcma, 8, None)),
    ] {
        let got = local.accept(text.as_bytes()).unwrap();
        assert_eq!(got.remote, want.0.parse().unwrap(), "{what}");
        assert_eq!(got.remote_rtcp.port(), want.1, "{what}");
        assert_eq!((got.codec, got.payload_type, got.dtmf_payload_type), (want.2, want.3, want.4));
        assert_eq!((got.ptime_ms, got.direction), (20, Direction::SendRecv), "{what}");
    }
}

#[test]
fn details_of_a_stream_are_read() {
    let check = |lines: &str, test: &dyn Fn(Negotiated) -> bool| {
        let got = ours().accept(media(lines).as_bytes()).unwrap();
        assert!(test(got), "{lines}: {got:?}");
    };
    check("m=audio 9 RTP/AVP 96\r\na=rtpmap:96 pcma/8000/1\r\n", &|n| n.payload_type == 96);
    check("m=audio 9 RTP/AVP 97 8\r\na=rtpmap:97 PCMA/16000\r\n", &|n| n.payload_type == 8);
    check("m=audio 9 RTP/AVP 8\r\na=ptime:30\r\n", &|n| n.ptime_ms == 30);
    check("m=audio 9 RTP/AVP 8\r\na=ptime:x\r\n", &|n| n.ptime_ms == 20);
    check("m=audio 9 RTP/AVP 8\r\na=rtcp:99 IN IP4 10.0.0.2\r\n", &|n| {
        n.remote_rtcp.to_string() == "10.0.0.2:99"
    });
    check("m=audio 9 RTP/AVP 8\r\nc=IN IP4 10.0.0.9/127\r\n", &|n| {
        n.remote.to_string() == "10.0.0.9:9"
    });
    check("m=video 8 RTP/AVP 31\r\nm=audio 9 RTP/AVP 8\r\n", &|n| n.remote.port() == 9);
    check("m=audio 0 RTP/AVP 8\r\nm=audio 9 RTP/AVP 8\r\n", &|n| n.remote.port() == 9);
}

#[test]
fn a_hold_gets_the_direction_that_matches_it() {
    let hold = |c: &str, attribute: &str| {
        format!(
            "v=0\r\no=- 1 2 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 {c}\r\nt=0 0\r\n{attribute}\
             m=audio 4000 RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\n"
        )
    };
    for (c, attribute, want, word) in [
        ("10.0.0.1", "a=sendonly\r\n", Direction::RecvOnly, "a=recvonly"),
        ("10.0.0.1", "a=recvonly\r\n", Direction::SendOnly, "a=sendonly"),
        ("10.0.0.1", "a=inactive\r\n", Direction::Inactive, "a=inactive"),
        ("0.0.0.0", "", Direction::RecvOnly, "a=recvonly"),
        ("10.0.0.1", "", Direction::SendRecv, "a=sendrecv"),
    ] {
        let (text, agreed) = ours().answer(hold(c, attribute).as_bytes()).unwrap();
        assert_eq!(agreed.direction, want, "{c} {attribute}");
        assert!(text.contains(word), "{text}");
        assert!(text.contains("m=audio 20000 RTP/AVP 8 101\r\n"), "{text}");
    }
}

#[test]
fn an_answer_names_each_stream_of_the_offer_and_reads_back() {
    let offer =
        media("m=video 8 RTP/AVP 31 34\r\nm=audio 9 RTP/AVP 96 0\r\na=rtpmap:96 opus/48000/2\r\n");
    let (text, agreed) = ours().answer(offer.as_bytes()).unwrap();
    assert_eq!(agreed.codec, CodecId::Pcmu);
    let video = text.find("m=video 0 RTP/AVP 31 34\r\n").unwrap();
    assert!(video < text.find("m=audio 20000 RTP/AVP 0\r\n").unwrap(), "{text}");

    let (text, _) = ours().answer(ours().offer().as_bytes()).unwrap();
    let back = ours().accept(text.as_bytes()).unwrap();
    assert_eq!((back.codec, back.dtmf_payload_type), (CodecId::Pcma, Some(101)));
}

#[test]
fn useless_descriptions_say_why() {
    let malformed = |line, what| SdpError::Malformed { line, what };
    for (text, want) in [
        ("", SdpError::Empty),
        (" \r\n", SdpError::Empty),
        (media("").as_str(), SdpError::NoAudio),
        (media("m=video 9 RTP/AVP 31\r\n").as_str(), SdpError::NoAudio),
        (media("m=audio 0 RTP/AVP 8\r\n").as_str(), SdpError::AudioRefused),
        (media("m=audio 9 RTP/AVP 18\r\n").as_str(), SdpError::NoCommonCodec),
        (media("m=audio 65535 RTP/AVP 8\r\n").as_str(), SdpError::BadPort { port: 65_535 }),
        (
            media("m=audio 9 RTP/SAVP 8\r\n").as_str(),
            SdpError::Transport { proto: "RTP/SAVP".into() },
        ),
        (
            "v=0\r\ns=-\r\nc=IN IP4 host.example\r\nt=0 0\r\nm=audio 9 RTP/AVP 8\r\n",
            SdpError::BadAddress,
        ),
        ("v=0\r\ns=-\r\nt=0 0\r\nm=audio 9 RTP/AVP 8\r\n", SdpError::BadAddress),
        ("v=1\r\n", malformed(1, "unknown version")),
    ] {
        assert_eq!(ours().accept(text.as_bytes()), Err(want), "{text}");
    }
    let port = ours().accept(media("m=audio 99999 RTP/AVP 8\r\n").as_bytes());
    assert!(matches!(port, Err(SdpError::Malformed { line: 6, .. })), "{port:?}");
    let long = vec![b'v'; 70_000];
    assert_eq!(ours().accept(&long), Err(SdpError::TooLong { len: 70_000 }));
}

/// Everything here comes from answers of gateways; none of it concerns the audio.
#[test]
fn what_we_do_not_use_of_a_description_cannot_make_it_useless() {
    let stream = "c=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n";
    for (what, text) in [
        ("a blank in the user name", format!("v=0\r\no=John Doe 1 1 IN IP4 10.0.0.1\r\n{stream}")),
        (
            "a version beyond 64 bits",
            format!("v=0\r\no=- 18446744073709551616 99999999999999999999 IN IP4 h\r\n{stream}"),
        ),
        ("a NUL behind it", format!("v=0\r\ns=-\r\n{stream}\0")),
        ("a NUL and rubbish behind it", format!("v=0\r\ns=-\r\n{stream}\0m=audio x\r\nv=7")),
        ("a line without =", format!("v=0\r\nX-vendor 5\r\n{stream}garbage\r\n")),
        ("an unknown line", format!("v=0\r\nq=1\r\n{stream}y=1\r\n")),
        ("no time, no name, no version", "c=IN IP4 10.0.0.1\nm=audio 4000 RTP/AVP 8".to_owned()),
        ("an empty name", format!("v=0\r\ns=\r\n{stream}")),
        ("twice what may be once", format!("v=0\r\no=a\r\no=b\r\ns=\r\ns=\r\n{stream}")),
        ("a repeat without a time", format!("v=0\r\nr=1\r\nb=x\r\nk=?\r\n{stream}")),
        ("empty lines", format!("\r\nv=0\r\n\r\ns=-\r\n{stream}\r\n\r\n")),
        ("bare returns", format!("v=0\rs=-\r{}", stream.replace("\r\n", "\r"))),
        ("a stream that cannot be read", format!("v=0\r\n{stream}m=video\r\nm=\r\nm=a b c d\r\n")),
        ("blanks where none belong", format!("v=0 \r\n{}", stream.replace("m=", " m= "))),
    ] {
        let got = ours().accept(text.as_bytes()).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!((got.remote, got.codec), ("10.0.0.1:4000".parse().unwrap(), CodecId::Pcma));
        assert!(ours().answer(text.as_bytes()).is_ok(), "{what}");
    }
    let mut other = b"v=0\r\ns=\xd6\xd0\xb9\xfa\r\n".to_vec();
    other.extend_from_slice(stream.as_bytes());
    assert!(ours().accept(&other).is_ok(), "a name that is not UTF-8");
}

#[test]
fn where_signalling_comes_from_stands_in_for_an_address_that_is_not_known() {
    let known = LocalMedia { signalling: Some("10.0.0.7".parse().unwrap()), ..ours() };
    for (connection, want) in [
        ("c=IN IP4 media.example\r\n", "10.0.0.7:9"),
        ("", "10.0.0.7:9"),
        ("c=IN IP4\r\n", "10.0.0.7:9"),
        ("c=IN IP4 10.0.0.1\r\n", "10.0.0.1:9"),
    ] {
        let text = format!("v=0\r\n{connection}m=audio 9 RTP/AVP 8\r\n");
        assert_eq!(known.accept(text.as_bytes()).unwrap().remote, want.parse().unwrap());
    }
}

const WIDE: &[CodecId] = &[CodecId::Opus, CodecId::G722, CodecId::Pcma];

#[test]
fn an_offer_of_every_codec_is_this_text() {
    let offer = LocalMedia { codecs: WIDE, ..ours() }.offer();
    let media = &offer[offer.find("m=audio").unwrap()..];
    assert_eq!(
        media,
        "m=audio 20000 RTP/AVP 111 9 8 101 110\r\na=rtpmap:111 opus/48000/2\r\n\
         a=fmtp:111 maxplaybackrate=16000;sprop-maxcapturerate=16000;useinbandfec=1\r\n\
         a=rtpmap:9 G722/8000\r\na=rtpmap:8 PCMA/8000\r\n\
         a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\n\
         a=rtpmap:110 telephone-event/48000\r\na=fmtp:110 0-16\r\n\
         a=ptime:20\r\na=maxptime:60\r\na=sendrecv\r\n"
    );
}

#[test]
fn keys_of_the_telephone_go_by_the_clock_of_the_codec() {
    let local = LocalMedia { codecs: WIDE, ..ours() };
    for (lines, codec, payload_type, dtmf) in [
        (
            "m=audio 9 RTP/AVP 96 97 98\r\na=rtpmap:96 OPUS/48000/2\r\n\
             a=rtpmap:97 telephone-event/8000\r\na=rtpmap:98 telephone-event/48000\r\n",
            CodecId::Opus,
            96,
            (Some(98), 48_000),
        ),
        (
            "m=audio 9 RTP/AVP 9 97\r\na=rtpmap:97 telephone-event/8000\r\n",
            CodecId::G722,
            9,
            (Some(97), 8_000),
        ),
        (
            "m=audio 9 RTP/AVP 96 97\r\na=rtpmap:96 opus/48000/2\r\n\
             a=rtpmap:97 telephone-event/8000\r\n",
            CodecId::Opus,
            96,
            (Some(97), 8_000),
        ),
    ] {
        let got = local.accept(media(lines).as_bytes()).unwrap();
        assert_eq!((got.codec, got.payload_type), (codec, payload_type), "{lines}");
        assert_eq!((got.dtmf_payload_type, got.dtmf_clock), dtmf, "{lines}");
        // What the peer sends bears our numbers or its own.
        assert_eq!(got.formats.codec(payload_type), Some(codec));
        assert_eq!(got.formats.codec(codec.offered_payload_type()), Some(codec));
        assert_eq!(got.formats.codec(77), None);
    }
    // Clocks must fit: this is not the G.722 anybody means.
    let odd = media("m=audio 9 RTP/AVP 96\r\na=rtpmap:96 G722/16000\r\n");
    assert_eq!(local.accept(odd.as_bytes()), Err(SdpError::NoCommonCodec));
}

fn keys(first: u8) -> OurKeys {
    OurKeys { tag80: MasterKey([first; 30]), tag32: MasterKey([first + 1; 30]) }
}

#[test]
fn offers_and_answers_agree_on_keys() {
    let (mine, theirs) = (keys(1), keys(11));
    let policies = [SrtpPolicy::Off, SrtpPolicy::Preferred, SrtpPolicy::Required];
    for (offerer, answerer, want) in [
        (0, 0, Ok(false)),
        (0, 1, Ok(false)),
        (0, 2, Err(())),
        (1, 0, Ok(false)),
        (1, 1, Ok(true)),
        (1, 2, Ok(true)),
        (2, 0, Err(())),
        (2, 1, Ok(true)),
        (2, 2, Ok(true)),
    ] {
        let local = LocalMedia { srtp: policies[offerer], keys: Some(&mine), ..ours() };
        let peer = LocalMedia { srtp: policies[answerer], keys: Some(&theirs), ..ours() };
        let offer = local.offer();
        assert_eq!(offer.contains("RTP/SAVP 8"), offerer == 2);
        assert_eq!(offer.contains("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:"), offerer > 0);
        let both = peer.answer(offer.as_bytes()).and_then(|(text, heard)| {
            let agreed = local.accept(text.as_bytes())?;
            Ok((agreed.crypto, heard.crypto))
        });
        let case = format!("{offerer} {answerer}: {both:?}");
        match (both, want) {
            (Ok((None, None)), Ok(false)) | (Err(_), Err(())) => {}
            (Ok((Some(a), Some(b))), Ok(true)) => {
                assert_eq!((a.suite, a.ours, a.theirs), (Suite::Tag80, mine.tag80, theirs.tag80));
                assert_eq!((b.ours, b.theirs), (a.theirs, a.ours));
            }
            _ => panic!("{case}"),
        }
    }
}

#[test]
fn of_the_keys_a_peer_brings_only_usable_ones_count() {
    let (mine, key) = (keys(1), "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgIC");
    let local = LocalMedia { srtp: SrtpPolicy::Required, keys: Some(&mine), ..ours() };
    let stream = |lines: &str| media(&format!("m=audio 9 RTP/SAVP 8\r\n{lines}"));
    let t80 = "AES_CM_128_HMAC_SHA1_80";
    for (line, usable) in [
        (format!("a=crypto:1 {t80} inline:{key}\r\n"), true),
        (format!("a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:{key}|2^20 WSH=64\r\n"), true),
        (
            format!(
                "a=crypto:1 AES_256_CM_HMAC_SHA1_80 inline:{key}\r\n\
                 a=crypto:1 {t80} inline:{key}\r\n"
            ),
            true,
        ),
        // Not a tag of ours, or not the suite that bears it.
        (format!("a=crypto:7 {t80} inline:{key}\r\n"), false),
        (format!("a=crypto:2 {t80} inline:{key}\r\n"), false),
        (format!("a=crypto:1 {t80} inline:{key}|2^20|1:4\r\n"), false),
        (format!("a=crypto:1 {t80} inline:{key} UNENCRYPTED_SRTP\r\n"), false),
        (format!("a=crypto:1 {t80} inline:short\r\n"), false),
        (format!("a=crypto:1 {t80}\r\n"), false),
        (String::new(), false),
    ] {
        let got = local.accept(stream(&line).as_bytes());
        match got {
            Ok(n) => assert!(usable && n.crypto.is_some(), "{line}"),
            Err(error) => assert!(!usable && error == SdpError::NotEncrypted, "{line} {error}"),
        }
    }
}

#[test]
fn an_answer_keeps_the_tag_and_names_our_key() {
    let (mine, theirs) = (keys(1), keys(11));
    let peer = LocalMedia { srtp: SrtpPolicy::Required, keys: Some(&theirs), ..ours() };
    let offer = peer.offer().replace("a=crypto:1", "a=crypto:9");
    let local = LocalMedia { srtp: SrtpPolicy::Preferred, keys: Some(&mine), ..ours() };
    let (text, agreed) = local.answer(offer.as_bytes()).unwrap();
    assert!(text.contains("RTP/SAVP 8 101\r\n"), "{text}");
    let key = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB";
    let line = format!("a=crypto:9 AES_CM_128_HMAC_SHA1_80 inline:{key}\r\n");
    assert!(text.contains(&line), "{text}");
    assert_eq!(agreed.crypto.unwrap().theirs, theirs.tag80);
    assert!(!format!("{agreed:?}").contains("11, 11"));
}

proptest! {
    #[test]
    fn random_text_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = ours().answer(&bytes);
    }

    #[test]
    fn damaged_descriptions_never_panic(at in 0usize..300, byte: u8, cut in 0usize..400) {
        let mut bytes = BARESIP.as_bytes().to_vec();
        let at = at % bytes.len();
        bytes[at] = byte;
        bytes.truncate(cut);
        let _ = ours().answer(&bytes);
    }
}
