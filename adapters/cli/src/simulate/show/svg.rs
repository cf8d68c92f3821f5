//! `--svg`: all charts in one picture, two beside each other.

use std::fmt::Write;

use super::chart::{self, HATCH, HEIGHT, STYLE, Scale, WIDTH};
use super::{facts, recovery};
use crate::simulate::grid::Grid;

const MARGIN: f64 = 16.0;
const HEAD: f64 = 30.0;
const LINE: f64 = 14.0;
const TITLE: f64 = 34.0;

/// Draws all charts of a grid.
pub(in crate::simulate) fn document(grid: &Grid) -> String {
    let (mut body, mut y) = (String::new(), MARGIN);
    for (world, rows) in grid.by_world() {
        let _ = write!(body, r#"<text class="title" x="{MARGIN}" y="{:.0}">{}</text>"#, y + 13.0, escaped(&world.name));
        for fact in facts(world).split("; ") {
            let _ = write!(body, r#"<text class="tick" x="{MARGIN}" y="{:.0}">{}</text>"#, y + 29.0, escaped(fact));
            y += LINE;
        }
        y += HEAD;
        let scale = Scale::new(&world.world, rows.iter().map(|(_, summary)| *summary));
        for pair in rows.chunks(2) {
            for (column, (spec, summary)) in pair.iter().enumerate() {
                let x = MARGIN + (WIDTH + MARGIN) * column as f64;
                let said = format!(
                    "{:.1} % succeed, {:.2} sends a call, recovers: {}",
                    summary.success().mean * 100.0,
                    summary.sends_per_call().mean,
                    recovery(summary)
                );
                let _ = write!(
                    body,
                    r#"<g transform="translate({x:.0} {y:.0})"><text x="0" y="11" class="name">{}</text>"#,
                    escaped(&spec.name)
                );
                let _ = write!(body, r#"<text class="tick" x="0" y="25">{said}</text>"#);
                let _ = write!(
                    body,
                    r#"<g transform="translate(0 {TITLE})">{}</g></g>"#,
                    chart::draw(&world.world, summary, &scale)
                );
            }
            y += TITLE + HEIGHT + MARGIN / 2.0;
        }
    }
    let (width, height) = (2.0 * WIDTH + 3.0 * MARGIN, y + 20.0);
    let legend = "area: share of the calls that begin then and succeed; bars: sends, 1 × is one for each call; hatched: something is wrong";
    let _ = write!(body, r#"<text class="tick" x="{MARGIN}" y="{:.0}">{legend}</text>"#, y + 6.0);
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0} {height:.0}" width="{width:.0}" height="{height:.0}"><style>{STYLE}</style>{HATCH}<rect width="100%" height="100%" fill="var(--paper)"/>{body}</svg>
"#
    )
}

/// Writes text so that a browser shows it and does not obey it.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            _ if character.is_control() => safe.push('\u{fffd}'),
            _ => safe.push(character),
        }
    }
    safe
}
