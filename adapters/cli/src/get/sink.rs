//! Where bytes go: standard output, or a file that is seen under its name only once it is whole.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use crate::exit::Failure;

/// A place to write to. A file is dropped without a trace unless [`Sink::keep`] is called.
pub(super) enum Sink {
    Stdout(io::StdoutLock<'static>),
    /// A device or a pipe: there is nothing to put in its place.
    Special(File),
    Beside {
        file: NamedTempFile,
        path: PathBuf,
    },
}

impl Sink {
    /// `-` is standard output, as for curl.
    pub(super) fn open(path: Option<&Path>, option: &str) -> Result<Self, Failure> {
        match path {
            Some(path) if path != Path::new("-") => Self::file(path)
                .map_err(|error| Failure::Usage(format!("cannot write to {option} {}: {error}", path.display()))),
            _ => Ok(Self::Stdout(io::stdout().lock())),
        }
    }

    /// A file, or a device.
    pub(super) fn file(path: &Path) -> io::Result<Self> {
        // What a symbolic link names is replaced, and not the link.
        let path = path.canonicalize().unwrap_or_else(|_| path.into());
        let before = std::fs::metadata(&path).ok();
        if before.as_ref().is_some_and(std::fs::Metadata::is_dir) {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        if before.as_ref().is_some_and(|before| !before.is_file()) {
            return Ok(Self::Special(OpenOptions::new().write(true).open(&path)?));
        }
        if before.is_some() {
            // A file that may not be written to is not to be replaced either.
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

    /// Whether it is standard output, which the reader may leave.
    pub(super) fn is_stdout(&self) -> bool {
        matches!(self, Self::Stdout(_))
    }

    /// Everything was written: a file takes its name.
    pub(super) fn keep(mut self) -> io::Result<()> {
        self.flush()?;
        match self {
            Self::Beside { file, path } => file.persist(path).map(|_| ()).map_err(|error| error.error),
            Self::Stdout(_) | Self::Special(_) => Ok(()),
        }
    }
}

/// A file beside the one that it is to become, with the permissions that a new file has.
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
