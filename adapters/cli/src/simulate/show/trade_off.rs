//! What a sweep trades: sends a call to the right, the 99th percentile upwards, one point for each value.

use std::fmt::Write;

use insist_sim::Summary;

use super::span;
use super::svg::escaped;

const WIDTH: f64 = 340.0;
const HEIGHT: f64 = 230.0;
const LEFT: f64 = 46.0;
const RIGHT: f64 = 22.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 40.0;
/// Below this part of the best success of the sweep, a point is hollow.
const WORSE: f64 = 0.99;

/// Draws a sweep of one policy in one world; the label of each point is its value.
pub(super) fn draw(points: &[(String, &Summary)]) -> String {
    let found: Vec<(&str, f64, f64, f64)> = points
        .iter()
        .filter_map(|(label, summary)| {
            let time = summary.success_time(0.99)?.mean;
            Some((label.as_str(), summary.sends_per_call().mean, time, summary.success().mean))
        })
        .collect();
    let range = |of: fn(&(&str, f64, f64, f64)) -> f64| {
        let (low, high) =
            found.iter().map(of).fold((f64::MAX, 0.0_f64), |(low, high), value| (low.min(value), high.max(value)));
        let room = ((high - low) * 0.08).max(high * 0.005);
        (low - room, high + room)
    };
    let ((left, right), (_, high)) = (range(|point| point.1), range(|point| point.2));
    let best = found.iter().map(|point| point.3).fold(0.0, f64::max);
    let x = |sends: f64| LEFT + (WIDTH - LEFT - RIGHT) * (sends - left) / (right - left);
    let y = |time: f64| HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * time / high;
    let mut svg = String::new();
    for part in [0.0, 0.5, 1.0] {
        let (sends, time) = (left + (right - left) * part, high * part);
        let _ = write!(svg, r#"<path class="grid" d="M{LEFT} {:.1}H{:.1}"/>"#, y(time), WIDTH - RIGHT);
        let _ = write!(
            svg,
            r#"<text class="tick" x="{:.1}" y="{:.1}" text-anchor="end">{}</text>"#,
            LEFT - 4.0,
            y(time) + 3.5,
            span(time)
        );
        let _ = write!(
            svg,
            r#"<text class="tick" x="{:.1}" y="{:.1}" text-anchor="middle">{sends:.3}</text>"#,
            x(sends),
            HEIGHT - BOTTOM + 14.0
        );
    }
    let line: String = found.iter().map(|(_, sends, time, _)| format!("{:.1},{:.1} ", x(*sends), y(*time))).collect();
    let _ = write!(svg, r#"<polyline class="line" points="{line}"/>"#);
    for (label, sends, time, success) in &found {
        let class = if *success < best * WORSE { "point hollow" } else { "point" };
        let (x, y) = (x(*sends), y(*time));
        // A label stands to the right of its point, or to the left where the edge is near.
        let (beside, anchor) = if x > WIDTH - RIGHT - 40.0 { (-7.0, "end") } else { (7.0, "start") };
        let _ = write!(svg, r#"<circle class="{class}" cx="{x:.1}" cy="{y:.1}" r="3.5"/>"#);
        let _ = write!(
            svg,
            r#"<text x="{:.1}" y="{:.1}" text-anchor="{anchor}">{}</text>"#,
            x + beside,
            y - 4.0,
            escaped(label)
        );
    }
    let middle = (LEFT + WIDTH - RIGHT) / 2.0;
    let _ = write!(
        svg,
        r#"<text class="tick" x="{middle:.0}" y="{:.0}" text-anchor="middle">sends a call →</text>"#,
        HEIGHT - 8.0
    );
    format!(
        r#"<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="sends a call against the 99th percentile">{svg}</svg>"#
    )
}
