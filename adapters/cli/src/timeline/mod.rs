//! Draws attempts on a time line: one row for each, with the wait before it and its end after it.

mod look;

use std::io::{self, Write};
use std::time::Duration;

use anstyle::{AnsiColor, Style};

use crate::span::Rounded;
pub(crate) use look::Look;

/// The end of an attempt, which decides its colour and its mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    Accepted,
    Failed,
    Cancelled,
    /// It never answered, and nothing cancelled it.
    Open,
}

/// One attempt. Times are spans since the call began.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// The text before the bar: `#2 lane 0 retry`.
    pub(crate) label: String,
    /// The time at which its lane began to wait for it, if it did.
    pub(crate) waited: Option<Duration>,
    pub(crate) sent: Duration,
    pub(crate) ended: Duration,
    /// When it would have ended, if it was cancelled and that is known.
    pub(crate) would_end: Option<Duration>,
    pub(crate) mark: Mark,
    /// The text after the bar: `retry (503)`.
    pub(crate) said: String,
}

/// Draws the rows under a scale; `width` is that of the bars, in cells.
pub(crate) fn draw(to: &mut impl Write, look: &Look, width: usize, rows: &[Row]) -> io::Result<()> {
    let ended = rows.iter().map(|row| row.ended).max().unwrap_or_default();
    let spared = rows.iter().filter_map(|row| row.would_end).max().unwrap_or_default();
    let end = spared.min(ended.saturating_mul(SPARED)).max(ended);
    let before = rows.iter().map(|row| row.label.chars().count()).max().unwrap_or_default();
    let last = width.saturating_sub(1);
    writeln!(to, "{:before$}  0{:>last$}", "", Rounded(end))?;
    for row in rows {
        let column = |at: Duration| column(at, end, last);
        let (sent, ended) = (column(row.sent), column(row.ended));
        let waited = row.waited.map_or(sent, column);
        write!(to, "{:before$}  {:waited$}", row.label, "")?;
        paint(to, Style::new().dimmed(), &cells(look.wait, sent - waited))?;
        let style = style(row.mark);
        paint(to, style, &cells(look.line, ended - sent))?;
        paint(to, style, &cells(look.mark(row.mark), 1))?;
        let spared = row.would_end.map_or(ended, column).max(ended);
        paint(to, Style::new().dimmed(), &cells(look.spared, spared - ended))?;
        writeln!(to, "{:rest$}  {}", "", row.said, rest = last - spared)?;
    }
    Ok(())
}

/// A picture is at most so many times longer than what happened, for what was spared.
const SPARED: u32 = 12;

/// Says below a picture what its characters mean, those that it has.
pub(crate) fn legend(to: &mut impl Write, look: &Look, rows: &[Row]) -> io::Result<()> {
    write!(to, "\n{} in flight", look.line)?;
    if rows.iter().any(|row| row.waited.is_some_and(|waited| waited < row.sent)) {
        write!(to, "   {} waiting", look.wait)?;
    }
    for (mark, meaning) in [
        (Mark::Failed, "failed"),
        (Mark::Cancelled, "cancelled"),
        (Mark::Open, "goes on"),
        (Mark::Accepted, "accepted"),
    ] {
        if rows.iter().any(|row| row.mark == mark) {
            write!(to, "   {} {meaning}", look.mark(mark))?;
        }
    }
    if rows.iter().any(|row| row.would_end.is_some_and(|end| end > row.ended)) {
        write!(to, "   {} no longer waited for", look.spared)?;
    }
    writeln!(to)
}

/// Returns the width of the bars with which these rows fit the terminal; 40 if there is none.
pub(crate) fn width(rows: &[Row]) -> usize {
    let around = rows.iter().map(|row| row.label.chars().count()).max().unwrap_or_default()
        + rows.iter().map(|row| row.said.chars().count()).max().unwrap_or_default()
        + "    ".len();
    width_beside(around).unwrap_or(40)
}

/// Returns how wide the bars may be beside so many cells to fit the terminal, if there is one.
pub(crate) fn width_beside(around: usize) -> Option<usize> {
    let (terminal_size::Width(columns), _) = terminal_size::terminal_size()?;
    Some(usize::from(columns).saturating_sub(around).clamp(10, 60))
}

/// The cell, up to the last, of a time on a scale that ends at `end`.
pub(crate) fn column(at: Duration, end: Duration, last: usize) -> usize {
    if end.is_zero() {
        return 0;
    }
    let part = at.min(end).as_nanos() * last as u128 / end.as_nanos();
    usize::try_from(part).unwrap_or(last)
}

pub(crate) fn cells(cell: char, count: usize) -> String {
    std::iter::repeat_n(cell, count).collect()
}

pub(crate) fn paint(to: &mut impl Write, style: Style, text: &str) -> io::Result<()> {
    if text.is_empty() { Ok(()) } else { write!(to, "{style}{text}{style:#}") }
}

fn style(mark: Mark) -> Style {
    let colour = match mark {
        Mark::Accepted => AnsiColor::Green,
        Mark::Failed => AnsiColor::Red,
        Mark::Cancelled => AnsiColor::Yellow,
        Mark::Open => return Style::new(),
    };
    Style::new().fg_color(Some(colour.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(label: &str, waited: Option<u64>, sent: u64, ended: u64, mark: Mark, said: &str) -> Row {
        let at = Duration::from_millis;
        Row {
            label: label.into(),
            waited: waited.map(at),
            sent: at(sent),
            ended: at(ended),
            would_end: None,
            mark,
            said: said.into(),
        }
    }

    fn drawn(rows: &[Row]) -> String {
        let mut to = anstream::StripStream::new(Vec::new());
        draw(&mut to, &Look::ASCII, 11, rows).unwrap();
        String::from_utf8(to.into_inner()).unwrap()
    }

    #[test]
    fn bars_lie_where_their_times_do() {
        let rows = [
            row("#1", None, 0, 40, Mark::Failed, "retry"),
            row("#2", Some(40), 60, 100, Mark::Accepted, "accept"),
            row("#3", None, 50, 100, Mark::Cancelled, "cancelled"),
        ];
        assert_eq!(
            drawn(&rows),
            "    0     100ms\n\
             #1  ====x        retry\n\
             #2      ..====+  accept\n\
             #3       =====/  cancelled\n"
        );
    }

    #[test]
    fn what_a_loser_would_have_taken_is_drawn_up_to_a_bound() {
        let loser = |would_end| Row {
            would_end: Some(Duration::from_millis(would_end)),
            ..row("#1", None, 0, 50, Mark::Cancelled, "lost")
        };
        let winner = row("#2", None, 0, 50, Mark::Accepted, "accept");
        assert_eq!(
            drawn(&[loser(100), winner.clone()]),
            "    0     100ms\n#1  =====/~~~~~  lost\n#2  =====+       accept\n"
        );
        let long = drawn(&[loser(10_000), winner]);
        assert_eq!(long, "    0     600ms\n#1  /~~~~~~~~~~  lost\n#2  +            accept\n");
    }

    #[test]
    fn the_legend_names_what_there_is() {
        let mut to = Vec::new();
        let rows = [row("#1", None, 0, 40, Mark::Failed, ""), row("#2", Some(40), 60, 100, Mark::Accepted, "")];
        legend(&mut to, &Look::ASCII, &rows).unwrap();
        legend(&mut to, &Look::ASCII, &rows[..1]).unwrap();
        assert_eq!(
            String::from_utf8(to).unwrap(),
            "\n= in flight   . waiting   x failed   + accepted\n\n= in flight   x failed\n"
        );
    }

    #[test]
    fn nothing_that_takes_no_time_divides_by_zero() {
        assert_eq!(drawn(&[row("#1", Some(0), 0, 0, Mark::Open, "")]), "    0         0\n#1  >            \n");
        assert_eq!(drawn(&[]), "  0         0\n");
    }
}
