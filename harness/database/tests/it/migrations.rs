//! Migrations on a real server: applied once, in order, and never quietly wrong.

use std::fs;

use crate::support::server;
use tempfile::TempDir;
use zipster_database::{Applied, Database, Error, MigrationError, Migrations};

const FIRST: (&str, &str) = ("V1__first.sql", "CREATE TABLE first (id INT);");
const SECOND: (&str, &str) = ("V2__second.sql", "CREATE TABLE second (id INT);");

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// Applies one folder to `database`; what is applied now, or what is wrong.
async fn migrate(database: &Database, files: &[(&str, &str)]) -> Result<Vec<String>, String> {
    match database.migrate(folder(files).path()).await {
        Ok(Applied(files)) => Ok(files),
        Err(Error::Migration(error)) => Err(error.to_string()),
        Err(other) => panic!("{other}"),
    }
}

/// Applies `before`, then `after`, to a fresh database.
#[track_caller]
fn check(before: &[(&str, &str)], after: &[(&str, &str)], expected: Result<&[&str], &str>) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let found = runtime.block_on(async {
        let database = server().await.create_database("migrations").await.unwrap();
        migrate(&database, before).await.unwrap();
        let found = migrate(&database, after).await;
        database.drop().await.unwrap();
        found
    });
    let expected = expected
        .map(|files| {
            files
                .iter()
                .map(|file| (*file).to_owned())
                .collect::<Vec<_>>()
        })
        .map_err(str::to_owned);
    assert_eq!(found, expected);
}

#[test]
fn what_is_new_is_applied_once() {
    check(&[FIRST], &[FIRST], Ok(&[]));
    check(&[FIRST], &[FIRST, SECOND], Ok(&["V2__second.sql"]));
    // In the order of the numbers, not of the names.
    check(
        &[FIRST],
        &[
            FIRST,
            ("V10__last.sql", "ALTER TABLE second ADD x INT;"),
            SECOND,
        ],
        Ok(&["V2__second.sql", "V10__last.sql"]),
    );
}

#[test]
fn what_does_not_fit_the_database_is_named() {
    check(
        &[FIRST],
        &[("V1__first.sql", "CREATE TABLE first (id BIGINT);")],
        Err(
            "V1__first.sql was edited after it was applied to the database (as V1__first.sql): \
             restore it, and write a new migration with the change",
        ),
    );
    check(
        &[FIRST],
        &[SECOND],
        Err("V1__first.sql was applied to the database and is missing from the folder"),
    );
    check(
        &[SECOND],
        &[FIRST, SECOND],
        Err("V1__first.sql was never applied, yet later ones were: give it the next free version"),
    );
}

#[test]
fn a_migration_that_fails_is_named_and_stops_the_rest() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let database = server().await.create_database("failing").await.unwrap();
        let broken = ("V2__broken.sql", "CREATE TABLE first (id INT);");
        let third = ("V3__third.sql", "CREATE TABLE third (id INT);");
        let error = migrate(&database, &[FIRST, broken, third])
            .await
            .unwrap_err();
        assert!(
            error.starts_with("V2__broken.sql failed, after V1__first.sql had been applied: "),
            "{error}"
        );
        assert!(error.contains("Table 'first' already exists"), "{error}");
        // Mended, it goes on from there.
        let applied = migrate(&database, &[FIRST, SECOND, third]).await.unwrap();
        assert_eq!(applied, ["V2__second.sql", "V3__third.sql"]);
        database.drop().await.unwrap();
    });
}

#[tokio::test]
async fn two_that_migrate_at_once_apply_everything_once() {
    let database = server().await.create_database("at once").await.unwrap();
    let folder = crate::support::migrations();
    let (one, two) = tokio::join!(database.migrate(folder), database.migrate(folder));
    let mut applied = [one.unwrap().0, two.unwrap().0];
    applied.sort();
    assert_eq!(applied[0], Vec::<String>::new());
    assert_eq!(
        applied[1],
        [
            "V1__create_loads.sql",
            "V2__create_zip_codes.sql",
            "V3__insert_starting_zip_codes.sql"
        ]
    );
    database.drop().await.unwrap();
}

#[track_caller]
fn check_folder(files: &[(&str, &str)], expected: &str) {
    let folder = folder(files);
    let error = Migrations::read(folder.path()).unwrap_err();
    let text = error
        .to_string()
        .replace(&folder.path().display().to_string(), "FOLDER");
    assert_eq!(text, expected);
}

#[test]
fn a_folder_that_cannot_be_meant_is_refused() {
    check_folder(&[], "no migration in FOLDER");
    check_folder(
        &[FIRST, ("V1__other.sql", "SELECT 1;")],
        "V1__first.sql and V1__other.sql have the same version, 1",
    );
    for name in [
        "V2_second.sql",
        "2__second.sql",
        "V2__.sql",
        "V2__a-b.sql",
        "V2.5__a.sql",
        "V99999999999__a.sql",
    ] {
        let expected = format!("FOLDER/{name} is not named like V1__create_table.sql");
        check_folder(&[FIRST, (name, "SELECT 1;")], &expected);
    }
    let missing = tempfile::tempdir().unwrap().path().join("migrations");
    let error = Migrations::read(&missing).unwrap_err();
    assert!(matches!(error, MigrationError::Read { .. }), "{error}");
}

#[test]
fn other_files_in_the_folder_are_left_alone() {
    let folder = folder(&[FIRST, ("README.md", "# Migrations")]);
    assert_eq!(
        Migrations::read(folder.path()).unwrap().files(),
        ["V1__first.sql"]
    );
}
