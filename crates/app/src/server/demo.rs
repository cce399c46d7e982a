//! `waihu demo`: the whole installation on loopback, and real calls to the lab through its API.

use std::process::ExitCode;
use std::time::Duration;

use ::lab::LabConfig;
use domain::{Language, MicroYuan};
use futures::StreamExt;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::cli::output::{say, tell};
use crate::server::config::Settings;
use crate::server::demo_table::{ROWS, Row, requirement, row_of};
use crate::server::failed;
use crate::server::platform::{Extras, Platform};

/// Options of `waihu demo`.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct DemoArgs {
    /// Language of the call
    #[arg(long, value_name = "zh|en", default_value = "zh")]
    pub(crate) lang: Language,
    /// Who answers: 000 to 020, or all
    #[arg(long, value_name = "000…020|all", default_value = "000")]
    pub(crate) persona: String,
    /// Number to call; its last three digits choose who answers
    #[arg(long, value_name = "N", conflicts_with = "persona")]
    pub(crate) phone: Option<String>,
    /// What the call is about
    #[arg(long, value_name = "TEXT")]
    pub(crate) say: Option<String>,
    /// Where the lab's choices come from
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// What the demo gives its account, so that 21 calls fit.
const TOP_UP: MicroYuan = MicroYuan(1_000_000_000);
/// Calls at a time when all personas answer: more than two cores can speak for would be late.
const SIDE_BY_SIDE: u32 = 7;

type Failure = Box<dyn std::error::Error>;

/// Exit code 0 only if each call ended as the lab's table says.
pub(crate) async fn run(args: DemoArgs) -> ExitCode {
    match demo(&args).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => failed(&*error),
    }
}

async fn demo(args: &DemoArgs) -> Result<bool, Failure> {
    let numbers = numbers(args)?;
    // Kept: the recordings are what people come back for.
    let dir = tempfile::Builder::new().prefix("waihu-demo-").tempdir()?.keep();
    let platform = Platform::start(settings(&dir), extras(args)).await?;
    for warning in &platform.warnings {
        tell!("warning: {warning}");
    }
    let key = platform.first.key.clone().ok_or("this data directory was used before")?;
    let base = format!("http://{}", platform.http);
    let http = client(&base)?;
    let api = Api { base, key, http };
    tell!("waihu {} · {} · trunk: lab (simulated)", env!("CARGO_PKG_VERSION"), api.base);
    let say = args.say.clone().unwrap_or_else(|| requirement(args.lang).to_owned());
    let one = numbers.len() == 1;
    let calls = api.place(&numbers, &say).await?;
    if one && !args.json {
        say!("📞 {} · {}", numbers[0], say);
    }
    let watching = calls.iter().enumerate().map(|(i, id)| {
        let show = one && !args.json;
        let label = (!one).then(|| row_of(&numbers[i]));
        follow(&api, id, show, label)
    });
    futures::future::try_join_all(watching).await?;
    let mut good = true;
    let mut rows = Vec::new();
    for (number, id) in numbers.iter().zip(&calls) {
        let record = api.record(id).await?;
        let as_wanted = ended_as(&record, row_of(number));
        good &= as_wanted;
        rows.push((number.clone(), record, as_wanted));
    }
    let recordings = platform.store.blobs();
    let path = |id: &str| {
        let path = engine::ports::blobs::Blobs::path(&recordings, &format!("{id}.wav"));
        path.map(|p| p.display().to_string()).unwrap_or_default()
    };
    report(args, &rows, &path);
    platform.stop(Duration::from_secs(5), CancellationToken::new()).await;
    Ok(good)
}

fn numbers(args: &DemoArgs) -> Result<Vec<String>, Failure> {
    if let Some(phone) = &args.phone {
        return Ok(vec![phone.clone()]);
    }
    if args.persona == "all" {
        return Ok(ROWS.iter().map(|r| format!("13800138{}", r.ending)).collect());
    }
    let known = |ending: &str| ROWS.iter().any(|r| r.ending == ending);
    if args.persona.split(',').all(known) {
        return Ok(args.persona.split(',').map(|p| format!("13800138{p}")).collect());
    }
    Err(format!("--persona {}: give 000 to 020, several with commas, or all", args.persona).into())
}

fn settings(dir: &std::path::Path) -> Settings {
    let mut settings = Settings { data_dir: Some(dir.to_owned()), ..Settings::default() };
    settings.http.listen.set_port(0);
    settings.calls.max_concurrent = SIDE_BY_SIDE;
    settings.media.first_port = 40_000;
    settings.media.last_port = 49_999;
    settings
}

fn extras(args: &DemoArgs) -> Extras {
    let lab = LabConfig { seed: args.seed, language: None, ..LabConfig::default() };
    Extras { top_up: Some(TOP_UP), lab: Some(lab) }
}

fn client(base: &str) -> Result<reqwest::Client, Failure> {
    Ok(crate::cli::client::http_client(&base.parse()?).build()?)
}

/// The same HTTP API that a customer uses.
struct Api {
    base: String,
    key: String,
    http: reqwest::Client,
}

impl Api {
    /// Places the calls; their ids, in the order of the numbers.
    async fn place(&self, numbers: &[String], say: &str) -> Result<Vec<String>, Failure> {
        let body = json!({ "phones": numbers.join(","), "user_requirement": say });
        let url = format!("{}/api/v1/callinfo/initiate_call", self.base);
        let reply = self.http.post(url).header("X-API-Key", &self.key).json(&body).send().await?;
        let status = reply.status();
        let value: Value = reply.json().await?;
        if !status.is_success() {
            let (message, code) = (&value["message"], &value["code"]);
            return Err(format!("{} [{}]", text(message), text(code)).into());
        }
        let ids = value["data"]["call_ids"].as_array().into_iter().flatten();
        let ids: Vec<String> = ids.filter_map(|v| v.as_str().map(str::to_owned)).collect();
        if ids.len() != numbers.len() {
            return Err(format!("accepted {} of {} calls", ids.len(), numbers.len()).into());
        }
        Ok(ids)
    }

    async fn record(&self, id: &str) -> Result<Value, Failure> {
        let url = format!("{}/v1/calls/{id}", self.base);
        // The recording is finished a moment after the call.
        for _ in 0..50 {
            let reply = self.http.get(&url).header("X-API-Key", &self.key).send().await?;
            let record: Value = reply.json().await?;
            if record["recording_ready"] == true || record["answered_at"].is_null() {
                return Ok(record);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let reply = self.http.get(&url).header("X-API-Key", &self.key).send().await?;
        Ok(reply.json().await?)
    }
}

/// Follows one call to its end; shows the conversation as it happens.
async fn follow(api: &Api, id: &str, show: bool, label: Option<&Row>) -> Result<(), Failure> {
    let url = format!("{}/v1/calls/{id}/events", api.base);
    let reply = api.http.get(url).header("X-API-Key", &api.key).send().await?;
    let mut body = reply.bytes_stream();
    let mut buffer = Vec::new();
    while let Some(piece) = body.next().await {
        buffer.extend_from_slice(&piece?);
        while let Some(end) = buffer.windows(2).position(|w| w == b"\n\n") {
            let event: Vec<u8> = buffer.drain(..end + 2).collect();
            let event = String::from_utf8_lossy(&event).into_owned();
            let (name, data) = fields(&event);
            if show {
                tell(name, &data);
            }
            if name == "ended" {
                if let Some(row) = label {
                    tell!("  {} {} → {}", row.ending, row.zh, text(&data["end_reason"]));
                }
                return Ok(());
            }
        }
    }
    Err(format!("the event stream of {id} broke off").into())
}

fn fields(event: &str) -> (&str, Value) {
    let mut name = "";
    let mut data = Value::Null;
    for line in event.lines() {
        if let Some(n) = line.strip_prefix("event: ") {
            name = n;
        } else if let Some(d) = line.strip_prefix("data: ") {
            data = serde_json::from_str(d).unwrap_or(Value::Null);
        }
    }
    (name, data)
}

fn tell(name: &str, d: &Value) {
    match name {
        "status" => say!("        · {}", text(&d["status"])),
        "identity" => say!("        · identity: {}", text(&d["identity"])),
        "keys" => say!("        · key {}", text(&d["keys"])),
        "fault" => say!("        · fault: {} ({})", text(&d["part"]), text(&d["fallback"])),
        "utterance" => {
            let who = if d["role"] == "assistant" { "🤖 AI  " } else { "👤 User" };
            let start = d["start_ms"].as_u64().unwrap_or(0);
            let end = d["end_ms"].as_u64().unwrap_or(0);
            say!("{} {who} {}", span(start, end), text(&d["content"]));
        }
        _ => {}
    }
}

fn span(start: u64, end: u64) -> String {
    let s = |ms: u64| format!("{}.{}", ms / 1_000, ms % 1_000 / 100);
    format!("{:>5}–{:<5}", s(start), s(end))
}

fn text(v: &Value) -> String {
    v.as_str().map_or_else(|| v.to_string(), str::to_owned)
}

/// From the whole micro-yuan: a JSON reader here would make a float of the decimal.
fn cost(r: &Value) -> String {
    r["cost_micro_yuan"].as_i64().map_or_else(|| "–".to_owned(), |v| MicroYuan(v).to_string())
}

fn ended_as(record: &Value, row: &Row) -> bool {
    record["status"] == row.status
        && record["end_reason"] == row.reason
        && record["identity"] == row.identity
}

fn report(args: &DemoArgs, rows: &[(String, Value, bool)], path: &dyn Fn(&str) -> String) {
    if args.json {
        let list: Vec<Value> = rows
            .iter()
            .map(|(number, record, ok)| {
                let file = path(&text(&record["call_id"]));
                json!({ "phone": number, "as_expected": ok, "recording": file, "record": record })
            })
            .collect();
        say!("{}", json!({ "ok": rows.iter().all(|r| r.2), "calls": list }));
    } else if let [(number, record, ok)] = rows {
        one_record(number, record, *ok, path);
    } else {
        table(rows);
    }
}

fn one_record(number: &str, r: &Value, ok: bool, path: &dyn Fn(&str) -> String) {
    say!("{}", "━".repeat(36));
    say!("status     {} / {} / identity {}", text(&r["status"]), text(&r["end_reason"]), {
        text(&r["identity"])
    });
    say!("hung up by {}", text(&r["hung_up_by"]));
    say!("duration   {} s    cost ¥{}", text(&r["duration_seconds"]), cost(r));
    say!("trunk      {} (simulated)", text(&r["trunk"]));
    for t in r["turns"].as_array().into_iter().flatten() {
        say!(
            "turn {:<3}   {:>5} ms = pause {} + recognizer {} + responder {} + voice {} + lane {}",
            text(&t["turn"]),
            text(&t["total_ms"]),
            text(&t["endpoint_ms"]),
            text(&t["recognizer_ms"]),
            text(&t["responder_ms"]),
            text(&t["synthesizer_ms"]),
            text(&t["playout_ms"]),
        );
    }
    if r["recording_ready"] == true {
        say!("recording  {} (left callee, right AI)", path(&text(&r["call_id"])));
    }
    verdict(number, r, ok);
}

fn verdict(number: &str, r: &Value, ok: bool) {
    let row = row_of(number);
    if ok {
        say!("✅ as expected of persona {} ({} / {})", row.ending, row.zh, row.en);
    } else {
        say!(
            "❌ persona {}: expected {} / {} / {}, got {} / {} / {}",
            row.ending,
            row.status,
            row.reason,
            row.identity,
            text(&r["status"]),
            text(&r["end_reason"]),
            text(&r["identity"])
        );
    }
}

fn table(rows: &[(String, Value, bool)]) {
    say!("     STATUS      END REASON              IDENTITY     SEC  COST  TURN p50  PERSONA");
    for (number, r, ok) in rows {
        let row = row_of(number);
        let mut turns: Vec<u64> = r["turns"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|t| t["total_ms"].as_u64())
            .collect();
        turns.sort_unstable();
        let middle = turns.get(turns.len() / 2).map_or("–".to_owned(), |ms| format!("{ms} ms"));
        say!(
            "{} {} {:<11} {:<23} {:<12} {:>3}  {:>4}  {:>8}  {} / {}",
            if *ok { "✅" } else { "❌" },
            row.ending,
            text(&r["status"]),
            text(&r["end_reason"]),
            text(&r["identity"]),
            text(&r["duration_seconds"]),
            cost(r),
            middle,
            row.zh,
            row.en
        );
    }
    for (number, r, ok) in rows.iter().filter(|r| !r.2) {
        verdict(number, r, *ok);
    }
    let good = rows.iter().filter(|r| r.2).count();
    say!("{good} of {} as expected", rows.len());
}
