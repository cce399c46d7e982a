//! `waihu lab`: the simulated carrier alone.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use ::lab::{Auth, Challenge, CodecId, Impairment, Lab, LabConfig, LabHandle};
use domain::Language;

use crate::cli::output::{say, tell};
use crate::server::failed;
use crate::server::stop::Stop;

/// Options of `waihu lab`.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct LabArgs {
    /// Where to answer SIP over UDP
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:5070")]
    pub(crate) sip: SocketAddr,
    /// Language of every callee; without it the caller's Accept-Language
    #[arg(long, value_name = "zh|en")]
    pub(crate) lang: Option<Language>,
    /// Where all choices come from
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Credentials every call must prove
    #[arg(long, value_name = "USER:PASS")]
    pub(crate) auth: Option<String>,
    /// RTP packets lost, percent
    #[arg(long, value_name = "PCT", default_value_t = 0.0)]
    pub(crate) loss: f64,
    /// Delay of RTP packets, ms
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub(crate) delay: u32,
    /// Jitter of RTP packets, ms
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub(crate) jitter: u32,
    /// RTP packets that overtake others, percent
    #[arg(long, value_name = "PCT", default_value_t = 0.0)]
    pub(crate) reorder: f64,
    /// The only codec understood
    #[arg(long, value_name = "pcma|pcmu|g722|opus")]
    pub(crate) codec: Option<String>,
    /// Decode the test synthesizer's tone pairs
    #[arg(long)]
    pub(crate) marks: bool,
    /// Directory for calls.jsonl and one WAV per call
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

/// Answers calls until interrupted, and prints what it heard of each as one line of JSON.
pub(crate) async fn run(args: LabArgs) -> ExitCode {
    let config = match config(args) {
        Ok(config) => config,
        Err(text) => {
            tell!("❌ {text}");
            return ExitCode::from(2);
        }
    };
    let mut stop = Stop::listen();
    let lab = match Lab::start(config).await {
        Ok(lab) => lab,
        Err(error) => return failed(&error),
    };
    tell!("lab (simulated): sip udp {}", lab.local_addr());
    let mut printed = 0;
    loop {
        tokio::select! {
            () = stop.told() => break,
            () = tokio::time::sleep(Duration::from_millis(200)) => print(&lab, &mut printed),
        }
    }
    tokio::select! {
        () = lab.shutdown() => {}
        // Told again, it waits for nobody.
        () = stop.told() => {}
    }
    print(&lab, &mut printed);
    ExitCode::SUCCESS
}

/// Prints the reports that came since.
fn print(lab: &LabHandle, printed: &mut usize) {
    let reports = lab.reports();
    for report in reports.iter().skip(*printed) {
        match serde_json::to_string(report) {
            Ok(line) => say!("{line}"),
            Err(error) => tell!("❌ {error}"),
        }
    }
    *printed = reports.len();
}

fn config(args: LabArgs) -> Result<LabConfig, String> {
    let auth = match args.auth {
        None => None,
        Some(text) => {
            let (user, password) = text.split_once(':').ok_or("--auth: write USER:PASS")?;
            Some(Auth {
                user: user.to_owned(),
                password: password.to_owned(),
                challenge: Challenge::default(),
            })
        }
    };
    let codecs =
        match args.codec.as_deref() {
            None => CodecId::ALL.to_vec(),
            Some(name) => {
                let known = CodecId::from_name(name);
                vec![known.ok_or_else(|| {
                    format!("--codec {name}: this lab has pcma, pcmu, g722 and opus")
                })?]
            }
        };
    for (name, pct) in [("--loss", args.loss), ("--reorder", args.reorder)] {
        if !(0.0..=100.0).contains(&pct) {
            return Err(format!("{name} {pct}: give percent from 0 to 100"));
        }
    }
    let impairment = Impairment {
        loss_pct: args.loss,
        delay_ms: args.delay,
        jitter_ms: args.jitter,
        reorder_pct: args.reorder,
    };
    Ok(LabConfig {
        sip: args.sip,
        language: args.lang,
        seed: args.seed,
        auth,
        impairment,
        codecs,
        marks: args.marks,
        out_dir: args.out,
        ..LabConfig::default()
    })
}
