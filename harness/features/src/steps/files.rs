//! Files, and the buckets they lie in.

use cucumber::gherkin::Step;
use cucumber::{given, then, when};
use futures::future::try_join_all;

use super::text_of;
use crate::snapshot;
use crate::world::PipelineWorld;

#[given(expr = "the file {string}")]
fn given_file(world: &mut PipelineWorld, step: &Step, key: String) -> Result<(), String> {
    world.files.insert(key, text_of(step)?);
    Ok(())
}

#[when(expr = "{string} is sent to the input bucket")]
async fn send(world: &mut PipelineWorld, key: String) -> Result<(), String> {
    let text = world.file(&key)?;
    let pipeline = world.pipeline();
    put(world, &key, text).await?;
    pipeline.settled().await.map_err(|error| error.to_string())
}

#[when(expr = "{string} is sent to the input bucket with these rows instead")]
async fn send_again(world: &mut PipelineWorld, step: &Step, key: String) -> Result<(), String> {
    world.files.insert(key.clone(), text_of(step)?);
    send(world, key).await
}

#[when("all files are sent to the input bucket at once")]
async fn send_all(world: &mut PipelineWorld) -> Result<(), String> {
    let world = &*world;
    try_join_all(
        world
            .files
            .iter()
            .map(|(key, text)| put(world, key, text.clone())),
    )
    .await?;
    world
        .pipeline()
        .settled()
        .await
        .map_err(|error| error.to_string())
}

async fn put(world: &PipelineWorld, key: &str, text: String) -> Result<(), String> {
    world
        .pipeline()
        .put_input(key, text.into_bytes())
        .await
        .map_err(|error| error.to_string())
}

#[then(expr = "the error file of {string} is as reviewed")]
async fn error_file_as_reviewed(world: &mut PipelineWorld, key: String) -> Result<(), String> {
    let text = error_file(world, &key).await?;
    snapshot::assert_error_file(&world.scenario, &key, &text);
    Ok(())
}

#[then(expr = "the error file of {string} is empty")]
async fn error_file_empty(world: &mut PipelineWorld, key: String) -> Result<(), String> {
    match error_file(world, &key).await?.as_str() {
        "" => Ok(()),
        text => Err(format!("the error file says:\n{text}")),
    }
}

async fn error_file(world: &PipelineWorld, key: &str) -> Result<String, String> {
    let pipeline = world.pipeline();
    let bytes = pipeline
        .object(&pipeline.outputs().error_bucket, key)
        .await
        .map_err(|error| error.to_string())?
        .ok_or("there is no error file")?;
    String::from_utf8(bytes).map_err(|error| error.to_string())
}

#[then(expr = "{string} is neither in the input bucket nor in the load bucket")]
async fn gone(world: &mut PipelineWorld, key: String) -> Result<(), String> {
    let outputs = world.pipeline().outputs();
    for bucket in [&outputs.input_bucket, &outputs.load_bucket] {
        if exists(world, bucket, &key).await? {
            return Err(format!("{key:?} is still in {bucket}"));
        }
    }
    Ok(())
}

#[then(expr = "{string} is still in the input bucket")]
async fn still_there(world: &mut PipelineWorld, key: String) -> Result<(), String> {
    let bucket = &world.pipeline().outputs().input_bucket;
    if exists(world, bucket, &key).await? {
        Ok(())
    } else {
        Err(format!("{key:?} is not in {bucket}"))
    }
}

async fn exists(world: &PipelineWorld, bucket: &str, key: &str) -> Result<bool, String> {
    let object = world
        .pipeline()
        .object(bucket, key)
        .await
        .map_err(|error| error.to_string())?;
    Ok(object.is_some())
}
