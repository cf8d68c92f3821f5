//! World files: TOML, whose errors name the file, the line and the field.

mod clients;
mod incidents;
mod servers;
mod wrong;

use std::path::Path;

use insist_sim::World;
use serde::Deserialize;
use toml::Spanned;

use super::span::shown;
use crate::exit::Failure;
use crate::options::file::{line, placed, syntax_error};
use crate::span::Span;
use clients::ClientsTable;
use incidents::IncidentTable;
use servers::ServersTable;
use wrong::{Wrong, word};

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
    incidents: Vec<Spanned<IncidentTable>>,
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
    Ok((about, seen, file.world(text)?))
}

impl WorldFile {
    /// Makes the world. It is checked after each incident, so that what is wrong is looked for in the right one.
    fn world(self, text: &str) -> Result<World, String> {
        let clients = self.clients.clients().map_err(|wrong| wrong.located(text, 0..text.len()))?;
        let mut world = World::new(clients, self.servers.servers());
        if let Some(span) = self.lasting {
            world = world.lasting(span.0);
        }
        if let Some(span) = self.warm_up {
            world = world.warm_up(span.0);
        }
        if let Some(span) = self.patience {
            world = world.patience(span.0);
        }
        world.validate().map_err(|error| Wrong::of(&error).located(text, 0..text.len()))?;
        // The span of a table with a header of its own is that of the header.
        let mut ends: Vec<usize> = self.incidents.iter().skip(1).map(|incident| incident.span().start).collect();
        ends.push(text.len());
        for (incident, end) in self.incidents.into_iter().zip(ends) {
            let part = incident.span().start..end;
            let incident = incident.into_inner().incident().map_err(|wrong| wrong.located(text, part.clone()))?;
            world = world.incident(incident);
            world.validate().map_err(|error| Wrong::of(&error).located(text, part))?;
        }
        Ok(world)
    }
}

#[cfg(test)]
mod tests;
