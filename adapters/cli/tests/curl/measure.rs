//! Runs one command against one scripted server, and tells what it did.

use std::fmt;
use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use insist_flaky::Server;

use crate::cases::{BODY, Case, GOOD};

/// The time after which a command hangs.
const HANGS: Duration = Duration::from_secs(9);

/// Holds what a command did.
pub(crate) struct Did {
    exit: Option<i32>,
    requests: usize,
    /// Holds what is in the file, or came on standard output.
    has: &'static str,
    /// It did not wait as long as the server asked.
    is_early: bool,
}

impl fmt::Display for Did {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.requests == 1 { "" } else { "s" };
        match self.exit {
            Some(exit) => write!(f, "{exit}, {} request{plural}, {}", self.requests, self.has)?,
            None => write!(f, "hangs, {} request{plural}, {}", self.requests, self.has)?,
        }
        if self.is_early { f.write_str(", too early") } else { Ok(()) }
    }
}

/// Returns the version of the curl that is installed.
pub(crate) fn curl_version() -> Option<String> {
    let output = Command::new("curl").arg("--version").output().ok()?;
    String::from_utf8(output.stdout).ok()?.split(' ').nth(1).map(str::to_owned)
}

/// Runs the command of a case.
pub(crate) fn measure(program: &str, case: &Case) -> Did {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start((case.script)()).unwrap();
    let url = match case.url {
        "" => server.at("/x"),
        "gone" => {
            server.stop();
            server.at("/x")
        }
        url => url.into(),
    };
    if case.has_file {
        std::fs::write(folder.path().join("f"), if case.words.contains("-C -") { &BODY[..10] } else { GOOD }).unwrap();
    }
    let mut command = match program {
        "curl" => Command::new("curl"),
        _ => Command::new(env!("CARGO_BIN_EXE_insist")),
    };
    if program == "insist" {
        command.arg("get");
    }
    let words = case.all_words();
    command.arg("-s").args(words.split_whitespace().map(|word| word.replace('_', " "))).arg(url);
    let output = folder.path().join("stdout");
    command
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(std::fs::File::create(&output).unwrap())
        .stderr(Stdio::null());
    let started = Instant::now();
    let mut child = command.spawn().unwrap();
    let mut exit = None;
    let mut is_told = false;
    while started.elapsed() < HANGS {
        if let Some(status) = child.try_wait().unwrap() {
            exit = status
                .code()
                .or_else(|| std::os::unix::process::ExitStatusExt::signal(&status).map(|signal| 128 + signal));
            break;
        }
        let has_begun = server.request_count() > 0 && started.elapsed() > Duration::from_millis(500);
        if case.is_interrupted && !is_told && has_begun {
            is_told = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success();
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let took = started.elapsed();
    let _ = child.kill();
    let _ = child.wait();
    let mut text = Vec::new();
    let path = if case.words.contains("-o f") { folder.path().join("f") } else { output };
    let _ = std::fs::File::open(path).map(|mut file| file.read_to_end(&mut text));
    let has = match &text[..] {
        b"" => "nothing",
        text if text == BODY.as_bytes() => "the body",
        text if text == GOOD.as_bytes() => "the old file",
        b"busy" | b"missing" | b"moved" => "an error page",
        text if BODY.as_bytes().starts_with(text) => "a part",
        text if text.starts_with(b"busy") && text.ends_with(BODY.as_bytes()) => "error pages and the body",
        text if text.starts_with(b"busy") => "error pages",
        _ => "a mixture",
    };
    let is_early = case.least.is_some_and(|least| exit.is_some() && server.request_count() > 1 && took < least);
    Did { exit, requests: server.request_count(), has, is_early }
}
