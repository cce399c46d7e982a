//! `waihu list`: calls of every surface, newest first.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::client::{ask, read};
use super::exit::Exit;
use super::output::{self, note, plain};
use super::{Shell, input};

/// Arguments of `waihu list`.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    #[arg(long, value_name = "S")]
    status: Option<String>,
    #[arg(long, value_name = "P")]
    phone: Option<String>,
    #[arg(long, value_name = "T")]
    since: Option<String>,
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=200))]
    limit: Option<u16>,
    #[arg(long, value_name = "C")]
    cursor: Option<String>,
    #[arg(long)]
    json: bool,
}

#[derive(Deserialize)]
struct Page {
    items: Vec<Item>,
    #[serde(default)]
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Item {
    call_id: String,
    phones: String,
    status: String,
    duration_seconds: Option<u64>,
    cost: Option<Box<RawValue>>,
    created_at: String,
}

/// Prints one page.
pub(crate) async fn run(args: ListArgs, shell: &Shell) -> Result<Exit, Exit> {
    let query = query(&args).map_err(|wrong| shell.misused("list", &wrong))?;
    let api = shell.api()?;
    let told = |failure: super::failure::Failure| failure.report(args.json, api.tongue());
    let body = ask(api.get(&["v1", "calls"], &query)).await.map_err(told)?;
    if args.json {
        output::result(&body)?;
        return Ok(Exit::Done);
    }
    let page: Page = read(&body).map_err(told)?;
    output::result(table(&page.items))?;
    if let Some(cursor) = page.next_cursor {
        let cursor = plain(&cursor);
        note(&shell.tongue.pick(
            format!("💡 More: add --cursor {cursor}"),
            format!("💡 还有更多：加上 --cursor {cursor}"),
        ));
    }
    Ok(Exit::Done)
}

fn query(args: &ListArgs) -> Result<Vec<(&'static str, String)>, input::Wrong> {
    let mut query = Vec::new();
    if let Some(status) = &args.status {
        input::statuses(status)?;
        query.push(("status", status.clone()));
    }
    if let Some(phone) = &args.phone {
        query.push(("phone", input::number(phone)?));
    }
    if let Some(since) = &args.since {
        input::moment(since)?;
        query.push(("created_after", since.clone()));
    }
    if let Some(limit) = args.limit {
        query.push(("limit", limit.to_string()));
    }
    if let Some(cursor) = &args.cursor {
        query.push(("cursor", cursor.clone()));
    }
    Ok(query)
}

/// Columns as wide as their widest cell, two blanks between them, none at the end.
fn table(items: &[Item]) -> String {
    let head = ["CALL ID", "PHONE", "STATUS", "DURATION", "COST", "CREATED"].map(str::to_owned);
    let rows: Vec<[String; 6]> = std::iter::once(head).chain(items.iter().map(row)).collect();
    let width = |column: usize| rows.iter().map(|r| r[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..6).map(width).collect();
    let lines = rows.iter().map(|row| {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        format!("{}\n", cells.join("  ").trim_end())
    });
    lines.collect()
}

fn row(item: &Item) -> [String; 6] {
    let none = || "-".to_owned();
    [
        plain(&item.call_id),
        if item.phones.is_empty() { none() } else { plain(&item.phones) },
        plain(&item.status),
        item.duration_seconds.map_or_else(none, |s| format!("{s}s")),
        item.cost.as_ref().map_or_else(none, |cost| format!("¥{}", plain(cost.get()))),
        plain(&item.created_at),
    ]
}
