//! What a path leads to: a stream of this process, or a file.

use std::path::{Path, PathBuf};

use crate::exit::Failure;

/// The most links that lead from one to the next.
const LINKS: usize = 40;

/// Says what a path leads to.
#[derive(Debug, PartialEq)]
pub(super) enum Place {
    Stream(Stream),
    /// A file, or a device or a pipe of its own; links are followed.
    File(PathBuf),
}

/// A stream that the process has already, which is written to and never replaced.
#[derive(Debug, PartialEq)]
pub(super) enum Stream {
    Stdout,
    Stderr,
    /// Another one, such as /dev/fd/3.
    Opened,
}

impl Place {
    /// Finds out what a path leads to; `-` is standard output.
    pub(super) fn of(path: &Path) -> Self {
        let mut path = path.to_path_buf();
        for _ in 0..LINKS {
            if let Some(stream) = stream(&path) {
                return Self::Stream(stream);
            }
            // Looked at link by link, since the last step of /dev/stderr leads to the file behind it.
            let Ok(target) = path.read_link() else { break };
            path = path.parent().unwrap_or(Path::new("")).join(target);
        }
        let in_folder = |path: &Path| {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            Some(folder.canonicalize().ok()?.join(path.file_name()?))
        };
        Self::File(path.canonicalize().ok().or_else(|| in_folder(&path)).unwrap_or(path))
    }

    /// Returns whether two outputs may not both go there.
    fn is_for_one(&self) -> bool {
        match self {
            Self::Stream(stream) => *stream == Stream::Stdout,
            Self::File(path) => path.metadata().map_or(true, |there| there.is_file()),
        }
    }
}

/// Checks that no two outputs, each with its option, go to the same file.
pub(super) fn check_apart(outputs: &[(&str, &Path)]) -> Result<(), Failure> {
    let places: Vec<Place> = outputs.iter().map(|(_, path)| Place::of(path)).collect();
    for (index, place) in places.iter().enumerate().filter(|(_, place)| place.is_for_one()) {
        if let Some(before) = places[..index].iter().position(|before| before == place) {
            let ((one, path), (other, _)) = (outputs[before], outputs[index]);
            let path = if *place == Place::Stream(Stream::Stdout) {
                "standard output".into()
            } else {
                path.display().to_string()
            };
            return Err(Failure::Usage(format!(
                "{one} and {other} both write to {path}; give one of them another place"
            )));
        }
    }
    Ok(())
}

fn stream(path: &Path) -> Option<Stream> {
    let text = path.to_str()?;
    let number = ["/dev/fd/", "/proc/self/fd/", "/proc/thread-self/fd/"]
        .into_iter()
        .find_map(|folder| text.strip_prefix(folder));
    match (text, number) {
        ("-" | "/dev/stdout", _) | (_, Some("1")) => Some(Stream::Stdout),
        ("/dev/stderr", _) | (_, Some("2")) => Some(Stream::Stderr),
        (_, Some(number)) if number.parse::<u32>().is_ok() => Some(Stream::Opened),
        _ => None,
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn streams_are_known_by_all_their_names() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("/dev/stderr", &link).unwrap();
        for (path, place) in [
            ("-", Place::Stream(Stream::Stdout)),
            ("/dev/stdout", Place::Stream(Stream::Stdout)),
            ("/dev/fd/1", Place::Stream(Stream::Stdout)),
            ("/proc/self/fd/2", Place::Stream(Stream::Stderr)),
            ("/dev/fd/7", Place::Stream(Stream::Opened)),
            (link.to_str().unwrap(), Place::Stream(Stream::Stderr)),
            ("/dev/null", Place::File("/dev/null".into())),
        ] {
            assert_eq!(Place::of(Path::new(path)), place, "{path}");
        }
    }

    #[test]
    fn a_file_is_the_same_under_all_its_names() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::os::unix::fs::symlink("new", at("link")).unwrap();
        std::os::unix::fs::symlink("link", at("second")).unwrap();
        let new = Place::of(&at("new"));
        assert_eq!(
            [Place::of(&at("link")), Place::of(&at("second")), Place::of(&at("./new"))],
            [&new; 3].map(|new| match new {
                Place::File(path) => Place::File(path.clone()),
                Place::Stream(_) => unreachable!(),
            })
        );
        assert!(check_apart(&[("-o", &at("new")), ("--report", &at("second"))]).is_err());
        assert!(check_apart(&[("-o", &at("new")), ("--report", &at("other"))]).is_ok());
        assert!(check_apart(&[("-o", Path::new("/dev/null")), ("--report", Path::new("/dev/null"))]).is_ok());
        assert!(check_apart(&[("-o", Path::new("-")), ("--report", Path::new("/dev/stdout"))]).is_err());
    }
}
