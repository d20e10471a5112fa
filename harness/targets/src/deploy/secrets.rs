//! Secrets, and what is in them.
//!
//! The end of a secret's ARN is chance, and policies and functions have to name it: secrets are
//! made before everything else, and the stack is read again with what they are called.

use zipster_names::Arn;
use zipster_stack::Stack;
use zipster_stack::resources::{Secret, SecretVersion};

use super::{Deployer, Refusal};
use crate::TargetError;
use crate::clients::Clients;
use crate::error::chain;
use crate::progress::Progress;

/// Makes the secrets of `stack`, without anything in them. Returns their names and ARNs.
///
/// A secret that is there already is taken for ours, as everything is that is made again.
///
/// # Errors
/// [`TargetError::Deploy`] with the first that was refused.
pub async fn make_secrets(
    clients: &Clients,
    stack: &Stack,
) -> Result<Vec<(String, Arn)>, TargetError> {
    let mut made = Vec::new();
    for secret in stack.secrets() {
        let arn = make(clients, secret)
            .await
            .map_err(|refusal| TargetError::Deploy {
                what: format!("the secret {} ({})", secret.name, refusal.operation),
                reason: refusal.reason,
            })?;
        made.push((secret.name.to_string(), arn));
    }
    Ok(made)
}

async fn make(clients: &Clients, secret: &Secret) -> Result<Arn, Refusal> {
    let name = secret.name.as_str();
    let there = clients
        .secrets
        .describe_secret()
        .secret_id(name)
        .send()
        .await
        .map_err(Refusal::of("DescribeSecret"));
    let arn = match there {
        Ok(there) => there.arn,
        Err(refusal) if !refusal.is_missing() => return Err(refusal),
        Err(_) => {
            let created = clients
                .secrets
                .create_secret()
                .name(name)
                .set_description(secret.description.clone())
                .send()
                .await
                .map_err(Refusal::of("CreateSecret"))?;
            created.arn
        }
    };
    Arn::parse(&arn.unwrap_or_default())
        .map_err(|error| Refusal::because("CreateSecret", chain(&error)))
}

impl Deployer<'_> {
    /// Who may see a secret. The secret itself is there: see [`make_secrets`].
    pub(super) async fn secret(&self, secret: &Secret) -> Result<(), Refusal> {
        let Some(policy) = &secret.policy else {
            return Ok(());
        };
        self.clients
            .secrets
            .put_resource_policy()
            .secret_id(secret.arn.as_str())
            .resource_policy(policy.as_str())
            .send()
            .await
            .map_err(Refusal::of("PutResourcePolicy"))?;
        Ok(())
    }

    pub(super) async fn secret_version(&self, version: &SecretVersion) -> Result<(), Refusal> {
        let Some(value) = &version.value else {
            self.report.tell(Progress::NotEmulated {
                address: version.secret.clone(),
                more: 0,
                reason: "what it holds comes from something that is not emulated: it stays empty"
                    .to_owned(),
            });
            return Ok(());
        };
        self.clients
            .secrets
            .put_secret_value()
            .secret_id(&version.secret)
            .secret_string(value.expose())
            .send()
            .await
            .map_err(Refusal::of("PutSecretValue"))?;
        Ok(())
    }
}
