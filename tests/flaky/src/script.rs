//! The script: which answer each request gets, by a list, by a closure, or path by path.

use crate::answer::Answer;
use crate::request::{Request, matches};
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Decides on the answer for each request.
///
/// One answer or a list of them becomes a script by itself; the last of a list repeats for ever.
///
/// ```
/// use insist_flaky::{Answer, Script, Server};
///
/// # fn main() -> std::io::Result<()> {
/// let always = Server::start(Answer::ok("hello"))?;
/// let flaky = Server::start([Answer::status(503), Answer::reset(), Answer::ok("at last")])?;
/// let echo = Server::start(Script::each(|request, _| Answer::ok(request.body.clone())))?;
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct Script(Kind);

enum Kind {
    Leaf(Leaf),
    Paths { paths: Vec<(String, Script)>, otherwise: Option<Box<Script>> },
}

/// A list or a closure, and how many requests came to it.
pub(crate) struct Leaf {
    source: Source,
    count: AtomicUsize,
}

type Closure = Box<dyn Fn(&Request, usize) -> Answer + Send + Sync>;

enum Source {
    List(Vec<Answer>),
    Each(Closure),
}

impl Script {
    const fn leaf(source: Source) -> Self {
        Self(Kind::Leaf(Leaf { source, count: AtomicUsize::new(0) }))
    }

    /// The first request gets the first answer, and so on; the last answer repeats for ever. An empty list is an error
    /// when the server starts.
    pub fn list(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self::leaf(Source::List(answers.into_iter().collect()))
    }

    /// Asks the closure for each answer, with the request and its number from 1. Below a path, that number counts the
    /// requests for that path; `request.number` counts all.
    ///
    /// The closure runs on the connection's thread, for many connections at once. A panic in it drops the connection.
    pub fn each(answer: impl Fn(&Request, usize) -> Answer + Send + Sync + 'static) -> Self {
        Self::leaf(Source::Each(Box::new(answer)))
    }

    /// Gives each path a script and a count of its own; see [`path`](Self::path). Other paths get a 404 that names
    /// them, unless [`otherwise`](Self::otherwise) says what they get.
    pub const fn paths() -> Self {
        Self(Kind::Paths { paths: Vec::new(), otherwise: None })
    }

    /// Adds a path. With a query it means that query, without one it means any. What was added first goes first. On a
    /// script that is not yet by path, that script answers all other paths.
    pub fn path(self, path: impl Into<String>, script: impl Into<Self>) -> Self {
        let (mut paths, otherwise) = self.into_paths();
        paths.push((path.into(), script.into()));
        Self(Kind::Paths { paths, otherwise })
    }

    /// Sets the script for all other paths. Default: 404.
    pub fn otherwise(self, script: impl Into<Self>) -> Self {
        let (paths, _) = self.into_paths();
        Self(Kind::Paths { paths, otherwise: Some(Box::new(script.into())) })
    }

    fn into_paths(self) -> (Vec<(String, Self)>, Option<Box<Self>>) {
        match self.0 {
            Kind::Paths { paths, otherwise } => (paths, otherwise),
            Kind::Leaf(_) => (Vec::new(), Some(Box::new(self))),
        }
    }

    /// Refuses lists without an answer.
    pub(crate) fn check(&self) -> io::Result<()> {
        match &self.0 {
            Kind::Leaf(leaf) => match &leaf.source {
                Source::List(answers) if answers.is_empty() => Err(io::Error::new(
                    io::ErrorKind::InvalidInput,
                    "a script's list of answers is empty; it needs at least 1",
                )),
                _ => Ok(()),
            },
            Kind::Paths { paths, otherwise } => {
                paths.iter().map(|(_, script)| script).chain(otherwise.as_deref()).try_for_each(Self::check)
            }
        }
    }

    /// Finds who answers a target, and the number of the request there, from 1. None: nobody.
    pub(crate) fn route(&self, target: &str) -> Option<(&Leaf, usize)> {
        match &self.0 {
            Kind::Leaf(leaf) => Some((leaf, leaf.count.fetch_add(1, Ordering::Relaxed) + 1)),
            Kind::Paths { paths, otherwise } => paths
                .iter()
                .find(|(path, _)| matches(target, path))
                .map(|(_, script)| script)
                .or(otherwise.as_deref())?
                .route(target),
        }
    }
}

impl Leaf {
    pub(crate) fn answer(&self, request: &Request, number: usize) -> Answer {
        match &self.source {
            Source::Each(answer) => answer(request, number),
            Source::List(answers) => {
                answers.get(number - 1).or(answers.last()).cloned().unwrap_or_else(|| Answer::status(500))
            }
        }
    }
}

impl From<Answer> for Script {
    fn from(answer: Answer) -> Self {
        Self::list([answer])
    }
}

impl From<Vec<Answer>> for Script {
    fn from(answers: Vec<Answer>) -> Self {
        Self::list(answers)
    }
}

impl<const N: usize> From<[Answer; N]> for Script {
    fn from(answers: [Answer; N]) -> Self {
        Self::list(answers)
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Leaf(leaf) => match &leaf.source {
                Source::List(answers) => f.debug_tuple("List").field(answers).finish(),
                Source::Each(_) => f.write_str("Each"),
            },
            Kind::Paths { paths, otherwise } => {
                f.debug_struct("Paths").field("paths", paths).field("otherwise", otherwise).finish()
            }
        }
    }
}
