//! The waits of a policy on a scale of time: a row a retry, with the range that its wait is drawn from.

use std::io::{self, Write};
use std::ops::RangeInclusive;
use std::time::Duration;

use anstyle::{AnsiColor, Style};

use crate::span::Rounded;
use crate::timeline::{Look, cells, column, paint};

/// The wait before a retry.
pub(super) struct Wait {
    /// The range that it is drawn from, whatever the seed.
    pub(super) range: RangeInclusive<Duration>,
    /// The delay that is drawn with this seed; `None` where a cap that stops has ended the lane.
    pub(super) drawn: Option<Duration>,
}

/// Draws the waits under a scale that ends at `end`, and says below them what the characters mean.
pub(super) fn draw(
    to: &mut impl Write,
    look: &Look,
    width: usize,
    end: Duration,
    waits: impl Iterator<Item = Wait>,
) -> io::Result<()> {
    let last = width.saturating_sub(1);
    writeln!(to, "{:>5}  {:>7}  0{:>last$}", "retry", "wait", Rounded(end))?;
    for (index, wait) in waits.enumerate() {
        let shown = wait.drawn.map_or("none".into(), |drawn| Rounded(drawn).to_string());
        write!(to, "{:>5}  {shown:>7}  ", index + 1)?;
        row(to, look, |at| column(at, end, last), &wait)?;
    }
    let (certain, range, drawn) = (look.wait, look.range, look.drawn);
    writeln!(to, "\n{certain} always waited   {range} where the wait may end   {drawn} where it ends with this seed")
}

fn row(to: &mut impl Write, look: &Look, column: impl Fn(Duration) -> usize, wait: &Wait) -> io::Result<()> {
    let (low, high) = (column(*wait.range.start()), column(*wait.range.end()));
    let range = Style::new().fg_color(Some(AnsiColor::Cyan.into()));
    paint(to, Style::new().dimmed(), &cells(look.wait, low))?;
    match wait.drawn.map(column) {
        Some(drawn) => {
            paint(to, range, &cells(look.range, drawn.saturating_sub(low)))?;
            paint(to, Style::new().bold(), &cells(look.drawn, 1))?;
            paint(to, range, &cells(look.range, high.saturating_sub(drawn)))?;
        }
        None => paint(to, range, &cells(look.range, high - low + 1))?,
    }
    writeln!(to)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(waits: &[(u64, u64, Option<u64>)]) -> String {
        let ms = Duration::from_millis;
        let waits = waits.iter().map(|&(low, high, drawn)| Wait { range: ms(low)..=ms(high), drawn: drawn.map(ms) });
        let mut to = anstream::StripStream::new(Vec::new());
        draw(&mut to, &Look::ASCII, 11, ms(100), waits).unwrap();
        String::from_utf8(to.into_inner()).unwrap()
    }

    #[test]
    fn a_range_lies_where_its_ends_do_and_the_draw_inside() {
        assert_eq!(
            drawn(&[(0, 50, Some(20)), (50, 100, Some(100)), (70, 70, Some(70)), (60, 90, None)]),
            "retry     wait  0     100ms\n\
             \x20   1     20ms  --o---\n\
             \x20   2    100ms  .....-----o\n\
             \x20   3     70ms  .......o\n\
             \x20   4     none  ......----\n\
             \n\
             . always waited   - where the wait may end   o where it ends with this seed\n"
        );
    }

    #[test]
    fn waits_of_no_length_divide_by_nothing() {
        let mut to = Vec::new();
        draw(&mut to, &Look::ASCII, 11, Duration::ZERO, std::iter::empty()).unwrap();
        assert!(String::from_utf8(to).unwrap().starts_with("retry     wait  0         0\n"));
    }
}
