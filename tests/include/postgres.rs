//! A private server of PostgreSQL on loopback, in a folder and on a port of its own, for the time of a test program. Test
//! programs include this file by its path.
//!
//! It runs where `initdb` is on the PATH or in `/usr/lib/postgresql` (Debian: `apt-get install postgresql`), and says so where
//! there is none.

#![allow(dead_code, reason = "each program has use for some of it")]

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Makes the data, runs the server, and ends it when this program has ended, whose end of the pipe is closed then. A test
/// waits for no disk.
const SCRIPT: &str = r#"
set -e
folder=$(mktemp -d -p "$BASE" insist-postgres.XXXXXX)
"$BIN/initdb" -D "$folder/data" -A trust -U insist -E UTF8 --locale=C --no-sync >"$folder/log" 2>&1
"$BIN/postgres" -D "$folder/data" -c listen_addresses=127.0.0.1 -c port="$PORT" -c unix_socket_directories= \
    -c fsync="$FSYNC" -c max_connections=300 -c shared_buffers=64MB -c timezone=UTC >>"$folder/log" 2>&1 &
server=$!
read -r _ || true
kill -QUIT $server || true
wait $server || true
rm -rf "$folder"
"#;

pub(crate) struct Server {
    programs: PathBuf,
    port: u16,
    _process: Child,
}

impl Server {
    /// Returns the server of this program, which is started by the first who asks; `None` if there is none here.
    pub(crate) fn get() -> Option<&'static Self> {
        static SERVER: OnceLock<Option<Server>> = OnceLock::new();
        let server = SERVER.get_or_init(|| Self::start("off")).as_ref();
        if server.is_none() {
            println!("skipped: there is no PostgreSQL here");
        }
        server
    }

    /// Starts a server. With `fsync` off, a commit is not synced to disk.
    pub(crate) fn start(fsync: &str) -> Option<Self> {
        let programs = programs()?;
        // Below the ports that the system gives to clients.
        let first = 20_000 + u16::try_from(std::process::id() % 10_000).unwrap();
        let free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
        for port in (first..).filter(free).take(5) {
            let base = if fsync == "off" && Path::new("/dev/shm").exists() { "/dev/shm" } else { "/tmp" };
            let is_root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n");
            // It refuses to run as root.
            let mut command = if is_root { Command::new("runuser") } else { Command::new("sh") };
            if is_root {
                command.args(["-u", "postgres", "--", "sh"]);
            }
            let process = command
                .args(["-c", SCRIPT])
                .current_dir("/")
                .env("BIN", &programs)
                .env("BASE", base)
                .env("PORT", port.to_string())
                .env("FSYNC", fsync)
                .stdin(Stdio::piped())
                .spawn()
                .ok()?;
            let mut server = Self { programs: programs.clone(), port, _process: process };
            if server.is_up() {
                return Some(server);
            }
        }
        panic!("PostgreSQL is here, and does not start");
    }

    fn is_up(&mut self) -> bool {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(30) {
            if self.program("pg_isready").args(["-q", "-t", "1"]).status().is_ok_and(|status| status.success()) {
                return true;
            }
            if self._process.try_wait().is_ok_and(|status| status.is_some()) {
                return false;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        false
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", "insist"]);
        if name == "pg_isready" {
            command.args(["-d", "postgres"]);
        }
        command
    }

    /// Makes a database, and returns its address.
    pub(crate) fn database(&self) -> String {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("test{}", NUMBER.fetch_add(1, Ordering::SeqCst));
        let output = self.program("createdb").arg(&name).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        self.address(&name)
    }

    /// Returns the address of a database, which need not exist.
    pub(crate) fn address(&self, database: &str) -> String {
        format!("postgres://insist@127.0.0.1:{}/{database}", self.port)
    }
}

/// Finds the folder of the server's programs: that of the newest version.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let mut found: Vec<(u32, PathBuf)> = std::env::split_paths(&path)
        .filter(|folder| folder.join("initdb").exists())
        .map(|folder| (0, folder))
        .collect();
    for version in std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten() {
        let number = version.file_name().to_string_lossy().parse().unwrap_or(0);
        let folder = version.path().join("bin");
        if folder.join("initdb").exists() {
            found.push((number, folder));
        }
    }
    found.into_iter().max().map(|(_, folder)| folder)
}
