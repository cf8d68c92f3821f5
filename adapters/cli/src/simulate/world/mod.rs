//! World files: TOML, whose errors name the file, the line and the field.

mod clients;
mod incidents;
mod servers;

use std::path::Path;

use insist_sim::{World, WorldError};
use serde::Deserialize;

use super::span::{Span, shown};
use crate::exit::Failure;
use crate::options::file::{line, placed, syntax_error};
use clients::ClientsTable;
use incidents::IncidentTable;
use servers::ServersTable;

/// A world that was read from a file.
#[derive(Clone, Debug)]
pub(crate) struct NamedWorld {
    /// The file's name without its folder and its ending.
    pub(crate) name: String,
    /// The sentence that the file says about itself.
    pub(crate) about: String,
    pub(crate) world: World,
    /// The most sends a second that it is known for.
    pub(crate) seen: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WorldFile {
    #[serde(default)]
    about: String,
    lasting: Option<Span>,
    warm_up: Option<Span>,
    patience: Option<Span>,
    seen_per_second: Option<f64>,
    clients: ClientsTable,
    servers: ServersTable,
    #[serde(default)]
    incidents: Vec<IncidentTable>,
}

/// What is wrong with a field, which may be missing.
pub(super) struct Wrong(pub(super) &'static str, pub(super) String);

/// Returns the value of a field that another needs.
pub(super) fn needed<T>(value: Option<T>, field: &'static str, by: &str) -> Result<T, Wrong> {
    value.ok_or_else(|| Wrong(field, format!("{field} is missing; {by} needs it")))
}

/// Reads a world file.
pub(crate) fn read(path: &Path) -> Result<NamedWorld, Failure> {
    let place = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::Usage(format!("cannot read the world file {place}: {error}")))?;
    let (about, seen, world) =
        parse(&text).map_err(|problem| Failure::Usage(format!("world file {place}{problem}")))?;
    let name = path.file_stem().map_or_else(|| place.to_string(), |stem| stem.to_string_lossy().into_owned());
    Ok(NamedWorld { name, about, world, seen })
}

/// Parses a world. An error begins with `: ` or `, line 3`, to follow the name of the file.
pub(super) fn parse(text: &str) -> Result<(String, Option<f64>, World), String> {
    toml::de::DeTable::parse(text).map_err(|error| syntax_error(text, &error))?;
    let file: WorldFile = toml::from_str(text).map_err(|error| {
        let Some(span) = error.span() else { return format!(": {}", error.message()) };
        let number = line(text, &span);
        match text.lines().nth(number - 1).map(word).filter(|word| !word.is_empty()) {
            Some(word) => placed(number, word, error.message()),
            None => format!(", line {number}: {}", error.message()),
        }
    })?;
    let (about, seen) = (shown(&file.about, 200), file.seen_per_second);
    let world = file.world().map_err(|Wrong(field, message)| located(text, field, &message))?;
    match world.validate() {
        Ok(()) => Ok((about, seen, world)),
        Err(error) => {
            let field = match &error {
                WorldError::Number(field, ..) => field,
                WorldError::Span(..) => "until",
                WorldError::Times(field, _) => field,
                WorldError::Replica(_) => "replica",
                _ => "",
            };
            Err(located(text, field, &error.to_string()))
        }
    }
}

/// Returns the key of a line, or the name of its table.
fn word(line: &str) -> &str {
    line.split_once('=').map_or(line, |(key, _)| key).trim().trim_matches(['[', ']'])
}

fn located(text: &str, field: &str, message: &str) -> String {
    match text.lines().position(|line| word(line) == field && line.contains('=')) {
        Some(index) => placed(index + 1, field, message),
        None => format!(": {message}"),
    }
}

impl WorldFile {
    fn world(self) -> Result<World, Wrong> {
        let mut world = World::new(self.clients.clients()?, self.servers.servers());
        for incident in self.incidents {
            world = world.incident(incident.incident()?);
        }
        if let Some(span) = self.lasting {
            world = world.lasting(span.0);
        }
        if let Some(span) = self.warm_up {
            world = world.warm_up(span.0);
        }
        Ok(if let Some(span) = self.patience { world.patience(span.0) } else { world })
    }
}

#[cfg(test)]
mod tests;
