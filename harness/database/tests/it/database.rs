//! Databases on a real server: made, asked, kept apart and dropped.

use crate::support::{migrated, server, settings};
use sqlx::mysql::MySqlPoolOptions;
use sqlx::{AssertSqlSafe, Connection, MySqlConnection, MySqlPool};
use zipster_database::{
    Database, DatabaseUrl, Error, Server, Silent, Way, count_zip_codes, loads, row, within,
};

/// Around the two centres of the search, from the published data.
const AROUND: &str = "
    ('07444', 'STANDARD', 'POMPTON PLAINS', 'NJ', 'PRIMARY', 40.96, -74.30, 'NA-US-NJ-POMPTON PLAINS', FALSE),
    ('07035', 'STANDARD', 'LINCOLN PARK', 'NJ', 'PRIMARY', 40.92, -74.30, 'NA-US-NJ-LINCOLN PARK', FALSE),
    ('07477', 'UNIQUE', 'WAYNE', 'NJ', 'PRIMARY', 40.92, -74.27, 'NA-US-NJ-WAYNE', TRUE),
    ('06883', 'STANDARD', 'WESTON', 'CT', 'PRIMARY', 41.22, -73.37, 'NA-US-CT-WESTON', FALSE),
    ('06875', 'PO BOX', 'REDDING CENTER', 'CT', 'PRIMARY', 41.30, -73.38, 'NA-US-CT-REDDING CENTER', FALSE),
    ('06876', 'PO BOX', 'REDDING RIDGE', 'CT', 'PRIMARY', 41.30, -73.38, 'NA-US-CT-REDDING RIDGE', FALSE),
    ('06896', 'STANDARD', 'REDDING', 'CT', 'PRIMARY', 41.30, -73.38, 'NA-US-CT-REDDING', FALSE),
    ('06611', 'STANDARD', 'TRUMBULL', 'CT', 'PRIMARY', 41.25, -73.20, 'NA-US-CT-TRUMBULL', FALSE)";

async fn insert(pool: &MySqlPool, rows: &str) {
    let statement = format!(
        "INSERT INTO zip_codes (zipcode, zipcode_type, city, state, location_type, latitude, \
         longitude, location, decommissioned) VALUES {rows}"
    );
    sqlx::query(AssertSqlSafe(statement))
        .execute(pool)
        .await
        .unwrap();
}

/// Searches, and shows each find as `zipcode distance`.
async fn found(database: &Database, miles: f64, centre: &str) -> Vec<String> {
    let found = within(database.pool(), miles, centre).await.unwrap();
    found
        .iter()
        .map(|found| format!("{} {:.3}", found.zipcode, found.distance_miles))
        .collect()
}

#[tokio::test]
async fn the_starting_set_has_both_centres_and_nothing_near_them() {
    let database = migrated("starting set").await;
    let pool = database.pool();
    assert_eq!(count_zip_codes(pool).await.unwrap(), 20);
    assert_eq!(loads(pool).await.unwrap(), []);
    let centre = row(pool, "07440").await.unwrap().unwrap();
    assert_eq!(
        (centre.latitude.as_str(), centre.longitude.as_str()),
        ("40.94", "-74.29")
    );
    assert_eq!(
        (centre.city.as_str(), centre.state.as_str()),
        ("PEQUANNOCK", "NJ")
    );
    assert_eq!((centre.source_version.as_str(), centre.load_id), ("", None));
    assert_eq!(row(pool, "07444").await.unwrap(), None);
    assert!(found(&database, 2.0, "07440").await.is_empty());
    assert!(found(&database, 6.0, "06612").await.is_empty());
    // Further away there is something to find.
    assert_eq!(
        found(&database, 14.0, "06612").await,
        ["06604 7.489", "06850 11.839", "06810 13.826"]
    );
    database.drop().await.unwrap();
}

#[tokio::test]
async fn a_search_lists_what_is_near_nearest_first_without_the_centre() {
    let database = migrated("search").await;
    insert(database.pool(), AROUND).await;
    assert_eq!(
        found(&database, 2.0, "07440").await,
        ["07444 1.477", "07035 1.477", "07477 1.732"]
    );
    assert_eq!(
        found(&database, 6.0, "06612").await,
        [
            "06883 3.411",
            "06875 5.514",
            "06876 5.514",
            "06896 5.514",
            "06611 5.756"
        ]
    );
    assert_eq!(found(&database, 13_000.0, "06612").await.len(), 27);
    database.drop().await.unwrap();
}

#[tokio::test]
async fn a_search_around_nowhere_says_so() {
    let database = migrated("nowhere").await;
    let pool = database.pool();
    insert(
        pool,
        "('00001', 'UNIQUE', 'A', 'AA', 'PRIMARY', 999.99, -999.99, 'A', FALSE)",
    )
    .await;
    let refused = async |miles, centre| within(pool, miles, centre).await.unwrap_err().to_string();
    assert_eq!(
        refused(2.0, "99999").await,
        "zip code 99999 is not in the database"
    );
    assert_eq!(
        refused(2.0, "00001").await,
        "zip code 00001 lies at 999.99, -999.99, which is no place on Earth"
    );
    assert_eq!(
        refused(-1.0, "07440").await,
        "-1 is no radius, expected zero or more miles"
    );
    assert_eq!(
        refused(f64::NAN, "07440").await,
        "NaN is no radius, expected zero or more miles"
    );
    database.drop().await.unwrap();
}

#[tokio::test]
async fn a_search_among_many_uses_the_index() {
    let database = migrated("index").await;
    let pool = database.pool();
    let rows: Vec<String> = (20_000..30_000)
        .map(|n| {
            let (latitude, longitude) = (
                25.0 + f64::from(n % 100) / 4.0,
                -70.0 - f64::from(n / 100 % 100) / 2.0,
            );
            format!(
                "('{n}', 'STANDARD', 'A', 'CT', 'PRIMARY', {latitude}, {longitude}, 'A', FALSE)"
            )
        })
        .collect();
    insert(pool, &rows.join(",")).await;
    sqlx::query("ANALYZE TABLE zip_codes")
        .execute(pool)
        .await
        .unwrap();
    // One connection, since each counts for itself what it reads.
    let one = MySqlPoolOptions::new().max_connections(1);
    let one = one.connect(database.url().expose()).await.unwrap();
    let read = async || -> u64 {
        let status = "SHOW SESSION STATUS LIKE 'Handler_read%'";
        let rows: Vec<(String, String)> = sqlx::query_as(status).fetch_all(&one).await.unwrap();
        rows.iter()
            .map(|(_, count)| count.parse::<u64>().unwrap())
            .sum()
    };
    let before = read().await;
    assert!(!within(&one, 60.0, "20800").await.unwrap().is_empty());
    let after = read().await;
    assert!(
        after - before < 2_000,
        "read {} of 10,020 rows",
        after - before
    );
    one.close().await;
    database.drop().await.unwrap();
}

#[tokio::test]
async fn no_accepted_row_is_too_long_for_the_table() {
    let database = migrated("long").await;
    let city = "A".repeat(1 << 20);
    insert(
        database.pool(),
        &format!("('00001', 'PO BOX', '{city}', 'AA', 'PRIMARY', -999.99, 999.99, '{city}', TRUE)"),
    )
    .await;
    let stored = row(database.pool(), "00001").await.unwrap().unwrap();
    assert_eq!(stored.city.len(), 1 << 20);
    assert_eq!(
        (stored.latitude.as_str(), stored.decommissioned),
        ("-999.99", true)
    );
    database.drop().await.unwrap();
}

#[tokio::test]
async fn the_ledger_takes_an_event_once() {
    let database = migrated("ledger").await;
    let statement = "INSERT INTO loads (bucket, object_key, sequencer, etag, source_version, \
                     rows_read, rows_stored) VALUES ('b', ?, ?, 'e', 'v', 3, 2)";
    let add = async |key: &str, sequencer: &str| {
        let query = sqlx::query(statement).bind(key.as_bytes()).bind(sequencer);
        query.execute(database.pool()).await
    };
    add("Zürich.csv", "1").await.unwrap();
    add("Zürich.csv", "1").await.unwrap_err();
    add("zürich.csv", "1").await.unwrap();
    add("Zürich.csv", "2").await.unwrap();
    add(&"k".repeat(1024), "1").await.unwrap();
    let ledger = loads(database.pool()).await.unwrap();
    let keys: Vec<&str> = ledger.iter().map(|load| load.object_key.as_str()).collect();
    assert_eq!(keys[..3], ["Zürich.csv", "zürich.csv", "Zürich.csv"]);
    assert_eq!((ledger[0].rows_read, ledger[0].rows_stored), (3, 2));
    database.drop().await.unwrap();
}

/// What an account may do with a statement.
async fn try_as(url: &DatabaseUrl, statement: &'static str) -> Result<(), String> {
    let mut connection = MySqlConnection::connect(url.expose())
        .await
        .map_err(|e| e.to_string())?;
    let result = sqlx::raw_sql(statement).execute(&mut connection).await;
    connection.close().await.unwrap();
    result.map(|_| ()).map_err(|e| e.to_string())
}

#[tokio::test]
async fn a_function_may_write_rows_and_nothing_else() {
    let database = migrated("account").await;
    let other = migrated("account").await;
    try_as(
        database.url(),
        "UPDATE zip_codes SET city = 'EAST ON' WHERE zipcode = '06612'",
    )
    .await
    .unwrap();
    try_as(database.url(), "DROP TABLE zip_codes")
        .await
        .unwrap_err();
    try_as(database.url(), "CREATE TABLE mine (id INT)")
        .await
        .unwrap_err();
    let elsewhere = DatabaseUrl::parse(
        &database
            .url()
            .expose()
            .replace(database.name(), other.name()),
    )
    .unwrap();
    let refusal = try_as(&elsewhere, "SELECT 1").await.unwrap_err();
    assert!(refusal.contains("Access denied"), "{refusal}");
    // Each has its own rows.
    let city = row(other.pool(), "06612").await.unwrap().unwrap().city;
    assert_eq!(city, "EASTON");
    database.drop().await.unwrap();
    other.drop().await.unwrap();
}

#[tokio::test]
async fn a_dropped_database_leaves_no_account() {
    let database = migrated("dropped").await;
    let url = database.url().clone();
    database.drop().await.unwrap();
    let refusal = try_as(&url, "SELECT 1").await.unwrap_err();
    assert!(refusal.contains("Access denied"), "{refusal}");
}

/// The server of these tests, as somebody else's who gave us this URL.
async fn given(url: DatabaseUrl) -> Result<Server, Error> {
    let settings = settings().database_url(Some(url)).ways([Way::Given]);
    Server::find(&settings, &Silent).await
}

/// An account that may use databases whose names match `pattern`, and `database` in its URL.
async fn account(name: &str, pattern: &str, database: &str) -> DatabaseUrl {
    let mut admin = MySqlConnection::connect(server().await.url().expose())
        .await
        .unwrap();
    let statements = format!(
        "CREATE DATABASE {database}; CREATE USER '{name}'@'%' IDENTIFIED BY 'Zip-0'; \
         GRANT ALL ON `{pattern}`.* TO '{name}'@'%'"
    );
    sqlx::raw_sql(AssertSqlSafe(statements))
        .execute(&mut admin)
        .await
        .unwrap();
    admin.close().await.unwrap();
    let address = server().await.url();
    let text = format!(
        "mysql://{name}:Zip-0@{}:{}/{database}",
        address.host(),
        address.port()
    );
    DatabaseUrl::parse(&text).unwrap()
}

#[tokio::test]
async fn a_given_server_gets_databases_beside_the_one_it_names() {
    let random = std::process::id();
    let name = format!("given_{random}");
    let url = account(&name, &format!("given\\_{random}%"), &name).await;
    let server = given(url.clone()).await.unwrap();
    assert_eq!(
        server.origin().to_string(),
        format!(
            "the server of DATABASE_URL, mysql://{name}:***@{}:{}/{name}",
            url.host(),
            url.port()
        )
    );

    let database = server.create_database("scenario").await.unwrap();
    assert!(
        database.name().starts_with(&format!("{name}_scenario_")),
        "{}",
        database.name()
    );
    database
        .migrate(crate::support::migrations())
        .await
        .unwrap();
    // It may make databases but no accounts, so the functions get its own.
    try_as(database.url(), "DELETE FROM zip_codes")
        .await
        .unwrap();
    database.drop().await.unwrap();

    let own = server.own_database().unwrap().unwrap();
    assert_eq!(own.name(), name);
    own.drop().await.unwrap();
    try_as(&url, "CREATE TABLE still_there (id INT)")
        .await
        .unwrap();
    server.stop().await.unwrap();
}

#[tokio::test]
async fn an_account_that_may_make_no_database_is_told_what_it_needs() {
    let random = std::process::id();
    let name = format!("confined_{random}");
    let server = given(account(&name, &name, &name).await).await.unwrap();
    let error = server
        .create_database("scenario")
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with(&format!(
            "{name} may not create the database {name}_scenario_"
        )),
        "{error}"
    );
    assert!(
        error.contains(&format!("GRANT ALL ON `confined\\_{random}\\_%`.* TO")),
        "{error}"
    );
}

#[tokio::test]
async fn a_given_server_that_does_not_answer_is_an_error_at_once() {
    let url = DatabaseUrl::parse("mysql://me:secret@127.0.0.1:1/zip").unwrap();
    let settings = settings().database_url(Some(url));
    let error = Server::find(&settings, &Silent)
        .await
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "cannot connect to the server of DATABASE_URL, mysql://me:***@127.0.0.1:1/zip"
    );
}
