//! What the tests on a real server share.

use std::path::Path;

use tokio::sync::OnceCell;
use zipster_database::{Database, Event, Server, Settings};

/// Settings as the environment of the tests has them.
pub fn settings() -> Settings {
    Settings::from_variables(|name| std::env::var_os(name)).unwrap()
}

/// One server for all tests of a process; it ends with the process.
pub async fn server() -> &'static Server {
    static SERVER: OnceCell<Server> = OnceCell::const_new();
    SERVER
        .get_or_init(|| async {
            let progress = |event: &Event| eprintln!("database: {event}");
            Server::find(&settings(), &progress).await.unwrap()
        })
        .await
}

/// The project's own migrations.
pub fn migrations() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations"))
}

/// A database with the project's schema and the starting set.
pub async fn migrated(label: &str) -> Database {
    let database = server().await.create_database(label).await.unwrap();
    database.migrate(migrations()).await.unwrap();
    database
}
