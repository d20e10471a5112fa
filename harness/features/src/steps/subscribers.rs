//! People and programs that subscribe to notices of their own accord.

use cucumber::{given, then, when};
use zipster_targets::pipeline::{InboxKind, InboxMessage};

use super::Function;
use crate::world::PipelineWorld;

#[given(expr = "{string} subscribes to the notices of {function} by email")]
async fn subscribes(
    world: &mut PipelineWorld,
    address: String,
    function: Function,
) -> Result<(), String> {
    let pipeline = world.pipeline();
    let subscription = pipeline
        .clients()
        .sns
        .subscribe()
        .topic_arn(function.topic(world))
        .protocol("email")
        .endpoint(address)
        .send()
        .await
        .map_err(|error| format!("{error:?}"))?;
    match subscription.subscription_arn() {
        Some("pending confirmation") => {}
        other => return Err(format!("the subscription is {other:?}")),
    }
    pipeline.settled().await.map_err(|error| error.to_string())
}

/// The messages that an address got by email, oldest first.
fn inbox(world: &PipelineWorld, address: &str) -> Result<Vec<InboxMessage>, String> {
    let mut messages = world
        .pipeline()
        .inbox()
        .map_err(|error| error.to_string())?;
    messages.retain(|message| message.endpoint == address);
    Ok(messages)
}

#[then(expr = "{string} was asked to confirm and told nothing else")]
fn asked_only(world: &mut PipelineWorld, address: String) -> Result<(), String> {
    let kinds: Vec<InboxKind> = inbox(world, &address)?
        .iter()
        .map(|mail| mail.kind)
        .collect();
    if kinds == [InboxKind::Confirmation] {
        Ok(())
    } else {
        Err(format!("the inbox of {address} holds {kinds:?}"))
    }
}

#[when(expr = "{string} follows the link in the email")]
async fn follows(world: &mut PipelineWorld, address: String) -> Result<(), String> {
    let link = inbox(world, &address)?
        .into_iter()
        .find_map(|mail| mail.confirm_link)
        .ok_or_else(|| format!("{address} was sent no link"))?;
    world
        .pipeline()
        .follow(&link)
        .await
        .map_err(|error| error.to_string())
}

#[then(expr = "{string} was told of {string} {int} time(s)")]
fn told(
    world: &mut PipelineWorld,
    address: String,
    key: String,
    times: usize,
) -> Result<(), String> {
    let subjects: Vec<String> = inbox(world, &address)?
        .into_iter()
        .filter(|mail| mail.kind == InboxKind::Notification)
        .filter_map(|mail| mail.subject)
        .collect();
    let seen = subjects
        .iter()
        .filter(|subject| subject.contains(&key))
        .count();
    if seen == times {
        Ok(())
    } else {
        Err(format!("the subjects are {subjects:#?}"))
    }
}

#[given(expr = "a program listens to {function} for {string} alone")]
async fn listens(
    world: &mut PipelineWorld,
    function: Function,
    status: String,
) -> Result<(), String> {
    let filter = serde_json::json!({ "status": [status] }).to_string();
    let listener = world
        .pipeline()
        .listen(&function.topic(world), &filter)
        .await
        .map_err(|error| error.to_string())?;
    world.listener = Some(listener);
    Ok(())
}

#[then(expr = "the program heard {string} about {string} {int} time(s), and nothing else")]
async fn heard(
    world: &mut PipelineWorld,
    status: String,
    key: String,
    times: usize,
) -> Result<(), String> {
    let listener = world.listener.as_ref().ok_or("no program listens")?;
    let keys = world.pipeline().keys();
    let heard: Vec<(String, String)> = listener
        .take()
        .await
        .map_err(|error| error.to_string())?
        .iter()
        .map(|notice| {
            let (status, key) = (notice.attribute("status"), notice.attribute("key"));
            let name = keys.name(key).unwrap_or(key);
            (status.to_owned(), name.to_owned())
        })
        .collect();
    if heard == vec![(status, key); times] {
        Ok(())
    } else {
        Err(format!("it heard {heard:?}"))
    }
}
