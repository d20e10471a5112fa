//! A stack that is up becomes what its configuration says now.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot have its pipeline has failed"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use aws_sdk_sqs::types::QueueAttributeName;
use zipster_targets::deploy::Difference;
use zipster_targets::{
    Embedded, EmbeddedSettings, FunctionSource, Pipeline, PipelineSettings, Project, Report,
    TargetError,
};

const FILE: &str = "Zipcode,ZipCodeType,City,State,LocationType,Lat,Long,Location,Decommisioned\n\
                    59301,STANDARD,MILES CITY,MT,PRIMARY,46.4,-105.84,NA-US-MT-MILES CITY,FALSE\n";

/// A copy of `terraform/` that can be changed.
struct Terraform(tempfile::TempDir);

impl Terraform {
    fn copy(project: &Project) -> Self {
        let copy = tempfile::tempdir().unwrap();
        copy_folder(&project.terraform(), copy.path());
        Self(copy)
    }

    fn replace(&self, file: &str, old: &str, new: &str) {
        let path = self.0.path().join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(old), "{file} has no {old}");
        fs::write(path, text.replacen(old, new, 1)).unwrap();
    }
}

fn copy_folder(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir(&to).unwrap();
            copy_folder(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// Sends a file; whether it was taken from the input bucket, and how many zip codes came.
async fn send(pipeline: &Pipeline, key: &str) -> (bool, u64) {
    let pool = pipeline.database().pool();
    let count = async || zipster_database::count_zip_codes(pool).await.unwrap();
    let before = count().await;
    let text = FILE.replace("59301", key);
    pipeline.put_input(key, text.into_bytes()).await.unwrap();
    pipeline.settled().await.unwrap();
    let input = &pipeline.outputs().input_bucket;
    let left = pipeline.object(input, key).await.unwrap();
    (left.is_none(), count().await - before)
}

/// The pipeline of a copy of `terraform/`, which can be changed.
async fn start() -> (Terraform, Embedded, Pipeline) {
    let project = Project::find(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
    let terraform = Terraform::copy(&project);
    let settings = EmbeddedSettings {
        project: project.with_terraform(terraform.0.path()).unwrap(),
        database: zipster_database::Settings::from_variables(|name| std::env::var_os(name))
            .unwrap(),
        functions: FunctionSource::Cargo,
        variables: None,
    };
    let embedded = Embedded::start(settings, Report::silent()).await.unwrap();
    let settings = PipelineSettings {
        hurry: 2000,
        ..PipelineSettings::default()
    };
    let pipeline = embedded.pipeline(settings).await.unwrap();
    (terraform, embedded, pipeline)
}

fn shown(difference: &Difference) -> Vec<String> {
    let all = [&difference.added, &difference.changed, &difference.removed];
    all.into_iter().flatten().map(ToString::to_string).collect()
}

#[tokio::test]
async fn what_changes_in_terraform_is_applied_while_the_stack_is_up() {
    let (terraform, embedded, mut pipeline) = start().await;
    assert_eq!(send(&pipeline, "59301").await, (true, 1));

    let nothing = embedded.refresh(&mut pipeline).await.unwrap();
    assert!(nothing.is_empty(), "{nothing:?}");

    // A permission less, and more: functions feel both at once.
    let (all, some) = (
        r#"["s3:GetObject", "s3:DeleteObject"]"#,
        r#"["s3:GetObject"]"#,
    );
    terraform.replace("roles.tf", all, some);
    let difference = embedded.refresh(&mut pipeline).await.unwrap();
    assert_eq!(shown(&difference), ["aws_iam_role_policy.transform"]);
    assert_eq!(send(&pipeline, "59302").await, (false, 1));
    terraform.replace("roles.tf", some, all);
    embedded.refresh(&mut pipeline).await.unwrap();
    assert_eq!(send(&pipeline, "59303").await, (true, 1));

    // A mistake changes nothing.
    terraform.replace("queues.tf", "resource", "resurce");
    let mistake = embedded.refresh(&mut pipeline).await.unwrap_err();
    assert!(matches!(mistake, TargetError::Stack(_)), "{mistake}");
    assert_eq!(send(&pipeline, "59304").await, (true, 1));
    terraform.replace("queues.tf", "resurce", "resource");

    // What is no longer declared is gone, with what it did.
    let storage = terraform.0.path().join("storage.tf");
    let whole = fs::read_to_string(&storage).unwrap();
    let (before, block) = whole
        .split_once("resource \"aws_s3_bucket_notification\" \"load\"")
        .unwrap();
    let (_, after) = block.split_once("\n}\n").unwrap();
    fs::write(&storage, format!("{before}{after}")).unwrap();
    let difference = embedded.refresh(&mut pipeline).await.unwrap();
    assert_eq!(shown(&difference), ["aws_s3_bucket_notification.load"]);
    assert_eq!(send(&pipeline, "59305").await, (true, 0));
    fs::write(&storage, whole).unwrap();

    // Another name for everything: all of it is replaced, and buckets with objects in them go only
    // if the configuration says so.
    terraform.replace("storage.tf", "var.force_destroy", "true");
    terraform.replace("storage.tf", "var.force_destroy", "true");
    terraform.replace("storage.tf", "var.force_destroy", "true");
    embedded.refresh(&mut pipeline).await.unwrap();
    terraform.replace(
        "variables.tf",
        "default     = \"zipster\"",
        "default     = \"other\"",
    );
    let difference = embedded.refresh(&mut pipeline).await.unwrap();
    assert!(difference.replaced.len() > 30, "{difference:?}");
    assert!(pipeline.outputs().load_function.starts_with("other-"));
    assert_eq!(send(&pipeline, "59306").await, (true, 1));
    let left = pipeline.clients().lambda.list_functions().send().await;
    let names: Vec<String> = left
        .unwrap()
        .functions
        .unwrap_or_default()
        .into_iter()
        .filter_map(|function| function.function_name)
        .collect();
    assert_eq!(names, ["other-load", "other-transform"]);
    pipeline.stop().await.unwrap();
    embedded.stop().await.unwrap();
}

/// A setting of a queue.
async fn delay(pipeline: &Pipeline, queue: &str) -> Option<String> {
    let sqs = &pipeline.clients().sqs;
    let url = sqs.get_queue_url().queue_name(queue).send().await.ok()?;
    let read = sqs.get_queue_attributes().set_queue_url(url.queue_url);
    let read = read.attribute_names(QueueAttributeName::DelaySeconds);
    let mut attributes = read.send().await.ok()?.attributes?;
    attributes.remove(&QueueAttributeName::DelaySeconds)
}

async fn tags(pipeline: &Pipeline, topic: &str) -> BTreeMap<String, String> {
    let list = pipeline.clients().sns.list_tags_for_resource();
    let listed = list.resource_arn(topic).send().await.unwrap();
    let tags = listed.tags.unwrap_or_default().into_iter();
    tags.map(|tag| (tag.key, tag.value)).collect()
}

#[tokio::test]
async fn an_apply_that_stops_half_way_is_gone_on_from_there() {
    let (terraform, embedded, mut pipeline) = start().await;
    let more = terraform.0.path().join("more.tf");
    let queue = |label: &str, name: &str, settings: &str| {
        format!("resource \"aws_sqs_queue\" \"{label}\" {{\n  name = \"{name}\"\n{settings}}}\n")
    };
    fs::write(&more, queue("kept", "kept", "")).unwrap();
    embedded.refresh(&mut pipeline).await.unwrap();
    assert_eq!(delay(&pipeline, "kept").await.as_deref(), Some("0"));

    // S3 may not send to the queue, and so refuses the notification, when the rest is done.
    let refused = r#"
        resource "aws_s3_bucket" "more" { bucket = "more-of-them" }
        resource "aws_s3_bucket_notification" "more" {
          bucket = aws_s3_bucket.more.id
          queue {
            queue_arn = aws_sqs_queue.half.arn
            events    = ["s3:ObjectCreated:*"]
          }
          depends_on = [aws_sqs_queue.kept]
        }
    "#;
    let stops = [
        queue("kept", "kept", "  delay_seconds = 5\n"),
        queue("half", "half", ""),
        refused.to_owned(),
    ];
    fs::write(&more, stops.concat()).unwrap();
    let error = embedded.refresh(&mut pipeline).await.unwrap_err();
    let told = error.to_string();
    assert!(told.contains("aws_s3_bucket_notification.more"), "{told}");
    assert_eq!(delay(&pipeline, "kept").await.as_deref(), Some("5"));
    assert!(delay(&pipeline, "half").await.is_some());

    // The same again is refused again. Then one thing has another name, one is gone, and one is as it
    // was before.
    embedded.refresh(&mut pipeline).await.unwrap_err();
    let mended = [queue("kept", "kept", ""), queue("half", "whole", "")];
    fs::write(&more, mended.concat()).unwrap();
    embedded.refresh(&mut pipeline).await.unwrap();
    assert_eq!(delay(&pipeline, "kept").await.as_deref(), Some("0"));
    assert_eq!(delay(&pipeline, "half").await, None);
    assert!(delay(&pipeline, "whole").await.is_some());
    let head = pipeline.clients().s3.head_bucket().bucket("more-of-them");
    assert!(head.send().await.is_err(), "the bucket is still there");

    // Another address for the same queue: it stays.
    let moved = [queue("moved", "kept", ""), queue("half", "whole", "")];
    fs::write(&more, moved.concat()).unwrap();
    embedded.refresh(&mut pipeline).await.unwrap();
    assert_eq!(delay(&pipeline, "kept").await.as_deref(), Some("0"));
    pipeline.stop().await.unwrap();
    embedded.stop().await.unwrap();
}

#[tokio::test]
async fn what_is_made_has_the_tags_that_terraform_gives_it() {
    let (terraform, embedded, mut pipeline) = start().await;
    let topic = pipeline.outputs().transform_topic_arn.clone();
    let of = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        pairs.iter().map(owned).collect()
    };
    assert_eq!(tags(&pipeline, &topic).await, of(&[("Project", "zipster")]));
    terraform.replace(
        "versions.tf",
        "Project =",
        "Team = \"zips\"\n      Project =",
    );
    embedded.refresh(&mut pipeline).await.unwrap();
    let both = of(&[("Project", "zipster"), ("Team", "zips")]);
    assert_eq!(tags(&pipeline, &topic).await, both);
    let bucket = pipeline.outputs().input_bucket.clone();
    let get = pipeline.clients().s3.get_bucket_tagging().bucket(bucket);
    assert_eq!(get.send().await.unwrap().tag_set.len(), 2);
    terraform.replace("versions.tf", "Project = var.project", "");
    let difference = embedded.refresh(&mut pipeline).await.unwrap();
    assert!(difference.replaced.is_empty(), "{difference:?}");
    assert_eq!(tags(&pipeline, &topic).await, of(&[("Team", "zips")]));
    pipeline.stop().await.unwrap();
    embedded.stop().await.unwrap();
}
