//! Terraform in, a typed stack and diagnostics out.
//!
//! [`read`] takes the text of a configuration and answers with the [`Stack`] that `terraform
//! apply` would make of it, each resource a struct named like its type, in an order in which they
//! can be made. What is wrong is answered too, all of it, each [`Diagnostic`] with its place and a
//! way out. So `terraform/` stays the only description of the stack, and neither Terraform nor its
//! provider has to be there to read it.
//!
//! Values are evaluated as Terraform evaluates them, and what AWS computes from account, region
//! and name (ARNs, URLs, ids) is computed here. What only AWS can know stays unknown, and is an
//! error where a local stack needs it. What means nothing locally, encryption or networks, is
//! listed in [`Stack::not_emulated`]: its arguments and what refers to it are checked against the
//! provider's schema all the same, and a database of the stack's own resolves to that of the target
//! ([`Inputs::database`]). What would make a local stack behave otherwise than AWS is refused by
//! name.
//!
//! Left out on purpose: I/O (files come through [`Files`]), state and plans, modules from
//! registries, providers other than `hashicorp/aws`, several regions or accounts in one stack, and
//! configurations in JSON.

pub mod resources;

mod address;
mod config;
mod data;
mod described;
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
pub use input::{FileError, Files, Inputs, LocalDatabase, NoFiles};
pub use resources::Kind;
pub use run::read;
pub use secret::Text;
pub use source::{Place, Source};
pub use stack::{NotEmulated, Output, Resource, Stack};
