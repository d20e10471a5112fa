//! Servers found, started and ended; and what is said when there is none.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use crate::support::settings;
use nix::sys::signal::kill;
use nix::unistd::Pid;
use sqlx::{Connection, MySqlConnection};
use tempfile::TempDir;
use zipster_database::{Error, Event, Origin, Server, Settings, Silent, Storage, Way};

/// A private server, whatever `DATABASE_URL` says.
fn private() -> Settings {
    settings()
        .database_url(None)
        .ways([Way::Installed, Way::Fetched])
}

fn directory(server: &Server) -> PathBuf {
    let Origin::Private { directory, .. } = server.origin() else {
        panic!("not a private server: {}", server.origin());
    };
    directory.clone()
}

fn process(directory: &Path) -> Pid {
    let pid = fs::read_to_string(directory.join("data/pid")).unwrap();
    Pid::from_raw(pid.trim().parse().unwrap())
}

fn runs(process: Pid) -> bool {
    kill(process, None).is_ok()
}

#[tokio::test]
async fn a_stopped_server_is_gone_with_its_data() {
    let server = Server::find(&private(), &Silent).await.unwrap();
    let directory = directory(&server);
    let process = process(&directory);
    assert!(runs(process));
    server.create_database("stopped").await.unwrap();
    server.stop().await.unwrap();
    assert!(!runs(process));
    assert!(!directory.exists());
}

#[tokio::test]
async fn a_dropped_server_is_gone_with_its_data() {
    let server = Server::find(&private(), &Silent).await.unwrap();
    let directory = directory(&server);
    let process = process(&directory);
    drop(server);
    assert!(!runs(process));
    assert!(!directory.exists());
}

/// The environment variable that tells this very test to be the one that is killed.
const HOLDER: &str = "ZIPSTER_TEST_HOLDER";

#[tokio::test]
async fn a_server_is_gone_when_its_holder_is_killed() {
    if std::env::var_os(HOLDER).is_some() {
        let server = Server::find(&private(), &Silent).await.unwrap();
        let directory = directory(&server);
        println!("\nholding {}", directory.display());
        std::future::pending::<()>().await;
    }
    let mut holder = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "server::a_server_is_gone_when_its_holder_is_killed",
            "--nocapture",
        ])
        .env(HOLDER, "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(holder.stdout.take().unwrap()).lines();
    let directory = lines
        .map_while(Result::ok)
        .find_map(|line| line.strip_prefix("holding ").map(PathBuf::from))
        .expect("the holder says where its server is");
    let process = process(&directory);
    assert!(runs(process));

    holder.kill().unwrap();
    holder.wait().unwrap();
    let mut checks = tokio::time::interval(Duration::from_millis(5));
    tokio::time::timeout(Duration::from_secs(30), async {
        while runs(process) || directory.exists() {
            checks.tick().await;
        }
    })
    .await
    .expect("the server and its data go with the holder");
}

#[tokio::test]
async fn a_server_on_disk_lies_in_the_temporary_folder_however_deep() {
    let top = tempfile::tempdir().unwrap();
    // Longer than the path of a socket may be.
    let deep = top
        .path()
        .join("a folder with spaces, and deep")
        .join("d".repeat(120));
    fs::create_dir_all(&deep).unwrap();
    let settings = Settings::from_variables(|name| match name {
        "TMPDIR" => Some(deep.clone().into()),
        _ => std::env::var_os(name),
    });
    let settings = settings.unwrap().storage(Storage::Disk).database_url(None);
    let server = Server::find(&settings.ways([Way::Installed, Way::Fetched]), &Silent)
        .await
        .unwrap();
    assert!(directory(&server).starts_with(&deep));
    let database = server.create_database("disk").await.unwrap();
    database
        .migrate(crate::support::migrations())
        .await
        .unwrap();
    server.stop().await.unwrap();
    assert_eq!(fs::read_dir(&deep).unwrap().count(), 0);
}

#[tokio::test]
async fn what_was_fetched_and_prepared_is_used_again() {
    Server::find(&private(), &Silent)
        .await
        .unwrap()
        .stop()
        .await
        .unwrap();
    let events = Mutex::new(Vec::new());
    let note = |event: &Event| events.lock().unwrap().push(event.clone());
    Server::find(&private(), &note)
        .await
        .unwrap()
        .stop()
        .await
        .unwrap();
    let events = events.into_inner().unwrap();
    let is_slow =
        |event: &&Event| matches!(event, Event::Fetching { .. } | Event::Preparing { .. });
    assert_eq!(events.iter().find(is_slow), None);
    assert!(
        matches!(events.last(), Some(Event::Ready { .. })),
        "{events:?}"
    );
}

#[tokio::test]
async fn a_container_serves_if_docker_does() {
    let settings = settings().database_url(None).ways([Way::Container]);
    match Server::find(&settings, &Silent).await {
        Ok(server) => {
            let database = server.create_database("container").await.unwrap();
            database
                .migrate(crate::support::migrations())
                .await
                .unwrap();
            let url = database.url().clone();
            server.stop().await.unwrap();
            let gone = MySqlConnection::connect(url.expose()).await;
            assert!(gone.is_err(), "the container still serves");
        }
        // On a machine without Docker there is only the refusal to look at.
        Err(error) => {
            let told = error.to_string();
            assert!(told.contains("mysql:8.4 in Docker: "), "{told}");
        }
    }
}

/// A machine whose only server is this shell script.
struct Machine {
    folder: TempDir,
}

impl Machine {
    fn with(script: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = folder.path().join("bin/mysqld");
        fs::create_dir(folder.path().join("bin")).unwrap();
        fs::write(&server, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&server, fs::Permissions::from_mode(0o755)).unwrap();
        Self { folder }
    }

    /// Looks for an installed server here, in vain, and says what it was told.
    async fn search(&self) -> String {
        let folder = self.folder.path();
        let settings = private()
            .search_path([folder.join("bin")])
            .cache(folder.join("cache"))
            .ways([Way::Given, Way::Installed, Way::Fetched]);
        let error = Server::find(&settings, &Silent).await.unwrap_err();
        assert!(matches!(error, Error::NoServer(_)), "{error:?}");
        let folder = fs::canonicalize(folder).unwrap().display().to_string();
        error.to_string().replace(&folder, "FOLDER")
    }
}

/// Says its version, and prepares a data folder; `$*` decides which.
const POLITE: &str = r#"
case "$*" in
*--version*) echo "mysqld  Ver 8.4.2 for Linux on x86_64"; exit ;;
*--initialize*) exit ;;
esac
"#;

#[tokio::test]
async fn a_machine_without_any_server_is_told_everything_that_was_tried() {
    let machine = Machine::with("exit 1");
    fs::remove_file(machine.folder.path().join("bin/mysqld")).unwrap();
    insta::assert_snapshot!(machine.search().await, @r#"
    no MySQL-compatible server was found or could be started
      - DATABASE_URL: not set
      - mysqld or mariadbd on this machine: not on the PATH, nor in the usual folders
      - the distribution's server package, without installing it: no `apt-get` here: this is neither Debian nor Ubuntu
    hint: do one of these
      - set DATABASE_URL=mysql://user:password@host:port/database
      - install a server: `apt-get install mariadb-server-core`, `brew install mysql`
      - start Docker
    "#);
}

#[tokio::test]
async fn a_server_that_does_not_start_is_quoted() {
    let machine = Machine::with(&format!(
        "{POLITE}\necho '[ERROR] permission denied: ibdata1' >&2; exit 3"
    ));
    insta::assert_snapshot!(machine.search().await, @r#"
    no MySQL-compatible server was found or could be started
      - DATABASE_URL: not set
      - mysqld or mariadbd on this machine, FOLDER/bin/mysqld: MySQL 8.4.2 ended while starting
          [ERROR] permission denied: ibdata1
      - the distribution's server package, without installing it: no `apt-get` here: this is neither Debian nor Ubuntu
    hint: do one of these
      - set DATABASE_URL=mysql://user:password@host:port/database
      - install a server: `apt-get install mariadb-server-core`, `brew install mysql`
      - start Docker
    "#);
}

#[tokio::test]
async fn a_server_whose_port_is_taken_tries_others() {
    let machine = Machine::with(&format!(
        "{POLITE}\necho try >>\"$0.tries\"; echo '[ERROR] Bind on TCP/IP port: Address already in use'; exit 1"
    ));
    let told = machine.search().await;
    assert!(
        told.contains("the port chosen for MySQL 8.4.2 was taken by another process each time"),
        "{told}"
    );
    let tries = fs::read_to_string(machine.folder.path().join("bin/mysqld.tries")).unwrap();
    assert_eq!(tries.lines().count(), 5);
}

#[tokio::test]
async fn an_old_server_and_another_program_are_not_taken() {
    let told = Machine::with("echo 'mysqld  Ver 5.7.44 for Linux'")
        .search()
        .await;
    assert!(
        told.contains(
            "FOLDER/bin/mysqld is version 5.7.44, needed is MySQL 8.0 or MariaDB 10.6, or newer"
        ),
        "{told}"
    );
    let told = Machine::with("echo hello").search().await;
    assert!(
        told.contains("FOLDER/bin/mysqld does not say its version: hello"),
        "{told}"
    );
}
