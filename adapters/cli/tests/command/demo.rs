//! `insist demo`: it runs anywhere, and ends with a table.

use assert_cmd::Command;

use crate::run::ran;

#[test]
fn the_demonstration_ends_well_with_a_table_of_its_scenes() {
    for locale in ["C", "C.UTF-8"] {
        let output = Command::cargo_bin("insist").unwrap().arg("demo").env("LC_ALL", locale).output().unwrap();
        let ran = ran(output);
        assert_eq!((ran.status, ran.err.as_str()), (0, ""));
        assert!(!ran.out.contains('\u{1b}'), "no colours without a terminal");
        assert_eq!(ran.out.contains('━'), locale != "C");

        let table = ran.out.split_once("plain ureq").unwrap().1;
        for (scene, plain, insisting) in [
            ("slow replicas, raced", "200", "200"),
            ("slow replicas, hedged", "200", "200"),
            ("busy server", "503", "200"),
            ("resetting replica", "error", "200"),
            ("late replicas", "404", "200"),
        ] {
            let line = table.lines().find(|line| line.starts_with(scene)).unwrap();
            let cells: Vec<&str> = line[scene.len()..].split_whitespace().collect();
            assert_eq!((cells.len(), cells[0], cells[3]), (6, plain, insisting), "{line}");
        }
    }
}
