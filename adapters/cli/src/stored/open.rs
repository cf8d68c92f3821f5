//! Opens the store that `--store` names, and tells its errors.

use std::error::Error;
use std::path::PathBuf;

use clap::Args;
use insist_store::{Calls, Sqlite, StoreError};

use crate::exit::Failure;

/// The store.
#[derive(Args)]
pub(super) struct StoreOption {
    /// The store: a file of SQLite, which any number of commands share
    #[arg(long, value_name = "FILE")]
    store: PathBuf,
}

impl StoreOption {
    /// Opens the store, which is made if it does not exist.
    pub(super) fn open_or_make(&self) -> Result<Calls, Failure> {
        self.refuse_urls()?;
        Calls::open(Sqlite::file(&self.store)).map_err(|error| self.failed(&error))
    }

    /// Opens the store, which has to exist.
    pub(super) fn open(&self) -> Result<Calls, Failure> {
        self.refuse_urls()?;
        if !self.store.exists() {
            let path = self.store.display();
            return Err(Failure::Usage(format!("there is no store {path}; `insist later --store {path}` makes one")));
        }
        Calls::open(Sqlite::existing(&self.store)).map_err(|error| self.failed(&error))
    }

    pub(super) fn failed(&self, error: &StoreError) -> Failure {
        Failure::Failed(format!("{}: {}", self.store.display(), told(error)))
    }

    fn refuse_urls(&self) -> Result<(), Failure> {
        match self.store.to_str().filter(|text| text.contains("://")) {
            Some(url) => {
                let scheme = url.split("://").next().unwrap_or_default();
                Err(Failure::Usage(format!("--store takes a file, and this insist knows no store {scheme}://")))
            }
            None => Ok(()),
        }
    }
}

/// An error with what is below it.
pub(super) fn told(error: &StoreError) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
