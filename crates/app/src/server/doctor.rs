//! `waihu doctor`: tells what works here and what is missing.

use std::process::ExitCode;

use engine::ports::synthesizer::Synthesizer;
use serde_json::json;
use speech::espeak::Espeak;
use speech::recognizer::SphinxRecognizer;
use speech::sphinx_pool::PoolSettings;
use speech::synth::EspeakSynthesizer;
use store::Store;

use crate::server::platform::store_config;
use crate::server::serve::{ServeArgs, settings};

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
        println!("{}", json!({ "ok": healthy, "findings": list }));
    } else {
        for f in &findings {
            println!("{} {}: {}", if f.ok { "✅" } else { "❌" }, f.part, f.text);
        }
    }
    ExitCode::from(u8::from(!healthy))
}

async fn examine(args: &ServeArgs) -> Vec<Finding> {
    let mut found = Vec::new();
    let settings = match settings(args) {
        Ok(settings) => settings,
        Err(error) => {
            found.push(Finding {
                part: "settings",
                ok: false,
                text: error.to_string(),
            });
            return found;
        }
    };
    found.push(Finding {
        part: "settings",
        ok: true,
        text: "read".to_owned(),
    });
    let voice = EspeakSynthesizer::new(Espeak::default(), 0);
    found.push(match voice.check().await {
        Ok(version) => {
            let n = voice.voices().len();
            Finding {
                part: "synthesizer",
                ok: true,
                text: format!("{version}, {n} voices"),
            }
        }
        Err(error) => Finding {
            part: "synthesizer",
            ok: false,
            text: error.to_string(),
        },
    });
    let pool = PoolSettings {
        threads: 1,
        ..PoolSettings::default()
    };
    found.push(match SphinxRecognizer::start(&pool) {
        Ok(_) => {
            let text = "PocketSphinx with the lists of replies in zh and en".to_owned();
            Finding {
                part: "recognizer",
                ok: true,
                text,
            }
        }
        Err(error) => {
            let text = format!("disabled, all speech counts as unclear: {error}");
            Finding {
                part: "recognizer",
                ok: false,
                text,
            }
        }
    });
    found.push(
        match Store::open(store_config(&settings).for_tool()).await {
            Ok(store) => {
                let (ok, text) = match store.ledger_check().await {
                    Ok(r) if r.faults.is_empty() => (
                        true,
                        format!("{}, ledger of {} adds up", store.location(), r.transactions),
                    ),
                    Ok(r) => (false, format!("the ledger does not add up: {:?}", r.faults)),
                    Err(error) => (false, error.to_string()),
                };
                let place = Finding {
                    part: "store",
                    ok,
                    text,
                };
                store.close().await;
                place
            }
            Err(error) => Finding {
                part: "store",
                ok: false,
                text: error.to_string(),
            },
        },
    );
    if settings.trunk.is_empty() {
        let text = "lab (simulated: reaches no telephone)".to_owned();
        found.push(Finding {
            part: "trunk",
            ok: true,
            text,
        });
    }
    for t in &settings.trunk {
        let text = format!("{} {}", t.name, t.address);
        found.push(Finding {
            part: "trunk",
            ok: true,
            text,
        });
    }
    found
}
