//! What roles may do.

use cucumber::{given, then, when};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::Function;
use crate::world::PipelineWorld;

#[given("policies are told that calls come over plain HTTP")]
fn plain_http(world: &mut PipelineWorld) -> Result<(), String> {
    let emulator = world.pipeline().emulator().ok_or("there is no emulator")?;
    emulator.tell_plain_http(true);
    Ok(())
}

#[when(expr = "{string} is sent to the input bucket, it is refused {string}")]
async fn send_in_vain(
    world: &mut PipelineWorld,
    key: String,
    reason: String,
) -> Result<(), String> {
    let text = world.file(&key)?;
    let sent = world.pipeline().put_input(&key, text.into_bytes()).await;
    match sent.err().map(|error| chain(&error)) {
        Some(refusal) if refusal.contains(&reason) => Ok(()),
        Some(refusal) => Err(format!("refused otherwise: {refusal}")),
        None => Err("it was not refused".to_owned()),
    }
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    text
}

#[given(expr = "the role of {function} lacks {string}")]
async fn role_lacks(
    world: &mut PipelineWorld,
    function: Function,
    action: String,
) -> Result<(), String> {
    let role = role_of(world, function).await?;
    let iam = &world.pipeline().clients().iam;
    let failed = |error: &dyn std::error::Error| format!("{role}: {error}");
    let names = iam
        .list_role_policies()
        .role_name(&role)
        .send()
        .await
        .map_err(|error| failed(&error))?
        .policy_names;
    let mut removed = false;
    for name in names {
        let document = iam
            .get_role_policy()
            .role_name(&role)
            .policy_name(&name)
            .send()
            .await
            .map_err(|error| failed(&error))?
            .policy_document;
        let document = percent_decode_str(&document).decode_utf8_lossy();
        let mut policy: Value = serde_json::from_str(&document).map_err(|error| failed(&error))?;
        if take_out(&mut policy, &action) {
            removed = true;
            iam.put_role_policy()
                .role_name(&role)
                .policy_name(&name)
                .policy_document(policy.to_string())
                .send()
                .await
                .map_err(|error| failed(&error))?;
        }
    }
    if removed {
        Ok(())
    } else {
        Err(format!("the policies of {role} do not name {action}"))
    }
}

/// Takes an action out of every statement, and with it the statements that have no other.
fn take_out(policy: &mut Value, action: &str) -> bool {
    let Some(statements) = policy["Statement"].as_array_mut() else {
        return false;
    };
    let mut removed = false;
    statements.retain_mut(|statement| {
        let named = &mut statement["Action"];
        if named == action {
            removed = true;
            return false;
        }
        let Some(actions) = named.as_array_mut() else {
            return true;
        };
        let before = actions.len();
        actions.retain(|named| named != action);
        removed |= actions.len() < before;
        !actions.is_empty()
    });
    removed
}

async fn role_of(world: &PipelineWorld, function: Function) -> Result<String, String> {
    let configuration = function.configuration(world).await?;
    configuration
        .role()
        .and_then(|role| role.rsplit('/').next())
        .map(str::to_owned)
        .ok_or_else(|| format!("{} has no role", function.name(world)))
}

#[then(expr = "{function} said of {string}: {string}")]
async fn said(
    world: &mut PipelineWorld,
    function: Function,
    key: String,
    text: String,
) -> Result<(), String> {
    let bodies: Vec<String> = world
        .all_notices()
        .await?
        .iter()
        .filter(|notice| {
            notice.attribute("function") == function.as_str() && notice.attribute("key") == key
        })
        .map(|notice| notice.body.clone())
        .collect();
    if bodies.iter().any(|body| body.contains(&text)) {
        Ok(())
    } else {
        Err(format!("it said:\n{}", bodies.join("\n")))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::take_out;

    #[test]
    fn an_action_goes_and_an_empty_statement_with_it() {
        let mut policy = json!({"Statement": [
            {"Action": ["s3:GetObject", "s3:DeleteObject"]},
            {"Action": "s3:DeleteObject"},
            {"Action": "s3:ListBucket"},
        ]});
        assert!(take_out(&mut policy, "s3:DeleteObject"));
        assert_eq!(
            policy,
            json!({"Statement": [{"Action": ["s3:GetObject"]}, {"Action": "s3:ListBucket"}]})
        );
        assert!(!take_out(&mut policy, "s3:DeleteObject"));
    }
}
