//! `waihu stream`: a conversation as it is spoken.

use reqwest::Response;

use super::Shell;
use super::client::open;
use super::exit::Exit;
use super::input::call_id;
use super::output::{self, RULE, trouble};
use super::record::Utterance;
use super::sse::{DataLines, value};
use super::tongue::Tongue;

/// Arguments of `waihu stream`.
#[derive(Debug, clap::Args)]
pub(crate) struct StreamArgs {
    #[arg(value_name = "CALL_ID")]
    call_id: String,
    #[arg(long)]
    json: bool,
}

/// Prints utterances until the final event.
pub(crate) async fn run(args: StreamArgs, shell: &Shell) -> Result<Exit, Exit> {
    call_id(&args.call_id).map_err(|wrong| shell.misused("stream", &wrong))?;
    let api = shell.api()?;
    let question = serde_json::json!({ "call_id": args.call_id });
    let reply = open(api.callinfo("stream_chat_history", &question)).await;
    let mut reply = reply.map_err(|failure| failure.report(args.json, api.tongue()))?;
    if !args.json {
        output::result(format!(
            "🎙️ Streaming real-time conversation\n{RULE}\n\
             Call ID: {}\nWaiting for connection...\n",
            args.call_id
        ))?;
    }
    let end = follow(&mut reply, args.json, api.tongue()).await?;
    if !args.json {
        let last = match end {
            Exit::Done => "📞 Call ended",
            _ => "⏰ Not answered",
        };
        output::result(format!("{RULE}\n{last}\n"))?;
    }
    Ok(end)
}

/// Reads up to the final event; what comes after it, if anything, is not waited for.
async fn follow(reply: &mut Response, json: bool, tongue: Tongue) -> Result<Exit, Exit> {
    let mut lines = DataLines::default();
    loop {
        let piece = match reply.chunk().await {
            Ok(Some(piece)) => piece,
            Ok(None) | Err(_) => return Err(cut(tongue)),
        };
        let said = lines.take(&piece).map_err(|_| cut(tongue))?;
        for line in said {
            let event: Option<Utterance> = serde_json::from_str(value(&line)).ok();
            if json {
                output::result(format!("{line}\n"))?;
            } else if let Some(words) = event.as_ref().and_then(Utterance::line) {
                output::result(words)?;
            }
            let end = event.filter(|event| event.role == "system");
            match end.as_ref().map(|event| event.content.as_str()) {
                Some("[DONE]") => return Ok(Exit::Done),
                Some("[TIMEOUT]") => return Ok(Exit::Unanswered),
                _ => {}
            }
        }
    }
}

fn cut(tongue: Tongue) -> Exit {
    trouble(tongue.pick(
        "The stream broke off; the call may go on [unreachable]",
        "对话流中断，通话可能仍在继续 [unreachable]",
    ));
    Exit::Unreachable
}
