//! A caller that is not ours, put on hold and taken back with another codec by re-INVITE.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use lab::{Ended, Lab, LabConfig, Line};
use testkit::peers::Ports;

/// Seconds of silence and of a steady buzz in turn, as a WAV file of 8 kHz.
fn write_wav(path: &Path, seconds: &[f32]) {
    let mut pcm = Vec::new();
    for (part, length) in seconds.iter().enumerate() {
        for n in 0..(length * 8_000.0) as i32 {
            let sample = if part % 2 == 0 { 0 } else { (n % 40 - 20) * 300 };
            pcm.extend((sample as i16).to_le_bytes());
        }
    }
    let mut file = Vec::from(*b"RIFF");
    file.extend((36 + pcm.len() as u32).to_le_bytes());
    file.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data");
    file.extend((pcm.len() as u32).to_le_bytes());
    file.extend(pcm);
    std::fs::write(path, file).unwrap();
}

fn write_config(dir: &Path, port: u16) {
    let config = format!(
        "poll_method epoll\nsip_listen 127.0.0.1:{port}\nnet_interface 127.0.0.1\n\
         rtp_ports {media}-{last}\n\
         audio_source aufile,{wav}\nausrc_srate 8000\n\
         module_path /usr/lib/baresip/modules\nmodule g711.so\nmodule aufile.so\n\
         module_tmp account.so\nmodule_app menu.so\n",
        media = port + 4,
        last = port + 7,
        wav = dir.join("caller.wav").display()
    );
    std::fs::write(dir.join("config"), config).unwrap();
    let account = "<sip:caller@127.0.0.1>;regint=0;audio_codecs=PCMA/8000/1,PCMU/8000/1\n";
    std::fs::write(dir.join("accounts"), account).unwrap();
    std::fs::write(dir.join("contacts"), "").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn hold_and_another_codec_are_understood_by_a_foreign_caller() {
    let dir = tempfile::tempdir().unwrap();
    // Silence, opening, silence for the answer, a message that is put on hold, silence.
    write_wav(&dir.path().join("caller.wav"), &[2.5, 5.0, 3.0, 9.0, 12.0]);
    let ports = Ports::take();
    write_config(dir.path(), ports.first());
    let lab = Lab::start(LabConfig::default()).await.unwrap();
    let mut baresip = tokio::process::Command::new("baresip")
        .args(["-4", "-f"])
        .arg(dir.path())
        .args(["-t", "45", "-e"])
        .arg(format!("/dial sip:13800138025@{}", lab.local_addr()))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap_or_else(|e| panic!("install the Debian package baresip-core ({e})"));
    for _ in 0..4_500 {
        if !lab.reports().is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    baresip.kill().await.unwrap();
    let report = lab.reports().remove(0);
    lab.shutdown().await;
    let heard = report.heard.unwrap();
    assert!(matches!(report.ended, Ended::CalleeHungUp | Ended::CallerHungUp));
    assert_eq!(heard.codecs, ["PCMA", "PCMU"]);
    let lines: Vec<Line> = heard.lines.iter().map(|l| l.line).collect();
    assert_eq!(lines[..3], [Line::Hello, Line::Confirm, Line::Acknowledge], "{heard:?}");
}
