//! A MySQL-compatible database for whoever wants to try the pipeline: found or started, migrated,
//! asked.
//!
//! - [`Server::find`] takes the server of `DATABASE_URL`, or starts one that is installed, or the
//!   distribution's package unpacked into a cache, or a container, and says which.
//! - [`Server::create_database`] makes a database for one scenario; [`Database::migrate`] gives it
//!   the schema of `migrations/`.
//! - [`within`] searches around a zip code; [`count_zip_codes`], [`row`] and [`loads`] tell what
//!   is there.
//!
//! Left out: loading rows, which the function `load` does; and keeping data, since what a private
//! server holds is gone when it ends. This crate reads no environment and prints nothing.

mod cache;
mod container;
mod database;
mod error;
mod migrations;
mod packages;
mod private;
mod program;
mod progress;
mod rows;
mod scratch;
mod search;
mod server;
mod settings;
mod template;
mod url;

pub use crate::container::{publish_at, published_address, split_image};
pub use crate::database::Database;
pub use crate::error::{Error, Tried};
pub use crate::migrations::{Applied, MigrationError, Migrations};
pub use crate::progress::{Attempt, Event, Progress, Silent};
pub use crate::rows::{
    LoadRow, ZipCodeRow, count_other_loads, count_zip_codes, forget, loaded, loads, row,
};
pub use crate::search::{Found, within};
pub use crate::server::{Origin, Server};
pub use crate::settings::{Settings, Storage, Way};
pub use crate::url::{DatabaseUrl, UrlError};
