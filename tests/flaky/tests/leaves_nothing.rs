//! A server that is gone has left no thread and no descriptor behind. Alone in its file, so that nothing else in the
//! process comes and goes meanwhile.
#![cfg(target_os = "linux")]

use insist_flaky::{Answer, Script, Server};
use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

fn count(folder: &str) -> usize {
    fs::read_dir(folder).unwrap().count()
}

#[test]
fn a_dropped_server_leaves_no_thread_and_no_descriptor() {
    let (threads, descriptors) = (count("/proc/self/task"), count("/proc/self/fd"));
    for _ in 0..20 {
        let server = Server::start(
            Script::paths()
                .path("/ok", Answer::ok("hello"))
                .path("/late", Answer::ok("late").after(Duration::from_secs(3600)))
                .path("/stall", Answer::ok("stalled").stall_at(2))
                .path("/trickle", Answer::ok("trickles").trickle(1, Duration::from_millis(1)))
                .path("/large", Answer::ok(vec![0; 32 << 20]))
                .path("/close", Answer::close())
                .path("/reset", Answer::reset())
                .path("/never", Answer::never()),
        )
        .unwrap();
        let paths = ["/ok", "/late", "/stall", "/trickle", "/large", "/close", "/reset", "/never"];
        let clients: Vec<_> = paths
            .iter()
            .map(|path| {
                let mut client = TcpStream::connect(server.address()).unwrap();
                write!(client, "GET {path} HTTP/1.1\r\n\r\n").unwrap();
                client
            })
            .collect();
        let half = TcpStream::connect(server.address()).unwrap();
        (&half).write_all(b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf").unwrap();
        let _idle = TcpStream::connect(server.address()).unwrap();
        assert!(server.wait_until(|seen| seen.request_count() == paths.len(), Duration::from_secs(30)));
        assert!(count("/proc/self/task") > threads && count("/proc/self/fd") > descriptors + clients.len());
        drop(server);
        drop((clients, half));
    }
    assert_eq!(count("/proc/self/fd"), descriptors);
    // The system lists a thread for a moment after it was joined.
    for _ in 0..1000 {
        if count("/proc/self/task") == threads {
            return;
        }
        thread::sleep(Duration::from_millis(5));
    }
    panic!("{} threads are left of {threads}", count("/proc/self/task"));
}
