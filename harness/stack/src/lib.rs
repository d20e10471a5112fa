//! Terraform in, a typed stack and diagnostics out.

pub mod resources;

mod address;
mod diagnostic;
mod input;
mod secret;
mod source;
mod stack;

pub use address::{Address, InstanceKey, ModuleStep};
pub use diagnostic::{Diagnostic, Severity};
pub use input::{FileError, Files, Inputs, NoFiles};
pub use resources::Kind;
pub use secret::Text;
pub use source::{Place, Source};
pub use stack::{NotEmulated, Output, Resource, Stack};
