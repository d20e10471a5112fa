//! Small stacks, made in the emulator and taken away again.
//!
//! The function that they have is this very test program, started again as a bootstrap.

#![expect(
    clippy::unwrap_used,
    reason = "what a test needs to be there fails the test if it is not"
)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::{Value, json};
use zipster_emulator::clock::SystemClock;
use zipster_emulator::journal::Event;
use zipster_emulator::{Emulator, Settings};
use zipster_names::{AccountId, Region};
use zipster_stack::{Inputs, Source, Stack};
use zipster_targets::Report;
use zipster_targets::clients::{Access, Clients};
use zipster_targets::deploy::{Code, Leniency, deploy, remove, waves};

/// A function that works on a queue. Nothing says that the mapping needs the role's policy.
const QUEUE: &str = r#"
resource "aws_lambda_event_source_mapping" "jobs" {
  event_source_arn                   = aws_sqs_queue.jobs.arn
  function_name                      = aws_lambda_function.work.arn
  batch_size                         = 20
  maximum_batching_window_in_seconds = 1
  function_response_types            = ["ReportBatchItemFailures"]

  filter_criteria {
    filter {
      pattern = jsonencode({ body = { state = ["CT", "NY"] } })
    }
  }

  scaling_config {
    maximum_concurrency = 2
  }
}

resource "aws_sqs_queue" "jobs" {
  name = "jobs"
}

resource "aws_lambda_function" "work" {
  function_name = "work"
  role          = aws_iam_role.work.arn
  filename      = "work/bootstrap.zip"
  runtime       = "provided.al2023"
  handler       = "bootstrap"
  timeout       = 30
}

resource "aws_iam_role" "work" {
  name               = "work"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "lambda.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_iam_policy" "work" {
  name   = "work"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
      Resource = aws_sqs_queue.jobs.arn
    }]
  })
  # Later than what the mapping itself refers to.
  depends_on = [aws_lambda_function.work]
}

resource "aws_iam_role_policy_attachment" "work" {
  role       = aws_iam_role.work.name
  policy_arn = aws_iam_policy.work.arn
}
"#;

#[tokio::test]
async fn acts_as_a_function() {
    if std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_some() {
        lambda_runtime::run(service_fn(work)).await.unwrap();
    }
}

/// Says which messages it gets.
async fn work(event: LambdaEvent<Value>) -> Result<Value, lambda_runtime::Error> {
    let records = event.payload["Records"].as_array().unwrap();
    for record in records {
        println!("got {}", record["body"].as_str().unwrap());
    }
    Ok(json!({ "batchItemFailures": [] }))
}

/// A place where the emulator runs the function.
fn function(folder: &Path) -> Code {
    let program = std::env::current_exe().unwrap();
    let bootstrap = folder.join("bootstrap");
    let script = format!(
        "#!/bin/sh\nexec '{}' --exact acts_as_a_function --nocapture --quiet\n",
        program.display()
    );
    fs::write(&bootstrap, script).unwrap();
    fs::set_permissions(&bootstrap, fs::Permissions::from_mode(0o755)).unwrap();
    Code::InPlace(bootstrap)
}

fn account() -> (AccountId, Region) {
    (
        AccountId::parse("123456789012").unwrap(),
        Region::parse("eu-central-1").unwrap(),
    )
}

fn stack(text: &str) -> Stack {
    let (account, region) = account();
    let inputs = Inputs::new(account, region);
    let (stack, diagnostics) = zipster_stack::read(vec![Source::new("main.tf", text)], &inputs);
    stack.unwrap_or_else(|| panic!("{diagnostics:?}"))
}

async fn emulator() -> (Emulator, Clients) {
    let (account, region) = account();
    let mut settings = Settings::new(account, region.clone());
    settings.clock = Arc::new(SystemClock::hurried(100));
    let emulator = Emulator::start(settings).await.unwrap();
    let administrator = emulator.administrator();
    let clients = Clients::new(&Access {
        endpoint: Some(emulator.endpoint()),
        region: region.to_string(),
        credentials: SharedCredentialsProvider::new(Credentials::new(
            &administrator.access_key_id,
            administrator.expose_secret(),
            administrator.session_token.clone(),
            None,
            "test",
        )),
    });
    (emulator, clients)
}

#[tokio::test]
async fn a_message_of_a_queue_reaches_the_function_that_it_feeds() {
    let folder = tempfile::tempdir().unwrap();
    let code = [("work".to_owned(), function(folder.path()))].into();
    let stack = stack(QUEUE);
    let (emulator, clients) = emulator().await;
    let make = async |leniency| {
        deploy(&clients, &stack, &code, leniency, &Report::silent())
            .await
            .unwrap()
    };
    assert_eq!(make(Leniency::default()).await, [""; 0]);

    let url = clients.sqs.get_queue_url().queue_name("jobs");
    let url = url.send().await.unwrap().queue_url.unwrap();
    for state in ["CT", "NJ"] {
        let send = clients.sqs.send_message().queue_url(&url);
        let body = json!({ "state": state }).to_string();
        send.message_body(body).send().await.unwrap();
    }
    emulator.settled().await;
    let entries = emulator.journal().snapshot();
    let got = entries.iter().filter_map(|entry| {
        if let Event::LogLine { line, .. } = &entry.event {
            line.strip_prefix("got ")
        } else {
            None
        }
    });
    assert_eq!(got.collect::<Vec<_>>(), [r#"{"state":"CT"}"#]);

    // Made again over what is there: one mapping, as the files have it.
    let again = Leniency {
        update_existing: true,
        go_without: false,
    };
    make(again).await;
    let listed = clients.lambda.list_event_source_mappings().send();
    let listed = listed.await.unwrap().event_source_mappings.unwrap();
    let [mapping] = listed.as_slice() else {
        panic!("{listed:?}");
    };
    assert_eq!(mapping.batch_size(), Some(20));
    assert_eq!(mapping.maximum_batching_window_in_seconds(), Some(1));
    assert_eq!(mapping.filter_criteria().unwrap().filters().len(), 1);
    assert_eq!(
        mapping.function_response_types()[0].as_str(),
        "ReportBatchItemFailures"
    );
    let scaling = mapping.scaling_config().unwrap();
    assert_eq!(scaling.maximum_concurrency(), Some(2));

    remove(&clients, &stack).await.unwrap();
    let listed = clients.lambda.list_event_source_mappings().send();
    assert_eq!(listed.await.unwrap().event_source_mappings(), []);
    emulator.stop().await.unwrap();
}

#[test]
fn a_mapping_comes_after_the_policies_that_its_function_needs() {
    let stack = stack(QUEUE);
    let waves = waves(&stack);
    let last = waves.last().unwrap();
    let last: Vec<String> = last.iter().map(|one| one.address.to_string()).collect();
    assert_eq!(last, ["aws_lambda_event_source_mapping.jobs"]);
}
