//! The load function: the rows of a load file into the database, all of them or none.
//!
//! Three announced steps: take the load file; write its rows in one transaction, together with a
//! row in the ledger of loads; delete the load file. S3 delivers events more than once and in any
//! order, and a function may be stopped between any two instructions, so:
//!
//! - the ledger's unique key makes a second delivery of an event wait for the first and then change
//!   nothing;
//! - a row is replaced only by a row whose source version is not older, so that any order of loads
//!   ends in the same table;
//! - the load file is deleted last, so that what was not committed is there to be tried again.
//!
//! The map: [`database`] connects, [`secret`] knows the password, [`source`] is where the bytes of a load file come from,
//! [`store`] writes them, [`handler`] is the Lambda function around it and [`command`] the command
//! line. Left out: the schema, which the migrations own, and the rules of zip codes, which
//! `zipcodes` owns.

pub mod command;
pub mod database;
pub mod error;
pub mod handler;
pub mod secret;
pub mod settings;
pub mod source;
pub mod store;

pub use database::Database;
pub use error::{DatabaseError, LoadError};
pub use source::Source;
pub use store::{Entry, Loaded, Outcome, load_rows};
