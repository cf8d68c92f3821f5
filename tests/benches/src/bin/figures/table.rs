//! The table: a row for each thing that is measured, a column for each way to do it.

use std::fmt;

/// The column that targets are about; what does not depend on the policy stands here too.
pub(crate) const INSIST: &str = "core, constant policy";

const COLUMNS: &[&str] = &[
    INSIST,
    "core, borrowed policy",
    "insist-blocking",
    "by hand, xorshift",
    "by hand, fastrand",
    "backon",
    "retry",
    "tokio-retry",
];

#[derive(Default)]
pub(crate) struct Table {
    rows: Vec<Row>,
}

pub(crate) struct Row {
    what: String,
    target: Option<f64>,
    cells: Vec<(&'static str, f64)>,
}

impl Row {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), target: None, cells: Vec::new() }
    }

    /// The most that insist's own figure should be.
    pub(crate) fn at_most(mut self, target: f64) -> Self {
        self.target = Some(target);
        self
    }

    pub(crate) fn cell(&mut self, column: &'static str, figure: f64) {
        assert!(COLUMNS.contains(&column), "the table has no column called {column}");
        self.cells.push((column, figure));
    }

    pub(crate) fn with(mut self, column: &'static str, figure: f64) -> Self {
        self.cell(column, figure);
        self
    }

    fn get(&self, column: &str) -> Option<f64> {
        self.cells.iter().find(|(name, _)| *name == column).map(|(_, figure)| *figure)
    }

    /// Judged as it is printed: half an instruction is noise.
    fn is_missed(&self) -> bool {
        matches!((self.target, self.get(INSIST)), (Some(target), Some(figure)) if figure.round() > target)
    }
}

impl Table {
    pub(crate) fn push(&mut self, row: Row) {
        self.rows.push(row);
    }

    pub(crate) fn missed(&self) -> usize {
        self.rows.iter().filter(|row| row.is_missed()).count()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| what | target | {} |", COLUMNS.join(" | "))?;
        writeln!(f, "|---|---|{}", "---|".repeat(COLUMNS.len()))?;
        for row in &self.rows {
            let target = match row.target {
                None => "–".to_owned(),
                Some(target) if row.is_missed() => format!("≤ {target}, **missed**"),
                Some(target) => format!("≤ {target}"),
            };
            write!(f, "| {} | {target} |", row.what)?;
            for column in COLUMNS {
                match row.get(column) {
                    None => write!(f, " – |")?,
                    Some(figure) => write!(f, " {} |", figure.round())?,
                }
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
