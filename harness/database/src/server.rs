//! Finding a server, or starting one, and ending it.

use std::fmt;
use std::path::PathBuf;
use std::time::Instant;

use sqlx::{Connection, MySqlConnection};

use crate::container::Container;
use crate::error::{Tried, WayError, chain};
use crate::private::PrivateServer;
use crate::program::Program;
use crate::progress::{Attempt, Event, Progress};
use crate::settings::{Settings, Way};
use crate::{DatabaseUrl, Error, packages, template};

/// A MySQL-compatible server that accepts connections.
///
/// A server that was started here ends when this is dropped, and also when the process is killed;
/// [`stop`](Self::stop) does the same and tells what went wrong. It may be used from any runtime.
#[derive(Debug)]
pub struct Server {
    running: Running,
    origin: Origin,
}

#[derive(Debug)]
enum Running {
    Given(DatabaseUrl),
    Private(Box<PrivateServer>),
    Container(Box<Container>),
}

/// Where a server comes from. `Display` says it in a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// `DATABASE_URL` names it.
    Given {
        /// The URL; its password is not shown.
        url: DatabaseUrl,
    },
    /// A process of our own.
    Private {
        /// Make and version, such as `MariaDB 10.11.14`.
        version: String,
        /// What runs.
        executable: PathBuf,
        /// Where its data is; removed when it ends.
        directory: PathBuf,
    },
    /// A container of our own.
    Container {
        /// Its image.
        image: String,
        /// Docker's identifier of it.
        id: String,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given { url } => write!(f, "the server of DATABASE_URL, {url}"),
            Self::Private {
                version,
                executable,
                directory,
            } => write!(
                f,
                "a private server, {version} ({}), data in {}",
                executable.display(),
                directory.display()
            ),
            Self::Container { image, id } => {
                write!(f, "a container of {image}, {}", id.get(..12).unwrap_or(id))
            }
        }
    }
}

impl Server {
    /// Finds or starts a server, by the ways of `settings` in their order.
    ///
    /// What does not work is told to `progress`, with its reason, and the next way is tried. Only
    /// a `DATABASE_URL` that does not work is an error at once: somebody meant that server.
    ///
    /// # Errors
    /// [`Error::Unreachable`] for a `DATABASE_URL` that does not let us in, else
    /// [`Error::NoServer`] with everything that was tried.
    pub async fn find(settings: &Settings, progress: &dyn Progress) -> Result<Self, Error> {
        let begun = Instant::now();
        let mut search = Search {
            settings,
            progress,
            tried: Vec::new(),
        };
        for way in &settings.ways {
            if let Some(server) = search.go(*way).await? {
                progress.tell(&Event::Ready {
                    origin: server.origin.clone(),
                    took: begun.elapsed(),
                });
                return Ok(server);
            }
        }
        Err(Error::NoServer(Tried(search.tried)))
    }

    /// Where the server comes from.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The way in with all rights that we have, without a database unless `DATABASE_URL` names one.
    #[must_use]
    pub fn url(&self) -> &DatabaseUrl {
        match &self.running {
            Running::Given(url) => url,
            Running::Private(server) => server.url(),
            Running::Container(container) => container.url(),
        }
    }

    /// Host and port at which containers of [`Settings::network`] reach the server; none if it
    /// does not run in a container.
    #[must_use]
    pub fn address_in_network(&self) -> Option<(String, u16)> {
        match &self.running {
            Running::Container(container) => Some(container.address_in_network()),
            Running::Given(_) | Running::Private(_) => None,
        }
    }

    pub(crate) async fn connect(&self) -> Result<MySqlConnection, Error> {
        connect(self.url())
            .await
            .map_err(Error::query("connect to the database server"))
    }

    /// Ends the server, if it was started here, and removes its data.
    ///
    /// # Errors
    /// [`Error::Stop`] if the system or Docker does not do as told.
    pub async fn stop(self) -> Result<(), Error> {
        match self.running {
            Running::Given(_) => Ok(()),
            Running::Private(server) => tokio::task::spawn_blocking(move || server.stop())
                .await
                .expect("stopping does not panic")
                .map_err(|error| Error::Stop(chain(&error))),
            Running::Container(container) => container
                .stop()
                .await
                .map_err(|error| Error::Stop(chain(&error))),
        }
    }
}

pub(crate) async fn connect(url: &DatabaseUrl) -> Result<MySqlConnection, sqlx::Error> {
    MySqlConnection::connect(url.expose()).await
}

/// A search under way.
struct Search<'a> {
    settings: &'a Settings,
    progress: &'a dyn Progress,
    tried: Vec<Attempt>,
}

impl Search<'_> {
    async fn go(&mut self, way: Way) -> Result<Option<Server>, Error> {
        match way {
            Way::Given => self.given().await,
            Way::Installed => Ok(self.installed().await),
            Way::Fetched => Ok(self.fetched().await),
            Way::Container => Ok(self.container().await),
        }
    }

    async fn given(&mut self) -> Result<Option<Server>, Error> {
        let Some(url) = &self.settings.database_url else {
            self.note("DATABASE_URL", "not set".to_owned());
            return Ok(None);
        };
        let unreachable = |source| Error::Unreachable {
            url: url.to_string(),
            source,
        };
        let connection = connect(url).await.map_err(unreachable)?;
        connection.close().await.map_err(unreachable)?;
        Ok(Some(Server {
            running: Running::Given(url.clone()),
            origin: Origin::Given { url: url.clone() },
        }))
    }

    async fn installed(&mut self) -> Option<Server> {
        const WHAT: &str = "mysqld or mariadbd on this machine";
        let executables = Program::installed(self.settings);
        if executables.is_empty() {
            self.note(WHAT, "not on the PATH, nor in the usual folders".to_owned());
        }
        for executable in executables {
            let what = format!("{WHAT}, {}", executable.display());
            let started = match Program::examine(executable, Vec::new()).await {
                Ok(program) => self.private(&program).await,
                Err(error) => Err(error),
            };
            if let Some(server) = self.keep(&what, started) {
                return Some(server);
            }
        }
        None
    }

    async fn fetched(&mut self) -> Option<Server> {
        let started = match packages::fetched(self.settings, self.progress).await {
            Ok(program) => self.private(&program).await,
            Err(error) => Err(error),
        };
        self.keep(
            "the distribution's server package, without installing it",
            started,
        )
    }

    async fn private(&self, program: &Program) -> Result<Server, WayError> {
        let template = template::of(program, self.settings, self.progress).await?;
        let server = PrivateServer::start(program, &template, self.settings).await?;
        Ok(Server {
            origin: Origin::Private {
                version: program.describe(),
                executable: program.executable.clone(),
                directory: server.directory().to_path_buf(),
            },
            running: Running::Private(Box::new(server)),
        })
    }

    async fn container(&mut self) -> Option<Server> {
        let image = self.settings.image.clone();
        let started = Container::start(self.settings, self.progress).await;
        let started = started.map(|container| Server {
            origin: Origin::Container {
                image: image.clone(),
                id: container.id().to_owned(),
            },
            running: Running::Container(Box::new(container)),
        });
        self.keep(&format!("{image} in Docker"), started)
    }

    fn keep(&mut self, what: &str, started: Result<Server, WayError>) -> Option<Server> {
        match started {
            Ok(server) => Some(server),
            Err(error) => {
                self.note(what, chain(&error));
                None
            }
        }
    }

    fn note(&mut self, what: &str, reason: String) {
        let attempt = Attempt {
            what: what.to_owned(),
            reason,
        };
        self.progress.tell(&Event::Unavailable(attempt.clone()));
        self.tried.push(attempt);
    }
}
