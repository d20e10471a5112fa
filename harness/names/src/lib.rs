//! The names AWS gives to things, parsed once at the edge.
//!
//! Every type here is a piece of text that has been checked: its field is private, `parse` (or
//! `FromStr`, or serde) is the only way in, and `Display` and `as_str` give the text back as it
//! was. The rest of the harness takes these types and need not check again.
//!
//! Left out on purpose: patterns (an ARN with wildcards in a policy belongs to the policy's crate)
//! and anything that would need AWS to answer, such as whether a name is still free.

mod account;
mod arn;
mod bucket;
mod error;
mod iam;
mod key;
mod lambda;
mod logs;
mod messaging;
mod region;
mod secrets;
mod text;

pub use account::AccountId;
pub use arn::Arn;
pub use bucket::BucketName;
pub use error::NameError;
pub use iam::{IamPath, PolicyName, RoleName, SessionName, UserName};
pub use key::{EncodedKey, ObjectKey};
pub use lambda::FunctionName;
pub use logs::LogGroupName;
pub use messaging::{QueueName, TopicName};
pub use region::{Partition, Region};
pub use secrets::SecretName;
