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

/// The most that the figure of a column should be.
struct Target {
    column: &'static str,
    most: f64,
}

pub(crate) struct Row {
    what: String,
    target: Option<Target>,
    cells: Vec<(&'static str, f64)>,
}

impl Row {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), target: None, cells: Vec::new() }
    }

    /// The most that the core's own figure should be.
    pub(crate) fn at_most(self, most: f64) -> Self {
        self.at_most_in(INSIST, most)
    }

    /// The most that the figure of this column should be.
    pub(crate) fn at_most_in(mut self, column: &'static str, most: f64) -> Self {
        self.target = Some(Target { column, most });
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
        self.target.as_ref().is_some_and(|Target { column, most }| self.get(column).is_none_or(|it| it.round() > *most))
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
            let target = match &row.target {
                None => "–".to_owned(),
                Some(Target { most, .. }) if row.is_missed() => format!("≤ {most}, **missed**"),
                Some(Target { most, .. }) => format!("≤ {most}"),
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
