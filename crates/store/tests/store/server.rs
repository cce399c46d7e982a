//! One PostgreSQL server, from the distribution's package, for all test processes that run at
//! the same time; gone soon after the last of them.

use std::fs;
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use testkit::peers::Ports;

use sqlx::{AnyConnection, AssertSqlSafe, Connection, Executor};
use uuid::Uuid;

/// Address of a new, empty database.
pub async fn new_database() -> String {
    let server = tokio::task::spawn_blocking(|| SERVER.get_or_init(Server::shared));
    let base = &server.await.expect("a PostgreSQL server").base;
    let name = format!("t{}", Uuid::now_v7().simple());
    let mut conn = connect(&format!("{base}/postgres")).await;
    let create = format!("CREATE DATABASE {name}");
    conn.execute(AssertSqlSafe(create)).await.expect("a database");
    conn.close().await.expect("a clean end");
    format!("{base}/{name}")
}

/// A server that was just started listens before it serves: waits for it, at most a minute.
async fn connect(url: &str) -> AnyConnection {
    sqlx::any::install_default_drivers();
    let mut last = None;
    for _ in 0..600 {
        match AnyConnection::connect(url).await {
            Ok(conn) => return conn,
            Err(e) => last = Some(e),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("PostgreSQL does not answer at {url}: {last:?}");
}

static SERVER: OnceLock<Server> = OnceLock::new();

struct Server {
    base: String,
    /// Locked together with all others who use the server, until this process ends, however it
    /// does.
    _used: fs::File,
}

impl Server {
    /// The server that runs already, or a new one.
    fn shared() -> Self {
        let place = std::env::temp_dir().join(format!("waihu-pg-{}", user_id()));
        fs::create_dir_all(&place).expect("a directory");
        // Who looks for a server, starts one or ends one is alone meanwhile.
        let door = fs::File::create(place.join("door")).expect("a file");
        door.lock().expect("a lock");
        let used = fs::File::create(place.join("used")).expect("a file");
        used.lock_shared().expect("a lock");
        let port = running(&place).unwrap_or_else(|| start(&place));
        Self { base: format!("postgres://waihu@127.0.0.1:{port}"), _used: used }
    }
}

/// The port of a server that listens.
fn running(place: &Path) -> Option<u16> {
    let port = fs::read_to_string(place.join("port")).ok()?.parse().ok()?;
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok().map(|_| port)
}

/// Starts a server and waits until it listens, at most a minute.
#[allow(clippy::zombie_processes, reason = "whoever keeps the server outlives this process")]
fn start(place: &Path) -> u16 {
    let bin = programs();
    let dir = tempfile::Builder::new().prefix("data-").tempdir_in(place);
    let dir = dir.expect("a temporary directory").keep();
    let user = if user_id() == "0" { "postgres" } else { "" };
    if !user.is_empty() {
        // The server refuses root; its user must own the directory.
        run(Command::new("chown").arg(user).arg(&dir));
    }
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o700)).expect("permissions");
    let data = dir.join("data");
    run(becoming(user, &bin.join("initdb"))
        .current_dir(&dir)
        .args(["-U", "waihu", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "-D"])
        .arg(&data));
    // Held until the server is there.
    let ports = Ports::take();
    let port = ports.first();
    let server = becoming(user, &bin.join("postgres"));
    let mut keeper = Command::new("sh")
        .args(["-c", KEEPER, "keeper"])
        .args([place, &dir])
        .arg(server.get_program())
        .args(server.get_args())
        .arg("-D")
        .arg(&data)
        .args(["-p", &port.to_string(), "-h", "127.0.0.1", "-k", ""])
        // A test machine's disk need not survive a power cut.
        .args(["-c", "fsync=off", "-c", "max_connections=400"])
        .current_dir(&dir)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // Others use it too: what ends this process's group must not end the server.
        .process_group(0)
        .spawn()
        .expect("a shell");
    fs::write(place.join("port"), port.to_string()).expect("a file");
    for _ in 0..600 {
        if running(place).is_some() {
            return port;
        }
        assert!(keeper.try_wait().expect("its state").is_none(), "PostgreSQL does not start");
        std::thread::park_timeout(Duration::from_millis(100));
    }
    panic!("PostgreSQL does not listen on port {port}");
}

/// Ends the server when nobody has used it for some seconds, or when it has ended by itself.
const KEEPER: &str = r#"
place=$1 dir=$2; shift 2
"$@" & pid=$!
while sleep 4 && kill -0 $pid; do
  exec 8>"$place/door" 9>"$place/used"
  flock 8
  flock -n 9 && break
  exec 8>&- 9>&-
done
kill -INT $pid; wait $pid
rm -rf "$dir"
"#;

/// Where the server's programs lie, the newest version.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let bins = versions.map(|v| v.path().join("bin"));
    let complete = |bin: &PathBuf| bin.join("initdb").exists() && bin.join("postgres").exists();
    bins.filter(complete).max().expect("PostgreSQL is missing: apt-get install postgresql")
}

fn becoming(user: &str, program: &Path) -> Command {
    if user.is_empty() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command
        .arg(format!("--reuid={user}"))
        .arg(format!("--regid={user}"))
        .arg("--clear-groups")
        .arg("--")
        .arg(program);
    command
}

fn user_id() -> String {
    let id = Command::new("id").arg("-u").output().expect("the program id");
    String::from_utf8_lossy(&id.stdout).trim().to_owned()
}

fn run(command: &mut Command) {
    let done = command.output().expect("a program of this system");
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{command:?}: {said}");
}
