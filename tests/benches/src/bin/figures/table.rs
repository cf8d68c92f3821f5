//! The table: a row for each thing that is measured, a column for each way to do it.

use std::fmt;

/// Names the column of what does not depend on how a policy is held.
pub(crate) const CORE: &str = "core, constant policy";
pub(crate) const BLOCKING: &str = "insist-blocking, constant policy";
pub(crate) const BLOCKING_BORROWED: &str = "insist-blocking, borrowed policy";
pub(crate) const FUTURES_CONSTANT: &str = "insist-futures, constant policy";
pub(crate) const FUTURES_BORROWED: &str = "insist-futures, borrowed policy";
pub(crate) const TOKIO_CONSTANT: &str = "insist-tokio, constant policy";
pub(crate) const TOKIO_BORROWED: &str = "insist-tokio, borrowed policy";
pub(crate) const HAND: &str = "by hand, xorshift";
pub(crate) const UREQ: &str = "insist-ureq";

/// The columns of what calls closures.
pub(crate) const CLOSURES: &[&str] = &[
    BLOCKING,
    BLOCKING_BORROWED,
    CORE,
    "core, borrowed policy",
    HAND,
    "by hand, fastrand",
    "backon",
    "retry",
    "tokio-retry",
];

/// Of whole policies by the system's clock.
pub(crate) const FULL: &[&str] = &[BLOCKING, BLOCKING_BORROWED, "by hand"];

/// Of futures without a runtime.
pub(crate) const FUTURES: &[&str] = &[FUTURES_CONSTANT, FUTURES_BORROWED, HAND, "backon", "tower"];

/// Of futures on tokio.
pub(crate) const TOKIO: &[&str] = &[TOKIO_CONSTANT, TOKIO_BORROWED, HAND, "backon", "tokio-retry", "tower"];

/// Of GETs.
pub(crate) const HTTP: &[&str] = &[UREQ, "plain ureq"];

/// Of GETs by reqwest.
pub(crate) const REQWEST: &[&str] = &[
    "reqwest",
    INSIST_REQWEST,
    "with an attempt timeout",
    "with two lanes",
    "insist-reqwest's middleware",
    "reqwest-middleware, empty",
    "reqwest-retry",
    "tower layer",
];
pub(crate) const INSIST_REQWEST: &str = "insist-reqwest";

/// Of a slow tail.
pub(crate) const TAILS: &[&str] = &["plain ureq", HEDGED, AT_P95];
pub(crate) const HEDGED: &str = "insist-ureq, hedged after 5 ms";
pub(crate) const AT_P95: &str = "insist-ureq, hedged at p95";

/// Of a race.
pub(crate) const RACE: &[&str] = &["plain ureq, the fastest alone", RACED];
pub(crate) const RACED: &str = "insist-ureq, all three";

/// Of calls with gates.
pub(crate) const GATES: &[&str] = &["Budget and Breaker", "Budget", "Breaker", "no gate"];

/// Of gates by host: a keyed store of each.
pub(crate) const HOSTS: &[&str] = &["insist-http", "governor"];

/// Of the built-in backoffs and jitters, a row each.
pub(crate) const SHAPES: &[&str] = &["core, borrowed policy"];

/// Holds what is measured side by side.
pub(crate) struct Table {
    title: String,
    columns: &'static [&'static str],
    rows: Vec<Row>,
}

/// Says how figures are printed, and judged: as they are printed.
#[derive(Clone, Copy)]
enum Figures {
    /// Counts: half an instruction is noise.
    Whole,
    /// Ratios, to three places.
    Ratio,
    /// Milliseconds, to three places.
    Millis,
}

pub(crate) struct Row {
    what: String,
    figures: Figures,
    /// The most that the figures of these columns should be.
    targets: Vec<(&'static str, f64)>,
    cells: Vec<(&'static str, f64)>,
}

impl Row {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), figures: Figures::Whole, targets: Vec::new(), cells: Vec::new() }
    }

    /// Its figures are ratios.
    pub(crate) fn ratios(mut self) -> Self {
        self.figures = Figures::Ratio;
        self
    }

    /// Its figures are milliseconds.
    pub(crate) fn millis(mut self) -> Self {
        self.figures = Figures::Millis;
        self
    }

    /// The most that the figure of this column should be.
    pub(crate) fn at_most(mut self, column: &'static str, most: f64) -> Self {
        self.targets.push((column, most));
        self
    }

    pub(crate) fn cell(&mut self, column: &'static str, figure: f64) {
        self.cells.push((column, figure));
    }

    pub(crate) fn with(mut self, column: &'static str, figure: f64) -> Self {
        self.cell(column, figure);
        self
    }

    pub(crate) fn get(&self, column: &str) -> Option<f64> {
        self.cells.iter().find(|(name, _)| *name == column).map(|(_, figure)| *figure)
    }

    /// The same row, less what this column has.
    pub(crate) fn over(&self, what: impl Into<String>, column: &str) -> Self {
        let floor = self.get(column).unwrap_or_default();
        let others = self.cells.iter().filter(|(name, _)| *name != column);
        Self { cells: others.map(|(name, figure)| (*name, figure - floor)).collect(), ..Self::new(what) }
    }

    fn is_missed(&self, column: &str, most: f64) -> bool {
        let printed = |figure: f64| match self.figures {
            Figures::Whole => figure.round(),
            Figures::Ratio | Figures::Millis => (figure * 1000.0).round() / 1000.0,
        };
        self.get(column).is_none_or(|figure| printed(figure) > most)
    }

    fn misses(&self) -> impl Iterator<Item = &(&'static str, f64)> {
        self.targets.iter().filter(|(column, most)| self.is_missed(column, *most))
    }
}

impl Table {
    pub(crate) fn new(title: impl Into<String>, columns: &'static [&'static str]) -> Self {
        Self { title: title.into(), columns, rows: Vec::new() }
    }

    pub(crate) fn push(&mut self, row: Row) {
        let named = row.cells.iter().chain(&row.targets);
        for (column, _) in named {
            assert!(self.columns.contains(column), "the table has no column called {column}");
        }
        self.rows.push(row);
    }

    /// A line for each target that was missed.
    pub(crate) fn missed(&self) -> impl Iterator<Item = String> {
        self.rows.iter().flat_map(|row| {
            row.misses().map(|(column, most)| {
                let figure = row.get(column).map_or("nothing".to_owned(), |figure| row.print(figure));
                format!("{}: {} in {column}: {figure}, and at most {most} is wanted", self.title, row.what)
            })
        })
    }
}

impl Row {
    fn print(&self, figure: f64) -> String {
        match self.figures {
            Figures::Whole => format!("{}", figure.round()),
            Figures::Ratio => format!("{figure:.3} ×"),
            Figures::Millis => format!("{figure:.3}"),
        }
    }

    fn target(&self) -> String {
        let all_equal = self.targets.windows(2).all(|two| two[0].1 == two[1].1);
        if let (Some((_, most)), true, None) = (self.targets.first(), all_equal, self.misses().next()) {
            return format!("≤ {most}");
        }
        let is_one = self.targets.len() == 1;
        let name = |column: &str| if is_one { String::new() } else { format!("{column} ") };
        let judged = self.targets.iter().map(|(column, most)| {
            let missed = if self.is_missed(column, *most) { ", **missed**" } else { "" };
            format!("{}≤ {most}{missed}", name(column))
        });
        let all: Vec<_> = judged.collect();
        if all.is_empty() { "–".to_owned() } else { all.join("; ") }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "### {}\n", self.title)?;
        writeln!(f, "| what | target | {} |", self.columns.join(" | "))?;
        writeln!(f, "|---|---|{}", "---|".repeat(self.columns.len()))?;
        for row in &self.rows {
            write!(f, "| {} | {} |", row.what, row.target())?;
            for column in self.columns {
                let figure = row.get(column).map_or("–".to_owned(), |figure| row.print(figure));
                write!(f, " {figure} |")?;
            }
            writeln!(f)?;
        }
        writeln!(f)
    }
}
