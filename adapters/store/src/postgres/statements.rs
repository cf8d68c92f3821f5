//! Statements that a connection has prepared.

use std::collections::HashMap;

use ::postgres::types::ToSql;
use ::postgres::{GenericClient, Row, Statement};

use super::errors::told;
use crate::error::StoreError;

/// The values that a statement is given.
pub(super) type Params<'p> = &'p [&'p (dyn ToSql + Sync)];

#[derive(Default)]
pub(super) struct Statements(HashMap<&'static str, Statement>);

impl Statements {
    pub(super) fn query(
        &mut self,
        client: &mut impl GenericClient,
        sql: &'static str,
        params: Params<'_>,
    ) -> Result<Vec<Row>, StoreError> {
        if let Some(statement) = self.0.get(sql) {
            return client.query(statement, params).map_err(told);
        }
        let statement = client.prepare(sql).map_err(told)?;
        let rows = client.query(&statement, params).map_err(told);
        self.0.insert(sql, statement);
        rows
    }
}
