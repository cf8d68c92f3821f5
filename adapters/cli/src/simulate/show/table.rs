//! The figures as text, one table for each world.

use std::io::{self, Write};

use insist_sim::Summary;

use super::{COLUMNS, cells, facts};
use crate::simulate::grid::Grid;
use crate::timeline::Look;

/// The cells of the line of successes over time.
const LINE: usize = 30;

/// Writes a table for each world.
pub(in crate::simulate) fn write(to: &mut impl Write, grid: &Grid) -> io::Result<()> {
    for (index, (world, rows)) in grid.by_world().enumerate() {
        if index > 0 {
            writeln!(to)?;
        }
        let about = if world.about.is_empty() { String::new() } else { format!(": {}", world.about) };
        writeln!(to, "{}{about}\n{}\n", world.name, facts(world))?;
        let mut lines =
            vec![std::iter::once("policy").chain(COLUMNS.map(|(name, _)| name)).map(String::from).collect::<Vec<_>>()];
        lines.extend(
            rows.iter().map(|(spec, summary)| std::iter::once(spec.name.clone()).chain(cells(summary)).collect()),
        );
        let widths: Vec<usize> = (0..=COLUMNS.len())
            .map(|column| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0))
            .collect();
        let over_time =
            std::iter::once("success over time".into()).chain(rows.iter().map(|(_, summary)| line(summary)));
        for (cells, line) in lines.iter().zip(over_time) {
            write!(to, "{:<width$}", cells[0], width = widths[0])?;
            for (cell, width) in cells.iter().zip(&widths).skip(1) {
                write!(to, "  {cell:>width$}")?;
            }
            writeln!(to, "  {line}")?;
        }
    }
    writeln!(
        to,
        "\nseed {}, {} seed{} each; times are those of successful calls",
        grid.seed,
        grid.seeds,
        if grid.seeds == 1 { "" } else { "s" }
    )
}

/// Draws the share of calls that succeed over time.
fn line(summary: &Summary) -> String {
    let marks: &[char] = if Look::is_unicode() {
        &['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']
    } else {
        &['_', '.', '-', '=', '+', '*', '%', '#']
    };
    shares(summary, LINE)
        .into_iter()
        .map(|share| {
            share.map_or(' ', |share| marks[((share * (marks.len() - 1) as f64).round() as usize).min(marks.len() - 1)])
        })
        .collect()
}

/// Returns the success of each of so many stretches of the run; none where no call began.
pub(super) fn shares(summary: &Summary, stretches: usize) -> Vec<Option<f64>> {
    let (slices, _) = summary.slices();
    let count = stretches.min(slices.len()).max(1);
    let part = |index: usize| {
        let range = &slices[index * slices.len() / count..(index + 1) * slices.len() / count];
        let calls: u64 = range.iter().map(|slice| slice.calls).sum();
        let succeeded: u64 = range.iter().map(|slice| slice.succeeded).sum();
        (calls > 0).then(|| succeeded as f64 / calls as f64)
    };
    (0..count).map(part).collect()
}
