//! What can be seen of a scenario from outside, written down: for a comparison of two targets.

mod plain;
mod probes;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use zipster_parity::{Facts, Observations};
use zipster_targets::Pipeline;

use crate::world::PipelineWorld;
use plain::Plain;

/// The name under which wrong calls are written down.
const PROBES: &str = "Calls that are wrong or denied";

/// Objects up to this size are written down as they are, if they are text.
const SHOWN_BYTES: usize = 1 << 16;

/// How much clocks may differ between the machine and the target.
const CLOCK_SKEW: Duration = Duration::from_secs(1);

/// Collects what is seen.
#[derive(Debug)]
pub(crate) struct Observer {
    observations: Observations,
}

impl Observer {
    pub fn of(target: &str) -> Self {
        Self {
            observations: Observations {
                target: target.to_owned(),
                ..Observations::default()
            },
        }
    }

    pub fn note(&mut self, scenario: String, facts: Facts) {
        self.observations.scenarios.insert(scenario, facts);
    }

    pub fn note_probes(&mut self, facts: Facts) {
        self.note(PROBES.to_owned(), facts);
    }

    pub fn not_run(&mut self, scenario: String, reason: String) {
        self.observations.not_run.insert(scenario, reason);
    }

    pub fn times(&mut self, start: Duration, scenarios: Duration) {
        let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.observations.start_ms = ms(start);
        self.observations.scenarios_ms = ms(scenarios);
    }

    pub fn to_json(&self) -> String {
        self.observations.to_json()
    }
}

/// What is there at the end of a scenario.
///
/// # Errors
/// What could not be looked at.
pub(crate) async fn scenario(
    world: &mut PipelineWorld,
    passed: bool,
    began: OffsetDateTime,
) -> Result<Facts, String> {
    let notices = world.all_notices().await?.to_vec();
    let pipeline = world.pipeline();
    let plain = Plain::of(pipeline);
    let mut facts = Facts::new();
    let outcome = if passed { "passed" } else { "failed" };
    facts.insert("outcome".to_owned(), outcome.to_owned());
    objects(pipeline, &plain, &mut facts).await?;
    rows(pipeline, &plain, &mut facts).await?;
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    let mut told: Vec<(String, String)> = Vec::new();
    for notice in &notices {
        let attribute = |name: &str| notice.attribute(name);
        let about = format!(
            "notice {} {} of {}",
            attribute("function"),
            attribute("step"),
            plain.text(attribute("key"))
        );
        let mut text = format!("{}\n\n{}\n", notice.subject, notice.body);
        for (name, value) in &notice.attributes {
            text.push_str(&format!("{name}: {value}\n"));
        }
        told.push((about, plain.text(&text)));
    }
    // Topics keep no order.
    told.sort();
    for (about, text) in told {
        let time = times.entry(about.clone()).or_default();
        *time += 1;
        facts.insert(format!("{about} ({time})"), text);
    }
    logs(pipeline, &plain, began, &mut facts).await?;
    Ok(facts)
}

/// What wrong calls are answered with.
pub(crate) async fn probes(pipeline: &Pipeline) -> Facts {
    let plain = Plain::of(pipeline);
    probes::all(pipeline)
        .await
        .into_iter()
        .map(|(name, answer)| (format!("call {name}"), plain.text(&answer)))
        .collect()
}

async fn objects(pipeline: &Pipeline, plain: &Plain, facts: &mut Facts) -> Result<(), String> {
    let outputs = pipeline.outputs();
    let buckets = [
        ("input", &outputs.input_bucket),
        ("load", &outputs.load_bucket),
        ("errors", &outputs.error_bucket),
    ];
    let failed = |error: &dyn std::fmt::Debug| format!("cannot look at the buckets: {error:?}");
    for (name, bucket) in buckets {
        let mut pages = pipeline
            .clients()
            .s3
            .list_objects_v2()
            .bucket(bucket)
            .prefix(pipeline.keys().prefix())
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            for object in page.map_err(|error| failed(&error))?.contents() {
                let key = object.key().unwrap_or_default();
                let found = pipeline
                    .clients()
                    .s3
                    .get_object()
                    .bucket(bucket)
                    .key(key)
                    .send()
                    .await
                    .map_err(|error| failed(&error))?;
                let kind = found.content_type().unwrap_or("(none)").to_owned();
                let mut metadata: Vec<(String, String)> = found
                    .metadata()
                    .into_iter()
                    .flatten()
                    .map(|(name, value)| (name.clone(), value.clone()))
                    .collect();
                metadata.sort();
                let etag = found.e_tag().unwrap_or_default().to_owned();
                let bytes = found.body.collect().await.map_err(|error| failed(&error))?;
                let mut text = format!("content-type: {kind}\netag: {etag}\n");
                for (name, value) in metadata {
                    text.push_str(&format!("x-amz-meta-{name}: {value}\n"));
                }
                text.push('\n');
                text.push_str(&shown(&bytes.into_bytes()));
                let key = plain.text(key);
                facts.insert(format!("object {name}/{key}"), plain.text(&text));
            }
        }
    }
    Ok(())
}

/// Text as it is; anything else, and much text, by its size and digest.
fn shown(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if bytes.len() <= SHOWN_BYTES => text.to_owned(),
        Ok(_) | Err(_) => format!(
            "{} bytes, SHA-256 {}",
            bytes.len(),
            Sha256::digest(bytes)
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect::<String>()
        ),
    }
}

async fn rows(pipeline: &Pipeline, plain: &Plain, facts: &mut Facts) -> Result<(), String> {
    let pool = pipeline.database().pool();
    let prefix = pipeline.keys().prefix();
    let rows = zipster_database::loaded(pool, prefix)
        .await
        .map_err(|error| error.to_string())?;
    for row in rows {
        let text = [
            row.zipcode_type.as_str(),
            &row.city,
            &row.state,
            &row.location_type,
            &row.latitude,
            &row.longitude,
            &row.location,
            if row.decommissioned {
                "decommissioned"
            } else {
                "in use"
            },
        ]
        .join(" | ");
        facts.insert(format!("row {}", row.zipcode), text);
    }
    let loads = zipster_database::loads(pool)
        .await
        .map_err(|error| error.to_string())?;
    // Files that are sent at once are loaded in any order.
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for load in &loads {
        let Some(name) = pipeline.keys().name(&load.object_key) else {
            continue;
        };
        let time = times.entry(name.to_owned()).or_default();
        *time += 1;
        let text = format!(
            "{} read, {} stored, etag {}",
            load.rows_read, load.rows_stored, load.etag
        );
        facts.insert(format!("load of {name} ({time})"), plain.text(&text));
    }
    Ok(())
}

/// What the functions wrote since the scenario began, in the order of the alphabet: environments
/// write at the same time.
async fn logs(
    pipeline: &Pipeline,
    plain: &Plain,
    began: OffsetDateTime,
    facts: &mut Facts,
) -> Result<(), String> {
    let since = match pipeline.emulator() {
        // An emulator of one's own has nobody else's lines, and a clock of its own.
        Some(_) => 0,
        None => (began - CLOCK_SKEW).unix_timestamp() * 1_000,
    };
    let outputs = pipeline.outputs();
    let functions = [
        ("transform", &outputs.transform_function),
        ("load", &outputs.load_function),
    ];
    for (name, function) in functions {
        let mut pages = pipeline
            .clients()
            .logs
            .filter_log_events()
            .log_group_name(format!("/aws/lambda/{function}"))
            .start_time(since)
            .into_paginator()
            .send();
        let mut lines = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| format!("cannot read the log: {error:?}"))?;
            let messages = page.events().iter().filter_map(|event| event.message());
            lines.extend(messages.map(str::to_owned));
        }
        let requests = requests_about(&lines, pipeline.keys().prefix());
        let mut lines: Vec<String> = lines
            .iter()
            .filter(|line| requests.iter().any(|request| line.contains(request)))
            .filter_map(|line| plain.log_line(line))
            .collect();
        lines.sort();
        facts.insert(format!("log {name}"), lines.join("\n"));
    }
    Ok(())
}

/// The identifiers of the requests that speak of keys below a prefix: others may be written about in
/// the same log.
fn requests_about(lines: &[String], prefix: &str) -> BTreeSet<String> {
    lines
        .iter()
        .filter(|line| line.contains(prefix))
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter_map(|line| Some(line["span"]["requestId"].as_str()?.to_owned()))
        .collect()
}
