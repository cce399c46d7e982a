//! The power fails at random moments under load: nothing is lost, doubled, dialled twice or unpaid.
//!
//! `FAULT_KILLS` says how often (20), `FAULT_SEED` which moments; a failure prints both.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]
#![allow(clippy::disallowed_methods, reason = "a test of processes has a clock and an environment")]

mod support;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use support::api::{Api, PLEASE};
use support::books::all_agrees;
use support::process::{ExternalLab, Waihu, command};
use support::{A_CALL, until};
use tokio::task::JoinSet;

/// Kills per lab: its orphaned callees go on talking to nobody, and shall not pile up.
const KILLS_PER_LAB: usize = 10;
/// A start that takes longer is a hang, however slow the machine. What it really takes is printed.
const READY_AT_LAST: Duration = Duration::from_secs(120);
/// Last digits of callees that keep calls in every phase: they ring, refuse, announce, answer and
/// stay silent, answer and talk, or hang up by themselves.
const PERSONAS: [&str; 10] = ["003", "007", "018", "017", "010", "000", "014", "006", "002", "009"];
/// Media ports of its own: callees of a server that was killed go on talking to where it was, and
/// shall not be heard by the servers of other tests.
const SETTINGS: &str = "\
[media]\nfirst_port = 12000\nlast_port = 19998\n\
[calls]\nmax_concurrent = 12\nring_timeout_s = 20\n\
[signup]\nbonus_micro_yuan = 1000000000000\n\
[speech]\nsynthesizer = \"marks\"\ndecoders = 1\n";

/// One request for calls, and what became of it.
struct Asked {
    numbers: Vec<String>,
    /// Absent if the server died before its reply was here.
    ids: Option<Vec<String>>,
}

/// What is known from outside.
struct Story {
    rng: StdRng,
    key: String,
    asked: Vec<Asked>,
    numbers_used: usize,
    ready: Vec<Duration>,
    /// INVITEs by masked number, from the callees' end.
    invites: HashMap<String, u32>,
}

/// Callee number `n`: no two of them look alike when they are masked.
fn number(n: usize) -> String {
    let persona = PERSONAS[n % PERSONAS.len()];
    let k = n / PERSONAS.len();
    assert!(k < 700, "no more numbers that differ in what a report shows");
    format!("1{}{}{:04}{}{persona}", 3 + k % 7, k / 7 % 10, 1_000 + k, k / 70)
}

fn masked(number: &str) -> String {
    format!("{}****{}", &number[..3], &number[7..])
}

fn from_environment(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

fn serve(data: &Path, lab: &ExternalLab) -> Waihu {
    let config = data.join("waihu.toml");
    let port = lab.address.rsplit_once(':').unwrap().1;
    let trunk = format!(
        "[[trunk]]\nname = \"lab\"\naddress = \"sip:127.0.0.1:{port}\"\n\
         lines = 100\ncalls_per_second = 100\n"
    );
    std::fs::write(&config, format!("{SETTINGS}{trunk}")).unwrap();
    let mut command = command();
    command.args(["serve", "--http", "127.0.0.1:0", "--sip", "127.0.0.1:0"]);
    command.arg("--data-dir").arg(data).arg("--config").arg(&config);
    Waihu::spawn(command)
}

impl Story {
    /// Starts a server and waits until it says it is ready; how long that took is written down.
    async fn start(&mut self, data: &Path, lab: &ExternalLab) -> (Waihu, Api) {
        let begun = Instant::now();
        let waihu = serve(data, lab);
        let base = until("it listens", READY_AT_LAST, async || waihu.told("http: ")).await;
        let api = Api::new(&base, &self.key);
        until("it is ready", READY_AT_LAST, async || {
            (api.get("/readyz").await.status == 200).then_some(())
        })
        .await;
        self.ready.push(begun.elapsed());
        (waihu, api)
    }

    /// Requests of one to four calls each, sent at random moments of the next `span`.
    fn load(&mut self, api: &Api, span: Duration) -> JoinSet<Asked> {
        let mut requests = JoinSet::new();
        for _ in 0..self.rng.random_range(2..=5) {
            let count = self.rng.random_range(1..=4);
            let first = self.numbers_used;
            self.numbers_used += count;
            let numbers: Vec<String> = (first..first + count).map(number).collect();
            let after = span.mul_f64(self.rng.random_range(0.0..1.0));
            let api = api.clone();
            requests.spawn(async move {
                tokio::time::sleep(after).await;
                let ids = ask(&api, &numbers).await;
                Asked { numbers, ids }
            });
        }
        requests
    }

    /// One life: starts, carries calls, is killed. Sometimes it does not even come to its feet.
    async fn live_and_die(&mut self, data: &Path, lab: &ExternalLab) -> Duration {
        if self.rng.random_ratio(1, 6) {
            let waihu = serve(data, lab);
            let moment = Duration::from_millis(self.rng.random_range(0..600));
            tokio::time::sleep(moment).await;
            waihu.kill().await;
            return moment;
        }
        let (waihu, api) = self.start(data, lab).await;
        // Short lives meet acceptance and dialling, long ones meet talk and endings.
        let longest = if self.rng.random_bool(0.5) { 700 } else { 4_000 };
        let moment = Duration::from_millis(self.rng.random_range(0..longest));
        let requests = self.load(&api, moment);
        tokio::time::sleep(moment).await;
        waihu.kill().await;
        self.asked.extend(requests.join_all().await);
        moment
    }

    /// What the callees of a lab that is taken down have seen.
    async fn count_invites(&mut self, lab: ExternalLab) {
        for report in lab.reports().await {
            let number = report["number"].as_str().unwrap().to_owned();
            *self.invites.entry(number).or_default() += 1;
        }
    }
}

/// Asks for calls; `None` if no reply came. A reply that did come accepts them all.
async fn ask(api: &Api, numbers: &[String]) -> Option<Vec<String>> {
    let body = json!({ "phones": numbers, "user_requirement": PLEASE }).to_string();
    let url = format!("{}/api/v1/callinfo/initiate_call", api.base);
    let request = api.http.post(url).header("X-API-Key", &api.key).body(body);
    let reply = request.send().await.ok()?;
    let status = reply.status();
    let text = reply.text().await.ok()?;
    assert_eq!(status, 200, "{text}");
    let reply: Value = serde_json::from_str(&text).ok()?;
    let ids = reply["data"]["call_ids"].as_array()?;
    Some(ids.iter().map(|id| id.as_str().unwrap().to_owned()).collect())
}

/// Every call there is, by id.
async fn all_calls(api: &Api) -> BTreeMap<String, Value> {
    let (mut calls, mut cursor) = (BTreeMap::new(), String::new());
    loop {
        let page = api.get(&format!("/v1/calls?limit=200{cursor}")).await.json();
        for call in page["items"].as_array().unwrap() {
            let id = call["call_id"].as_str().unwrap().to_owned();
            assert!(calls.insert(id.clone(), call.clone()).is_none(), "{id} is listed twice");
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return calls,
        }
    }
}

/// Lets nobody wait for callees that never pick up: what has not ended is hung up.
async fn end_everything(api: &Api) -> BTreeMap<String, Value> {
    until("every call has ended", A_CALL, async || {
        let calls = all_calls(api).await;
        let open = calls.iter().filter(|(_, call)| call["end_reason"].is_null());
        let open: Vec<String> = open.map(|(id, _)| id.clone()).collect();
        for id in &open {
            let url = format!("{}/v1/calls/{id}/hangup", api.base);
            let request = api.http.post(url).header("X-API-Key", &api.key);
            assert_eq!(request.send().await.unwrap().status(), 200);
        }
        open.is_empty().then_some(calls)
    })
    .await
}

/// Each request was accepted whole or not at all, and each reply is kept.
fn nothing_is_lost_or_doubled(story: &Story, calls: &BTreeMap<String, Value>) {
    let mut by_number: HashMap<&str, Vec<&str>> = HashMap::new();
    for (id, call) in calls {
        by_number.entry(call["phones"].as_str().unwrap()).or_default().push(id);
    }
    let mut known = 0;
    for asked in &story.asked {
        let found = asked.numbers.iter().map(|n| by_number.get(n.as_str()).map_or(0, Vec::len));
        let found: HashSet<usize> = found.collect();
        match &asked.ids {
            Some(ids) => {
                for (id, number) in ids.iter().zip(&asked.numbers) {
                    assert_eq!(by_number.get(number.as_str()), Some(&vec![id.as_str()]));
                }
                assert_eq!(ids.len(), asked.numbers.len());
            }
            None => {
                let whole = found == HashSet::from([0]) || found == HashSet::from([1]);
                assert!(whole, "accepted in part or twice: {:?}", asked.numbers);
            }
        }
        known += asked.numbers.iter().filter(|n| by_number.contains_key(n.as_str())).count();
    }
    assert_eq!(known, calls.len(), "calls that nobody asked for");
}

/// The callees' end has the last word on who was dialled how often.
fn nobody_is_dialled_twice(story: &Story, calls: &BTreeMap<String, Value>) {
    let mut left = story.invites.clone();
    for (id, call) in calls {
        let number = masked(call["phones"].as_str().unwrap());
        let invites = left.remove(&number).unwrap_or(0);
        assert!(invites <= 1, "{number} was dialled {invites} times: {call}");
        let (dialled, rang) = (!call["dialed_at"].is_null(), !call["ringing_at"].is_null());
        assert!(dialled || invites == 0, "{id} was dialled without a word in its journal: {call}");
        let answered = !call["answered_at"].is_null();
        assert!(invites == 1 || !(rang || answered), "{id} rang nowhere: {call}");
        let lost = call["end_reason"] == "node_lost";
        assert!(!lost || call["cost_micro_yuan"] == 0, "{call}");
    }
    assert!(left.is_empty(), "dialled, and in no record: {left:?}");
}

fn tell(story: &mut Story, calls: &BTreeMap<String, Value>) {
    story.ready.sort();
    let ready = &story.ready;
    let at = |part: f64| ready[((ready.len() - 1) as f64 * part) as usize].as_millis();
    let slow = ready.iter().filter(|t| **t >= Duration::from_secs(2)).count();
    println!(
        "ready after (ms): min {} median {} p90 {} max {}; {slow} of {} took 2 s or more",
        at(0.0),
        at(0.5),
        at(0.9),
        at(1.0),
        ready.len()
    );
    let mut reasons: BTreeMap<String, u32> = BTreeMap::new();
    for call in calls.values() {
        *reasons.entry(call["end_reason"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    let unanswered = story.asked.iter().filter(|a| a.ids.is_none()).count();
    println!(
        "{} requests, {unanswered} of them without a reply; {} calls, {} INVITEs; {reasons:?}",
        story.asked.len(),
        calls.len(),
        story.invites.len()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_at_any_moment_keeps_its_calls_its_books_and_its_word() {
    let seed = from_environment("FAULT_SEED", 1);
    let kills = from_environment("FAULT_KILLS", 20) as usize;
    println!("FAULT_SEED={seed} FAULT_KILLS={kills}");
    let data = tempfile::tempdir().unwrap();
    let mut lab = ExternalLab::start().await;
    // The first start makes the account, with the bonus of these settings, and shows its key.
    let first = serve(data.path(), &lab);
    let shown = async || first.told("key (shown once): ");
    let key = until("the key is shown", READY_AT_LAST, shown).await;
    first.kill().await;
    let mut story = Story {
        rng: StdRng::seed_from_u64(seed),
        key: key.trim().to_owned(),
        asked: Vec::new(),
        numbers_used: 0,
        ready: Vec::new(),
        invites: HashMap::new(),
    };
    for kill in 1..=kills {
        let moment = story.live_and_die(data.path(), &lab).await;
        println!("seed {seed} kill {kill}: after {} ms", moment.as_millis());
        if kill % KILLS_PER_LAB == 0 {
            let next = ExternalLab::start().await;
            story.count_invites(std::mem::replace(&mut lab, next)).await;
            all_agrees(data.path()).await;
        }
    }
    let (waihu, api) = story.start(data.path(), &lab).await;
    let calls = end_everything(&api).await;
    api.nothing_is_held().await;
    waihu.signal("TERM").await;
    let ended = waihu.ended(A_CALL).await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    story.count_invites(lab).await;
    tell(&mut story, &calls);
    nothing_is_lost_or_doubled(&story, &calls);
    nobody_is_dialled_twice(&story, &calls);
    assert_eq!(all_agrees(data.path()).await, calls.len());
    assert!(calls.len() >= kills, "hardly any call was placed");
}
