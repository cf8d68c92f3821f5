//! Apache as a server, with threads and with a process for each connection.

use std::path::Path;

use insist_ureq::Agent;

use super::calls::{TAKES, endures};
use super::daemon::Daemon;

const MODULES: &str = "/usr/lib/apache2/modules";

/// Writes a call down, then answers with the same.
const ECHO: &str = r#"
function handle(r)
    local line = r.method .. " " .. r.uri .. " " .. (r:requestbody() or "")
    local arrived = io.open("FOLDER/arrived", "a")
    arrived:write(line .. "\n")
    arrived:close()
    r.usleep(TAKES * 1000)
    r.content_type = "text/plain"
    r:write(line)
    return apache2.OK
end
"#;

fn endures_with(processes: &str) {
    let Some(daemon) = Daemon::find("apache2") else { return };
    if !Path::new(MODULES).join("mod_lua.so").is_file() {
        return println!("skipped: there is no {MODULES}/mod_lua.so");
    }
    let (folder, port) = (daemon.folder().display().to_string(), daemon.port());
    daemon.write("arrived", "");
    let echo = daemon.write("echo.lua", &ECHO.replace("FOLDER", &folder).replace("TAKES", &TAKES.to_string()));
    let load = |module: &str| format!("LoadModule {module}_module {MODULES}/mod_{module}.so\n");
    let config = format!(
        "ServerRoot {folder}\nServerName localhost\nListen 127.0.0.1:{port}\nUser www-data\nGroup www-data\n\
         PidFile {folder}/pid\nErrorLog {folder}/log\nMutex file:{folder}\nDefaultRuntimeDir {folder}\n\
         {}{}{}KeepAliveTimeout 1\nMaxKeepAliveRequests 20\nLuaMapHandler ^/ {echo}\n",
        load(processes),
        load("authz_core"),
        load("lua"),
    );
    let config = daemon.write("config", &config);
    let mut daemon = daemon.with(["-D", "FOREGROUND", "-f", &config]);
    let base = daemon.url();
    let arrived = |daemon: &Daemon| daemon.lines("arrived");
    endures(&mut daemon, Agent::new_with_defaults(), &base, |daemon| daemon.signal("USR1"), arrived);
}

#[test]
fn calls_to_an_apache_with_threads_that_is_reloaded_and_killed_return_and_a_post_arrives_once() {
    endures_with("mpm_event");
}

#[test]
fn calls_to_an_apache_with_processes_that_is_reloaded_and_killed_return_and_a_post_arrives_once() {
    endures_with("mpm_prefork");
}
