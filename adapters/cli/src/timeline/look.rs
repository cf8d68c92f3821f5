//! The characters that pictures are drawn with: Unicode if the locale has it, else ASCII.

use super::Mark;

/// The characters of a picture.
pub(crate) struct Look {
    pub(super) line: char,
    /// Draws what a loser would have taken on top.
    pub(super) spared: char,
    pub(crate) wait: char,
    /// Draws where a wait may end.
    pub(crate) range: char,
    /// Draws where it ends.
    pub(crate) drawn: char,
    accepted: char,
    failed: char,
    cancelled: char,
    open: char,
}

impl Look {
    pub(crate) const ASCII: Self = Self {
        line: '=',
        spared: '~',
        wait: '.',
        range: '-',
        drawn: 'o',
        accepted: '+',
        failed: 'x',
        cancelled: '/',
        open: '>',
    };
    const UNICODE: Self = Self {
        line: '━',
        spared: '┄',
        wait: '·',
        range: '░',
        drawn: '●',
        accepted: '✓',
        failed: '✗',
        cancelled: '╱',
        open: '▶',
    };

    /// Returns the characters that this process's locale can show.
    pub(crate) fn of_locale() -> Self {
        if Self::is_unicode() { Self::UNICODE } else { Self::ASCII }
    }

    /// Returns whether this process's locale can show more than ASCII.
    pub(crate) fn is_unicode() -> bool {
        // The first of these that is set decides (POSIX, Environment Variables, 8.2).
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
            .into_iter()
            .filter_map(std::env::var_os)
            .find(|value| !value.is_empty())
            .map(|value| value.to_string_lossy().to_ascii_lowercase());
        match locale {
            Some(locale) => locale.contains("utf-8") || locale.contains("utf8"),
            None => cfg!(any(windows, target_os = "macos")),
        }
    }

    pub(super) fn mark(&self, mark: Mark) -> char {
        match mark {
            Mark::Accepted => self.accepted,
            Mark::Failed => self.failed,
            Mark::Cancelled => self.cancelled,
            Mark::Open => self.open,
        }
    }
}
