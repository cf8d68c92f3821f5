//! What is made of the command line for shells and for readers of manuals.

use std::process::Command;

use crate::run::insist;

#[test]
fn four_shells_complete_every_sub_command_and_option() {
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let ran = insist(&["completions", shell]);
        assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{shell}");
        for word in ["replay", "what-if", "deadline"] {
            assert!(ran.out.contains(word), "{shell}: {word}");
        }
        if cfg!(feature = "ureq") {
            assert!(ran.out.contains("fail-with-body"), "{shell}");
        }
    }
    assert_eq!(insist(&["completions", "tcsh"]).status, 2);
}

#[test]
fn bash_takes_the_completions() {
    let Ok(bash) = Command::new("bash").arg("--version").output() else { return };
    assert!(bash.status.success());
    let script = insist(&["completions", "bash"]).out;
    let asked = "COMP_WORDS=(insist replay --what); COMP_CWORD=2; _insist insist --what replay; echo ${COMPREPLY[@]}";
    let output = Command::new("bash").args(["-c", &format!("{script}\n{asked}")]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "--what-if\n", "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_command_and_its_parts_have_manual_pages() {
    let page = insist(&["man"]);
    assert!(page.status == 0 && page.out.contains(".TH insist 1"), "{}", page.out);
    let page = insist(&["man", "replay"]);
    assert!(
        page.status == 0 && page.out.contains(".TH insist-replay 1") && page.out.contains("what\\-if"),
        "{}",
        page.out
    );
    let page = insist(&["man", "nothing"]);
    assert!(page.status == 2 && page.err.contains("'nothing'") && page.err.contains("plan"), "{}", page.err);
}
