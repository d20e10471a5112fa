//! A server of our own: its data in a folder of its own, listening on loopback, and gone with us.
//!
//! The server runs under a small shell script that holds the reading end of a pipe. When the
//! writing end, which is ours, closes, the script kills the server and removes the folder. That
//! happens when a [`PrivateServer`] is stopped or dropped, and also when this process is killed
//! outright. Both run in a process group of their own: Ctrl-C in the terminal is for us to handle.
//!
//! Nothing survives a stop, so the server need not survive a crash: it never waits for a disk.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::Duration;

use sqlx::{ConnectOptions, Connection};

use crate::DatabaseUrl;
use crate::error::WayError;
use crate::program::{Make, Program, option};
use crate::scratch::Scratch;
use crate::settings::Settings;
use crate::template;

/// How long a server may take to start; an idle machine needs a fifth of a second.
const START_LIMIT: Duration = Duration::from_secs(60);
const CHECK_EVERY: Duration = Duration::from_millis(3);
/// A port is free when it is chosen and may be taken when the server asks for it.
const PORT_TRIES: usize = 5;

const ADMINISTRATOR: &str = "zipster";

/// A running server, ended when dropped.
#[derive(Debug)]
pub(crate) struct PrivateServer {
    supervisor: Supervisor,
    url: DatabaseUrl,
    /// Given up after the supervisor, which removes it, has ended.
    scratch: Scratch,
}

impl PrivateServer {
    /// Starts `program` on a copy of the data folder `template`.
    pub(crate) async fn start(
        program: &Program,
        template: &Path,
        settings: &Settings,
    ) -> Result<Self, WayError> {
        let mut log = String::new();
        for _ in 0..PORT_TRIES {
            match Self::start_once(program, template, settings).await {
                Err(WayError::Ended { log: text, .. }) if is_port_taken(&text) => log = text,
                other => return other,
            }
        }
        Err(WayError::NoPort {
            what: program.describe(),
            log,
        })
    }

    async fn start_once(
        program: &Program,
        template: &Path,
        settings: &Settings,
    ) -> Result<Self, WayError> {
        let what = program.describe();
        let scratch = Scratch::new(settings)?;
        let directory = scratch.path().to_path_buf();
        let port = free_port().map_err(WayError::io("choose a port"))?;
        let data = directory.join("data");
        let mut line = program.command_line(&data);
        line.extend(options(program.make, port, &directory));
        let mut supervisor = Supervisor::spawn(&directory, &line).map_err(|error| {
            // Nobody else will; that it is empty but for a log makes it harmless to leave.
            let _ = fs::remove_dir_all(&directory);
            WayError::io("start /bin/sh")(error)
        })?;

        let password = format!("{:032x}", rand::random::<u128>());
        let (from, to, accounts) = (
            template.to_path_buf(),
            directory.clone(),
            accounts(&password),
        );
        tokio::task::spawn_blocking(move || {
            fs::create_dir(to.join("temporary"))?;
            fs::write(to.join("accounts.sql"), accounts)?;
            fs::create_dir(&data)?;
            template::copy(&from, &data)
        })
        .await
        .expect("copying does not panic")
        .map_err(WayError::io(format!(
            "copy a data folder to {}",
            directory.display()
        )))?;
        supervisor.go().map_err(WayError::io("start the server"))?;

        let server = Self {
            supervisor,
            url: DatabaseUrl::of_server("127.0.0.1", port, ADMINISTRATOR, &password),
            scratch,
        };
        server.accepting(&what).await
    }

    /// Waits until the server lets us in, or ends.
    async fn accepting(mut self, what: &str) -> Result<Self, WayError> {
        let options: sqlx::mysql::MySqlConnectOptions = self
            .url
            .expose()
            .parse()
            .expect("our own URL is one that sqlx reads");
        let options = options.disable_statement_logging();
        let mut checks = tokio::time::interval(CHECK_EVERY);
        let until = tokio::time::Instant::now() + START_LIMIT;
        loop {
            checks.tick().await;
            // Our password is known to no other server that may have come by this port.
            if let Ok(connection) = options.connect().await {
                // The server notices a connection that just breaks off, and logs it.
                let _ = connection.close().await;
                return Ok(self);
            }
            let ended = self
                .supervisor
                .ended()
                .map_err(WayError::io("watch the server"))?;
            if ended.is_some() {
                return Err(WayError::Ended {
                    what: what.to_owned(),
                    log: self.supervisor.log(),
                });
            }
            if tokio::time::Instant::now() >= until {
                return Err(WayError::Slow {
                    what: what.to_owned(),
                    seconds: START_LIMIT.as_secs(),
                    log: self.supervisor.log(),
                });
            }
        }
    }

    /// The administrator's way in.
    pub(crate) fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    /// Where the data is until the server ends.
    pub(crate) fn directory(&self) -> &Path {
        self.scratch.path()
    }

    /// Ends the server and waits until it and its data are gone. Blocks.
    pub(crate) fn stop(mut self) -> io::Result<()> {
        self.supervisor.end()?;
        Ok(())
    }
}

/// The shell that ends the server when our end of the pipe closes.
#[derive(Debug)]
struct Supervisor {
    child: Child,
    /// Closed to end the server.
    pipe: Option<ChildStdin>,
    /// Opened before the folder it lies in can be removed, and readable afterwards.
    log: File,
}

impl Supervisor {
    fn spawn(directory: &Path, line: &[OsString]) -> io::Result<Self> {
        let path = directory.join("log");
        let log = File::create_new(&path)?;
        let mut child = Command::new("/bin/sh")
            .args(["-c", include_str!("supervise.sh"), "zipster-database"])
            .arg(directory)
            .args(line)
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0)
            .spawn()?;
        Ok(Self {
            pipe: child.stdin.take(),
            child,
            log: File::open(&path)?,
        })
    }

    /// The folder is prepared: starts the server.
    fn go(&mut self) -> io::Result<()> {
        match &mut self.pipe {
            Some(pipe) => pipe.write_all(b"go\n"),
            None => Ok(()),
        }
    }

    fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    fn end(&mut self) -> io::Result<ExitStatus> {
        drop(self.pipe.take());
        self.child.wait()
    }

    fn log(&self) -> String {
        let mut log = Vec::new();
        // Half a log, or none, is what there is to show then.
        let _ = (&self.log)
            .seek(SeekFrom::Start(0))
            .and_then(|_| (&self.log).read_to_end(&mut log));
        String::from_utf8_lossy(&log).into_owned()
    }
}

impl Drop for Supervisor {
    /// Blocks for the few milliseconds that killing and removing take, so that nothing is left
    /// when the owner is gone.
    fn drop(&mut self) {
        // There is nobody to tell, and the script cleans up without us.
        let _ = self.end();
    }
}

fn free_port() -> io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}

/// Whether a server's log tells that another process had the port.
fn is_port_taken(log: &str) -> bool {
    log.contains("Address already in use") || log.contains("Bind on TCP/IP port")
}

/// Run by the server before it accepts connections; one statement a line.
fn accounts(password: &str) -> String {
    format!(
        "CREATE USER '{ADMINISTRATOR}'@'%' IDENTIFIED BY '{password}';\n\
         GRANT ALL PRIVILEGES ON *.* TO '{ADMINISTRATOR}'@'%' WITH GRANT OPTION;\n\
         DROP USER IF EXISTS 'root'@'127.0.0.1';\n\
         DROP USER IF EXISTS 'root'@'::1';\n"
    )
}

/// What both makes are told, and what only one of them knows.
fn options(make: Make, port: u16, directory: &Path) -> Vec<OsString> {
    let common = [
        "--bind-address=127.0.0.1",
        // Relative to the data folder, where the server goes: a socket's path has 107 bytes at most.
        "--socket=socket",
        "--pid-file=pid",
        "--skip-log-bin",
        "--skip-name-resolve",
        "--character-set-server=utf8mb4",
        "--max-connections=500",
        "--max-allowed-packet=64M",
        "--performance-schema=0",
        "--innodb-flush-method=nosync",
        "--innodb-doublewrite=0",
        "--innodb-flush-log-at-trx-commit=0",
        "--innodb-buffer-pool-size=64M",
        "--innodb-buffer-pool-load-at-startup=0",
        "--innodb-buffer-pool-dump-at-shutdown=0",
        // Not every machine or container lets a process have the kernel's queues.
        "--innodb-use-native-aio=0",
        "--key-buffer-size=1M",
    ];
    let own: &[&str] = match make {
        Make::MariaDb => &["--aria-pagecache-buffer-size=8M"],
        Make::MySql => &["--mysqlx=0"],
    };
    let mut options: Vec<OsString> = common
        .iter()
        .chain(own)
        .chain(template::sizes(make))
        .map(OsString::from)
        .collect();
    options.push(format!("--port={port}").into());
    options.push(option("--init-file=", &directory.join("accounts.sql")));
    options.push(option("--tmpdir=", &directory.join("temporary")));
    options
}
