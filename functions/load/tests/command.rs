//! The command line of `load`, as far as it goes without a database.
#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test fails the test, like the test itself"
)]

use std::io::Write;
use std::net::TcpListener;
use std::process::{Command, Output, Stdio};

const HEADER: &str =
    "zipcode,zipcode_type,city,state,location_type,latitude,longitude,location,decommissioned\n";
const ROW: &str = "06604,STANDARD,BRIDGEPORT,CT,PRIMARY,41.18,-73.19,NA-US-CT-BRIDGEPORT,FALSE\n";

/// Runs `load` with `input` on standard input, and nothing in its environment but what is given.
fn load(arguments: &[&str], environment: &[(&str, &str)], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_load"))
        .args(arguments)
        .env_clear()
        .envs(environment.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that refuses its arguments does not wait for its input.
    drop(child.stdin.take().unwrap().write_all(input.as_bytes()));
    child.wait_with_output().unwrap()
}

/// What was said on standard error, after a look at the exit code and at standard output, which is
/// for results only.
#[track_caller]
fn refused(output: &Output, code: i32) -> String {
    let talk = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(code), "{talk}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    assert!(!talk.contains("s3cret"), "{talk}");
    talk
}

#[test]
fn help_explains_arguments_and_exit_codes() {
    let output = load(&["--help"], &[], "");
    assert!(output.status.success());
    insta::assert_snapshot!(String::from_utf8(output.stdout).unwrap());
}

#[test]
fn a_missing_address_is_asked_for() {
    let talk = refused(&load(&["-"], &[], ""), 2);
    assert!(talk.contains("--database-url <URL>"), "{talk}");
}

#[test]
fn a_wrong_address_is_explained_without_its_password() {
    let url = "postgres://zip:s3cret@db/zipster";
    let expected = "\
error: the database's URL is not the address of a database: its scheme is not `mysql`; expected \
mysql://USER:PASSWORD@HOST:PORT/DATABASE
hint: percent-encode what is special in user and password, `@` as `%40`
";
    let argument = load(&["-", "--database-url", url], &[], "");
    assert_eq!(refused(&argument, 2), expected);
    let environment = load(&["-"], &[("DATABASE_URL", url)], "");
    assert_eq!(refused(&environment, 2), expected);
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let url = format!("mysql://zip:s3cret@127.0.0.1:{port}/zipster");
    let output = load(&["-"], &[("DATABASE_URL", &url)], &[HEADER, ROW].concat());
    assert_eq!(
        refused(&output, 5),
        format!(
            "\
error: cannot connect to mysql://zip@127.0.0.1:{port}/zipster: the database cannot be reached: \
error communicating with database: Connection refused (os error 111)
hint: check that the server runs, and that host and port in DATABASE_URL, network and security \
groups let the caller through
"
        )
    );
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let url = [("DATABASE_URL", "mysql://zip@127.0.0.1/zipster")];
    assert_eq!(
        refused(&load(&["/nowhere/zipcodes.csv"], &url, ""), 3),
        "error: cannot read /nowhere/zipcodes.csv: No such file or directory (os error 2)\n"
    );
}

#[test]
fn a_malformed_line_is_named_before_any_database_is_asked() {
    let url = [("DATABASE_URL", "mysql://zip@127.0.0.1:1/zipster")];
    let short = ROW.replace("06604", "6604");
    let output = load(&["-"], &url, &[HEADER, ROW, &short].concat());
    assert_eq!(
        refused(&output, 4),
        "\
error: standard input is not a load file: line 3: '6604' is not a normalised zipcode
hint: nothing of it was loaded; `transform` writes load files
"
    );
    let extract = "Zipcode,ZipCodeType,City,State,LocationType,Lat,Long,Location,Decommisioned\n";
    let talk = refused(&load(&["-"], &url, extract), 4);
    assert!(
        talk.contains("line 1: the header has the columns ['Zipcode', "),
        "{talk}"
    );
    let talk = refused(&load(&["-"], &url, ""), 4);
    assert!(talk.contains("line 1: the file is empty"), "{talk}");
}
