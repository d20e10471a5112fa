//! Where a database is and who may enter: `mysql://user:password@host:port/database`.
//!
//! The password is never printed; whoever needs it asks for it by name.

use std::fmt;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use url::Url;

/// A database's URL, as `DATABASE_URL` holds it.
///
/// `Display` and `Debug` show `***` in place of the password.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(Url);

/// Why a text is not a [`DatabaseUrl`]. The text itself is left out: it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// Not a URL at all.
    #[error("not a URL, expected mysql://user:password@host:port/database")]
    Syntax(#[source] url::ParseError),
    /// A URL of something else.
    #[error("the URL's scheme is `{0}`, expected `mysql`")]
    Scheme(String),
    /// A URL without a host.
    #[error("the URL names no host, expected mysql://user:password@host:port/database")]
    NoHost,
}

impl DatabaseUrl {
    /// Reads a URL. `mariadb://` is taken for `mysql://`.
    ///
    /// # Errors
    /// [`UrlError`] if it is no URL, has another scheme or names no host.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        let text = match text.split_once("://") {
            Some(("mariadb", rest)) => format!("mysql://{rest}"),
            Some(_) | None => text.to_owned(),
        };
        let url = Url::parse(&text).map_err(UrlError::Syntax)?;
        if url.scheme() != "mysql" {
            return Err(UrlError::Scheme(url.scheme().to_owned()));
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err(UrlError::NoHost);
        }
        Ok(Self(url))
    }

    /// The root of a server's URLs.
    pub(crate) fn of_server(host: &str, port: u16, user: &str, password: &str) -> Self {
        let url =
            Url::parse(&format!("mysql://{host}:{port}/")).expect("a host and a port make a URL");
        Self(url).with_user(user, password)
    }

    /// The whole text, password included: for drivers and for a function's environment.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.as_str()
    }

    /// The name of the database, if the URL has one.
    #[must_use]
    pub fn database(&self) -> Option<String> {
        let path = self.0.path().trim_start_matches('/');
        (!path.is_empty()).then(|| decode(path))
    }

    /// The host's name or address.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// The port; MySQL's own, 3306, unless the URL says otherwise.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.0.port().unwrap_or(3306)
    }

    /// The same database at another address, such as a container's on its own network.
    ///
    /// # Errors
    /// [`UrlError::NoHost`] if `host` cannot be a host.
    pub fn with_address(&self, host: &str, port: u16) -> Result<Self, UrlError> {
        let mut url = self.0.clone();
        url.set_host(Some(host)).map_err(|_| UrlError::NoHost)?;
        url.set_port(Some(port)).map_err(|()| UrlError::NoHost)?;
        Ok(Self(url))
    }

    pub(crate) fn with_database(&self, name: &str) -> Self {
        let mut url = self.0.clone();
        url.set_path(name);
        Self(url)
    }

    pub(crate) fn with_user(&self, user: &str, password: &str) -> Self {
        let mut url = self.0.clone();
        url.set_username(user)
            .and_then(|()| url.set_password(Some(password)))
            .expect("parse admits no URL without a host");
        Self(url)
    }

    /// The user's name.
    #[must_use]
    pub fn user(&self) -> String {
        decode(self.0.username())
    }

    /// The user's password, for whoever keeps secrets; empty if there is none.
    #[must_use]
    pub fn password(&self) -> String {
        self.0.password().map(decode).unwrap_or_default()
    }

    /// The Unix socket that `?socket=` names.
    #[must_use]
    pub fn socket(&self) -> Option<String> {
        self.parameter("socket")
    }

    /// The value of `?ssl-mode=` (or `sslmode`), as sqlx reads it.
    pub(crate) fn ssl_mode(&self) -> Option<String> {
        let mode = self
            .parameter("ssl-mode")
            .or_else(|| self.parameter("sslmode"));
        mode.map(|mode| mode.to_ascii_uppercase())
    }

    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        self.0
            .query_pairs()
            .find(|(other, _)| other == name)
            .map(|(_, value)| value.into_owned())
    }
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

impl FromStr for DatabaseUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        Self::parse(text)
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.password().is_none() {
            return f.write_str(self.0.as_str());
        }
        let mut shown = self.0.clone();
        shown
            .set_password(Some("***"))
            .expect("parse admits no URL without a host");
        f.write_str(shown.as_str())
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::{DatabaseUrl, UrlError};

    #[track_caller]
    fn check(text: &str, shown: &str, database: Option<&str>, port: u16) {
        let url = DatabaseUrl::parse(text).unwrap();
        assert_eq!(url.to_string(), shown);
        assert_eq!(url.database().as_deref(), database);
        assert_eq!(url.port(), port);
    }

    #[test]
    fn a_url_is_shown_without_its_password() {
        check(
            "mysql://root@localhost",
            "mysql://root@localhost",
            None,
            3306,
        );
        check(
            "mysql://u:secret@db:3307/zip",
            "mysql://u:***@db:3307/zip",
            Some("zip"),
            3307,
        );
        check(
            "mariadb://u:s@[::1]/a%20b",
            "mysql://u:***@[::1]/a%20b",
            Some("a b"),
            3306,
        );
    }

    #[test]
    fn other_urls_are_refused_without_repeating_them() {
        let refused = |text: &str| DatabaseUrl::parse(text).unwrap_err();
        assert_eq!(
            refused("postgres://u:secret@h/d"),
            UrlError::Scheme("postgres".into())
        );
        assert_eq!(refused("mysql:///zip"), UrlError::NoHost);
        let nonsense = refused("u:secret@h").to_string();
        assert!(!nonsense.contains("secret"), "{nonsense}");
    }

    #[test]
    fn a_user_and_a_database_are_escaped() {
        let url = DatabaseUrl::of_server("127.0.0.1", 3306, "me", "p/w@").with_database("z");
        assert_eq!(url.expose(), "mysql://me:p%2Fw%40@127.0.0.1:3306/z");
        assert_eq!(url.password(), "p/w@");
    }
}
