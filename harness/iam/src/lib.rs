//! IAM: policy documents, requests, and the decision that follows from them.
//!
//! Everything here is a function of its arguments: no files, no sockets, no clock, no environment.
//! What a request knows of the world (its time, its source address) its caller puts into
//! [`ContextKeys`].
//!
//! | module | idea |
//! |---|---|
//! | [`policy`] | the policy document and its parts, read from JSON by `parse` |
//! | [`error`] | what is wrong with a document, and where |
//! | [`request`] | who wants to do what to which resource, under which circumstances |
//! | [`mod@evaluate`] | the rules that turn policies and a request into a [`Decision`] |
//! | [`decision`] | the decision, and the statements looked at on the way |
//! | [`denial`] | the message that AWS shows to whoever was refused |
//!
//! Left out on purpose, since no stack of ours can have them: policies of
//! an organization (SCPs, RCPs), VPC endpoint policies, access control lists, S3's Block Public
//! Access. Federated principals and canonical user ids are understood in policies, but no
//! [`Principal`] is one, so they match nobody.

pub mod condition;
pub mod decision;
pub mod denial;
pub mod error;
pub mod evaluate;
mod json;
mod operand;
mod operator;
mod parse;
mod pattern;
pub mod policy;
pub mod request;
mod variables;

pub use decision::{Considered, Decision, Evaluation, Grounds, Outcome, StatementRef, Through};
pub use error::{Fault, Place, PolicyError, PolicyErrors};
pub use evaluate::{NamedPolicy, Policies, evaluate, evaluate_trust};
pub use policy::{Effect, Policy, PolicyKind, Statement, Version};
pub use request::{Action, ActionError, ContextKeys, Principal, Request, Resource};
