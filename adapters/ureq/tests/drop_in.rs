//! A program written for ureq compiles, and does the same, with this crate in ureq's place.

use std::time::Duration;

use insist_flaky::{Answer, Script, Server};

mod with_ureq {
    include!("drop_in/program.rs");

    pub(crate) fn run(base: &str) -> Result<(), String> {
        main(base).map_err(|error| error.to_string())
    }
}

mod with_insist_ureq {
    use insist_ureq as ureq;

    include!("drop_in/program.rs");

    pub(crate) fn run(base: &str) -> Result<(), String> {
        main(base).map_err(|error| error.to_string())
    }
}

/// Answers each request with what it was.
fn echo() -> Script {
    Script::paths()
        .path(
            "/echo",
            Script::each(|request, _| {
                let header = |name| request.header(name).unwrap_or_default().to_owned();
                let head =
                    format!("{} {} {} {} ", request.method, request.path, header("x-stamp"), header("user-agent"));
                Answer::ok([head.as_bytes(), &request.body].concat())
            }),
        )
        .path("/late", Answer::ok("late").after(Duration::from_secs(60)))
}

#[test]
fn the_program_runs_with_ureq() {
    let server = Server::start(echo()).unwrap();
    with_ureq::run(&server.url()).unwrap();
}

#[test]
fn the_program_runs_with_this_crate_in_its_place() {
    let server = Server::start(echo()).unwrap();
    with_insist_ureq::run(&server.url()).unwrap();
}

#[test]
fn only_one_of_the_two_insists() {
    let fails_once = |path: &'static str| {
        let failing = Script::each(move |_, number| if number == 1 { Answer::close() } else { Answer::ok("") });
        Server::start(echo().path(path, failing)).unwrap()
    };
    let server = fails_once("/other");
    assert!(ureq::get(server.at("/other")).call().is_err());
    let server = fails_once("/other");
    assert!(insist_ureq::get(server.at("/other")).call().is_ok());
}
