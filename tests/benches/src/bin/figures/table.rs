//! The table: a row for each thing that is measured, a column for each way to do it.

use std::fmt;

/// The column of the closures' table that targets are about; what does not depend on the policy stands here too.
pub(crate) const INSIST: &str = "core, constant policy";

/// The columns of what calls closures.
pub(crate) const CLOSURES: &[&str] = &[
    INSIST,
    "core, borrowed policy",
    "insist-blocking",
    "by hand, xorshift",
    "by hand, fastrand",
    "backon",
    "retry",
    "tokio-retry",
];

/// Of futures without a runtime.
pub(crate) const FUTURES: &[&str] = &["insist-futures", "by hand, xorshift", "backon", "tower"];

/// Of futures on tokio.
pub(crate) const TOKIO: &[&str] = &["insist-tokio", "by hand, xorshift", "backon", "tokio-retry", "tower"];

/// Of GETs.
pub(crate) const HTTP: &[&str] = &["insist-ureq", "plain ureq"];

/// Of calls with gates.
pub(crate) const GATES: &[&str] = &["Budget and Breaker", "Budget", "Breaker", "no gate"];

/// Of the built-in backoffs and jitters, a row each.
pub(crate) const SHAPES: &[&str] = &["core, borrowed policy"];

/// What is measured side by side. The first column is insist's, and targets are about it.
pub(crate) struct Table {
    title: &'static str,
    columns: &'static [&'static str],
    rows: Vec<Row>,
}

/// The most that the figure of a column should be.
struct Target {
    /// `None` is the first.
    column: Option<&'static str>,
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

    /// The most that the figure of the first column should be.
    pub(crate) fn at_most(mut self, most: f64) -> Self {
        self.target = Some(Target { column: None, most });
        self
    }

    /// The most that the figure of this column should be.
    pub(crate) fn at_most_in(mut self, column: &'static str, most: f64) -> Self {
        self.target = Some(Target { column: Some(column), most });
        self
    }

    pub(crate) fn cell(&mut self, column: &'static str, figure: f64) {
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
    fn is_missed(&self, first: &str) -> bool {
        let missed =
            |target: &Target| self.get(target.column.unwrap_or(first)).is_none_or(|it| it.round() > target.most);
        self.target.as_ref().is_some_and(missed)
    }
}

impl Table {
    pub(crate) const fn new(title: &'static str, columns: &'static [&'static str]) -> Self {
        Self { title, columns, rows: Vec::new() }
    }

    pub(crate) fn push(&mut self, row: Row) {
        for (column, _) in &row.cells {
            assert!(self.columns.contains(column), "the table has no column called {column}");
        }
        self.rows.push(row);
    }

    pub(crate) fn missed(&self) -> usize {
        self.rows.iter().filter(|row| row.is_missed(self.columns[0])).count()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "### {}\n", self.title)?;
        writeln!(f, "| what | target | {} |", self.columns.join(" | "))?;
        writeln!(f, "|---|---|{}", "---|".repeat(self.columns.len()))?;
        for row in &self.rows {
            let target = match &row.target {
                None => "–".to_owned(),
                Some(Target { most, .. }) if row.is_missed(self.columns[0]) => format!("≤ {most}, **missed**"),
                Some(Target { most, .. }) => format!("≤ {most}"),
            };
            write!(f, "| {} | {target} |", row.what)?;
            for column in self.columns {
                match row.get(column) {
                    None => write!(f, " – |")?,
                    Some(figure) => write!(f, " {} |", figure.round())?,
                }
            }
            writeln!(f)?;
        }
        writeln!(f)
    }
}
