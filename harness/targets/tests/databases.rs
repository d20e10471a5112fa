//! A stack takes a database, or makes one: here they are all the same one.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot have its pipeline has failed"
)]

use std::path::Path;

use zipster_targets::embedded::{Embedded, EmbeddedSettings, PipelineSettings};
use zipster_targets::{FunctionSource, Project, Report};

const FILE: &str = "Zipcode,ZipCodeType,City,State,LocationType,Lat,Long,Location,Decommisioned\n\
                    59301,STANDARD,MILES CITY,MT,PRIMARY,46.4,-105.84,NA-US-MT-MILES CITY,FALSE\n";

/// The environment of `load` that says where the database is, and how many zip codes came there.
async fn way_to_the_database(embedded: &Embedded, kind: &str) -> (Vec<String>, u64) {
    let settings = PipelineSettings {
        label: format!("of {kind}"),
        hurry: 2000,
        variables: vec![("database".to_owned(), kind.to_owned())],
        ..PipelineSettings::default()
    };
    let pipeline = embedded.pipeline(settings).await.unwrap();
    let pool = pipeline.database().pool();
    let before = zipster_database::count_zip_codes(pool).await.unwrap();
    pipeline.put_input("zips.csv", FILE.into()).await.unwrap();
    pipeline.settled().await.unwrap();
    let after = zipster_database::count_zip_codes(pool).await.unwrap();
    let load = &pipeline.outputs().load_function;
    let stack = pipeline.stack().unwrap();
    let function = stack
        .functions()
        .find(|function| function.name.as_str() == load)
        .unwrap();
    let names = function.environment.keys();
    let names = names
        .filter(|name| name.starts_with("DATABASE_"))
        .cloned()
        .collect();
    pipeline.stop().await.unwrap();
    (names, after - before)
}

#[tokio::test]
async fn rows_arrive_whether_the_stack_takes_a_database_or_makes_one() {
    let settings = EmbeddedSettings {
        project: Project::find(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap(),
        database: zipster_database::Settings::from_variables(|name| std::env::var_os(name))
            .unwrap(),
        functions: FunctionSource::Cargo,
        variables: None,
    };
    let embedded = Embedded::start(settings, Report::silent()).await.unwrap();
    let secret = ["HOST", "NAME", "PORT", "SECRET_ARN"].map(|part| format!("DATABASE_{part}"));
    for (kind, names) in [
        ("rds", secret.to_vec()),
        ("ec2", secret.to_vec()),
        ("existing", vec!["DATABASE_URL".to_owned()]),
    ] {
        assert_eq!(
            way_to_the_database(&embedded, kind).await,
            (names, 1),
            "{kind}"
        );
    }
    embedded.stop().await.unwrap();
}
