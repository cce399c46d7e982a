//! `waihu call`: asks for calls, once, and waits for their end if told to.

use rand::Rng;
use rand::distr::Alphanumeric;
use serde::{Deserialize, Serialize};

use super::client::{Api, ask, read};
use super::exit::Exit;
use super::failure::Failure;
use super::output::{self, note, plain, trouble};
use super::record::search;
use super::tongue::Tongue;
use super::wait::Watched;
use super::{Shell, input, interrupted};

/// Arguments of `waihu call`.
#[derive(Debug, clap::Args)]
pub(crate) struct CallArgs {
    #[arg(value_name = "PHONES")]
    phones: String,
    #[arg(value_name = "REQUIREMENT")]
    requirement: Option<String>,
    #[arg(long)]
    wait: bool,
    #[arg(long)]
    json: bool,
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(1..))]
    agent_id: Option<i64>,
    #[arg(long, value_name = "S")]
    model_engine: Option<String>,
    #[arg(long, value_name = "S")]
    voice_id: Option<String>,
    #[arg(long, value_name = "0-100", value_parser = clap::value_parser!(u8).range(0..=100))]
    volume: Option<u8>,
    #[arg(long, value_name = "0-100", value_parser = clap::value_parser!(u8).range(0..=100))]
    speed: Option<u8>,
    #[arg(long, value_name = "S")]
    emotion: Option<String>,
    #[arg(long, value_name = "K")]
    idempotency_key: Option<String>,
    /// Scripts of older generations send it; it changes nothing.
    #[arg(long)]
    confirm: bool,
}

/// The body of the one POST.
#[derive(Serialize)]
struct Question<'a> {
    phones: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_requirement: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model_engine: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    voice_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    emotion: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    volume: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    speed: Option<u8>,
}

#[derive(Deserialize)]
struct Reply {
    data: Accepted,
}

#[derive(Deserialize)]
struct Accepted {
    calls: Vec<Placed>,
    #[serde(default)]
    skipped: Vec<Skipped>,
}

#[derive(Deserialize)]
struct Placed {
    call_id: String,
    phone: String,
}

#[derive(Deserialize)]
struct Skipped {
    phone: String,
    code: String,
}

/// Prints which calls were accepted and, after `--wait`, the record of each.
pub(crate) async fn run(args: CallArgs, shell: &Shell) -> Result<Exit, Exit> {
    let phones = checked(&args).map_err(|wrong| shell.misused("call", &wrong))?;
    let api = shell.api()?;
    let key = args.idempotency_key.clone().unwrap_or_else(fresh_key);
    let body = place(&args, &phones, &key, &api).await?;
    if args.json {
        output::result(&body)?;
    }
    let reply: Reply =
        read(&body).map_err(|failure| failed(&failure, &key, false, api.tongue()))?;
    if !args.json {
        output::result(text(&reply.data))?;
    }
    if let Some(first) = reply.data.calls.first() {
        advise(&first.call_id, api.tongue());
    }
    if !args.wait {
        return Ok(Exit::Done);
    }
    tokio::select! {
        done = wait(reply.data, args.json, &api) => done,
        () = interrupted() => {
            note(api.tongue().pick("The calls go on.", "通话仍在继续。"));
            Err(Exit::Interrupted)
        }
    }
}

fn checked(args: &CallArgs) -> Result<String, input::Wrong> {
    let phones = input::phones(&args.phones)?;
    input::requirement(args.requirement.as_deref(), args.agent_id.is_some())?;
    input::option("model-engine", args.model_engine.as_deref())?;
    input::option("voice-id", args.voice_id.as_deref())?;
    input::option("emotion", args.emotion.as_deref())?;
    args.idempotency_key.as_deref().map_or(Ok(()), input::idempotency_key)?;
    Ok(phones)
}

/// The POST. It is never repeated: whoever does not know what became of it looks it up.
async fn place(args: &CallArgs, phones: &str, key: &str, api: &Api) -> Result<Vec<u8>, Exit> {
    let question = Question {
        phones,
        user_requirement: args.requirement.as_deref(),
        agent_id: args.agent_id,
        model_engine: args.model_engine.as_deref(),
        voice_id: args.voice_id.as_deref(),
        emotion: args.emotion.as_deref(),
        volume: args.volume,
        speed: args.speed,
    };
    note(&format!("📞 Calling {phones}"));
    let request = api.callinfo("initiate_call", &question).header("idempotency-key", key);
    let reply = tokio::select! {
        // The handler is there before anything is sent.
        biased;
        () = interrupted() => {
            unknown(key, api.tongue(), "interrupted");
            return Err(Exit::Interrupted);
        }
        reply = ask(request) => reply,
    };
    reply.map_err(|failure| failed(&failure, key, args.json, api.tongue()))
}

/// A reply that is lost, or that a proxy made up, says nothing about the calls.
fn failed(failure: &Failure, key: &str, json: bool, tongue: Tongue) -> Exit {
    let exit = failure.report(json, tongue);
    match failure {
        Failure::NotSent(_) => {}
        Failure::Refused(r) if !r.code.starts_with("http_5") => {}
        Failure::NoReply(_) => unknown(key, tongue, "unreachable"),
        Failure::Refused(_) | Failure::Garbled => unknown(key, tongue, "bad_reply"),
    }
    exit
}

fn unknown(key: &str, tongue: Tongue, code: &str) {
    trouble(&tongue.pick(
        format!("outcome unknown: the call may have been placed; Idempotency-Key {key} [{code}]"),
        format!("结果未知（outcome unknown）：呼叫可能已发起；Idempotency-Key {key} [{code}]"),
    ));
    note(&tongue.pick(
        format!(
            "💡 Look it up with waihu list before anything else. The same arguments with\n   \
             --idempotency-key {key} place no second call."
        ),
        format!(
            "💡 请先用 waihu list 查询。以相同参数加\n   \
             --idempotency-key {key} 重发，不会重复呼叫。"
        ),
    ));
}

/// 190 bits from the system's random source: never met twice.
fn fresh_key() -> String {
    let letters = rand::rng().sample_iter(&Alphanumeric).take(32);
    letters.map(char::from).collect()
}

fn text(accepted: &Accepted) -> String {
    let mut text = "✅ Call accepted\n".to_owned();
    let several = accepted.calls.len() > 1;
    for call in &accepted.calls {
        let id = plain(&call.call_id);
        let phone = plain(&call.phone);
        let phone = if several { format!(" ({phone})") } else { String::new() };
        text.push_str(&format!("📱 Call ID: {id}{phone}\n"));
    }
    for number in &accepted.skipped {
        let (phone, code) = (plain(&number.phone), plain(&number.code));
        text.push_str(&format!("⚠️ Skipped: {phone} ({code})\n"));
    }
    text
}

fn advise(id: &str, tongue: Tongue) {
    let id = plain(id);
    note(&format!("💡 Next: ./callinfo.sh {id}"));
    note(&tongue.pick(
        format!("   or: waihu stream {id}, waihu info {id}"),
        format!("   或：waihu stream {id}，waihu info {id}"),
    ));
}

async fn wait(accepted: Accepted, json: bool, api: &Api) -> Result<Exit, Exit> {
    let ids = accepted.calls.into_iter().map(|call| call.call_id).collect();
    let mut watched = Watched::new(ids);
    let followed = watched.follow(
        async |id| search(api, id).await,
        |watched| {
            let (ended, all) = watched.progress();
            note(&api.tongue().pick(
                format!("⏳ {ended} of {all} calls over"),
                format!("⏳ 已结束 {ended}/{all}"),
            ));
        },
    );
    let followed = followed.await;
    for found in watched.found() {
        if json {
            output::result(&found.body)?;
        } else {
            output::result(found.record.text())?;
        }
    }
    if let Err(failure) = followed {
        return Err(failure.report(false, api.tongue()));
    }
    if let Some(failure) = watched.trouble() {
        failure.report(false, api.tongue());
    }
    Ok(watched.exit())
}
