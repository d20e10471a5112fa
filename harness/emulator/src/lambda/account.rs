//! What an account may have in a region, and what it has.
//!
//! Follows <https://docs.aws.amazon.com/lambda/latest/api/API_GetAccountSettings.html>.

use std::sync::Arc;

use serde_json::{Value, json};
use zipster_names::{AccountId, Region};

use super::code::{LARGEST_CODE, LARGEST_ZIP};
use super::function::{Function, Key};
use super::{Functions, Lambda};
use crate::front::{ApiError, Call};
use crate::iam::Authorization;

/// How many invocations run at the same time at most: AWS's quota.
const CONCURRENT_EXECUTIONS: u32 = 1000;

/// How many of these no function may reserve.
const LEAST_UNRESERVED: u32 = 100;

/// What the code of all functions may take, in bytes: AWS's quota of 75 GB.
const TOTAL_CODE_SIZE: u64 = 80_530_636_800;

impl Lambda {
    /// Shows the limits of the caller's account in the call's region, and what is used of them.
    pub(super) fn get_account_settings(&self, call: &Call) -> Result<Value, ApiError> {
        let request = Authorization {
            cause: call.entry,
            action: "lambda:GetAccountSettings",
            resource: "*",
            context: &[],
            resource_policy: None,
        };
        self.core
            .authorize(&call.identity, &request)
            .map_err(|denied| super::denied(&denied))?;
        let account = call.identity.principal.account();
        let functions = self.functions();
        let sizes: Vec<u64> = functions
            .iter()
            .filter(|(key, _)| (&key.account, &key.region) == (account, &call.region))
            .map(|(_, function)| function.code_size())
            .collect();
        Ok(json!({
            "AccountLimit": {
                "TotalCodeSize": TOTAL_CODE_SIZE,
                "CodeSizeUnzipped": LARGEST_CODE,
                "CodeSizeZipped": LARGEST_ZIP,
                "ConcurrentExecutions": CONCURRENT_EXECUTIONS,
                "UnreservedConcurrentExecutions": unreserved(functions.iter(), account, &call.region),
            },
            "AccountUsage": {
                "TotalCodeSize": sizes.iter().sum::<u64>(),
                "FunctionCount": sizes.len(),
            },
        }))
    }
}

/// Whether a function may set so much aside, beside what the others have.
pub(super) fn may_reserve(functions: &Functions, function: &Key, reserved: u32) -> bool {
    let others = functions.iter().filter(|(key, _)| *key != function);
    let left = unreserved(others, &function.account, &function.region);
    left.checked_sub(reserved)
        .is_some_and(|left| left >= LEAST_UNRESERVED)
}

/// What these functions leave of an account's concurrency.
fn unreserved<'a>(
    functions: impl Iterator<Item = (&'a Key, &'a Arc<Function>)>,
    account: &AccountId,
    region: &Region,
) -> u32 {
    functions
        .filter(|(key, _)| (&key.account, &key.region) == (account, region))
        .filter_map(|(_, function)| function.state().reserved_concurrency)
        .fold(CONCURRENT_EXECUTIONS, u32::saturating_sub)
}
