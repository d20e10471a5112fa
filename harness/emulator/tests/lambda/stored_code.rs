//! Code that lies in a bucket.

use aws_sdk_lambda::operation::update_function_code::builders::UpdateFunctionCodeFluentBuilder;
use aws_sdk_lambda::types::FunctionCode;
use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use serde_json::{Value, json};

use crate::function::package;
use crate::support::{World, iam, refusal, s3, session};

/// The bucket `packages`, which keeps versions, with two versions of `the.zip`: their identifiers.
async fn packages(world: &World) -> [String; 2] {
    let s3 = s3(&world.emulator);
    let region = aws_sdk_s3::types::CreateBucketConfiguration::builder()
        .location_constraint("eu-central-1".into())
        .build();
    let bucket = s3.create_bucket().bucket("packages");
    let bucket = bucket.create_bucket_configuration(region);
    bucket.send().await.unwrap();
    let enabled = VersioningConfiguration::builder()
        .status(BucketVersioningStatus::Enabled)
        .build();
    s3.put_bucket_versioning()
        .bucket("packages")
        .versioning_configuration(enabled)
        .send()
        .await
        .unwrap();
    let put = async |stage| {
        let put = s3.put_object().bucket("packages").key("the.zip");
        let put = put.body(package(stage).into()).send().await.unwrap();
        put.version_id.unwrap()
    };
    [put("old").await, put("new").await]
}

fn stored(key: &str) -> FunctionCode {
    let code = FunctionCode::builder().s3_bucket("packages").s3_key(key);
    code.build()
}

/// What runs.
async fn stage(world: &World) -> Value {
    let mut answer = world.invoke(json!({ "do": "environment" })).await;
    answer.payload["STAGE"].take()
}

#[tokio::test]
async fn a_function_runs_what_lies_in_a_bucket() {
    let world = World::empty().await;
    let [old, _] = packages(&world).await;
    let function = world.function("the-function").code(stored("the.zip"));
    let made = function.send().await.unwrap();
    assert_eq!(made.code_size(), package("new").len() as i64);
    assert_eq!(stage(&world).await, "new");
    let update = world.lambda.update_function_code();
    let update = update.function_name("the-function").s3_bucket("packages");
    let update = update.s3_key("the.zip").s3_object_version(old);
    let updated = update.send().await.unwrap();
    assert_ne!(updated.code_sha256(), made.code_sha256());
    assert_eq!(stage(&world).await, "old");
}

/// The object is copied: what becomes of it later is no concern of the function.
#[tokio::test]
async fn a_function_outlives_its_object() {
    let world = World::empty().await;
    packages(&world).await;
    let function = world.function("the-function").code(stored("the.zip"));
    function.send().await.unwrap();
    let s3 = s3(&world.emulator);
    let delete = s3.delete_object().bucket("packages").key("the.zip");
    delete.send().await.unwrap();
    assert_eq!(stage(&world).await, "new");
}

#[tokio::test]
async fn what_s3_says_of_the_object_is_passed_on() {
    let world = World::empty().await;
    packages(&world).await;
    let with = |code: FunctionCode| world.function("the-function").code(code).send();
    let occurred = |code: &str, message: &str| {
        format!(
            "InvalidParameterValueException: Error occurred while GetObject. S3 Error Code: {code}. \
             S3 Error Message: {message}"
        )
    };
    assert_eq!(
        refusal(with(stored("missing.zip")).await),
        occurred("NoSuchKey", "The specified key does not exist.")
    );
    let nowhere = FunctionCode::builder()
        .s3_bucket("nowhere")
        .s3_key("k")
        .build();
    assert_eq!(
        refusal(with(nowhere).await),
        occurred("NoSuchBucket", "The specified bucket does not exist")
    );
    let never = FunctionCode::builder()
        .s3_bucket("packages")
        .s3_key("the.zip")
        .s3_object_version("0".repeat(32))
        .build();
    assert_eq!(
        refusal(with(never).await),
        occurred("NoSuchVersion", "The specified version does not exist.")
    );
    let s3 = s3(&world.emulator);
    let text = s3.put_object().bucket("packages").key("text");
    let text = text.body(b"no archive".to_vec().into());
    text.send().await.unwrap();
    assert_eq!(
        refusal(with(stored("text")).await),
        "InvalidParameterValueException: Could not unzip uploaded file. Please check your file, \
         then try to upload again."
    );
    // Another region's bucket is not reachable from here.
    let region = aws_sdk_s3::types::CreateBucketConfiguration::builder()
        .location_constraint("eu-west-1".into())
        .build();
    let elsewhere = s3.create_bucket().bucket("elsewhere");
    let elsewhere = elsewhere.create_bucket_configuration(region);
    let far = aws_sdk_s3::config::Region::new("eu-west-1");
    let far = aws_sdk_s3::config::Builder::default().region(far);
    elsewhere
        .customize()
        .config_override(far)
        .send()
        .await
        .unwrap();
    let elsewhere = FunctionCode::builder()
        .s3_bucket("elsewhere")
        .s3_key("the.zip")
        .build();
    assert_eq!(
        refusal(with(elsewhere).await),
        occurred(
            "PermanentRedirect",
            "The bucket is in this region: eu-west-1. Please use this region to retry the request"
        )
    );
}

#[tokio::test]
async fn the_caller_has_to_be_allowed_to_read_the_object() {
    let world = World::start().await;
    let [old, _] = packages(&world).await;
    // `the-role` may do everything with functions, and nothing with buckets.
    let session = session(&world).await;
    world.function("another").send().await.unwrap();
    let update = || -> UpdateFunctionCodeFluentBuilder {
        let update = session.update_function_code().function_name("another");
        update.s3_bucket("packages").s3_key("the.zip")
    };
    let denied = refusal(update().send().await);
    let expected = "AccessDeniedException: Your access has been denied by S3, please make sure your \
                    request credentials have permission to GetObject for packages/the.zip. S3 Error \
                    Code: AccessDenied.";
    assert!(denied.starts_with(expected), "{denied}");
    let policy = json!({ "Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::packages/*",
    } });
    let allow = iam(&world.emulator).put_role_policy().role_name("the-role");
    let allow = allow.policy_name("packages");
    let allow = allow.policy_document(policy.to_string());
    allow.send().await.unwrap();
    update().send().await.unwrap();
    // A version is another permission.
    let denied = refusal(update().s3_object_version(old).send().await);
    assert!(denied.starts_with(expected), "{denied}");
}
