//! Nothing is lost: neither a result for a word that cannot be written, nor a file for another, nor a folder's order for a signal.

use std::fs::{File, OpenOptions, read_to_string, write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use insist_flaky::{Answer, Server};

use crate::run::{Ran, insist, ran};

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_insist"));
    command.args(arguments);
    command
}

fn path(folder: &Path, name: &str) -> String {
    folder.join(name).to_str().unwrap().into()
}

/// Streams that cannot be written to: a full device, and a pipe that nobody reads.
fn unwritable() -> [Stdio; 2] {
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    // Its other end is closed when the child that it belongs to has ended.
    let mut child = Command::new("true").stdin(Stdio::piped()).spawn().unwrap();
    let pipe = child.stdin.take().unwrap();
    child.wait().unwrap();
    [full.into(), pipe.into()]
}

#[test]
fn a_word_that_cannot_be_written_costs_no_result() {
    for stderr in unwritable() {
        let folder = tempfile::tempdir().unwrap();
        let (file, report) = (path(folder.path(), "f"), path(folder.path(), "r"));
        let server = Server::start([Answer::status(503), Answer::ok("hello\n")]).unwrap();
        let words = ["get", "--base", "1ms", "-X", "PUT", "-d", "x=1", "--log", "-o", &file, "--report", &report];
        let status = command(&words).arg(server.url()).stderr(stderr).status().unwrap();
        assert_eq!(status.code(), Some(0));
        assert_eq!(read_to_string(&file).unwrap(), "hello\n");
        assert!(read_to_string(&report).unwrap().contains("\"returned\""));
    }
}

#[test]
fn a_table_that_cannot_be_written_costs_no_result() {
    for stderr in unwritable() {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(Answer::ok("hello\n")).unwrap();
        let words = ["get", "--each", "--log", "--output-dir", folder.path().to_str().unwrap()];
        let urls = ["/a", "/b"].map(|path| server.at(path));
        let status = command(&words).args(urls).stderr(stderr).status().unwrap();
        assert_eq!(status.code(), Some(0));
        assert_eq!(read_to_string(folder.path().join("b")).unwrap(), "hello\n");
    }
}

#[test]
fn a_failure_that_cannot_be_told_has_its_exit_status() {
    for stderr in unwritable() {
        assert_eq!(command(&["get", "ftp://127.0.0.1"]).stderr(stderr).status().unwrap().code(), Some(2));
    }
}

#[test]
fn streams_are_written_to_and_never_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let log = path(folder.path(), "log");
    write(&log, "an earlier line\n").unwrap();
    let server = Server::start(Answer::ok("hello\n")).unwrap();
    let stream = || OpenOptions::new().append(true).open(&log).unwrap();

    let status =
        command(&["get", "--report", "/dev/stderr", &server.url()]).stderr(stream()).stdout(Stdio::null()).status();
    assert_eq!(status.unwrap().code(), Some(0));
    let text = read_to_string(&log).unwrap();
    assert!(text.starts_with("an earlier line\n{") && text.ends_with("}\n"), "{text}");

    for name in ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"] {
        write(&log, "an earlier line\n").unwrap();
        let status = command(&["get", "-o", name, &server.url()]).stdout(stream()).status();
        assert_eq!(status.unwrap().code(), Some(0));
        assert_eq!(read_to_string(&log).unwrap(), "an earlier line\nhello\n", "{name}");
    }
}

#[test]
fn a_pipe_with_a_name_is_written_to() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = path(folder.path(), "pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let server = Server::start(Answer::ok("hello\n")).unwrap();
    let child = command(&["get", "-o", &pipe, &server.url()]).spawn().unwrap();
    assert_eq!(read_to_string(&pipe).unwrap(), "hello\n");
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(0));
    assert_eq!(folder.path().read_dir().unwrap().count(), 1);
}

#[test]
fn two_outputs_in_one_file_are_refused_and_nothing_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let (file, link) = (path(folder.path(), "x"), path(folder.path(), "link"));
    symlink("x", &link).unwrap();
    let server = Server::start(Answer::ok("hello\n")).unwrap();
    for (output, report) in [(&file, &file), (&file, &link), (&link, &file)] {
        let ran = insist(&["get", "-o", output, "--report", report, &server.url()]);
        assert_eq!((ran.status, server.request_count()), (2, 0), "{}", ran.err);
        assert!(ran.err.contains("-o and --report both write to "), "{}", ran.err);
    }
    let ran = insist(&["get", "--report", "-", &server.url()]);
    assert_eq!((ran.status, server.request_count()), (2, 0), "{}", ran.err);
    assert!(ran.err.contains("the body and --report both write to standard output"), "{}", ran.err);
}

/// The command with the signals that a terminal leaves it. Tests in the background ignore some, and children inherit that.
fn at_a_terminal(arguments: &[&str]) -> Command {
    if !cfg!(target_os = "linux") {
        return command(arguments);
    }
    let mut env = Command::new("env");
    env.args(["--default-signal=INT,TERM,HUP", env!("CARGO_BIN_EXE_insist")]).args(arguments);
    env
}

/// Runs the command on a body that stalls, sends it a signal, and gives its end and what is left in the folder.
fn interrupted(signal: &str, arguments: &[&str]) -> (std::process::ExitStatus, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(Answer::ok("hello\n").stall_at(2)).unwrap();
    let mut child = at_a_terminal(arguments)
        .arg(server.url())
        .current_dir(folder.path())
        .stderr(Stdio::null())
        .spawn()
        .expect("GNU's env is there");
    assert!(server.wait_until(|seen| seen.request_count() > 0, Duration::from_secs(10)));
    let part = || folder.path().read_dir().unwrap().next().is_some();
    while !part() {
        std::thread::sleep(Duration::from_millis(1));
    }
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
    let status = child.wait().unwrap();
    let left = folder.path().read_dir().unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    (status, left.collect())
}

#[test]
fn a_signal_leaves_nothing_behind() {
    for (signal, number) in [("-INT", 2), ("-TERM", 15), ("-HUP", 1)] {
        let (status, left) = interrupted(signal, &["get", "-o", "f", "--report", "r"]);
        assert_eq!(status.signal(), Some(number), "it ends as by the signal");
        assert_eq!(left, [""; 0], "{signal}");
    }
}

#[test]
fn a_signal_that_is_ignored_stays_so() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(Answer::ok("hello\n").trickle(3, Duration::from_millis(400))).unwrap();
    let script = "trap '' HUP; exec \"$@\"";
    let insist = env!("CARGO_BIN_EXE_insist");
    let words = ["-c", script, "sh", insist, "get", "-o", "f"];
    let child = Command::new("sh").args(words).arg(server.url()).current_dir(folder.path()).spawn().unwrap();
    assert!(server.wait_until(|seen| seen.request_count() > 0, Duration::from_secs(10)));
    assert!(Command::new("kill").args(["-HUP", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(0));
    assert_eq!(read_to_string(folder.path().join("f")).unwrap(), "hello\n");
}

#[test]
fn links_in_the_folder_of_many_files_are_replaced_and_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let (outside, files) = (folder.path().join("target"), folder.path().join("files"));
    write(&outside, "precious").unwrap();
    std::fs::create_dir(&files).unwrap();
    symlink("../target", files.join("ok")).unwrap();
    let server = Server::start(Answer::ok("hello\n")).unwrap();
    let ran = insist(&["get", "--each", "--output-dir", files.to_str().unwrap(), &server.at("/ok")]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert_eq!(read_to_string(&outside).unwrap(), "precious");
    assert_eq!(read_to_string(files.join("ok")).unwrap(), "hello\n");
    assert!(!files.join("ok").is_symlink());
}

#[test]
fn a_link_that_leads_to_no_file_yet_is_followed() {
    let folder = tempfile::tempdir().unwrap();
    let link = path(folder.path(), "link");
    symlink("new", &link).unwrap();
    let server = Server::start(Answer::ok("hello\n")).unwrap();
    assert_eq!(insist(&["get", "-o", &link, &server.url()]).status, 0);
    assert_eq!(read_to_string(folder.path().join("new")).unwrap(), "hello\n");
    assert!(Path::new(&link).is_symlink());
}

#[test]
fn only_its_owner_may_read_a_new_report() {
    let folder = tempfile::tempdir().unwrap();
    let report = path(folder.path(), "r");
    let server = Server::start(Answer::ok("hello\n")).unwrap();
    let Ran { status, .. } = ran(command(&["get", "--report", &report, &server.url()]).output().unwrap());
    assert_eq!(status, 0);
    assert_eq!(File::open(report).unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o600);
}
