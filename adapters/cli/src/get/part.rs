//! The unfinished file of `-C -`, which a later call continues: the bytes in FILE.part, and what they are of in FILE.part.json.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::place::Place;
use crate::exit::Failure;

/// An unfinished file that is kept when it is not completed.
pub(super) struct Part {
    file: File,
    path: PathBuf,
    part: PathBuf,
    note: PathBuf,
    length: u64,
}

/// Notes what is known of the resource that the bytes are of.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(super) struct Note {
    /// The validator of If-Range: a strong ETag, or a date.
    pub(super) validator: Option<String>,
    pub(super) total: Option<u64>,
}

impl Part {
    /// Opens the unfinished file beside this path, and tells what is known of its bytes. Without one, it begins with the bytes of
    /// the file that is there, as curl does, of which nothing is known.
    pub(super) fn open(path: &Path) -> Result<(Self, Note), Failure> {
        let Place::File(path) = Place::of(path) else {
            return Err(Failure::Usage(format!(
                "-C continues a file, and {} is a stream; name a file with -o",
                path.display()
            )));
        };
        Self::open_at(&path).map_err(|error| Failure::Usage(format!("cannot write to -o {}: {error}", path.display())))
    }

    pub(super) fn open_at(path: &Path) -> io::Result<(Self, Note)> {
        if path.exists() && !path.is_file() {
            return Err(io::Error::other("it is no file, so it cannot be continued"));
        }
        let beside = |end: &str| {
            let mut name = path.as_os_str().to_owned();
            name.push(end);
            PathBuf::from(name)
        };
        let (part, note_path) = (beside(".part"), beside(".part.json"));
        let note = std::fs::read(&note_path).ok().and_then(|text| serde_json::from_slice(&text).ok());
        if note.is_none() {
            // Bytes of which nothing is known: those of the file itself, if there is one.
            match std::fs::copy(path, &part) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => drop(File::create(&part)?),
                copied => drop(copied?),
            }
        }
        let mut file =
            OpenOptions::new().create(true).append(false).truncate(false).read(true).write(true).open(&part)?;
        let length = file.seek(SeekFrom::End(0))?;
        Ok((Self { file, path: path.into(), part, note: note_path, length }, note.unwrap_or_default()))
    }

    /// Returns how many bytes there are.
    pub(super) const fn length(&self) -> u64 {
        self.length
    }

    /// Keeps what is known of the bytes, before they come.
    pub(super) fn note(&self, note: &Note) -> io::Result<()> {
        std::fs::write(&self.note, serde_json::to_vec(note)?)
    }

    pub(super) fn restart(&mut self) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.length = 0;
        Ok(())
    }

    /// Gives the file its name.
    pub(super) fn keep(self) -> io::Result<()> {
        self.file.sync_all()?;
        std::fs::rename(&self.part, &self.path)?;
        match std::fs::remove_file(&self.note) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Leaves it for a later call, unless there is nothing to continue.
    pub(super) fn leave(self) {
        let _ = self.file.sync_all();
        if self.length == 0 || !self.note.exists() {
            let _ = std::fs::remove_file(&self.part);
            let _ = std::fs::remove_file(&self.note);
        }
    }
}

impl Write for Part {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.length += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
