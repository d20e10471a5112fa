//! The local database in place of one that the stack makes: where it is, and the secret with its
//! user and password, which RDS or the stack's own instance would have written.

use serde_json::json;
use zipster_database::DatabaseUrl;
use zipster_names::Arn;
use zipster_stack::{LocalDatabase, Stack};

use crate::TargetError;
use crate::clients::Clients;
use crate::error::chain;

/// The output that names the secret of an instance of the stack's own.
const SECRET_OUTPUT: &str = "database_secret_arn";

/// The database as the stack's own would be found, with the secret that has its password.
///
/// # Errors
/// [`TargetError::Unfit`] if it is not to be found by host and port.
pub(crate) fn database(
    url: &DatabaseUrl,
    secret_arn: Option<String>,
) -> Result<LocalDatabase, TargetError> {
    if url.socket().is_some() {
        return Err(TargetError::Unfit(
            "makes a database of its own, which functions find by host and port; the database's \
             URL names a Unix socket: give one with a host, or say --var database=existing"
                .to_owned(),
        ));
    }
    Ok(LocalDatabase {
        host: url.host().to_owned(),
        port: url.port(),
        name: url.database().unwrap_or_default(),
        secret_arn,
    })
}

/// Whether the stack has a resource of this type that is not emulated.
fn has(stack: &Stack, resource_type: &str) -> bool {
    stack.not_emulated.iter().any(|left_out| {
        left_out.attribute.is_none() && left_out.address.resource_type == resource_type
    })
}

/// Plays RDS: keeps the master user's password in a secret, if the stack has it keep one. Returns
/// the secret's ARN.
///
/// Follows <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html>: the
/// secret has a user and a password, and nothing else.
///
/// # Errors
/// [`TargetError::Call`] if it cannot be made.
pub(crate) async fn play_rds(
    clients: &Clients,
    stack: &Stack,
    url: &DatabaseUrl,
) -> Result<Option<String>, TargetError> {
    if !has(stack, "aws_db_instance") {
        return Ok(None);
    }
    let secret = json!({ "username": url.user(), "password": url.password() });
    let created = clients
        .secrets
        .create_secret()
        .name(format!("rds!db-{}", url.database().unwrap_or_default()))
        .secret_string(secret.to_string())
        .send()
        .await
        .map_err(|error| TargetError::Call {
            what: "CreateSecret".to_owned(),
            reason: chain(&error),
        })?;
    Ok(created.arn)
}

/// Plays the instance that runs MySQL: writes user and password into the secret that the stack has
/// for it, and host, port and name, which are not those of the instance.
///
/// Follows <https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html>.
///
/// # Errors
/// [`TargetError::Call`] if it cannot be written.
pub(crate) async fn play_instance(
    clients: &Clients,
    stack: &Stack,
    secrets: &[(String, Arn)],
    url: &DatabaseUrl,
) -> Result<(), TargetError> {
    let Some(arn) = stack.output(SECRET_OUTPUT) else {
        return Ok(());
    };
    if !has(stack, "aws_instance") || !secrets.iter().any(|(_, known)| known.as_str() == arn) {
        return Ok(());
    }
    let secret = json!({
        "engine": "mysql",
        "username": url.user(),
        "password": url.password(),
        "host": url.host(),
        "port": url.port(),
        "dbname": url.database(),
    });
    clients
        .secrets
        .put_secret_value()
        .secret_id(arn)
        .secret_string(secret.to_string())
        .send()
        .await
        .map_err(|error| TargetError::Call {
            what: "PutSecretValue".to_owned(),
            reason: chain(&error),
        })?;
    Ok(())
}
