//! SIP messages as they arrive: mended for the stack's reader, our mark of the source, and
//! what a dialog takes from a response or a request. The stack's reader is not ours, but it
//! stands in our process and a panic of it is ours to survive.
#![no_main]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a target fails by panicking")]

#[allow(dead_code, reason = "the crate's own file; not all of it is wanted here")]
#[path = "../../crates/sip/src/arrival.rs"]
mod arrival;
#[allow(dead_code, reason = "the crate's own file; not all of it is wanted here")]
#[path = "../../crates/sip/src/body.rs"]
mod body;
#[allow(dead_code, reason = "the crate's own file; not all of it is wanted here")]
#[path = "../../crates/sip/src/dialog.rs"]
mod dialog;
#[allow(dead_code, reason = "the crate's own file; not all of it is wanted here")]
#[path = "../../crates/sip/src/digest.rs"]
mod digest;
#[allow(dead_code, reason = "the crate's own file; not all of it is wanted here")]
#[path = "../../crates/sip/src/mend.rs"]
mod mend;
#[allow(dead_code, reason = "the crate's own file; not all of it is wanted here")]
#[path = "../../crates/sip/src/name_addr.rs"]
mod name_addr;
#[allow(dead_code, reason = "the crate's own file; not all of it is wanted here")]
#[path = "../../crates/sip/src/seal.rs"]
mod seal;

/// Where a dialog's requests go, as far as a dialog asks: the crate's own brings its sockets.
mod path {
    #[derive(Clone, Debug)]
    pub(crate) struct Path;

    impl Path {
        pub(crate) fn sent_by(&self) -> String {
            "SIP/2.0/UDP 10.0.0.1:5060".to_owned()
        }
        pub(crate) fn contact(&self, user: &str) -> String {
            format!("<sip:{user}@10.0.0.1:5060>")
        }
    }
}

use std::net::SocketAddr;

use domain::{Language, Masked};
use libfuzzer_sys::fuzz_target;
use rsipstack::sip::{Method, SipMessage, Uri};
use rsipstack::transaction::endpoint::MessageInspector;
use rsipstack::transport::SipAddr;

fuzz_target!(|bytes: &[u8]| {
    let _ = mend::mend(bytes, mend::Came::Stream);
    let Ok(message) = SipMessage::try_from(&*mend::mend(bytes, mend::Came::Datagram)) else {
        return;
    };
    let source: SocketAddr = ([10, 0, 0, 7], 5060).into();
    let arrivals = arrival::Arrivals { first: Box::new(|_| {}) };
    let message = arrivals.after_received(message, Some(&SipAddr::from(source)));
    let mut dialog = new_dialog();
    match message {
        SipMessage::Response(response) => {
            assert_eq!(arrival::source(&response), Some(source.ip()));
            let credentials = digest::Credentials {
                username: "u".to_owned(),
                password: Masked::new("p".to_owned()),
                realm: None,
            };
            let mut answers = digest::Answers::default();
            if answers.take(&response, &credentials) {
                let uri = dialog.target();
                let _ = answers.headers(Method::Invite, &uri, &credentials);
            }
            dialog.confirm(&response);
            let _ = body::description(&response.headers, &response.body);
            let bye = dialog.request(Method::Bye, Vec::new());
            let _ = seal::next_hop(&bye);
            let bye = arrivals.before_send(bye.into(), None).to_string();
            // Only its own empty line ends the head: nothing of a peer's breaks out of a header.
            assert_eq!(bye.matches("\r\n\r\n").count(), 1, "{bye:?}");
        }
        SipMessage::Request(request) => {
            let _ = dialog.owns(&request);
            let _ = dialog.in_order(&request);
            dialog.refresh_target(&request.headers);
            let bye = dialog.request(Method::Bye, Vec::new());
            let _ = arrivals.before_send(bye.into(), None).to_string();
        }
    }
});

fn new_dialog() -> dialog::Dialog {
    let uri = |text: &str| Uri::try_from(text).expect("a good one");
    let parties = dialog::Parties {
        callee: uri("sip:13800138000@10.0.0.7"),
        caller: uri("sip:waihu@10.0.0.1"),
        asserted: Some(uri("sip:4001@10.0.0.1")),
        user_agent: "waihu".to_owned(),
    };
    let mut dialog = dialog::Dialog::new(parties, path::Path, "x@waihu".to_owned());
    let _ = dialog.invite("v=0\r\n", Language::Zh, Vec::new());
    dialog
}
