//! Terraform in, a typed stack and diagnostics out.

pub mod resources;

mod address;
mod config;
mod data;
mod diagnostic;
mod expression;
mod functions;
mod input;
mod run;
mod schema;
mod secret;
mod source;
mod stack;
mod value;

pub use address::{Address, InstanceKey, ModuleStep};
pub use diagnostic::{Diagnostic, Severity};
pub use input::{FileError, Files, Inputs, NoFiles};
pub use resources::Kind;
pub use run::read;
pub use secret::Text;
pub use source::{Place, Source};
pub use stack::{NotEmulated, Output, Resource, Stack};
