//! One PostgreSQL server per test binary, from the distribution's package, gone with the process.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use sqlx::{AnyConnection, AssertSqlSafe, Connection, Executor};

/// Address of a new, empty database.
pub async fn new_database() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let server = tokio::task::spawn_blocking(|| SERVER.get_or_init(Server::start));
    let base = &server.await.expect("a PostgreSQL server").base;
    let name = format!("t{}", COUNT.fetch_add(1, Ordering::Relaxed));
    let mut conn = connect(&format!("{base}/postgres")).await;
    let create = format!("CREATE DATABASE {name}");
    conn.execute(AssertSqlSafe(create)).await.expect("a database");
    conn.close().await.expect("a clean end");
    format!("{base}/{name}")
}

/// Waits until the server answers, at most a minute.
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
    /// A shell that waits for its input to end, which happens when this process does, however it
    /// does; then it stops the server and removes its directory.
    _keeper: Child,
    _port: fs::File,
}

impl Server {
    fn start() -> Self {
        let bin = programs();
        let dir = tempfile::Builder::new().prefix("waihu-pg-").tempdir();
        let dir = dir.expect("a temporary directory").keep();
        let user = if is_root() { "postgres" } else { "" };
        if is_root() {
            // The server refuses root; its user must own the directory.
            run(Command::new("chown").arg("postgres").arg(&dir));
        }
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o700)).expect("permissions");
        let data = dir.join("data");
        run(becoming(user, &bin.join("initdb"))
            .current_dir(&dir)
            .args(["-U", "waihu", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "-D"])
            .arg(&data));
        let (port, lock) = free_port();
        let server = becoming(user, &bin.join("postgres"));
        let mut keeper = Command::new("sh");
        keeper
            .args(["-c", KEEPER, "keeper"])
            .arg(&dir)
            .arg(server.get_program())
            .args(server.get_args())
            .arg("-D")
            .arg(&data)
            .args(["-p", &port.to_string(), "-h", "127.0.0.1", "-k", ""])
            // A test machine's disk need not survive a power cut.
            .args(["-c", "fsync=off", "-c", "max_connections=400"])
            .current_dir(&dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Self {
            base: format!("postgres://waihu@127.0.0.1:{port}"),
            _keeper: keeper.spawn().expect("a shell"),
            _port: lock,
        }
    }
}

const KEEPER: &str = r#"
dir=$1; shift
"$@" </dev/null & pid=$!
cat >/dev/null
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

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().expect("the program id");
    id.stdout == b"0\n"
}

fn run(command: &mut Command) {
    let done = command.output().expect("a program of this system");
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{command:?}: {said}");
}

/// A port that nobody listens on, and the lock that keeps other test processes from choosing it
/// before our server does.
fn free_port() -> (u16, fs::File) {
    let mine = std::process::id() % PORTS;
    let ports = (0..PORTS).map(|n| 21_000 + u16::try_from((mine + n) % PORTS).unwrap_or(0));
    for port in ports {
        let path = std::env::temp_dir().join(format!("waihu-pg-{port}.lock"));
        let Ok(lock) = fs::File::create(path) else { continue };
        if lock.try_lock().is_ok() && TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return (port, lock);
        }
    }
    panic!("no free port from 21000 on");
}

/// Ports to choose from.
const PORTS: u32 = 1_000;
