//! Opens the store that `--store` names, and tells its errors.

use std::error::Error;
use std::fmt;
use std::path::PathBuf;

use clap::Args;
use insist_store::{Calls, Sqlite, StoreError};

use crate::exit::Failure;

/// The store.
#[derive(Args)]
pub(super) struct StoreOption {
    /// The store, which any number of commands share: a file of SQLite, or the address of a database of PostgreSQL, as in
    /// postgres://user@host/database
    #[arg(long, value_name = "FILE|URL", value_parser = place)]
    store: Place,
}

#[derive(Clone)]
enum Place {
    File(PathBuf),
    #[cfg(feature = "postgres")]
    Postgres(insist_store::Postgres, String),
}

/// Reads what `--store` is given, for clap.
fn place(text: &str) -> Result<Place, String> {
    match text.split_once("://") {
        None => Ok(Place::File(text.into())),
        #[cfg(feature = "postgres")]
        Some(("postgres" | "postgresql", rest)) => {
            let store = insist_store::Postgres::url(text).map_err(|error| told(&error))?;
            // What stands before the @ may have a password.
            let shown = format!("postgres://{}", rest.rsplit('@').next().unwrap_or(rest));
            Ok(Place::Postgres(store, shown))
        }
        Some((scheme, _)) => Err(format!("it is a file, and this insist knows no store {scheme}://")),
    }
}

/// Shows where it is, without a password.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            #[cfg(feature = "postgres")]
            Self::Postgres(_, shown) => f.write_str(shown),
        }
    }
}

impl StoreOption {
    /// Opens the store, which is made if it does not exist.
    pub(super) fn open_or_make(&self) -> Result<Calls, Failure> {
        let opened = match &self.store {
            Place::File(path) => Calls::open(Sqlite::file(path)),
            #[cfg(feature = "postgres")]
            Place::Postgres(store, _) => Calls::open(store.clone()),
        };
        opened.map_err(|error| self.failed(&error))
    }

    /// Opens the store, which has to exist.
    pub(super) fn open(&self) -> Result<Calls, Failure> {
        let opened = match &self.store {
            Place::File(path) if !path.exists() => Err(StoreError::Missing),
            Place::File(path) => Calls::open(Sqlite::existing(path)),
            #[cfg(feature = "postgres")]
            Place::Postgres(store, _) => Calls::open(store.clone().existing()),
        };
        opened.map_err(|error| match error {
            StoreError::Missing => {
                let place = &self.store;
                Failure::Usage(format!("there is no store {place}; `insist later --store {place}` makes one"))
            }
            error => self.failed(&error),
        })
    }

    /// Returns where it is, to be shown.
    pub(super) fn place(&self) -> impl fmt::Display {
        &self.store
    }

    pub(super) fn failed(&self, error: &StoreError) -> Failure {
        Failure::Failed(format!("{}: {}", self.store, told(error)))
    }
}

/// An error with what is below it.
pub(super) fn told(error: &StoreError) -> String {
    let mut text = error.to_string();
    let mut below = error.source();
    while let Some(source) = below {
        let said = source.to_string();
        // Some say again what is below them.
        if !text.ends_with(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        below = source.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_file_or_the_address_of_a_database_and_is_shown_without_its_password() {
        let shown = |text: &str| place(text).map(|place| place.to_string());
        assert_eq!(shown("calls.db"), Ok("calls.db".into()));
        assert!(shown("mysql://host/calls").unwrap_err().contains("mysql://"));
        if cfg!(feature = "postgres") {
            assert_eq!(shown("postgres://me:hunter2@host/calls"), Ok("postgres://host/calls".into()));
            let said = shown("postgres://me:hunter2@host:port/calls").unwrap_err();
            assert!(said.contains("address") && !said.contains("hunter2"), "{said}");
        }
    }
}
