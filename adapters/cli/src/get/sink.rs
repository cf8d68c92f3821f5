//! The destination of bytes: standard output, or a file that gets its name only once it is complete.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use crate::exit::Failure;

/// A destination. An unfinished file is removed unless [`Sink::keep`] is called.
pub(super) enum Sink {
    Stdout(io::StdoutLock<'static>),
    /// A device or a pipe, which cannot be replaced by a file.
    Special(File),
    Beside {
        file: NamedTempFile,
        path: PathBuf,
    },
}

impl Sink {
    /// Opens a file; `-` is standard output, as for curl.
    pub(super) fn open(path: Option<&Path>, option: &str) -> Result<Self, Failure> {
        match path {
            Some(path) if path != Path::new("-") => Self::file(path)
                .map_err(|error| Failure::Usage(format!("cannot write to {option} {}: {error}", path.display()))),
            _ => Ok(Self::Stdout(io::stdout().lock())),
        }
    }

    /// Opens a file or a device.
    pub(super) fn file(path: &Path) -> io::Result<Self> {
        // The target of a symbolic link is replaced, not the link.
        let path = path.canonicalize().unwrap_or_else(|_| path.into());
        let before = std::fs::metadata(&path).ok();
        if before.as_ref().is_some_and(std::fs::Metadata::is_dir) {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        if before.as_ref().is_some_and(|before| !before.is_file()) {
            return Ok(Self::Special(OpenOptions::new().write(true).open(&path)?));
        }
        if before.is_some() {
            // A file that may not be written to must not be replaced either.
            OpenOptions::new().write(true).open(&path)?;
        }
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let file = new_file(folder)?;
        if let Some(before) = before {
            file.as_file().set_permissions(before.permissions())?;
        }
        Ok(Self::Beside { file, path })
    }

    /// Returns whether it is standard output, whose reader may leave.
    pub(super) fn is_stdout(&self) -> bool {
        matches!(self, Self::Stdout(_))
    }

    /// Completes the file: gives it its name.
    pub(super) fn keep(mut self) -> io::Result<()> {
        self.flush()?;
        match self {
            Self::Beside { file, path } => file.persist(path).map(|_| ()).map_err(|error| error.error),
            Self::Stdout(_) | Self::Special(_) => Ok(()),
        }
    }
}

/// Creates a file in the folder of its final name, with the permissions of a new file.
fn new_file(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    builder.prefix(".insist-").suffix(".part");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(to) => to.write(bytes),
            Self::Special(to) => to.write(bytes),
            Self::Beside { file, .. } => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(to) => to.flush(),
            Self::Special(to) => to.flush(),
            Self::Beside { file, .. } => file.flush(),
        }
    }
}
