//! Squid as a forward proxy.

use std::fs;

use super::calls::{self, endures, through};
use super::daemon::Daemon;

#[test]
fn calls_through_a_squid_that_is_reconfigured_and_killed_return_and_a_post_arrives_once() {
    let Some(daemon) = Daemon::find("squid") else { return };
    let server = calls::server();
    let (folder, port) = (daemon.folder().display().to_string(), daemon.port());
    let config = format!(
        "http_port 127.0.0.1:{port}\npid_filename {folder}/pid\ncoredump_dir {folder}\n\
         cache_log /dev/stderr\naccess_log none\ncache deny all\ncache_mem 0\nmemory_cache_shared off\n\
         pinger_enable off\nnetdb_filename none\nshutdown_lifetime 0 seconds\nvisible_hostname localhost\n\
         http_access allow all\n"
    );
    let config = daemon.write("config", &config);
    // Its name is in those of its shared memory, which a killed one leaves to the next of that name.
    let name = format!("insist{port}");
    let mut daemon = daemon.with(["-N", "-n", &name, "-f", &config]);
    let reconfigure = |daemon: &Daemon| daemon.tell(["-k", "reconfigure", "-n", &name, "-f", &config]);
    let agent = through(&daemon);
    endures(&mut daemon, agent, &server.url(), reconfigure, |_| calls::arrived(&server));
    for memory in fs::read_dir("/dev/shm").into_iter().flatten().flatten() {
        if memory.file_name().to_string_lossy().starts_with(&name) {
            let _ = fs::remove_file(memory.path());
        }
    }
}
