//! A store in a database of its own.

use insist_store::Postgres;
use insist_store::postgres::postgres::{Client, NoTls};

use crate::server::Server;

/// Makes the state of every call one that nobody can read.
pub(crate) const SPOIL: &str = "UPDATE insist_calls SET state = set_byte(state, 0, 255)";

pub(crate) struct Home(String);

impl Home {
    pub(crate) fn new() -> Option<Self> {
        Some(Self(Server::get()?.database()))
    }

    pub(crate) fn url(&self) -> &str {
        &self.0
    }

    /// Returns the name of the database.
    pub(crate) fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap()
    }

    pub(crate) fn store(&self) -> Postgres {
        Postgres::url(&self.0).unwrap()
    }

    pub(crate) fn client(&self) -> Client {
        Client::connect(&self.0, NoTls).unwrap()
    }

    pub(crate) fn execute(&self, sql: &str) {
        self.client().batch_execute(sql).unwrap();
    }

    /// Counts every row that is written from now on, by whatever connection.
    pub(crate) fn count_writes(&self) {
        let mut sql = "CREATE TABLE written (rows bigint); INSERT INTO written VALUES (0);
            CREATE FUNCTION count_write() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN UPDATE written SET rows = rows + 1; RETURN NULL; END $$;"
            .to_string();
        for table in ["calls", "bodies", "queues", "counts", "targets", "policies", "meta"] {
            sql.push_str(&format!(
                "CREATE TRIGGER count AFTER INSERT OR UPDATE OR DELETE ON insist_{table}
                FOR EACH ROW EXECUTE FUNCTION count_write();"
            ));
        }
        self.execute(&sql);
    }

    pub(crate) fn written(&self) -> i64 {
        self.client().query_one("SELECT rows FROM written", &[]).unwrap().get(0)
    }

    /// Returns how many bytes it takes, once what is dead has been swept, as the database does by itself in time.
    pub(crate) fn size(&self) -> u64 {
        let mut client = self.client();
        client.batch_execute("VACUUM").unwrap();
        let size = "SELECT sum(pg_total_relation_size(oid))::bigint FROM pg_class WHERE relname IN
            ('insist_calls', 'insist_bodies', 'insist_counts', 'insist_queues')";
        client.query_one(size, &[]).unwrap().get::<_, i64>(0) as u64
    }
}
