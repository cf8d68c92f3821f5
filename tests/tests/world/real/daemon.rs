//! A program of somebody else's that runs in the background, and is told to reload, killed and started again.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Instant;
use std::{env, fs, thread};

use insist_tests::words::{LONG, ms, secs};
use tempfile::TempDir;

/// Runs a program in a process group of its own, and passes on the signals whose names it reads. When nobody can write
/// names any more, because the test has ended, however it did, the whole group is killed.
const GUARD: &str = r#"
setsid "$@" </dev/null >>log 2>&1 &
while read -r word; do
    if [ "$word" = wait ]; then wait $!; exit; fi
    kill -s "$word" $!
done
kill -s KILL -- -$!
wait $!
"#;

/// A program that listens on a port of its own, and keeps what it needs in a folder of its own.
pub(super) struct Daemon {
    program: PathBuf,
    folder: TempDir,
    port: u16,
    arguments: Vec<String>,
    guard: Option<Child>,
}

impl Daemon {
    /// Finds a program; `None`, and a line that says so, if it is not installed.
    pub(super) fn find(name: &str) -> Option<Self> {
        let folders = env::var_os("PATH").unwrap_or_default();
        let mut folders = env::split_paths(&folders).chain(["/usr/sbin".into()]);
        let Some(program) = folders.find_map(|folder| Some(folder.join(name)).filter(|program| program.is_file()))
        else {
            println!("skipped: there is no {name}");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        // Some give up the rights of root, and write as somebody else.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        Some(Self { program, folder, port: free_port(), arguments: Vec::new(), guard: None })
    }

    pub(super) fn program(&self) -> &Path {
        &self.program
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(super) const fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Writes a file that everybody may write to, and returns its path.
    pub(super) fn write(&self, name: &str, text: &str) -> String {
        let path = self.folder().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
        path.display().to_string()
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder().join(name)).unwrap_or_default()
    }

    /// Returns what a file has by now; nothing if it is not there.
    pub(super) fn lines(&self, name: &str) -> Vec<String> {
        self.read(name).lines().map(str::to_owned).collect()
    }

    /// Sets the arguments that it is started with.
    pub(super) fn with<const N: usize>(mut self, arguments: [&str; N]) -> Self {
        self.arguments = arguments.map(str::to_owned).into();
        self
    }

    /// Starts it, and waits until it answers: by then it has its handlers of signals.
    ///
    /// # Panics
    ///
    /// If it does not answer for long, with what it has printed.
    pub(super) fn start(&mut self) {
        let mut guard = Command::new("sh");
        guard.args(["-c", GUARD, "guard"]).arg(&self.program).args(&self.arguments).current_dir(self.folder());
        // Not in this program's group, whose signals are not for it.
        guard.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        self.guard = Some(guard.spawn().unwrap());
        let started = Instant::now();
        while !self.answers() {
            let says = || format!("{} does not start: {}", self.program.display(), self.read("log"));
            assert!(started.elapsed() < LONG, "{}", says());
            thread::sleep(ms(5));
        }
    }

    fn answers(&self) -> bool {
        let Ok(mut stream) = self.connect() else { return false };
        stream.set_read_timeout(Some(secs(5))).unwrap();
        let is_asked = stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").is_ok();
        is_asked && stream.read(&mut [0]).is_ok_and(|read| read > 0)
    }

    fn connect(&self) -> std::io::Result<TcpStream> {
        TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))
    }

    /// Sends a signal to its first process: `HUP`.
    pub(super) fn signal(&self, name: &str) {
        let mut guard = self.guard.as_ref().and_then(|guard| guard.stdin.as_ref()).unwrap();
        guard.write_all(format!("{name}\n").as_bytes()).unwrap();
    }

    /// Runs it a second time, with these arguments, to tell the first something.
    pub(super) fn tell<const N: usize>(&self, arguments: [&str; N]) {
        let output = Command::new(&self.program).args(arguments).current_dir(self.folder()).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Asks it to end by a signal, and waits until it has.
    pub(super) fn end(&mut self, signal: &str) {
        self.signal(signal);
        self.signal("wait");
        self.wait();
    }

    /// Kills its whole process group.
    pub(super) fn kill(&mut self) {
        if let Some(guard) = &mut self.guard {
            drop(guard.stdin.take());
        }
        self.wait();
    }

    /// Waits until nobody listens any more, so that it can be started again.
    fn wait(&mut self) {
        if let Some(mut guard) = self.guard.take() {
            guard.wait().unwrap();
        }
        let ended = Instant::now();
        while self.connect().is_ok() && ended.elapsed() < LONG {
            thread::sleep(ms(1));
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Finds a port below those that the system gives to clients: a client that tries a port of those while nobody listens
/// can connect to itself. Tests of one program get ports that are far apart, so that none takes another's.
fn free_port() -> u16 {
    static APART: AtomicU16 = AtomicU16::new(0);
    let first = 10_500 + u16::try_from(std::process::id() % 9_000).unwrap() + APART.fetch_add(50, Ordering::Relaxed);
    (first..).find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok()).unwrap()
}
