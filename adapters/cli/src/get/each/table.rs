//! The summary of `--each`: a line for each URL, and the states of the gates.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::Uri;

use crate::gates::LiveGates;
use crate::shown::cut;
use crate::span::Rounded;

/// The result of a URL.
pub(super) struct Row {
    pub(super) url: String,
    pub(super) status: Option<u16>,
    pub(super) attempts: u32,
    /// The time it took, body included.
    pub(super) took: Duration,
    /// The name of its file, if it was written.
    pub(super) file: Option<String>,
    /// The reason why it was not accepted, or not written.
    pub(super) why: Option<String>,
    /// The exit status that it would have alone.
    pub(super) exit: u8,
}

/// The whole summary.
pub(super) struct Table<'a> {
    pub(super) rows: &'a [Row],
    pub(super) took: Duration,
    /// The URLs and their gates.
    pub(super) gates: Vec<(&'a Uri, &'a Arc<LiveGates>)>,
}

impl Row {
    fn cells(&self) -> [String; COLUMNS] {
        [
            cut(&self.url, WIDEST),
            if self.why.is_none() { "returned" } else { "gave up" }.into(),
            self.status.map_or("-".into(), |status| status.to_string()),
            self.attempts.to_string(),
            Rounded(self.took).to_string(),
            cut(self.file.as_deref().unwrap_or_default(), WIDEST),
            cut(self.why.as_deref().unwrap_or_default(), WIDEST),
        ]
    }
}

const COLUMNS: usize = 7;
/// The most characters of a cell.
const WIDEST: usize = 100;
const HEADS: [&str; COLUMNS] = ["url", "result", "status", "attempts", "time", "file", "why"];
const TO_THE_RIGHT: [bool; COLUMNS] = [false, false, true, true, true, false, false];

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = std::iter::once(HEADS.map(String::from)).chain(self.rows.iter().map(Row::cells)).collect();
        let widths: [usize; COLUMNS] = std::array::from_fn(|column| {
            let below = lines[1..].iter().map(|cells| cells[column].chars().count()).max().unwrap_or_default();
            // An empty column is left out.
            if below == 0 { 0 } else { below.max(HEADS[column].len()) }
        });
        for cells in &lines {
            let mut line = String::new();
            for (column, width) in widths.into_iter().enumerate().filter(|(_, width)| *width > 0) {
                let cell = &cells[column];
                line += if line.is_empty() { "" } else { "  " };
                line += &if TO_THE_RIGHT[column] { format!("{cell:>width$}") } else { format!("{cell:width$}") };
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        let returned = self.rows.iter().filter(|row| row.why.is_none()).count();
        writeln!(f, "{returned} of {} returned, in {}", self.rows.len(), Rounded(self.took))?;
        let mut told = HashSet::new();
        for (url, gates) in &self.gates {
            if told.insert(Arc::as_ptr(gates)) {
                writeln!(f, "gates of {}: {}", Host(url), gates.1)?;
            }
        }
        Ok(())
    }
}

struct Host<'a>(&'a Uri);

impl fmt::Display for Host<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.0.scheme_str().unwrap_or_default(), self.0.host().unwrap_or_default())?;
        self.0.port_u16().map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}
