//! `waihu doctor`: tells what works here and what is missing.

use std::process::ExitCode;

use engine::ports::synthesizer::Synthesizer;
use serde_json::json;
use speech::espeak::Espeak;
use speech::recognizer::SphinxRecognizer;
use speech::sphinx_pool::PoolSettings;
use speech::synth::EspeakSynthesizer;
use store::Store;

use crate::cli::output::say;
use crate::server::config::Settings;
use crate::server::platform::store_config;
use crate::server::serve::{ServeArgs, settings};
use crate::server::trunk_check;

/// Options of `waihu doctor`.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    pub(crate) serve: ServeArgs,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

struct Finding {
    part: &'static str,
    ok: bool,
    text: String,
}

/// Exit code 0 if calls can be placed; 1 if something that is needed is missing.
pub(crate) async fn run(args: DoctorArgs) -> ExitCode {
    let findings = examine(&args.serve).await;
    let healthy = findings.iter().all(|f| f.ok);
    if args.json {
        let list: Vec<_> = findings
            .iter()
            .map(|f| json!({ "part": f.part, "ok": f.ok, "text": f.text }))
            .collect();
        say!("{}", json!({ "ok": healthy, "findings": list }));
    } else {
        for f in &findings {
            say!("{} {}: {}", if f.ok { "✅" } else { "❌" }, f.part, f.text);
        }
    }
    ExitCode::from(u8::from(!healthy))
}

async fn examine(args: &ServeArgs) -> Vec<Finding> {
    let settings = match settings(args) {
        Ok(settings) => settings,
        Err(error) => return vec![Finding::new("settings", false, error.to_string())],
    };
    let mut found = vec![
        Finding::new("settings", true, "read".to_owned()),
        synthesizer().await,
        recognizer(),
        store(&settings).await,
    ];
    if settings.trunk.is_empty() {
        let text = "lab (simulated: reaches no telephone)".to_owned();
        found.push(Finding::new("trunk", true, text));
    }
    if !settings.trunk.is_empty() {
        let trunks = trunk_check::examine(&settings).await;
        found.extend(trunks.into_iter().map(|(ok, text)| Finding::new("trunk", ok, text)));
    }
    found
}

impl Finding {
    fn new(part: &'static str, ok: bool, text: String) -> Self {
        Self { part, ok, text }
    }
}

async fn synthesizer() -> Finding {
    let voice = EspeakSynthesizer::new(Espeak::default(), 0);
    match voice.check().await {
        Ok(version) => {
            let n = voice.voices().len();
            Finding::new("synthesizer", true, format!("{version}, {n} voices"))
        }
        Err(error) => Finding::new("synthesizer", false, error.to_string()),
    }
}

fn recognizer() -> Finding {
    let pool = PoolSettings { threads: 1, ..PoolSettings::default() };
    match SphinxRecognizer::start(&pool) {
        Ok(_) => {
            let text = "PocketSphinx with the lists of replies in zh and en".to_owned();
            Finding::new("recognizer", true, text)
        }
        Err(error) => {
            let text = format!("disabled, all speech counts as unclear: {error}");
            Finding::new("recognizer", false, text)
        }
    }
}

async fn store(settings: &Settings) -> Finding {
    let store = match Store::open(store_config(settings).for_tool()).await {
        Ok(store) => store,
        Err(error) => return Finding::new("store", false, error.to_string()),
    };
    let finding = match store.ledger_check().await {
        Ok(r) if r.faults.is_empty() => {
            let text = format!("{}, ledger of {} adds up", store.location(), r.transactions);
            Finding::new("store", true, text)
        }
        Ok(r) => {
            Finding::new("store", false, format!("the ledger does not add up: {:?}", r.faults))
        }
        Err(error) => Finding::new("store", false, error.to_string()),
    };
    store.close().await;
    finding
}
