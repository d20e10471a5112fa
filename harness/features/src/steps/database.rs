//! What the database holds.

use cucumber::gherkin::Step;
use cucumber::then;
use zipster_database::ZipCodeRow;

use super::rows_of;
use crate::world::PipelineWorld;

async fn zip_codes_now(world: &PipelineWorld) -> Result<u64, String> {
    zipster_database::count_zip_codes(world.pipeline().database().pool())
        .await
        .map_err(|error| error.to_string())
}

#[then(expr = "the database holds {int} zip code(s) more than before")]
async fn holds_more(world: &mut PipelineWorld, more: u64) -> Result<(), String> {
    let (before, now) = (world.zip_codes_before, zip_codes_now(world).await?);
    if now == before + more {
        Ok(())
    } else {
        Err(format!("it held {before} and holds {now}"))
    }
}

#[then("the database holds as many zip codes as before")]
async fn as_before(world: &mut PipelineWorld) -> Result<(), String> {
    holds_more(world, 0).await
}

#[then("the database holds these zip codes")]
async fn rows(world: &mut PipelineWorld, step: &Step) -> Result<(), String> {
    let mut problems = Vec::new();
    for expected in rows_of(step)? {
        let (_, zipcode) = expected
            .iter()
            .find(|(column, _)| *column == "zipcode")
            .ok_or("the table needs a column zipcode")?;
        let row = zipster_database::row(world.pipeline().database().pool(), zipcode)
            .await
            .map_err(|error| error.to_string())?;
        let Some(row) = row else {
            problems.push(format!("{zipcode} is not there"));
            continue;
        };
        for (column, value) in &expected {
            let seen = column_of(&row, column)?;
            if seen != *value {
                problems.push(format!("{column} of {zipcode} is {seen}, not {value}"));
            }
        }
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(problems.join("\n"))
    }
}

fn column_of(row: &ZipCodeRow, column: &str) -> Result<String, String> {
    Ok(match column {
        "zipcode" => row.zipcode.clone(),
        "zipcode_type" => row.zipcode_type.clone(),
        "city" => row.city.clone(),
        "state" => row.state.clone(),
        "location_type" => row.location_type.clone(),
        "latitude" => row.latitude.clone(),
        "longitude" => row.longitude.clone(),
        "location" => row.location.clone(),
        "decommissioned" => row.decommissioned.to_string(),
        other => return Err(format!("zip codes have no column {other:?}")),
    })
}

#[then(expr = "these zip codes lie within {float} miles of {word}")]
async fn within(
    world: &mut PipelineWorld,
    step: &Step,
    miles: f64,
    centre: String,
) -> Result<(), String> {
    let found = zipster_database::within(world.pipeline().database().pool(), miles, &centre)
        .await
        .map_err(|error| error.to_string())?;
    let seen: Vec<Vec<(&str, String)>> = found
        .iter()
        .map(|found| {
            vec![
                ("zipcode", found.zipcode.clone()),
                ("miles", format!("{:.3}", found.distance_miles)),
            ]
        })
        .collect();
    let expected: Vec<Vec<(&str, String)>> = rows_of(step)?
        .into_iter()
        .map(|row| {
            row.into_iter()
                .map(|(column, value)| (column, value.to_owned()))
                .collect()
        })
        .collect();
    if seen == expected {
        Ok(())
    } else {
        Err(format!("found were {seen:?}"))
    }
}

#[then(regex = r#"^the ledger names "([^"]*)" (once|twice)$"#)]
async fn ledger(world: &mut PipelineWorld, key: String, times: String) -> Result<(), String> {
    let expected = if times == "once" { 1 } else { 2 };
    let loads = zipster_database::loads(world.pipeline().database().pool())
        .await
        .map_err(|error| error.to_string())?;
    let key = world.pipeline().keys().key(&key);
    let mut versions: Vec<&str> = loads
        .iter()
        .filter(|load| load.object_key == key)
        .map(|load| load.source_version.as_str())
        .collect();
    if world.pipeline().may_repeat_events() {
        // Of one upload whose event comes twice at once, two load files may be made.
        versions.sort_unstable();
        versions.dedup();
    }
    let seen = versions.len();
    if seen == expected {
        Ok(())
    } else {
        Err(format!("it names it {seen} times"))
    }
}

#[then(expr = "the ledger names {string} before {string}")]
async fn ledger_order(
    world: &mut PipelineWorld,
    first: String,
    second: String,
) -> Result<(), String> {
    let loads = zipster_database::loads(world.pipeline().database().pool())
        .await
        .map_err(|error| error.to_string())?;
    let keys: Vec<&str> = loads.iter().map(|load| load.object_key.as_str()).collect();
    let place = |name: &str| {
        let key = world.pipeline().keys().key(name);
        keys.iter().position(|named| *named == key)
    };
    match (place(&first), place(&second)) {
        (Some(one), Some(other)) if one < other => Ok(()),
        _ => Err(format!("it names {keys:?}")),
    }
}
