use std::io;

use insist::tokio::retry_local;
use insist::{Policy, Reason};

struct Connection {
    queries: u32,
}

impl Connection {
    async fn query(&mut self, sql: &str) -> io::Result<usize> {
        self.queries += 1;
        tokio::task::yield_now().await;
        if self.queries < 3 { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(sql.len()) }
    }
}

async fn rows(connection: &mut Connection, sql: &str) -> io::Result<usize> {
    retry_local(Policy::zero(), async |_| connection.query(sql).await).call().await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let mut connection = Connection { queries: 0 };
    assert_eq!(rows(&mut connection, "SELECT 1").await?, 8);
    assert_eq!(connection.queries, 3);

    connection.queries = 0;
    let gave_up = retry_local(Policy::stop(), async |_| connection.query("SELECT 2").await).try_call().await;
    assert_eq!(gave_up.unwrap_err().reason, Reason::Backoff);

    let (result, report) = retry_local(Policy::zero(), async |_| connection.query("SELECT 3").await).report().await;
    assert_eq!(result.ok(), Some(8));
    assert_eq!(report.attempts, 2);
    Ok(())
}
