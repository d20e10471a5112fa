//! `zipster search`: the zip codes around one.

use serde_json::json;
use zipster_database::{Found, Server};
use zipster_targets::Project;

use crate::args::SearchSettings;
use crate::exit::{Exit, Failure};
use crate::session::Session;
use crate::stage::{database_settings, find_project};
use crate::style::{QUIET, STRONG};

/// Prints what lies within the radius, nearest first.
///
/// # Errors
/// [`Failure`] if there is no database, or the centre is not in it.
pub async fn search(settings: SearchSettings) -> Result<Exit, Failure> {
    let project = find_project()?;
    let running = Session::find(&project)
        .await
        .map(|session| session.database_url);
    let url = settings.database_url.clone().or(running);
    if url.is_none() {
        let (quiet, reset) = (QUIET.render(), QUIET.render_reset());
        anstream::eprintln!(
            "{quiet}no stack is up and no --database-url given: searching the starting set in a private server{reset}"
        );
    }
    let tell = |event: &zipster_database::Event| {
        let (quiet, reset) = (QUIET.render(), QUIET.render_reset());
        anstream::eprintln!("{quiet}database: {event}{reset}");
    };
    let server = Server::find(&database_settings(url.as_deref())?, &tell).await?;
    let result = search_in(&server, &project, &settings).await;
    let stopped = server.stop().await;
    let found = result?;
    stopped?;
    print(&found, settings.json);
    Ok(Exit::Done)
}

async fn search_in(
    server: &Server,
    project: &Project,
    settings: &SearchSettings,
) -> Result<Vec<Found>, zipster_database::Error> {
    let database = match server.own_database()? {
        Some(database) => database,
        None => {
            let database = server.create_database("search").await?;
            database.migrate(&project.migrations()).await?;
            database
        }
    };
    let found = zipster_database::within(database.pool(), settings.within, &settings.zipcode).await;
    let dropped = database.drop().await;
    let found = found?;
    dropped?;
    Ok(found)
}

fn print(found: &[Found], as_json: bool) {
    if as_json {
        let all: Vec<_> = found
            .iter()
            .map(|found| {
                json!({
                    "zipcode": found.zipcode,
                    "city": found.city,
                    "state": found.state,
                    "miles": (found.distance_miles * 1000.0).round() / 1000.0,
                })
            })
            .collect();
        anstream::println!("{}", json!(all));
        return;
    }
    let (strong, reset) = (STRONG.render(), STRONG.render_reset());
    for found in found {
        anstream::println!(
            "{strong}{}{reset} {:>8.3} miles  {}, {}",
            found.zipcode,
            found.distance_miles,
            found.city,
            found.state
        );
    }
    if found.is_empty() {
        anstream::eprintln!("none");
    }
}
