//! The destination of bytes: a stream, or a file that gets its name only once it is complete.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use super::place::{Place, Stream};
use super::unfinished::{Unfinished, created};
use crate::exit::Failure;

/// A destination. An unfinished file is removed unless [`Sink::keep`] is called.
pub(super) enum Sink {
    Stdout(io::Stdout),
    Stderr(io::Stderr),
    /// A device or a pipe, which cannot be replaced by a file.
    Special(File),
    Beside {
        file: NamedTempFile,
        path: PathBuf,
        unfinished: Unfinished,
    },
}

/// Says what becomes of a symbolic link.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Links {
    /// Its target is replaced.
    Followed,
    /// It is replaced itself, so that nothing is written where it leads.
    Replaced,
}

/// Says who may read a new file.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Readers {
    /// Those that the umask allows.
    Usual,
    /// Its owner.
    Owner,
}

impl Sink {
    /// Opens what an option names; `-` and nothing are standard output, as for curl.
    pub(super) fn open(path: Option<&Path>, option: &str, readers: Readers) -> Result<Self, Failure> {
        let Some(path) = path else { return Ok(Self::Stdout(io::stdout())) };
        Self::at(path, Links::Followed, readers)
            .map_err(|error| Failure::Usage(format!("cannot write to {option} {}: {error}", path.display())))
    }

    /// Opens a file or a stream.
    pub(super) fn at(path: &Path, links: Links, readers: Readers) -> io::Result<Self> {
        let path = match Place::of(path) {
            Place::Stream(Stream::Stdout) => return Ok(Self::Stdout(io::stdout())),
            Place::Stream(Stream::Stderr) => return Ok(Self::Stderr(io::stderr())),
            // It may lead to a file that others write to as well.
            Place::Stream(Stream::Opened) => return OpenOptions::new().append(true).open(path).map(Self::Special),
            Place::File(followed) => {
                if links == Links::Followed {
                    followed
                } else {
                    path.into()
                }
            }
        };
        let before = match links {
            Links::Followed => path.metadata(),
            Links::Replaced => path.symlink_metadata(),
        };
        let before = before.ok().filter(|before| !before.is_symlink());
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
        let (file, unfinished) = created(|| new_file(folder, readers), NamedTempFile::path)?;
        if let Some(before) = before {
            file.as_file().set_permissions(before.permissions())?;
        }
        Ok(Self::Beside { file, path, unfinished })
    }

    /// Returns whether it is standard output, whose reader may leave.
    pub(super) const fn is_stdout(&self) -> bool {
        matches!(self, Self::Stdout(_))
    }

    /// Returns whether it is a file, of which nothing is seen until it is complete.
    pub(super) const fn is_file(&self) -> bool {
        matches!(self, Self::Beside { .. })
    }

    /// Takes back everything that was written, if it is a file.
    pub(super) fn restart(&mut self) -> io::Result<()> {
        if let Self::Beside { file, .. } = self {
            file.as_file().set_len(0)?;
            file.rewind()?;
        }
        Ok(())
    }

    /// Completes the file: writes it through to the disk, and gives it its name.
    pub(super) fn keep(mut self) -> io::Result<()> {
        self.flush()?;
        match self {
            Self::Beside { file, path, unfinished } => {
                file.as_file().sync_all()?;
                file.persist(path).map_err(|error| error.error)?;
                drop(unfinished);
                Ok(())
            }
            Self::Stdout(_) | Self::Stderr(_) | Self::Special(_) => Ok(()),
        }
    }
}

/// Creates a file in the folder of its final name.
fn new_file(folder: &Path, readers: Readers) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    builder.prefix(".insist-").suffix(".part");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = if readers == Readers::Owner { 0o600 } else { 0o666 };
        builder.permissions(std::fs::Permissions::from_mode(mode));
    }
    #[cfg(not(unix))]
    let _ = readers;
    builder.tempfile_in(folder)
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(to) => to.write(bytes),
            Self::Stderr(to) => to.write(bytes),
            Self::Special(to) => to.write(bytes),
            Self::Beside { file, .. } => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(to) => to.flush(),
            Self::Stderr(to) => to.flush(),
            Self::Special(to) => to.flush(),
            Self::Beside { file, .. } => file.flush(),
        }
    }
}
