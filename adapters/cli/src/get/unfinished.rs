//! Removes unfinished files when a signal ends the command.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The paths of the files that are written and do not have their names yet.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

fn unfinished() -> MutexGuard<'static, Vec<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The mark of a file as unfinished. Dropping it takes the mark away.
pub(super) struct Unfinished(PathBuf);

impl Drop for Unfinished {
    fn drop(&mut self) {
        unfinished().retain(|path| *path != self.0);
    }
}

/// Creates a file and marks it as unfinished, so that no signal comes in between.
pub(super) fn created<T>(
    create: impl FnOnce() -> io::Result<T>,
    path: impl Fn(&T) -> &Path,
) -> io::Result<(T, Unfinished)> {
    #[cfg(unix)]
    signals::watch();
    let mut unfinished = unfinished();
    let file = create()?;
    let path = path(&file).to_path_buf();
    unfinished.push(path.clone());
    Ok((file, Unfinished(path)))
}

#[cfg(unix)]
mod signals {
    use std::sync::Once;
    use std::sync::mpsc::channel;

    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
    use signal_hook::iterator::Signals;
    use signal_hook::low_level::emulate_default_handler;

    /// Waits for a signal on a thread, from the first call on. Where there is no thread to be had, unfinished files stay.
    pub(super) fn watch() {
        static BEGUN: Once = Once::new();
        BEGUN.call_once(|| {
            let (tell, told) = channel();
            let wait = move || {
                let ignored = ignored();
                let watched = [SIGHUP, SIGINT, SIGQUIT, SIGTERM].into_iter();
                let mut signals = Signals::new(watched.filter(|signal| ignored & (1 << (signal - 1)) == 0));
                let _ = tell.send(());
                for signal in signals.iter_mut().flat_map(Signals::forever) {
                    let paths = super::unfinished();
                    for path in paths.iter() {
                        let _ = std::fs::remove_file(path);
                    }
                    // Ends the process with the lock held, so that nothing is created any more.
                    let _ = emulate_default_handler(signal);
                }
            };
            if std::thread::Builder::new().spawn(wait).is_ok() {
                let _ = told.recv();
            }
        });
    }

    /// Returns the signals that are ignored, as `nohup` does for one, which must stay so: bit n is signal n + 1. Known on Linux
    /// only.
    fn ignored() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
    }
}
