//! Offers and answers as other user agents write them, and as nobody should.

use std::net::Ipv4Addr;

use proptest::prelude::*;

use super::*;

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
