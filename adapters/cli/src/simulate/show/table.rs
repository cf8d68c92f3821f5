//! The figures as text, one table for each world.

use std::io::{self, Write};

use insist_sim::Summary;

use super::{COLUMNS, cells, facts};
use crate::simulate::grid::Grid;
use crate::timeline::Look;

/// The cells of the line of successes over time.
const LINE: usize = 30;
/// With fewer cells it shows nothing.
const LEAST_LINE: usize = 8;
/// The columns up to the sends, which are never left out.
const LEAST_COLUMNS: usize = 6;

/// Writes a table for each world, of which lines fit a width as far as they can.
pub(in crate::simulate) fn write(to: &mut impl Write, grid: &Grid, width: usize) -> io::Result<()> {
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
        let (shown, left) = fitting(&widths, width);
        let over_time = std::iter::once("success over time".chars().take(left).collect())
            .chain(rows.iter().map(|(_, summary)| line(summary, left)));
        for (cells, over_time) in lines.iter().zip(over_time) {
            write!(to, "{:<width$}", cells[0], width = widths[0])?;
            for (cell, width) in cells.iter().zip(&widths).take(shown).skip(1) {
                write!(to, "  {cell:>width$}")?;
            }
            writeln!(to, "{}{over_time}", if left > 0 { "  " } else { "" })?;
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

/// Returns how many columns fit a width, the first included, and how many cells are left for the line over time: as many as
/// it has, some, or none; the columns that go first are the last.
fn fitting(widths: &[usize], width: usize) -> (usize, usize) {
    let all = |columns: usize| widths[..columns].iter().sum::<usize>() + 2 * (columns - 1);
    let columns = (LEAST_COLUMNS..=widths.len()).rev().find(|columns| all(*columns) <= width).unwrap_or(LEAST_COLUMNS);
    let left = width.saturating_sub(all(columns) + 2).min(LINE);
    (columns, if columns == widths.len() && left >= LEAST_LINE { left } else { 0 })
}

/// Draws the share of calls that succeed over time.
fn line(summary: &Summary, cells: usize) -> String {
    if cells == 0 {
        return String::new();
    }
    let marks: &[char] = if Look::is_unicode() {
        &['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']
    } else {
        &['_', '.', '-', '=', '+', '*', '%', '#']
    };
    shares(summary, cells)
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

#[cfg(test)]
mod tests {
    use super::fitting;

    #[test]
    fn a_narrow_terminal_has_a_shorter_line_and_then_fewer_columns() {
        let widths = [8; 10];
        assert_eq!(fitting(&widths, 200), (10, 30));
        assert_eq!(fitting(&widths, 112), (10, 12));
        assert_eq!(fitting(&widths, 100), (10, 0));
        assert_eq!(fitting(&widths, 80), (8, 0));
        assert_eq!(fitting(&widths, 20), (6, 0));
    }
}
