//! The lab as sipp sees it: a caller that is not ours.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use domain::Language;
use lab::{Auth, Challenge, Ended, Lab, LabConfig, LabError, LabHandle, Line, SpeechClass};
use media::codec::{Codec, CodecId};
use testkit::peers::Ports;

/// Runs sipp with a scenario in which words are replaced; the exit code, 0 if all went as
/// the scenario says.
async fn sipp(
    lab: &LabHandle,
    number: &str,
    scenario: &str,
    words: &[(&str, &str)],
    arguments: &[&str],
) -> i32 {
    let dir = tempfile::tempdir().unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios").join(scenario);
    let mut text = std::fs::read_to_string(source).unwrap();
    for (word, value) in words {
        text = text.replace(word, value);
    }
    let ports = Ports::take();
    let (own, media) = (ports.first().to_string(), (ports.first() + 4).to_string());
    let path = dir.path().join(scenario);
    std::fs::write(&path, text).unwrap();
    let status = tokio::process::Command::new("timeout")
        .arg("90")
        .args(["sipp", &lab.local_addr().to_string(), "-i", "127.0.0.1", "-mi", "127.0.0.1"])
        .args(["-p", &own, "-mp", &media, "-s", number, "-m", "1", "-nostdin"])
        .arg("-sf")
        .arg(&path)
        .args(arguments)
        .current_dir(dir.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .await
        .unwrap();
    assert_ne!(status.code(), Some(127), "install the Debian package sip-tester");
    status.code().unwrap_or(-1)
}

async fn ended(lab: &LabHandle) -> Vec<Ended> {
    for _ in 0..2_000 {
        if lab.running_calls() == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    lab.reports().iter().map(|r| r.ended).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_have_the_status_of_the_persona_table() {
    let lab = Lab::start(LabConfig::default()).await.unwrap();
    for (number, status) in
        [("13800138002", 486), ("13800138009", 603), ("13800138010", 404), ("13800138021", 480)]
    {
        let words = [("STATUS", status.to_string())];
        let words = words.each_ref().map(|(w, s)| (*w, s.as_str()));
        assert_eq!(sipp(&lab, number, "refused.xml", &words, &[]).await, 0, "{number}");
        assert_eq!(ended(&lab).await.last(), Some(&Ended::Refused(status)), "{number}");
    }
    let announced = lab.reports().into_iter().nth(2).unwrap().heard.unwrap();
    assert_eq!(announced.lines[0].line, Line::NoSuchNumber);
    assert!(announced.packets_sent > 100);
    lab.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_call_gets_487_and_is_forgotten() {
    let lab = Lab::start(LabConfig::default()).await.unwrap();
    assert_eq!(sipp(&lab, "13800138003", "cancelled.xml", &[], &[]).await, 0);
    assert_eq!(ended(&lab).await, [Ended::CallerCancelled]);
    lab.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_are_asked_for_and_checked() {
    for (challenge, status) in [(Challenge::Proxy, "407"), (Challenge::Server, "401")] {
        let auth = Auth { user: "alice".into(), password: "secret".into(), challenge };
        let lab = Lab::start(LabConfig { auth: Some(auth), ..LabConfig::default() }).await.unwrap();
        for (user, password, outcome) in
            [("alice", "secret", "486"), ("alice", "wrong", status), ("bob", "secret", status)]
        {
            let words =
                [("USER", user), ("PASS", password), ("CHALLENGE", status), ("STATUS", outcome)];
            let done = sipp(&lab, "13800138002", "authenticated.xml", &words, &[]).await;
            assert_eq!(done, 0, "{challenge:?} {user} {password}");
        }
        assert_eq!(ended(&lab).await, [Ended::Refused(486)]);
        lab.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_caller_may_hang_up_and_shutdown_ends_calls() {
    let lab = Lab::start(LabConfig::default()).await.unwrap();
    let ports = Ports::take();
    let own = ports.first().to_string();
    let built_in = ["-sn", "uac", "-d", "1500"];
    let done = tokio::process::Command::new("timeout")
        .arg("30")
        .args(["sipp", &lab.local_addr().to_string(), "-i", "127.0.0.1", "-nostdin", "-m", "3"])
        .args(["-p", &own, "-s", "13800138000", "-r", "10"])
        .args(built_in)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .await
        .unwrap();
    assert_eq!(done.code(), Some(0));
    assert_eq!(ended(&lab).await, [Ended::CallerHungUp; 3]);

    let dir = tempfile::tempdir().unwrap();
    let audio = dir.path().join("silence.al");
    std::fs::write(&audio, ai_audio(&[(5.0, None)])).unwrap();
    let words = [("AUDIO", audio.to_str().unwrap())];
    let calling = sipp(&lab, "13800138007", "whole_call.xml", &words, &[]);
    let stopping = async {
        for _ in 0..2_000 {
            if lab.running_calls() > 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
        lab.shutdown().await;
    };
    assert_eq!(tokio::join!(calling, stopping).0, 0);
    assert_eq!(lab.reports().last().map(|r| r.ended), Some(Ended::LabStopped));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_served_is_refused_at_once() {
    let full = LabConfig { max_calls: 0, ..LabConfig::default() };
    let foreign = LabConfig { codecs: vec![CodecId::Pcmu], ..LabConfig::default() };
    for (config, status) in [(full, "503"), (foreign, "488")] {
        let lab = Lab::start(config).await.unwrap();
        let words = [("STATUS", status)];
        let done = sipp(&lab, "13800138017", "refused.xml", &words, &[]).await;
        assert_eq!(done, 0, "{status}");
        assert_eq!(lab.running_calls(), 0);
        lab.shutdown().await;
    }
    let lab = Lab::start(LabConfig::default()).await.unwrap();
    let taken = LabConfig { sip: lab.local_addr(), ..LabConfig::default() };
    assert!(matches!(Lab::start(taken).await, Err(LabError::Bind { .. })));
    lab.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_callee_speaks_the_language_that_is_asked_for() {
    const TYPE: &str = "Content-Type: application/sdp";
    let english = format!("Accept-Language: en-GB\n{TYPE}");
    for (config, header, want) in [
        (None, TYPE, Language::Zh),
        (None, english.as_str(), Language::En),
        (Some(Language::Zh), english.as_str(), Language::Zh),
    ] {
        let config = LabConfig { language: config, ..LabConfig::default() };
        let lab = Lab::start(config).await.unwrap();
        let words = [("STATUS", "486"), (TYPE, header)];
        let done = sipp(&lab, "13800138002", "refused.xml", &words, &[]).await;
        assert_eq!(done, 0);
        ended(&lab).await;
        assert_eq!(lab.reports()[0].language, want);
        lab.shutdown().await;
    }
}

/// The AI's side as headerless A-law: seconds of silence or of a class of marked speech.
fn ai_audio(parts: &[(f32, Option<SpeechClass>)]) -> Vec<u8> {
    let mut samples: Vec<i16> = Vec::new();
    for (seconds, class) in parts {
        let pair = lab::CLASSES.iter().find(|(c, _)| Some(*c) == *class).map(|(_, p)| *p);
        for n in 0..(seconds * 8_000.0) as usize {
            let t = n as f32 / 8_000.0 * std::f32::consts::TAU;
            let value = pair.map_or(0.0, |[a, b]| 5_000.0 * ((a * t).sin() + (b * t).sin()));
            samples.push(value as i16);
        }
    }
    let mut bytes = vec![0u8; samples.len()];
    Codec::new(CodecId::Pcma).encode(&samples, &mut bytes);
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_call_is_answered_line_by_line_and_reported() {
    let dir = tempfile::tempdir().unwrap();
    let audio = dir.path().join("ai.al");
    let class = |c| Some(c);
    let file = ai_audio(&[
        (2.5, None),
        (3.0, class(SpeechClass::Opening)),
        (2.0, class(SpeechClass::Question)),
        (3.0, None),
        (5.0, class(SpeechClass::Content)),
        (3.0, None),
        (1.5, class(SpeechClass::Closing)),
        (10.0, None),
    ]);
    std::fs::write(&audio, file).unwrap();
    let config = LabConfig {
        marks: true,
        out_dir: Some(dir.path().join("reports")),
        ..LabConfig::default()
    };
    let lab = Lab::start(config).await.unwrap();
    let words = [("AUDIO", audio.to_str().unwrap())];
    assert_eq!(sipp(&lab, "13800138000", "whole_call.xml", &words, &[]).await, 0);
    assert_eq!(ended(&lab).await, [Ended::CalleeHungUp]);
    let report = lab.reports().remove(0);
    let heard = report.heard.unwrap();
    let lines: Vec<Line> = heard.lines.iter().map(|l| l.line).collect();
    assert_eq!(lines, [Line::Hello, Line::Confirm, Line::Acknowledge, Line::Goodbye]);
    let classes: Vec<SpeechClass> = heard.marks.iter().map(|m| m.class).collect();
    assert_eq!(
        classes,
        [SpeechClass::Opening, SpeechClass::Question, SpeechClass::Content, SpeechClass::Closing]
    );
    assert_eq!(heard.ai_speech.len(), 3);
    assert!(heard.first_audio_ms.is_some());
    let wav = std::fs::read(heard.wav.unwrap()).unwrap();
    assert!(wav.len() > 44 + 20 * 16_000, "{}", wav.len());
    let written = std::fs::read_to_string(dir.path().join("reports/calls.jsonl")).unwrap();
    assert!(written.contains("\"138****8000\"") && !written.contains("13800138000"));
    lab.shutdown().await;
}
