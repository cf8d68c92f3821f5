//! `insist demo`: flaky replicas on loopback, plain ureq beside insist, every attempt on a time line.

mod play;
mod scene;

use std::io::{self, Write};
use std::process::ExitCode;

use anstyle::Style;
use clap::Args;

use crate::exit::Failure;
use crate::output::text;
use crate::span::Rounded;
use crate::timeline::{Look, draw, width};
use play::{Played, insisting, plainly};
use scene::{SCENES, Scene};

/// Show retries, races and hedges against flaky servers on this machine, beside plain ureq
///
/// Draws every attempt on a time line. It takes about three seconds, most of them because a server asks for a wait.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Demo {}

const EXAMPLES: &str = "\
Examples:
  insist demo
  NO_COLOR=1 LC_ALL=C insist demo";

impl Demo {
    pub(crate) fn run(&self) -> Result<ExitCode, Failure> {
        let look = Look::of_locale();
        let mut to = text();
        let mut played = Vec::new();
        for (index, scene) in SCENES.iter().enumerate() {
            let bold = Style::new().bold();
            writeln!(to, "{bold}{}. {}{bold:#}", index + 1, scene.title)?;
            writeln!(to, "   insist get {} URL ...\n", scene.options)?;
            to.flush()?;
            let both = (plainly(scene)?, insisting(scene)?);
            let rows: Vec<_> = both.0.rows.iter().chain(&both.1.rows).cloned().collect();
            draw(&mut to, &look, width(&rows), &rows)?;
            writeln!(to)?;
            to.flush()?;
            played.push((scene, both.0, both.1));
        }
        table(&mut to, &played)?;
        to.flush()?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Writes the results of all scenes, side by side.
fn table(to: &mut impl Write, played: &[(&Scene, Played, Played)]) -> io::Result<()> {
    let name = played.iter().map(|(scene, ..)| scene.name.len()).max().unwrap_or_default();
    writeln!(to, "{:name$}  {:<26}  insist", "", "plain ureq")?;
    writeln!(to, "{:name$}  {HEADS}  {HEADS}", "")?;
    for (scene, plain, insisting) in played {
        writeln!(to, "{:name$}  {}  {}", scene.name, cells(plain), cells(insisting))?;
    }
    let left: usize = played.iter().map(|(_, _, insisting)| insisting.left).sum();
    writeln!(to, "\nRequests are those that reached the servers, which saw insist leave {left} of them early.")
}

const HEADS: &str = "result      time  requests";

fn cells(played: &Played) -> String {
    format!("{:<6}  {:>8}  {:>8}", played.result(), Rounded(played.took), played.requests)
}
