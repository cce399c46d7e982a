//! What a peer wrote is used as it wrote it, and what we do not use of it harms no call.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

use domain::CallId;
use engine::ports::trunk::{LegOutcome, TrunkCommand};

use crate::raw::{Message, Raw};
use crate::stage::{OFFER, Stage};

async fn dialled() -> (Raw, Stage, CallId, Message) {
    let peer = Raw::start().await;
    let stage = Stage::start(&peer.address()).await;
    let call = stage.dial();
    let invite = peer.hear("INVITE", |_| true).await;
    (peer, stage, call, invite)
}

/// The answer as it should be, for tests to spoil.
fn ok(peer: &Raw, invite: &Message) -> String {
    invite.response("200 OK", "one", &peer.contact("callee"), "")
}

fn first(message: &Message) -> &str {
    message.text.lines().next().unwrap()
}

fn all<'a>(message: &'a Message, name: &str) -> Vec<&'a str> {
    let start = format!("{name}: ");
    message.text.lines().filter_map(|line| line.strip_prefix(start.as_str())).collect()
}

/// The ACK of this answer, and the BYE with which we then hang up, heard at `at`.
async fn acknowledged_and_ended(
    answer: String,
    peer: &Raw,
    at: &Raw,
    invite: &Message,
    on: (Stage, CallId),
) -> (Message, Message) {
    let (stage, call) = on;
    peer.send(&answer, invite.from).await;
    let ack = at.hear("ACK", |_| true).await;
    stage.answered(call).await;
    stage.submit(call, TrunkCommand::Bye);
    let bye = at.hear("BYE", |_| true).await;
    let done = bye.response("200 OK", "", &peer.contact("callee"), "");
    at.send(&done, bye.from).await;
    assert_eq!(stage.ended(call).await, LegOutcome::OurBye);
    stage.close().await;
    (ack, bye)
}

#[tokio::test]
async fn a_contact_is_the_target_as_it_was_written() {
    for contact in [
        "<sip:+86138;phone-context=ims.example@HOST;user=phone>",
        "<sip:1001%40dom@HOST>",
        "\"Bob <sip:x@127.0.0.1:9>\" <sip:callee@HOST>;q=1",
        "\"a \\\" <sip:x@127.0.0.1:9>\" <sip:callee@HOST;transport=udp>",
        "sip:callee@HOST;expires=5",
        "<sip:a:b%3Ac@HOST;x=%41>, <sip:other@127.0.0.1:9>",
        "< sip:callee@HOST >",
    ] {
        let (peer, stage, call, invite) = dialled().await;
        let contact = contact.replace("HOST", &peer.at().to_string());
        let start = contact.rfind("<sip:other").unwrap_or(contact.len());
        let uri = contact[..start].rsplit('<').next().unwrap();
        let uri = uri.split('>').next().unwrap().trim().trim_end_matches(";expires=5");
        let old = format!("<{}>", peer.contact("callee"));
        let answer = ok(&peer, &invite).replace(&old, &contact);
        let ended = acknowledged_and_ended(answer, &peer, &peer, &invite, (stage, call)).await;
        assert_eq!(first(&ended.0), format!("ACK {uri} SIP/2.0"), "{contact}");
        assert_eq!(first(&ended.1), format!("BYE {uri} SIP/2.0"), "{contact}");
    }
}

#[tokio::test]
async fn a_contact_that_names_no_host_is_left_to_the_trunk() {
    for uri in ["tel:+8613800138000", "sip:callee@no-such-host.invalid"] {
        let (peer, stage, call, invite) = dialled().await;
        let answer = ok(&peer, &invite).replace(&peer.contact("callee"), uri);
        let ended = acknowledged_and_ended(answer, &peer, &peer, &invite, (stage, call)).await;
        assert_eq!(first(&ended.0), format!("ACK {uri} SIP/2.0"));
        assert_eq!(first(&ended.1), format!("BYE {uri} SIP/2.0"));
    }
}

#[tokio::test]
async fn routes_are_taken_as_they_were_written() {
    let (peer, stage, call, invite) = dialled().await;
    let proxy = Raw::start().await;
    let answer = ok(&peer, &invite).replace(
        "Contact:",
        &format!(
            "Record-Route: <sip:a%40b;c=d@127.0.0.1:9;lr>\r\n\
             Record-Route: \"<sip:x@127.0.0.1:9>\" <sip:{};lr=on;x=%41>\r\nContact:",
            proxy.at()
        ),
    );
    let (ack, bye) = acknowledged_and_ended(answer, &peer, &proxy, &invite, (stage, call)).await;
    let routes =
        vec![format!("<sip:{};lr=on;x=%41>", proxy.at()), "<sip:a%40b;c=d@127.0.0.1:9;lr>".into()];
    assert_eq!(all(&ack, "Route"), routes);
    assert_eq!(all(&bye, "Route"), routes);
    assert_eq!(first(&bye), format!("BYE {} SIP/2.0", peer.contact("callee")));
}

#[tokio::test]
async fn a_route_without_lr_becomes_the_target() {
    let (peer, stage, call, invite) = dialled().await;
    let proxy = Raw::start().await;
    let recorded = format!("Record-Route: <sip:p@{}>\r\nContact:", proxy.at());
    let answer = ok(&peer, &invite).replace("Contact:", &recorded);
    let (ack, bye) = acknowledged_and_ended(answer, &peer, &proxy, &invite, (stage, call)).await;
    for (message, method) in [(ack, "ACK"), (bye, "BYE")] {
        assert_eq!(first(&message), format!("{method} sip:p@{} SIP/2.0", proxy.at()));
        assert_eq!(all(&message, "Route"), [format!("<{}>", peer.contact("callee"))]);
    }
}

#[tokio::test]
async fn what_we_do_not_use_of_an_answer_cannot_end_a_call() {
    let to = |answer: &str, new: &str| {
        let old = answer.lines().find(|line| line.starts_with("To: ")).unwrap();
        answer.replace(old, &format!("To: {new}"))
    };
    type Spoil<'a> = &'a dyn Fn(String) -> Vec<u8>;
    let cases: [(&str, Spoil<'_>); 9] = [
        ("blanks in Via", &|a| a.replace(";branch=", " ; branch = ").into()),
        ("blanks in To", &|a| a.replace(";tag=one", " ; tag = one").into()),
        ("a port that is none", &|a| a.replace(";rport", ";rport=").into()),
        ("a name in To", &|a| to(&a, "\"B <sip:x@y>;tag=9\" <sip:1%40@b>;tag=one").into()),
        ("a user with parameters in To", &|a| to(&a, "<sip:+1;x=y@b>;tag=one").into()),
        ("no length", &|a| {
            let end = a.find("Content-Length").unwrap();
            let body = a.find("\r\n\r\n").unwrap();
            (a[..end].to_owned() + &a[body + 2..]).into()
        }),
        ("text that is not UTF-8", &|a| {
            let (start, rest) = a.split_once("Via").unwrap();
            [start.as_bytes(), b"Organization: \xd6\xd0\r\nVia", rest.as_bytes()].concat()
        }),
        ("folded lines", &|a| a.replace(";tag=one", "\r\n ;tag=one").into()),
        ("nine kilobytes", &|a| {
            a.replace("Contact:", &format!("X-V: {}\r\nContact:", "v".repeat(9_000))).into()
        }),
    ];
    for (what, spoil) in cases {
        let (peer, stage, call, invite) = dialled().await;
        peer.send(spoil(ok(&peer, &invite)), invite.from).await;
        peer.hear("ACK", |_| true).await;
        assert_eq!(stage.answered(call).await.as_deref(), Some(OFFER), "{what}");
        stage.submit(call, TrunkCommand::Bye);
        let bye = peer.hear("BYE", |_| true).await;
        assert!(bye.header("To").ends_with(";tag=one"), "{what}: {}", bye.text);
        peer.send(bye.response("200 OK", "", &peer.contact("callee"), ""), bye.from).await;
        stage.ended(call).await;
    }
}

#[tokio::test]
async fn a_description_among_other_parts_is_found() {
    let (peer, stage, call, invite) = dialled().await;
    let body = format!(
        "--b1\r\nContent-Type: application/isup;version=itu-t92+\r\n\r\n\x09\x01\r\n--b1\r\n\
         Content-Type: application/sdp\r\n\r\n{OFFER}\r\n--b1--\r\n"
    );
    let answer = ok(&peer, &invite);
    let (head, _) = answer.split_once("Content-Type").unwrap();
    let answer = format!(
        "{head}Content-Type: multipart/mixed;boundary=b1\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    peer.send(answer, invite.from).await;
    assert_eq!(stage.answered(call).await.as_deref(), Some(OFFER));
}
