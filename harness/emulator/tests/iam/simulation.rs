//! Asking what would be decided.

use aws_sdk_iam::types::{ContextEntry, ContextKeyTypeEnum};

use crate::support::{ACCOUNT, World, refusal};

const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"},
    {"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::b",
     "Condition":{"StringLike":{"s3:prefix":"in/*"}}},
    {"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::b/secret/*"}]}"#;

#[tokio::test]
async fn a_roles_policies_can_be_asked_without_doing_anything() {
    let world = World::start().await;
    world.role("load").await;
    let put = world.iam.put_role_policy().role_name("load");
    let put = put.policy_name("p").policy_document(POLICY);
    put.send().await.unwrap();
    let ask = || {
        let role = format!("arn:aws:iam::{ACCOUNT}:role/load");
        world
            .iam
            .simulate_principal_policy()
            .policy_source_arn(role)
    };
    let answer = ask()
        .action_names("s3:GetObject")
        .action_names("s3:PutObject")
        .resource_arns("arn:aws:s3:::b/k")
        .resource_arns("arn:aws:s3:::b/secret/k")
        .send()
        .await
        .unwrap();
    let decisions: Vec<_> = answer
        .evaluation_results()
        .iter()
        .map(|result| {
            let resource = result.eval_resource_name().unwrap();
            let action = result.eval_action_name();
            format!("{action} {resource} {}", result.eval_decision().as_str())
        })
        .collect();
    assert_eq!(
        decisions,
        [
            "s3:GetObject arn:aws:s3:::b/k allowed",
            "s3:GetObject arn:aws:s3:::b/secret/k explicitDeny",
            "s3:PutObject arn:aws:s3:::b/k implicitDeny",
            "s3:PutObject arn:aws:s3:::b/secret/k explicitDeny",
        ]
    );

    let list = || {
        ask()
            .action_names("s3:ListBucket")
            .resource_arns("arn:aws:s3:::b")
    };
    let answer = list().send().await.unwrap();
    let result = &answer.evaluation_results()[0];
    assert_eq!(result.eval_decision().as_str(), "implicitDeny");
    assert_eq!(result.missing_context_values(), ["s3:prefix"]);
    let prefix = ContextEntry::builder()
        .context_key_name("s3:prefix")
        .context_key_values("in/2026")
        .context_key_type(ContextKeyTypeEnum::String)
        .build();
    let answer = list().context_entries(prefix).send().await.unwrap();
    let result = &answer.evaluation_results()[0];
    assert_eq!(result.eval_decision().as_str(), "allowed");
    assert_eq!(result.matched_statements()[0].source_policy_id(), Some("p"));

    let missing = world.iam.simulate_principal_policy();
    let missing = missing.policy_source_arn(format!("arn:aws:iam::{ACCOUNT}:role/missing"));
    assert_eq!(
        refusal(missing.action_names("s3:GetObject").send().await),
        "NoSuchEntity: The principal arn:aws:iam::123456789012:role/missing cannot be found."
    );
}
