//! A small disk that only the server under test sees: a tmpfs in a mount namespace of its own.
//!
//! Root ignores permissions, so that a full or read-only directory has to be a file system.

use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::{Child, Command};

use super::{SOON, until};

/// A namespace with a small file system in it; both end with the test.
pub struct Disk {
    holder: Child,
    place: tempfile::TempDir,
    root: bool,
}

impl Disk {
    /// An empty one of so many MiB. Needs root, or a kernel that lets users have namespaces.
    pub async fn of(mib: u32) -> Self {
        let place = tempfile::tempdir().unwrap();
        let root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
        let script = format!(
            "mount -t tmpfs -o size={mib}m,mode=700 tmpfs \"$1\" && touch \"$1\"/.mounted && \
             exec sleep 600"
        );
        let mut command = Command::new("unshare");
        if !root {
            command.args(["--user", "--map-root-user"]);
        }
        command.args(["--mount", "--propagation", "private", "sh", "-c", &script, "sh"]);
        let holder = command
            .arg(place.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("util-linux has unshare");
        let disk = Self { holder, place, root };
        let mounted = disk.outside().join(".mounted");
        until("the small disk is mounted", SOON, async || mounted.exists().then_some(())).await;
        disk
    }

    /// Where it is for those inside.
    pub fn inside(&self) -> &Path {
        self.place.path()
    }

    /// The same directory for those outside.
    pub fn outside(&self) -> PathBuf {
        let inside = self.inside().strip_prefix("/").unwrap();
        Path::new("/proc").join(self.pid()).join("root").join(inside)
    }

    fn pid(&self) -> String {
        self.holder.id().expect("it sleeps").to_string()
    }

    /// A program to be run inside, with an empty environment; it keeps its process id.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.pid(), "--mount"]);
        if !self.root {
            command.args(["--user", "--preserve-credentials"]);
        }
        let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        command.env_clear().env("PATH", path).env("HOME", "/nonexistent").env("LANG", "C.UTF-8");
        command.args(["--", program]);
        command
    }

    /// Runs `mount` inside.
    pub async fn mount(&self, arguments: &[&str], place: &Path) {
        let done = self.command("mount").args(arguments).arg(place).output().await.unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    /// A directory outside with copies of the files whose names begin so. SQLite itself cannot be
    /// shown the way in: it follows links, and `/proc` has one to its own root.
    pub fn copied(&self, begin: &str) -> tempfile::TempDir {
        let copy = tempfile::tempdir().unwrap();
        for entry in std::fs::read_dir(self.outside()).unwrap() {
            let from = entry.unwrap().path();
            let name = from.file_name().unwrap().to_str().unwrap().to_owned();
            if name.starts_with(begin) {
                std::fs::copy(&from, copy.path().join(name)).unwrap();
            }
        }
        copy
    }

    /// Takes all the room that is left; what was taken before stays taken.
    pub fn fill(&self) {
        let name = self.outside().join("ballast");
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(name).unwrap();
        let mut size = 1 << 20;
        while size > 0 {
            match file.write(&vec![0; size]) {
                Ok(written) if written > 0 => {}
                _ => size /= 2,
            }
        }
    }

    /// Gives it back.
    pub fn make_room(&self) {
        std::fs::remove_file(self.outside().join("ballast")).unwrap();
    }
}
