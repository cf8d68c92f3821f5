//! One policy in one world over time: the success as an area, the sends as bars below it, troubles hatched.

use std::fmt::Write;
use std::time::Duration;

use insist_sim::{Summary, World};

use super::span;

/// The size of a chart, in the units that text of 11 is readable in on a phone.
pub(super) const WIDTH: f64 = 340.0;
pub(super) const HEIGHT: f64 = 148.0;
const LEFT: f64 = 34.0;
const RIGHT: f64 = 8.0;
/// The success from 100 % down to 0 %.
const TOP: (f64, f64) = (10.0, 76.0);
/// The sends, up to the world's highest peak.
const SENDS: (f64, f64) = (88.0, 124.0);
/// The most stretches that are drawn.
const STRETCHES: usize = 150;

/// Holds what charts of one world share, so that they can be compared.
pub(super) struct Scale {
    /// The sends of a stretch for each call of a mean stretch, at the top of the bars.
    most: f64,
    lasting: f64,
}

/// A stretch of the run: its success, and its sends for each call of a mean stretch.
fn stretches(summary: &Summary) -> Vec<(Option<f64>, f64)> {
    let (slices, _) = summary.slices();
    let count = STRETCHES.min(slices.len()).max(1);
    let calls: u64 = slices.iter().map(|slice| slice.calls).sum();
    let mean = (calls as f64 / slices.len().max(1) as f64).max(f64::MIN_POSITIVE);
    let shares = super::table::shares(summary, STRETCHES);
    let sends = (0..count).map(|index| {
        let range = &slices[index * slices.len() / count..(index + 1) * slices.len() / count];
        let sends: u64 = range.iter().map(|slice| slice.sends).sum();
        sends as f64 / range.len().max(1) as f64 / mean
    });
    shares.into_iter().zip(sends).collect()
}

impl Scale {
    pub(super) fn new<'a>(world: &World, summaries: impl Iterator<Item = &'a Summary>) -> Self {
        let most = summaries.flat_map(stretches).map(|(_, sends)| sends).fold(1.0, f64::max);
        Self { most: most * 1.05, lasting: world.get_lasting().as_secs_f64() }
    }

    /// Returns how high a send for each call is.
    fn one(&self) -> f64 {
        SENDS.1 - (SENDS.1 - SENDS.0) / self.most
    }

    fn x(&self, seconds: f64) -> f64 {
        LEFT + (WIDTH - LEFT - RIGHT) * (seconds / self.lasting).clamp(0.0, 1.0)
    }
}

/// Draws the inside of a chart, without an `<svg>` around it.
pub(super) fn draw(world: &World, summary: &Summary, scale: &Scale) -> String {
    let mut svg = String::new();
    grid(&mut svg, scale);
    let stretches = stretches(summary);
    let step = (WIDTH - LEFT - RIGHT) / stretches.len().max(1) as f64;
    let high = |share: f64| TOP.1 - (TOP.1 - TOP.0) * share;
    let mut line = String::new();
    for (index, (share, _)) in stretches.iter().enumerate() {
        let (from, to) = (LEFT + step * index as f64, LEFT + step * (index + 1) as f64);
        let y = high(share.unwrap_or(0.0));
        let _ = write!(line, "{from:.1},{y:.1} {to:.1},{y:.1} ");
    }
    let (right, bottom) = (WIDTH - RIGHT, TOP.1);
    let _ = write!(svg, r#"<polygon class="area" points="{LEFT},{bottom} {line}{right},{bottom}"/>"#);
    troubles(&mut svg, world, scale);
    let _ = write!(svg, r#"<polyline class="line" points="{line}"/>"#);
    let mut bars = String::new();
    for (index, (_, sends)) in stretches.iter().enumerate() {
        let (x, height) = (LEFT + step * index as f64, (SENDS.1 - SENDS.0) * sends / scale.most);
        let _ = write!(bars, "M{x:.1} {:.1}v-{height:.1}h{:.2}v{height:.1}z", SENDS.1, step * 0.9);
    }
    let _ = write!(svg, r#"<path class="bars" d="{bars}"/>"#);
    let one = scale.one();
    let _ = write!(svg, r#"<path class="dashed" d="M{LEFT} {one:.1}H{right}"/>"#);
    svg
}

/// Draws the axes and what they say.
fn grid(svg: &mut String, scale: &Scale) {
    let right = WIDTH - RIGHT;
    for (share, label) in [(1.0, "100 %"), (0.5, "50 %"), (0.0, "0")] {
        let y = TOP.1 - (TOP.1 - TOP.0) * share;
        let _ = write!(svg, r#"<path class="grid" d="M{LEFT} {y:.1}H{right}"/>"#);
        let _ = write!(
            svg,
            r#"<text class="tick" x="{:.1}" y="{:.1}" text-anchor="end">{label}</text>"#,
            LEFT - 4.0,
            y + 3.5
        );
    }
    let one = scale.one();
    let _ = write!(svg, r#"<path class="grid" d="M{LEFT} {:.1}H{right}"/>"#, SENDS.1);
    let _ =
        write!(svg, r#"<text class="tick" x="{:.1}" y="{:.1}" text-anchor="end">1 ×</text>"#, LEFT - 4.0, one + 3.5);
    for part in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let (x, label) = (scale.x(scale.lasting * part), span(scale.lasting * part));
        let anchor = if part == 0.0 {
            "start"
        } else if part == 1.0 {
            "end"
        } else {
            "middle"
        };
        let _ = write!(svg, r#"<path class="grid" d="M{x:.1} {:.1}v4"/>"#, SENDS.1);
        let _ = write!(
            svg,
            r#"<text class="tick" x="{x:.1}" y="{:.1}" text-anchor="{anchor}">{label}</text>"#,
            SENDS.1 + 16.0
        );
    }
}

/// Hatches the time in which something goes wrong, unless that is all the time.
fn troubles(svg: &mut String, world: &World, scale: &Scale) {
    let is_passing = |(_, from, until): &(&str, Duration, Duration)| !from.is_zero() || *until < world.get_lasting();
    for (word, from, until) in world.troubles().into_iter().filter(is_passing) {
        let (from, until) = (scale.x(from.as_secs_f64()), scale.x(until.as_secs_f64()));
        let width = (until - from).max(1.0);
        let (y, height) = (TOP.0, SENDS.1 - TOP.0);
        let _ = write!(
            svg,
            r#"<rect class="trouble" x="{from:.1}" y="{y}" width="{width:.1}" height="{height}" fill="url(#hatch)"><title>{word}</title></rect>"#
        );
    }
}

/// The pattern of troubles, once in a document.
pub(super) const HATCH: &str = r#"<defs><pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path class="hatch" d="M0 0V5"/></pattern></defs>"#;

/// The looks of charts, light and dark.
pub(super) const STYLE: &str = "\
svg{--ink:#1b1f24;--soft:#5b6570;--grid:#d5dae0;--area:#bcd3ee;--line:#1d5fae;--bars:#8a5a00;--hatch:#9aa3ad;--paper:#fff}\
@media(prefers-color-scheme:dark){svg{--ink:#e8ebef;--soft:#a3adb8;--grid:#3a424b;--area:#24476f;--line:#8fc0ff;--bars:#e0a83a;--hatch:#6c7681;--paper:#14181d}}\
svg text{font:11px system-ui,sans-serif;fill:var(--ink)}\
svg .tick{font-size:10px;fill:var(--soft)}\
svg .name{font-weight:600}\
svg .title{font-size:13px;font-weight:600}\
svg .grid{stroke:var(--grid);fill:none}\
svg .dashed{stroke-dasharray:3 3;stroke:var(--ink);fill:none}\
svg .area{fill:var(--area)}\
svg .line{fill:none;stroke:var(--line);stroke-width:1.5}\
svg .bars{fill:var(--bars)}\
svg .hatch{stroke:var(--hatch);stroke-width:1.5}\
svg .trouble{fill-opacity:.8}\
svg .point{fill:var(--line);stroke:var(--line);stroke-width:1.5}\
svg .hollow{fill:var(--paper)}";
