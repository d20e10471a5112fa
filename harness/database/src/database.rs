//! One database on a server: made fresh for a scenario, or the one that `DATABASE_URL` names.

use std::path::Path;

use sqlx::mysql::{MySqlDatabaseError, MySqlPoolOptions};
use sqlx::{AssertSqlSafe, Connection, Executor, MySqlConnection, MySqlPool};

use crate::migrations::{Applied, Migrations};
use crate::server::connect;
use crate::{DatabaseUrl, Error, Server};

/// Connections that the harness holds at most; the functions have their own.
const CONNECTIONS: u32 = 4;

/// How long dropping a database waits for a transaction that is still open in it.
const DROP_SECONDS: u32 = 20;

/// A database, and the ways into it.
#[derive(Debug)]
pub struct Database {
    name: String,
    owner: DatabaseUrl,
    url: DatabaseUrl,
    pool: MySqlPool,
    origin: Made,
}

/// Whose a database is, and so what dropping it means.
#[derive(Debug)]
enum Made {
    /// It was there before us and stays.
    Before,
    /// By us, with an account of its own if we may make accounts.
    ByUs { account: Option<String> },
}

impl Server {
    /// Makes an empty database for the scenario or session `label`, with an account that may read
    /// and write its rows and nothing else.
    ///
    /// The name holds `label` and is new each time. If we may not make accounts on a server of
    /// `DATABASE_URL`, that URL's own account is used instead.
    ///
    /// # Errors
    /// [`Error::MayNotCreate`] if the account of `DATABASE_URL` may not, [`Error::Query`] if the
    /// server cannot.
    pub async fn create_database(&self, label: &str) -> Result<Database, Error> {
        let prefix = self
            .url()
            .database()
            .unwrap_or_else(|| "zipster".to_owned());
        let name = fresh_name(&prefix, label);
        let mut connection = self.connect().await?;
        let create = format!(
            "CREATE DATABASE {} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
            quoted(&name)
        );
        if let Err(source) = execute(&mut connection, create).await {
            return Err(match is_denied(&source) {
                true => Error::MayNotCreate {
                    user: self.url().user(),
                    database: name,
                    pattern: format!("{}\\_%", prefix.replace('_', "\\_")),
                    source,
                },
                false => Error::query(format!("create the database {name}"))(source),
            });
        }
        let owner = self.url().with_database(&name);
        let account = Account::fresh();
        let (url, account) = match account.create(&mut connection, &name).await {
            Ok(()) => (
                owner.with_user(&account.name, &account.password),
                Some(account.name),
            ),
            Err(error) if is_denied(&error) => (owner.clone(), None),
            Err(error) => return Err(Error::query(format!("create an account for {name}"))(error)),
        };
        // What was asked is answered; a connection that closes badly is closed all the same.
        let _ = connection.close().await;
        Database::open(name, owner, url, Made::ByUs { account })
    }

    /// The database that `DATABASE_URL` names, as it is; none if it names none.
    ///
    /// # Errors
    /// [`Error::Query`] if the driver cannot use the URL.
    pub fn own_database(&self) -> Result<Option<Database>, Error> {
        let url = self.url();
        url.database()
            .map(|name| Database::open(name, url.clone(), url.clone(), Made::Before))
            .transpose()
    }
}

impl Database {
    fn open(
        name: String,
        owner: DatabaseUrl,
        url: DatabaseUrl,
        origin: Made,
    ) -> Result<Self, Error> {
        let pool = MySqlPoolOptions::new()
            .max_connections(CONNECTIONS)
            .connect_lazy(owner.expose())
            .map_err(Error::query("use the database's URL"))?;
        Ok(Self {
            name,
            owner,
            url,
            pool,
            origin,
        })
    }

    /// The schema's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The functions' way in: `DATABASE_URL` for them.
    #[must_use]
    pub fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    /// The way in with all rights, for whoever applies migrations.
    #[must_use]
    pub fn owner_url(&self) -> &DatabaseUrl {
        &self.owner
    }

    /// The harness's own connections, with all rights. They belong to the runtime that first
    /// uses them.
    #[must_use]
    pub fn pool(&self) -> &MySqlPool {
        &self.pool
    }

    /// Applies the migrations of `folder` that are not applied yet.
    ///
    /// # Errors
    /// [`Error::Migration`] naming the file at fault; what was applied before it stays.
    pub async fn migrate(&self, folder: &Path) -> Result<Applied, Error> {
        let migrations = Migrations::read(folder)?;
        Ok(migrations.apply(&self.owner).await?)
    }

    /// Closes our connections and removes the database and its account; one that was there before
    /// us stays.
    ///
    /// # Errors
    /// [`Error::Query`] if the server refuses.
    pub async fn drop(self) -> Result<(), Error> {
        self.pool.close().await;
        match &self.origin {
            Made::Before => Ok(()),
            Made::ByUs { account } => self.remove(account.as_deref()).await,
        }
    }

    async fn remove(&self, account: Option<&str>) -> Result<(), Error> {
        // One connection for both: a new one would ask for a database that is no longer there.
        let mut connection = connect(&self.owner)
            .await
            .map_err(Error::query("connect to the database server"))?;
        // A function that was stopped in the middle of a transaction would hold us for a day.
        let drop = format!(
            "SET SESSION lock_wait_timeout = {DROP_SECONDS}; DROP DATABASE {}",
            quoted(&self.name)
        );
        execute(&mut connection, drop)
            .await
            .map_err(Error::query(format!("drop the database {}", self.name)))?;
        if let Some(account) = account {
            execute(&mut connection, format!("DROP USER '{account}'@'%'"))
                .await
                .map_err(Error::query(format!("drop the account {account}")))?;
        }
        // What was asked is done; a connection that closes badly is closed all the same.
        let _ = connection.close().await;
        Ok(())
    }
}

/// An account with random name and password, neither of which needs quoting anywhere.
struct Account {
    name: String,
    password: String,
}

impl Account {
    fn fresh() -> Self {
        Self {
            // MySQL's limit is 32 characters.
            name: format!("zipster_{:016x}", rand::random::<u64>()),
            // In every class that a server's password policy may ask for.
            password: format!("Zip-{:032x}", rand::random::<u128>()),
        }
    }

    async fn create(
        &self,
        connection: &mut MySqlConnection,
        database: &str,
    ) -> Result<(), sqlx::Error> {
        let Self { name, password } = self;
        let create = format!("CREATE USER '{name}'@'%' IDENTIFIED BY '{password}'");
        execute(connection, create).await?;
        // In a grant, an underscore in a database's name would match any character.
        let pattern = quoted(&database.replace('_', "\\_"));
        let grant = format!(
            "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE TEMPORARY TABLES ON {pattern}.* \
             TO '{name}'@'%'"
        );
        execute(connection, grant).await
    }
}

/// Runs a statement that servers do not prepare.
async fn execute(connection: &mut MySqlConnection, statement: String) -> Result<(), sqlx::Error> {
    connection
        .execute(sqlx::raw_sql(AssertSqlSafe(statement)))
        .await
        .map(|_| ())
}

fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// A name of at most 64 characters, MySQL's limit.
fn fresh_name(prefix: &str, label: &str) -> String {
    let label: String = label
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '_'
            }
        })
        .take(24)
        .collect();
    let prefix: String = prefix.chars().take(22).collect();
    format!("{prefix}_{label}_{:016x}", rand::random::<u64>())
}

/// Whether the server understood and the account may not.
fn is_denied(error: &sqlx::Error) -> bool {
    // ER_DBACCESS_DENIED_ERROR, ER_TABLEACCESS_DENIED_ERROR, ER_SPECIFIC_ACCESS_DENIED_ERROR,
    // ER_CANT_CREATE_USER_WITH_GRANT.
    const DENIED: [u16; 4] = [1044, 1142, 1227, 1410];
    error
        .as_database_error()
        .and_then(|error| error.try_downcast_ref::<MySqlDatabaseError>())
        .is_some_and(|error| DENIED.contains(&error.number()))
}

#[cfg(test)]
mod tests {
    use super::fresh_name;

    #[test]
    fn a_name_tells_its_scenario_and_fits() {
        let name = fresh_name("zipster", "A second delivery changes nothing");
        assert!(
            name.starts_with("zipster_a_second_delivery_change_"),
            "{name}"
        );
        assert_ne!(
            name,
            fresh_name("zipster", "A second delivery changes nothing")
        );
        let long = fresh_name(&"p".repeat(64), &"l".repeat(64));
        assert_eq!(long.len(), 64);
    }
}
