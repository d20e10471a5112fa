//! Databases on a real server: made, migrated, asked and dropped.

use std::path::Path;

use tokio::sync::OnceCell;
use zipster_database::{Database, Event, Server, Settings, count_zip_codes, loads};

/// One server for all tests of this process; it ends with the process.
static SERVER: OnceCell<Server> = OnceCell::const_new();

async fn server() -> &'static Server {
    SERVER
        .get_or_init(|| async {
            let settings = Settings::from_variables(|name| std::env::var_os(name)).unwrap();
            let progress = |event: &Event| eprintln!("database: {event}");
            Server::find(&settings, &progress).await.unwrap()
        })
        .await
}

/// The project's own migrations.
fn migrations() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations"))
}

async fn migrated(label: &str) -> Database {
    let database = server().await.create_database(label).await.unwrap();
    database.migrate(migrations()).await.unwrap();
    database
}

#[tokio::test]
async fn a_fresh_database_has_the_starting_set_and_no_loads() {
    let database = migrated("starting set").await;
    assert_eq!(count_zip_codes(database.pool()).await.unwrap(), 20);
    assert_eq!(loads(database.pool()).await.unwrap(), []);
    database.drop().await.unwrap();
}
