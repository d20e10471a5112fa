//! Where to look for a server and where to keep what was fetched.
//!
//! This crate reads no environment: the caller hands it in once, as a function from names to
//! values, so that a test can hand in another.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::{DatabaseUrl, Error};

/// A way to come by a server. They are tried in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// The server that `DATABASE_URL` names. If it is named, no other way is tried.
    Given,
    /// `mysqld` or `mariadbd` of this machine, started privately.
    Installed,
    /// The distribution's server package, unpacked into the cache and started privately.
    Fetched,
    /// A container.
    Container,
}

/// Where a private server keeps its data while it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Storage {
    /// In memory (`/dev/shm`) if there is plenty, else on disk.
    #[default]
    Auto,
    /// In the folder for temporary files: for data of many gigabytes.
    Disk,
}

/// How to look for a server.
#[derive(Debug, Clone)]
pub struct Settings {
    pub(crate) database_url: Option<DatabaseUrl>,
    pub(crate) ways: Vec<Way>,
    pub(crate) storage: Storage,
    pub(crate) search_path: Vec<PathBuf>,
    pub(crate) cache: PathBuf,
    pub(crate) temporary: PathBuf,
    pub(crate) image: String,
    pub(crate) network: Option<String>,
    pub(crate) labels: Vec<(String, String)>,
    /// Whether containers' ports are those of this machine.
    pub(crate) docker_is_here: bool,
}

/// The image of a container, unless another is asked for.
const IMAGE: &str = "mysql:8.4";

/// Where servers are installed that need not be on anyone's `PATH`.
const USUAL_FOLDERS: [&str; 9] = [
    "/usr/local/sbin",
    "/usr/local/bin",
    "/usr/sbin",
    "/usr/bin",
    "/usr/libexec",
    "/usr/local/mysql/bin",
    "/opt/homebrew/bin",
    "/opt/homebrew/opt/mysql/bin",
    "/opt/homebrew/opt/mariadb/bin",
];

impl Settings {
    /// Reads `DATABASE_URL`, `MYSQL_IMAGE`, `DOCKER_HOST`, `PATH`, `XDG_CACHE_HOME`, `HOME` and `TMPDIR` through
    /// `variable`, usually `|name| std::env::var_os(name)`. An empty value counts as none.
    ///
    /// # Errors
    /// [`Error::Url`] if `DATABASE_URL` is set to something else than a `mysql://` URL.
    pub fn from_variables(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, Error> {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        let database_url = variable("DATABASE_URL")
            .map(|url| DatabaseUrl::parse(&url.to_string_lossy()))
            .transpose()?;
        let temporary = variable("TMPDIR").map_or_else(|| PathBuf::from("/tmp"), PathBuf::from);
        let cache = variable("XDG_CACHE_HOME")
            .map(PathBuf::from)
            // The XDG specification: a relative path is to be ignored.
            .filter(|path| path.is_absolute())
            .or_else(|| variable("HOME").map(|home| Path::new(&home).join(".cache")))
            .map_or_else(
                || temporary.join(format!("zipster-cache-{}", nix::unistd::geteuid())),
                |cache| cache.join("zipster"),
            );
        let mut search_path: Vec<PathBuf> = variable("PATH")
            .map(|path| std::env::split_paths(&path).collect())
            .unwrap_or_default();
        search_path.extend(USUAL_FOLDERS.map(PathBuf::from));
        Ok(Self {
            database_url,
            ways: vec![Way::Given, Way::Installed, Way::Fetched, Way::Container],
            storage: Storage::default(),
            search_path,
            cache,
            temporary,
            image: variable("MYSQL_IMAGE").map_or_else(
                || IMAGE.to_owned(),
                |image| image.to_string_lossy().into_owned(),
            ),
            network: None,
            labels: Vec::new(),
            docker_is_here: variable("DOCKER_HOST")
                .is_none_or(|host| host.to_string_lossy().starts_with("unix://")),
        })
    }

    /// The server that `DATABASE_URL` names, if it names one.
    #[must_use]
    pub fn given_url(&self) -> Option<&DatabaseUrl> {
        self.database_url.as_ref()
    }

    /// Uses this server, or with `None` ignores `DATABASE_URL`.
    #[must_use]
    pub fn database_url(mut self, url: Option<DatabaseUrl>) -> Self {
        self.database_url = url;
        self
    }

    /// Tries these ways only, in the given order.
    #[must_use]
    pub fn ways(mut self, ways: impl Into<Vec<Way>>) -> Self {
        self.ways = ways.into();
        self
    }

    /// Where a private server keeps its data.
    #[must_use]
    pub fn storage(mut self, storage: Storage) -> Self {
        self.storage = storage;
        self
    }

    /// Keeps fetched servers and prepared data folders here.
    #[must_use]
    pub fn cache(mut self, folder: impl Into<PathBuf>) -> Self {
        self.cache = folder.into();
        self
    }

    /// Looks for programs in these folders only.
    #[must_use]
    pub fn search_path(mut self, folders: impl Into<Vec<PathBuf>>) -> Self {
        self.search_path = folders.into();
        self
    }

    /// The image of a container, `mysql:8.4` unless said otherwise.
    #[must_use]
    pub fn image(mut self, image: impl Into<String>) -> Self {
        self.image = image.into();
        self
    }

    /// The Docker network that a container joins, so that other containers reach it.
    #[must_use]
    pub fn network(mut self, network: impl Into<String>) -> Self {
        self.network = Some(network.into());
        self
    }

    /// The image of a container.
    #[must_use]
    pub fn image_name(&self) -> &str {
        &self.image
    }

    /// A label that a container carries.
    #[must_use]
    pub fn label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.push((name.into(), value.into()));
        self
    }

    /// The first program of that name in the search path.
    pub(crate) fn find_program(&self, name: &str) -> Option<PathBuf> {
        self.search_path
            .iter()
            .map(|folder| folder.join(name))
            .find(|path| path.is_file())
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::path::Path;

    use super::Settings;

    fn settings(variables: &[(&str, &str)]) -> Settings {
        Settings::from_variables(|name| {
            variables
                .iter()
                .find(|(other, _)| *other == name)
                .map(|(_, value)| OsString::from(value))
        })
        .unwrap()
    }

    #[track_caller]
    fn check_cache(variables: &[(&str, &str)], expected: &str) {
        assert_eq!(settings(variables).cache, Path::new(expected));
    }

    #[test]
    fn the_cache_is_where_the_user_keeps_caches() {
        check_cache(&[("XDG_CACHE_HOME", "/x"), ("HOME", "/h")], "/x/zipster");
        check_cache(
            &[("XDG_CACHE_HOME", "x"), ("HOME", "/h")],
            "/h/.cache/zipster",
        );
        check_cache(
            &[("XDG_CACHE_HOME", ""), ("HOME", "/h")],
            "/h/.cache/zipster",
        );
        let user = nix::unistd::geteuid();
        check_cache(&[("TMPDIR", "/t")], &format!("/t/zipster-cache-{user}"));
    }

    #[test]
    fn an_empty_database_url_is_none() {
        assert_eq!(settings(&[("DATABASE_URL", "")]).database_url, None);
        assert!(
            settings(&[("DATABASE_URL", "mysql://h/d")])
                .database_url
                .is_some()
        );
    }
}
