//! Calls that are wrong or denied, and what each service answers.
//!
//! They change nothing that a scenario looks at, and whoever calls may do everything but what AWS
//! lets nobody do.

use std::collections::BTreeMap;

use aws_sdk_lambda::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use zipster_targets::Pipeline;

/// The name of a thing that is nowhere.
const NOWHERE: &str = "zipster-there-is-no-such-thing";

/// The answers, by what was called.
type Answers = BTreeMap<&'static str, String>;

/// Makes all calls.
pub(super) async fn all(pipeline: &Pipeline) -> Answers {
    let mut answers = Answers::new();
    s3(pipeline, &mut answers).await;
    sns(pipeline, &mut answers).await;
    sqs(pipeline, &mut answers).await;
    lambda(pipeline, &mut answers).await;
    others(pipeline, &mut answers).await;
    answers
}

/// The status, and the code and message of an error.
fn answer<T, E>(result: Result<T, SdkError<E, HttpResponse>>) -> String
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match result {
        Ok(_) => "done".to_owned(),
        Err(error) => match (error.raw_response(), error.as_service_error()) {
            (Some(response), Some(service)) => format!(
                "{} {}: {}",
                response.status().as_u16(),
                service.code().unwrap_or("(no code)"),
                service.message().unwrap_or("(no message)")
            ),
            _ => format!("no answer: {error}"),
        },
    }
}

macro_rules! call {
    ($answers:ident, $name:literal, $call:expr) => {
        $answers.insert($name, answer($call.send().await));
    };
}

async fn s3(pipeline: &Pipeline, answers: &mut Answers) {
    let s3 = &pipeline.clients().s3;
    let bucket = &pipeline.outputs().error_bucket;
    let key = pipeline.keys().key("probe.txt");
    call!(
        answers,
        "s3:GetObject of no key",
        s3.get_object().bucket(bucket).key(NOWHERE)
    );
    call!(
        answers,
        "s3:GetObject of no bucket",
        s3.get_object().bucket(NOWHERE).key("a")
    );
    call!(
        answers,
        "s3:HeadObject of no key",
        s3.head_object().bucket(bucket).key(NOWHERE)
    );
    call!(
        answers,
        "s3:PutObject to no bucket",
        s3.put_object().bucket(NOWHERE).key("a")
    );
    call!(
        answers,
        "s3:DeleteBucket of no bucket",
        s3.delete_bucket().bucket(NOWHERE)
    );
    call!(
        answers,
        "s3:ListObjectsV2 of no bucket",
        s3.list_objects_v2().bucket(NOWHERE)
    );
    call!(
        answers,
        "s3:CreateBucket of a name in capitals",
        s3.create_bucket().bucket("Zipster_Capitals")
    );
    call!(
        answers,
        "s3:PutObject",
        s3.put_object()
            .bucket(bucket)
            .key(&key)
            .body(b"probe".to_vec().into())
    );
    call!(
        answers,
        "s3:GetObject of a range behind the end",
        s3.get_object().bucket(bucket).key(&key).range("bytes=100-")
    );
    call!(
        answers,
        "s3:GetObject if another tag matches",
        s3.get_object()
            .bucket(bucket)
            .key(&key)
            .if_match("\"00000000000000000000000000000000\"")
    );
    call!(
        answers,
        "s3:PutObject if there is none, where there is one",
        s3.put_object().bucket(bucket).key(&key).if_none_match("*")
    );
    call!(
        answers,
        "s3:DeleteObject if another tag matches",
        s3.delete_object()
            .bucket(bucket)
            .key(&key)
            .if_match("\"00000000000000000000000000000000\"")
    );
    call!(
        answers,
        "s3:DeleteObject",
        s3.delete_object().bucket(bucket).key(&key)
    );
    let part = CompletedPart::builder()
        .part_number(1)
        .e_tag("\"00000000000000000000000000000000\"")
        .build();
    let parts = CompletedMultipartUpload::builder().parts(part).build();
    call!(
        answers,
        "s3:CompleteMultipartUpload of no upload",
        s3.complete_multipart_upload()
            .bucket(bucket)
            .key(&key)
            .upload_id(NOWHERE)
            .multipart_upload(parts)
    );
}

async fn sns(pipeline: &Pipeline, answers: &mut Answers) {
    let sns = &pipeline.clients().sns;
    let topic = &pipeline.outputs().transform_topic_arn;
    let none = topic.replace("-transform", "-none");
    call!(
        answers,
        "sns:Publish to no topic",
        sns.publish().topic_arn(&none).message("a")
    );
    call!(
        answers,
        "sns:Publish of an empty message",
        sns.publish().topic_arn(topic).message("")
    );
    call!(
        answers,
        "sns:Publish with a subject of 101 characters",
        sns.publish()
            .topic_arn(topic)
            .message("a")
            .subject("s".repeat(101))
    );
    call!(
        answers,
        "sns:GetTopicAttributes of no topic",
        sns.get_topic_attributes().topic_arn(&none)
    );
    call!(
        answers,
        "sns:Subscribe by an unknown protocol",
        sns.subscribe()
            .topic_arn(topic)
            .protocol("pigeon")
            .endpoint("roof")
    );
    call!(
        answers,
        "sns:Subscribe with a broken filter policy",
        sns.subscribe()
            .topic_arn(topic)
            .protocol("sqs")
            .endpoint("arn:aws:sqs:us-east-1:000000000000:none")
            .attributes("FilterPolicy", "{")
    );
    call!(
        answers,
        "sns:CreateTopic of a name with a space",
        sns.create_topic().name("a b")
    );
}

async fn sqs(pipeline: &Pipeline, answers: &mut Answers) {
    let sqs = &pipeline.clients().sqs;
    let name = pipeline
        .outputs()
        .load_dead_letters_url
        .rsplit('/')
        .next()
        .unwrap_or_default()
        .to_owned();
    let url = sqs.get_queue_url().queue_name(name).send().await;
    let url = url
        .ok()
        .and_then(|answer| answer.queue_url)
        .unwrap_or_default();
    call!(
        answers,
        "sqs:GetQueueUrl of no queue",
        sqs.get_queue_url().queue_name(NOWHERE)
    );
    call!(
        answers,
        "sqs:ReceiveMessage of 11 messages",
        sqs.receive_message()
            .queue_url(&url)
            .max_number_of_messages(11)
    );
    call!(
        answers,
        "sqs:ReceiveMessage waiting 21 seconds",
        sqs.receive_message().queue_url(&url).wait_time_seconds(21)
    );
    call!(
        answers,
        "sqs:SendMessage of an empty message",
        sqs.send_message().queue_url(&url).message_body("")
    );
    call!(
        answers,
        "sqs:DeleteMessage by a receipt that is none",
        sqs.delete_message().queue_url(&url).receipt_handle("none")
    );
    call!(
        answers,
        "sqs:CreateQueue of a name with a space",
        sqs.create_queue().queue_name("a b")
    );
}

async fn lambda(pipeline: &Pipeline, answers: &mut Answers) {
    let lambda = &pipeline.clients().lambda;
    let function = &pipeline.outputs().transform_function;
    call!(
        answers,
        "lambda:Invoke of no function",
        lambda.invoke().function_name(NOWHERE)
    );
    call!(
        answers,
        "lambda:Invoke with what is not JSON",
        lambda
            .invoke()
            .function_name(function)
            .payload(Blob::new("not JSON"))
    );
    call!(
        answers,
        "lambda:GetFunction of no function",
        lambda.get_function().function_name(NOWHERE)
    );
    call!(
        answers,
        "lambda:UpdateFunctionConfiguration of a timeout of 901 seconds",
        lambda
            .update_function_configuration()
            .function_name(function)
            .timeout(901)
    );
    call!(
        answers,
        "lambda:RemovePermission of no statement",
        lambda
            .remove_permission()
            .function_name(function)
            .statement_id(NOWHERE)
    );
    call!(
        answers,
        "lambda:GetFunctionEventInvokeConfig of no function",
        lambda
            .get_function_event_invoke_config()
            .function_name(NOWHERE)
    );
}

async fn others(pipeline: &Pipeline, answers: &mut Answers) {
    let clients = pipeline.clients();
    let (iam, logs, sts) = (&clients.iam, &clients.logs, &clients.sts);
    call!(
        answers,
        "iam:GetRole of no role",
        iam.get_role().role_name(NOWHERE)
    );
    call!(
        answers,
        "iam:CreateRole with a policy that is not JSON",
        iam.create_role()
            .role_name(NOWHERE)
            .assume_role_policy_document("{")
    );
    call!(
        answers,
        "iam:DeleteRolePolicy of no role",
        iam.delete_role_policy()
            .role_name(NOWHERE)
            .policy_name("none")
    );
    call!(
        answers,
        "logs:GetLogEvents of no group",
        logs.get_log_events()
            .log_group_name(NOWHERE)
            .log_stream_name("none")
    );
    call!(
        answers,
        "logs:FilterLogEvents with a broken pattern",
        logs.filter_log_events()
            .log_group_name(format!(
                "/aws/lambda/{}",
                pipeline.outputs().transform_function
            ))
            .filter_pattern("{ $.a = ")
    );
    let function = clients
        .lambda
        .get_function_configuration()
        .function_name(&pipeline.outputs().transform_function)
        .send()
        .await;
    let role = function
        .ok()
        .and_then(|function| function.role)
        .unwrap_or_default();
    // Its trust policy names Lambda alone.
    call!(
        answers,
        "sts:AssumeRole of a function's role",
        sts.assume_role().role_arn(role).role_session_name("probe")
    );
}
