//! Every `console` block of the guide and the READMEs is what the command prints today.
//!
//! `TRYCMD=overwrite` writes them anew.

#![cfg(all(unix, feature = "ureq"))]

#[test]
fn the_pages_show_what_the_command_prints() {
    // Commands are run where the guide and its scripts are.
    std::env::set_current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guide")).unwrap();
    trycmd::TestCases::new()
        .env("LC_ALL", "C.UTF-8")
        .register_bin("insist", std::path::Path::new(env!("CARGO_BIN_EXE_insist")))
        .register_bin("cat", std::path::Path::new("/bin/cat"))
        .case("*.md")
        .case("../../README.md")
        .case("../../core/README.md")
        .case("../../adapters/*/README.md")
        .case("../../tests/flaky/README.md");
}
