//! Least privilege, found: what functions were seen to need, beside what Terraform grants them.
//!
//! Everything here is a function of its arguments: a [`Recording`] of the calls that were made with
//! execution roles and a [`Stack`](zipster_stack::Stack) in, [`Findings`] out.
//!
//! | module | idea |
//! |---|---|
//! | [`recording`] | the calls of a run, as they are kept in a file |
//! | [`grants`] | what the stack allows each role, statement by statement, taken apart |
//! | [`names`] | from one object's ARN to the pattern that a policy names |
//! | [`findings`] | needed and granted, never used, missing |
//! | [`document`] | the smallest policy, as a document |
//!
//! **Whether a call is granted is asked of the stack as it is written**, with the rules of
//! `zipster_iam`, and not of the stack that the call was made in: a scenario that takes an action
//! out of a role provokes a denial that is no lack of Terraform's, and one that adds an action
//! would hide one that is. So all scenarios count, and nothing has to be marked.
//!
//! What services do with a role counts as well, such as the log that Lambda writes for a function:
//! without these permissions the role would not do.
//!
//! Left out on purpose: callers other than execution roles, permissions of functions
//! (`aws_lambda_permission`), and any judgement on whether a grant that nobody was seen to use can
//! go. What was not seen may be needed all the same.

pub mod document;
pub mod findings;
pub mod grants;
pub mod names;
pub mod recording;

pub use document::{Document, Statement};
pub use findings::{Findings, Need, RoleFindings, Unused, Use, Verdict, Wider, compare};
pub use grants::{Grants, GrantsError, RoleGrants};
pub use names::Names;
pub use recording::{Call, Maker, Recording, RecordingError};
