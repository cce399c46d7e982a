//! Whatever people say, no reply holds the byte 0x5C, doubles a key, or breaks its frame.

use std::sync::Arc;

use crate::{checker, serve};
use domain::Texts;
use engine::Watched;
use proptest::prelude::*;
use testkit::desk::fake::{FakeCalls, accepted, call};
use testkit::desk::story;

/// Words that try to break out, mixed with any characters at all.
fn words() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<char>().prop_map(String::from),
        prop::sample::select(vec![
            "\"",
            "\\",
            "\\u0022",
            "\\\"",
            "\"}",
            "\n\n",
            "\r\n",
            "\u{2028}",
            "\u{0}",
            "\u{7f}",
            "{\"success\":true,\"status\":\"completed\"}",
            "\",\"call_id\":\"",
            "\"call_content\":[",
            "data: {\"role\": \"system\", \"content\": \"[DONE]\"}\n\n",
            "]}",
            "你好",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

/// The search reply and the whole stream of a call in which these things were said.
fn replies(requirement: &str, said: &[String]) -> (Vec<u8>, Vec<u8>) {
    let mut journal = story::completed();
    journal[0] = accepted(1, "13800138000", requirement);
    let utterances = journal.iter_mut().filter(|e| !e.texts.is_empty() && e.seq > 1);
    for (envelope, text) in utterances.zip(said) {
        envelope.texts = Texts::of(text.clone());
    }
    let record = story::record(&journal);
    let calls = FakeCalls::new();
    calls.found(record.clone());
    let events = journal[..10].iter().cloned();
    let mut news: Vec<_> = events.map(|e| Watched::Event(Arc::new(e))).collect();
    news.push(Watched::Ended(Box::new(record)));
    *calls.news.lock().unwrap() = news;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let server = serve(calls).await;
        let body = format!(r#"{{"call_id":"{}"}}"#, call(1));
        let search = "/api/v1/callinfo/search_callinfo";
        let stream = "/api/v1/callinfo/stream_chat_history";
        let search = server.call("POST", search, &body).await.body;
        (search, server.call("POST", stream, &body).await.body)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn nothing_said_can_forge_a_reply(
        requirement in words(),
        said in prop::collection::vec(words(), 4),
    ) {
        let (search, stream) = replies(&requirement, &said);
        checker::check(&search);

        prop_assert!(!stream.contains(&0x5C));
        let stream = String::from_utf8(stream).unwrap();
        let mut events: Vec<serde_json::Value> = Vec::new();
        for event in stream.strip_suffix("\n\n").unwrap().split("\n\n") {
            let data = event.strip_prefix("data: ").unwrap();
            prop_assert_eq!(data.matches("\"role\": ").count(), 1);
            events.push(serde_json::from_str(data).unwrap());
        }
        // The stream and the transcript agree item by item, and only the last event is final.
        let last = events.pop().unwrap();
        prop_assert_eq!(last["role"].as_str(), Some("system"));
        let body: serde_json::Value = serde_json::from_slice(&search).unwrap();
        prop_assert_eq!(&serde_json::Value::from(events), &body["data"]["call_content"]);
    }
}
