//! The byte rules of specification 4.1 as a checker that knows nothing of the types behind.

const ONCE: &[&str] = &[
    "success",
    "message",
    "call_ids",
    "provider_call_id",
    "status",
    "phones",
    "user_requirement",
    "duration_seconds",
    "cost",
    "billed",
    "call_content",
    "provider_response",
    "ended_at",
];
const FORBIDDEN: &[&str] = &["error", "duration", "call_status", "state", "LLM_SYSTEM_INSTRUCTION"];

/// Panics with the rule that `body` breaks.
pub fn check(body: &[u8]) {
    assert!(!body.contains(&0x5C), "0x5C in {}", show(body));
    let text = std::str::from_utf8(body).expect("UTF-8");
    let json = text.strip_suffix('\n').expect("one newline at the end");
    assert!(!json.contains('\n'), "another newline");
    serde_json::from_str::<serde_json::Value>(json).expect("JSON");
    // Without 0x5C no quote is escaped, so quotes alone separate strings from the rest.
    let mut keys = Vec::new();
    let parts: Vec<&str> = json.split('"').collect();
    for (i, part) in parts.iter().enumerate() {
        if i % 2 == 0 {
            assert!(!part.contains(char::is_whitespace), "white space: {part:?}");
        } else if parts[i + 1].starts_with(':') {
            keys.push(*part);
        }
    }
    for key in &keys {
        let times = keys.iter().filter(|k| k == &key).count();
        assert!(times == 1 || !ONCE.contains(key), "{key} {times} times");
        assert!(!FORBIDDEN.contains(key), "forbidden key {key}");
        assert!(!key.contains("instruction"), "forbidden key {key}");
    }
    // Fake keys inside strings lost their quotes, so what grep finds is the real thing.
    assert_eq!(text.matches("\"success\":").count(), 1);
}

fn show(body: &[u8]) -> String {
    String::from_utf8_lossy(body).into_owned()
}
