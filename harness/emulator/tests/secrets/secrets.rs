//! Secrets and their versions.

use aws_sdk_secretsmanager::error::ProvideErrorMetadata;
use aws_sdk_secretsmanager::primitives::Blob;
use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType, Tag};

use crate::support::World;

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

#[tokio::test]
async fn a_secret_is_found_by_its_name_and_by_both_forms_of_its_arn() {
    let world = World::new().await;
    let arn = world.secret("app/database", "s3cret").await;
    let partial = "arn:aws:secretsmanager:us-east-1:123456789012:secret:app/database";
    let suffix = arn.strip_prefix(partial).unwrap();
    assert_eq!(suffix.len(), 7);
    for id in ["app/database", partial, &arn] {
        assert_eq!(world.text(id).await, "s3cret");
    }
    let missing = world.secrets.get_secret_value().secret_id("app");
    let error = missing.send().await.unwrap_err().into_service_error();
    assert!(error.is_resource_not_found_exception());
    assert_eq!(
        error.message(),
        Some("Secrets Manager can't find the specified secret.")
    );
}

#[tokio::test]
async fn labels_move_when_a_value_is_put() {
    let world = World::new().await;
    world.secret("s", "one").await;
    let put = |text: &str| {
        world
            .secrets
            .put_secret_value()
            .secret_id("s")
            .secret_string(text)
    };
    let two = put("two").client_request_token(TOKEN).send().await.unwrap();
    assert_eq!(
        (two.version_id(), two.version_stages()),
        (Some(TOKEN), &["AWSCURRENT".to_owned()][..])
    );
    // The same request again changes nothing; another with its token is refused.
    put("two").client_request_token(TOKEN).send().await.unwrap();
    let other = put("else").client_request_token(TOKEN).send().await;
    assert!(
        other
            .unwrap_err()
            .into_service_error()
            .is_resource_exists_exception()
    );
    let staged = |stage: &str| {
        let get = world.secrets.get_secret_value().secret_id("s");
        get.version_stage(stage).send()
    };
    assert_eq!(
        staged("AWSCURRENT").await.unwrap().secret_string(),
        Some("two")
    );
    assert_eq!(
        staged("AWSPREVIOUS").await.unwrap().secret_string(),
        Some("one")
    );
    let pending = put("three")
        .version_stages("AWSPENDING")
        .send()
        .await
        .unwrap();
    assert_eq!(world.text("s").await, "two");
    let get = world.secrets.get_secret_value().secret_id("s");
    let by_id = get
        .version_id(pending.version_id().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(by_id.secret_string(), Some("three"));
    let error = staged("NOWHERE").await.unwrap_err();
    assert_eq!(
        error.message(),
        Some("Secrets Manager can't find the specified secret value for staging label: NOWHERE")
    );
    put("four").send().await.unwrap();
    assert_eq!(
        staged("AWSPREVIOUS").await.unwrap().secret_string(),
        Some("two")
    );
    let list = || world.secrets.list_secret_version_ids().secret_id("s");
    assert_eq!(list().send().await.unwrap().versions().len(), 3);
    let all = list().include_deprecated(true).send().await.unwrap();
    assert_eq!(all.versions().len(), 4);
}

#[tokio::test]
async fn making_a_secret_twice_is_refused_unless_it_is_the_same_request() {
    let world = World::new().await;
    let create = |text: &str, token: &str| {
        let create = world.secrets.create_secret().name("s");
        create
            .secret_string(text)
            .client_request_token(token)
            .send()
    };
    let first = create("one", TOKEN).await.unwrap();
    let again = create("one", TOKEN).await.unwrap();
    assert_eq!(first.arn(), again.arn());
    let error = create("two", TOKEN).await.unwrap_err();
    assert_eq!(
        error.message(),
        Some("The operation failed because the secret s already exists.")
    );
    let error = create("one", "short").await.unwrap_err();
    assert_eq!(error.code(), Some("InvalidParameterException"));
    let create = world.secrets.create_secret().name("not a name");
    let error = create.send().await.unwrap_err();
    assert!(error.message().unwrap().starts_with("Invalid name."));
    let create = world.secrets.create_secret().name("b");
    let binary = create.secret_binary(Blob::new([0, 255]));
    binary.send().await.unwrap();
    let got = world
        .secrets
        .get_secret_value()
        .secret_id("b")
        .send()
        .await
        .unwrap();
    assert_eq!(got.secret_binary().unwrap().as_ref(), [0, 255]);
}

#[tokio::test]
async fn a_deleted_secret_can_be_restored_unless_it_was_forced() {
    let world = World::new().await;
    world.secret("s", "one").await;
    let delete = || world.secrets.delete_secret().secret_id("s");
    let error = delete()
        .recovery_window_in_days(3)
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some("InvalidParameterException"));
    let deleted = delete().recovery_window_in_days(7).send().await.unwrap();
    assert!(deleted.deletion_date().is_some());
    let get = world.secrets.get_secret_value().secret_id("s");
    let error = get.send().await.unwrap_err();
    assert_eq!(
        (error.code(), error.message()),
        (
            Some("InvalidRequestException"),
            Some(
                "You can't perform this operation on the secret because it was marked for deletion."
            )
        )
    );
    let create = world.secrets.create_secret().name("s").send().await;
    assert!(
        create
            .unwrap_err()
            .into_service_error()
            .is_invalid_request_exception()
    );
    assert!(
        world
            .secrets
            .list_secrets()
            .send()
            .await
            .unwrap()
            .secret_list()
            .is_empty()
    );
    let restore = world.secrets.restore_secret().secret_id("s");
    restore.send().await.unwrap();
    assert_eq!(world.text("s").await, "one");
    let forced = delete().force_delete_without_recovery(true);
    forced.send().await.unwrap();
    world.secret("s", "two").await;
    assert_eq!(world.text("s").await, "two");
}

#[tokio::test]
async fn secrets_are_listed_by_what_is_known_of_them() {
    let world = World::new().await;
    for (name, team) in [("app/a", "blue"), ("app/b", "red"), ("other", "blue")] {
        let tag = Tag::builder().key("team").value(team).build();
        let create = world.secrets.create_secret().name(name).tags(tag);
        create.description("Of the app").send().await.unwrap();
    }
    let names = |key: FilterNameStringType, value: &str| {
        let filter = Filter::builder().key(key).values(value).build();
        let list = world.secrets.list_secrets().filters(filter).send();
        async {
            let found = list.await.unwrap();
            let mut names: Vec<String> = found
                .secret_list()
                .iter()
                .map(|secret| secret.name().unwrap().to_owned())
                .collect();
            names.sort();
            names
        }
    };
    assert_eq!(
        names(FilterNameStringType::Name, "app/").await,
        ["app/a", "app/b"]
    );
    assert_eq!(names(FilterNameStringType::Name, "!app/").await, ["other"]);
    assert_eq!(
        names(FilterNameStringType::TagValue, "blue").await,
        ["app/a", "other"]
    );
    assert_eq!(names(FilterNameStringType::All, "APP").await.len(), 3);
    let first = world
        .secrets
        .list_secrets()
        .max_results(2)
        .send()
        .await
        .unwrap();
    let rest = world
        .secrets
        .list_secrets()
        .next_token(first.next_token().unwrap());
    assert_eq!(rest.send().await.unwrap().secret_list().len(), 1);
}

#[tokio::test]
async fn a_resource_policy_can_forbid() {
    let world = World::new().await;
    let arn = world.secret("s", "one").await;
    let put = |policy: &str| {
        let put = world.secrets.put_resource_policy().secret_id("s");
        put.resource_policy(policy).send()
    };
    put(
        r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*",
            "Action": "secretsmanager:GetSecretValue", "Resource": "*",
            "Condition": {"StringEquals": {"secretsmanager:VersionStage": "AWSPREVIOUS"}}}]}"#,
    )
    .await
    .unwrap();
    assert_eq!(world.text("s").await, "one");
    let get = world.secrets.get_secret_value().secret_id("s");
    let error = get.version_stage("AWSPREVIOUS").send().await.unwrap_err();
    assert_eq!(
        (error.code(), error.message()),
        (
            Some("AccessDeniedException"),
            Some(
                format!(
                    "User: arn:aws:iam::123456789012:root is not authorized to perform: \
                     secretsmanager:GetSecretValue on resource: {arn} with an explicit deny in a \
                     resource-based policy"
                )
                .as_str()
            )
        )
    );
    let error = put("{").await.unwrap_err().into_service_error();
    assert!(error.is_malformed_policy_document_exception());
    let delete = world.secrets.delete_resource_policy().secret_id("s");
    delete.send().await.unwrap();
    let get = world.secrets.get_resource_policy().secret_id("s");
    assert_eq!(get.send().await.unwrap().resource_policy(), None);
}

#[tokio::test]
async fn a_password_has_what_was_asked_for() {
    let world = World::new().await;
    let ask = || world.secrets.get_random_password().password_length(8);
    let ask = || ask().exclude_punctuation(true).exclude_characters("0O1l");
    let answer = ask().send().await.unwrap();
    let password = answer.random_password().unwrap();
    assert_eq!(password.len(), 8);
    assert!(
        password
            .chars()
            .all(|c| c.is_ascii_alphanumeric() && !"0O1l".contains(c))
    );
    assert!(password.chars().any(|c| c.is_ascii_digit()));
    assert!(password.chars().any(|c| c.is_ascii_uppercase()));
    let short = world.secrets.get_random_password().password_length(3);
    assert_eq!(
        short.send().await.unwrap_err().code(),
        Some("InvalidParameterException")
    );
}

#[tokio::test]
async fn what_a_secret_holds_is_nowhere_else() {
    let world = World::new().await;
    world.secret("s", "hunter2").await;
    world.text("s").await;
    let journal = format!("{:?}", world.emulator.journal().snapshot());
    assert!(journal.contains("GetSecretValue"));
    assert!(!journal.contains("hunter2"));
    assert!(!format!("{:?}", world.emulator.services().secrets).contains("hunter2"));
    let error = world
        .secrets
        .rotate_secret()
        .secret_id("s")
        .send()
        .await
        .unwrap_err();
    assert!(
        error
            .message()
            .unwrap()
            .contains("RotateSecret is not supported")
    );
}
