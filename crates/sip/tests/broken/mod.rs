//! Everything that can be wrong with one good message: values, lines, lengths, bytes.
#![allow(dead_code, reason = "each test binary uses its part")]

pub fn replaced(text: &str, name: &str, value: &str) -> String {
    let line = |line: &str| match line.strip_prefix(name) {
        Some(rest) if rest.starts_with(": ") => format!("{name}: {value}\r\n"),
        _ => format!("{line}\r\n"),
    };
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let head: String = head.split("\r\n").map(line).collect();
    format!("{head}\r\n{body}")
}

pub fn with_headers(text: &str, extra: &str) -> String {
    text.replacen("\r\n", &format!("\r\n{extra}"), 1)
}

/// Header values that no address, number or list ought to be.
pub const VALUES: &[(&str, &[&str])] = &[
    ("Content-Length", &["-1", "4294967296", "18446744073709551616", "abc", "", "1 2", "0x10"]),
    ("CSeq", &["", "1", "INVITE 1", "-1 INVITE", "4294967296 INVITE", "1 BYE", "1 FROB", "0 0"]),
    (
        "Contact",
        &[
            "",
            "*",
            "<",
            "<sip:",
            "<sip:x@[::1]:5060>",
            "<sip:x@[fe80::1%25lo]:5060>",
            "<sip:x@[::ffff:127.0.0.1]:9>",
            "<sip:x@[:::::]>",
            "<sip:x@[::1>",
            "<sip:x@h:99999>",
            "<sip:x@h:-1>",
            "<sip:x@h:0>",
            "<tel:;;;>",
            "<sips:x@127.0.0.1>",
            "\"\\",
            ",,,,",
            "<sip:x@no.such.host.invalid>",
            "<sip:x@0.0.0.0:0>",
            "<sip:x@255.255.255.255:9>",
        ],
    ),
    (
        "Via",
        &[
            "",
            "SIP/2.0/UDP",
            "SIP/2.0/UDP 127.0.0.1",
            "SIP/2.0/UDP 127.0.0.1;branch=",
            "SIP/2.0/UDP [::1]:5060;branch=z9hG4bKother",
            "SIP/2.0/UDP [::1;branch=z9hG4bKo",
            "SIP/2.0/SCTP h:1;branch=z9hG4bKother",
            "SIP/3.0/UDP h:99999;branch=z9hG4bKother",
            "SIP/2.0/UDP h;branch=z9hG4bKother;branch=z9hG4bKthird",
            "garbage;;;===,,,",
            "SIP/2.0/UDP h;rport=-1;received=[[;branch=z9hG4bKother",
            "1234",
        ],
    ),
    (
        "To",
        &["", "<", "<sip:x>;tag=", ";tag=1;tag=2", "<sip:x>;tag=a\u{0}b", "\"", "sip:[::1];tag=9"],
    ),
    (
        "From",
        &["", "<sip:x>", "<sip:x>;tag=wrong", "\"open <sip:x>;tag=1", "<sip:[::1]>;tag=\u{7f}"],
    ),
    ("Call-ID", &["", "@", "wrong@waihu", " ", "\u{1f4a9}"]),
    ("Content-Type", &["", "/", "application/sdp;;;", "multipart/mixed;boundary=\"", "text/html"]),
];

/// Whole lines to add.
pub const LINES: &[&str] = &[
    "Content-Length: 7\r\nContent-Length: 70000\r\n",
    "CSeq: 2 BYE\r\n",
    "Call-ID: another@waihu\r\n",
    "To: <sip:other@h>;tag=other\r\n",
    "Record-Route: \r\nRecord-Route: <\r\nRecord-Route: <sip:[::1;lr>,\"\r\n",
    "Record-Route: <sip:no.such.host.invalid;lr>\r\n",
    "Record-Route: <sip:[::1]:5060;lr>\r\n",
    " folded into nothing\r\n",
    "No colon here\r\n",
    ": no name\r\n",
    "X\u{0}: \u{0}\r\n",
    "Min-SE: -1\r\nMin-SE: 99999999999\r\nSession-Expires: ;;;refresher=\r\n",
    "Session-Expires: 4294967296;refresher=uac\r\nRequire: everything\r\n",
    "WWW-Authenticate: \r\nProxy-Authenticate: Digest\r\n",
    "WWW-Authenticate: Digest realm=\"a, nonce=\"\"\", qop=\"auth\r\n",
    "Proxy-Authenticate: Digest realm=\"\", nonce=\"\", algorithm=ROT13, stale=maybe\r\n",
];

/// Everything that is done to one good message.
pub fn broken(good: &str) -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = Vec::new();
    all.extend((0..good.len()).step_by(17).map(|n| good.as_bytes()[..n].to_vec()));
    for (name, values) in VALUES {
        all.extend(values.iter().map(|value| replaced(good, name, value).into_bytes()));
    }
    all.extend(LINES.iter().map(|lines| with_headers(good, lines).into_bytes()));
    let many = |line: &str, n: usize| with_headers(good, &line.repeat(n)).into_bytes();
    all.push(many("a:b\r\n", 1_300));
    all.push(many("a:b\r\n", 12_000));
    all.push(many("Via: SIP/2.0/UDP h;branch=z9hG4bKa\r\n", 180));
    all.push(many("Record-Route: <sip:h;lr>\r\n", 250));
    all.push(with_headers(good, &format!("X: {}\r\n", "x".repeat(7_000))).into_bytes());
    all.push(with_headers(good, &format!("X: {}\r\n", "x".repeat(60_000))).into_bytes());
    all.push(with_headers(good, &format!("X: a\r\n{}", " b\r\n".repeat(1_500))).into_bytes());
    all.push(good.replace("\r\n", "\n").into_bytes());
    all.push(good.replace("\r\n", "\r").into_bytes());
    all.push(good.to_uppercase().into_bytes());
    all.push(good.to_lowercase().into_bytes());
    all.push(good.repeat(3).into_bytes());
    all.push(good.replace("SIP/2.0", "SIP/9.9").into_bytes());
    all.push(good.replace("SIP/2.0", "SIP/").into_bytes());
    // Bytes that are no UTF-8, everywhere in turn.
    for n in (0..good.len()).step_by(61) {
        let mut bytes = good.as_bytes().to_vec();
        bytes[n] = 0xff;
        bytes.insert(n, 0xc3);
        all.push(bytes);
    }
    all
}
