//! Buckets that keep the versions of their objects.

use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::types::{
    BucketVersioningStatus, CompletedMultipartUpload, CompletedPart, Delete,
    NotificationConfiguration, ObjectIdentifier, Tag, Tagging, VersioningConfiguration,
};
use serde_json::Value;

use crate::notifications::{make_queue, queue, receive};
use crate::support::{BUCKET, World, code};

async fn set(world: &World, status: BucketVersioningStatus) -> String {
    let configuration = VersioningConfiguration::builder().status(status).build();
    let put = world.s3.put_bucket_versioning().bucket(BUCKET);
    code(put.versioning_configuration(configuration).send().await)
}

async fn versioned() -> World {
    let world = World::start().await;
    assert_eq!(
        set(&world, BucketVersioningStatus::Enabled).await,
        "no error"
    );
    world
}

/// Puts an object and returns its version.
async fn put(world: &World, key: &str, body: &str) -> Option<String> {
    let put = world.s3.put_object().bucket(BUCKET).key(key);
    let put = put.body(body.as_bytes().to_vec().into()).send().await;
    put.unwrap().version_id
}

/// Deletes an object, or a version: what the answer says of versions.
async fn delete(world: &World, key: &str, version: Option<&str>) -> (Option<String>, bool) {
    let delete = world.s3.delete_object().bucket(BUCKET).key(key);
    let answer = delete.set_version_id(version.map(str::to_owned)).send();
    let answer = answer.await.unwrap();
    (answer.version_id, answer.delete_marker.unwrap_or_default())
}

/// Body and version of an object, or the error.
async fn get(world: &World, key: &str, version: Option<&str>) -> Result<(String, String), String> {
    let get = world.s3.get_object().bucket(BUCKET).key(key);
    let get = get.set_version_id(version.map(str::to_owned)).send().await;
    if get.is_err() {
        return Err(code(get));
    }
    let object = get.unwrap();
    let body = object.body.collect().await.unwrap().into_bytes();
    let body = String::from_utf8(body.to_vec()).unwrap();
    Ok((body, object.version_id.unwrap_or_default()))
}

fn found(body: &str, version: &str) -> Result<(String, String), String> {
    Ok((body.to_owned(), version.to_owned()))
}

fn absent(error: &str) -> Result<(String, String), String> {
    Err(error.to_owned())
}

#[tokio::test]
async fn every_put_makes_a_version_that_can_be_read_and_removed() {
    let world = World::start().await;
    put(&world, "k", "before").await;
    assert_eq!(
        set(&world, BucketVersioningStatus::Enabled).await,
        "no error"
    );
    let status = world.s3.get_bucket_versioning().bucket(BUCKET).send().await;
    assert_eq!(
        status.unwrap().status,
        Some(BucketVersioningStatus::Enabled)
    );
    let first = put(&world, "k", "first").await.unwrap();
    let second = put(&world, "k", "second").await.unwrap();
    assert_eq!(get(&world, "k", None).await, found("second", &second));
    assert_eq!(get(&world, "k", Some(&first)).await, found("first", &first));
    // What was there before has the version `null`.
    assert_eq!(
        get(&world, "k", Some("null")).await,
        found("before", "null")
    );
    let head = world.s3.head_object().bucket(BUCKET).key("k");
    let head = head.version_id(&first).send().await.unwrap();
    assert_eq!(
        (head.version_id, head.content_length),
        (Some(first.clone()), Some(5))
    );

    // The newest gone, the one before it is the object.
    assert_eq!(
        delete(&world, "k", Some(&second)).await,
        (Some(second.clone()), false)
    );
    assert_eq!(get(&world, "k", None).await, found("first", &first));
    assert_eq!(
        get(&world, "k", Some(&second)).await,
        absent("404 NoSuchVersion")
    );
    assert_eq!(
        get(&world, "k", Some("1")).await,
        absent("400 InvalidArgument")
    );
}

#[tokio::test]
async fn a_delete_marker_hides_the_versions_and_can_be_removed() {
    let world = versioned().await;
    let version = put(&world, "k", "1").await.unwrap();
    let (marker, is_marker) = delete(&world, "k", None).await;
    let marker = marker.unwrap();
    assert!(is_marker);
    let get_it = world.s3.get_object().bucket(BUCKET).key("k");
    let Err(SdkError::ServiceError(error)) = get_it.send().await else {
        panic!("a deleted object must not be found");
    };
    let headers = error.raw().headers();
    assert_eq!(headers.get("x-amz-delete-marker"), Some("true"));
    assert_eq!(headers.get("x-amz-version-id"), Some(marker.as_str()));
    assert_eq!(headers.get("last-modified"), None);
    let head = world.s3.head_object().bucket(BUCKET).key("k");
    let Err(SdkError::ServiceError(error)) = head.version_id(&marker).send().await else {
        panic!("a delete marker has nothing to read");
    };
    let headers = error.raw().headers();
    assert_eq!(error.raw().status().as_u16(), 405);
    assert_eq!(headers.get("allow"), Some("DELETE"));
    assert!(headers.get("last-modified").unwrap().ends_with(" GMT"));
    assert_eq!(get(&world, "k", None).await, absent("404 NoSuchKey"));
    assert_eq!(
        get(&world, "k", Some(&marker)).await,
        absent("405 MethodNotAllowed")
    );
    assert_eq!(get(&world, "k", Some(&version)).await, found("1", &version));
    let list = world.s3.list_objects_v2().bucket(BUCKET).send().await;
    assert_eq!(list.unwrap().key_count, Some(0));
    // A bucket with hidden versions is not empty.
    let whole = world.s3.delete_bucket().bucket(BUCKET).send().await;
    assert_eq!(code(whole), "409 BucketNotEmpty");

    assert_eq!(
        delete(&world, "k", Some(&marker)).await,
        (Some(marker), true)
    );
    assert_eq!(get(&world, "k", None).await, found("1", &version));
    delete(&world, "k", Some(&version)).await;
    let whole = world.s3.delete_bucket().bucket(BUCKET).send().await;
    assert_eq!(code(whole), "no error");
}

#[tokio::test]
async fn suspended_versioning_keeps_what_there_is_and_replaces_only_null() {
    let world = versioned().await;
    let kept = put(&world, "k", "kept").await.unwrap();
    assert_eq!(
        set(&world, BucketVersioningStatus::Suspended).await,
        "no error"
    );
    // Nothing is made, so nothing is told; a read says that it is `null`.
    assert_eq!(put(&world, "k", "one").await, None);
    assert_eq!(put(&world, "k", "two").await, None);
    assert_eq!(get(&world, "k", None).await, found("two", "null"));
    assert_eq!(get(&world, "k", Some(&kept)).await, found("kept", &kept));
    assert_eq!(
        listing(&world, "", "", 1000).await,
        [format!("k null two, k {kept} kept")]
    );
    // A delete replaces the `null` version by a marker.
    assert_eq!(
        delete(&world, "k", None).await,
        (Some("null".to_owned()), true)
    );
    assert_eq!(
        get(&world, "k", Some("null")).await,
        absent("405 MethodNotAllowed")
    );
    assert_eq!(get(&world, "k", Some(&kept)).await, found("kept", &kept));
    assert_eq!(
        delete(&world, "k", Some("null")).await,
        (Some("null".to_owned()), true)
    );
    assert_eq!(get(&world, "k", None).await, found("kept", &kept));
}

/// All pages of a listing, each as `key version size, ...`, markers and prefixes last.
async fn listing(world: &World, prefix: &str, delimiter: &str, size: i32) -> Vec<String> {
    let mut pages = Vec::new();
    let (mut key, mut version) = (None, None);
    loop {
        let list = world
            .s3
            .list_object_versions()
            .bucket(BUCKET)
            .prefix(prefix);
        let list = list.set_delimiter((!delimiter.is_empty()).then(|| delimiter.to_owned()));
        let list = list.set_key_marker(key).set_version_id_marker(version);
        let page = list.max_keys(size).send().await.unwrap();
        let mut entries = Vec::new();
        for entry in page.versions() {
            let (key, version) = (entry.key().unwrap(), entry.version_id().unwrap());
            let (body, _) = get(world, key, Some(version)).await.unwrap();
            entries.push(format!("{key} {version} {body}"));
        }
        for entry in page.delete_markers() {
            let (key, version) = (entry.key().unwrap(), entry.version_id().unwrap());
            entries.push(format!("{key} {version} (marker)"));
        }
        let prefixes = page.common_prefixes().iter();
        entries.extend(prefixes.map(|common| common.prefix().unwrap().to_owned()));
        assert!(entries.len() <= usize::try_from(size).unwrap());
        pages.push(entries.join(", "));
        if !page.is_truncated().unwrap() {
            return pages;
        }
        (key, version) = (page.next_key_marker, page.next_version_id_marker);
    }
}

#[tokio::test]
async fn versions_are_listed_newest_first_page_by_page() {
    let world = versioned().await;
    let a1 = put(&world, "a", "1").await.unwrap();
    let b1 = put(&world, "in/b", "1").await.unwrap();
    let c1 = put(&world, "in/c", "1").await.unwrap();
    let a2 = put(&world, "a", "2").await.unwrap();
    let a3 = delete(&world, "a", None).await.0.unwrap();
    let z1 = put(&world, "z", "1").await.unwrap();
    let [a1, a2, a3] = [
        format!("a {a1} 1"),
        format!("a {a2} 2"),
        format!("a {a3} (marker)"),
    ];
    let [b1, c1, z1] = [
        format!("in/b {b1} 1"),
        format!("in/c {c1} 1"),
        format!("z {z1} 1"),
    ];
    let pages = |pages: &[&[&str]]| -> Vec<String> {
        pages.iter().map(|entries| entries.join(", ")).collect()
    };
    // A page's markers come after its objects.
    assert_eq!(
        listing(&world, "", "", 1000).await,
        pages(&[&[&a2, &a1, &b1, &c1, &z1, &a3]])
    );
    assert_eq!(
        listing(&world, "", "", 2).await,
        pages(&[&[&a2, &a3], &[&a1, &b1], &[&c1, &z1]])
    );
    assert_eq!(
        listing(&world, "", "", 1).await,
        pages(&[&[&a3], &[&a2], &[&a1], &[&b1], &[&c1], &[&z1]])
    );
    assert_eq!(
        listing(&world, "", "/", 2).await,
        pages(&[&[&a2, &a3], &[&a1, "in/"], &[&z1]])
    );
    assert_eq!(listing(&world, "in/", "/", 9).await, pages(&[&[&b1, &c1]]));

    // Emptied page by page, the last seen version is gone when the next page is asked for.
    let (mut key, mut version) = (None, None);
    loop {
        let list = world.s3.list_object_versions().bucket(BUCKET).max_keys(2);
        let list = list.set_key_marker(key).set_version_id_marker(version);
        let page = list.send().await.unwrap();
        let objects = page.versions().iter();
        let objects = objects.map(|entry| (entry.key(), entry.version_id()));
        let markers = page.delete_markers().iter();
        let all = objects.chain(markers.map(|entry| (entry.key(), entry.version_id())));
        for (key, version) in all {
            delete(&world, key.unwrap(), version).await;
        }
        if !page.is_truncated().unwrap() {
            break;
        }
        (key, version) = (page.next_key_marker, page.next_version_id_marker);
    }
    assert_eq!(listing(&world, "", "", 1000).await, [""]);
    let lonely = world.s3.list_object_versions().bucket(BUCKET);
    let lonely = lonely.version_id_marker("null").send().await;
    assert_eq!(code(lonely), "400 InvalidArgument");
}

#[tokio::test]
async fn copies_and_uploads_make_versions_too() {
    let world = versioned().await;
    let old = put(&world, "k", "old").await.unwrap();
    put(&world, "k", "new").await.unwrap();
    // Copied onto its own key, an old version is back.
    let copy = world.s3.copy_object().bucket(BUCKET).key("k");
    let source = format!("{BUCKET}/k?versionId={old}");
    let copy = copy.copy_source(source).send().await.unwrap();
    assert_eq!(copy.copy_source_version_id, Some(old));
    assert_eq!(
        get(&world, "k", None).await,
        found("old", &copy.version_id.unwrap())
    );

    let create = world.s3.create_multipart_upload().bucket(BUCKET).key("k");
    let id = create.send().await.unwrap().upload_id.unwrap();
    let part = world
        .s3
        .upload_part()
        .bucket(BUCKET)
        .key("k")
        .upload_id(&id);
    let part = part.part_number(1).body(b"in parts".to_vec().into());
    let part = part.send().await.unwrap();
    let part = CompletedPart::builder()
        .part_number(1)
        .set_e_tag(part.e_tag)
        .build();
    let parts = CompletedMultipartUpload::builder().parts(part).build();
    let complete = world.s3.complete_multipart_upload().bucket(BUCKET).key("k");
    let complete = complete
        .upload_id(id)
        .multipart_upload(parts)
        .send()
        .await
        .unwrap();
    assert_eq!(
        get(&world, "k", None).await,
        found("in parts", &complete.version_id.unwrap())
    );
}

#[tokio::test]
async fn many_deletes_tell_of_markers_and_versions() {
    let world = versioned().await;
    let version = put(&world, "k", "1").await.unwrap();
    put(&world, "other", "1").await.unwrap();
    let object = |key: &str, version: Option<&str>| {
        let object = ObjectIdentifier::builder().key(key);
        object
            .set_version_id(version.map(str::to_owned))
            .build()
            .unwrap()
    };
    let all = Delete::builder()
        .objects(object("k", Some(&version)))
        .objects(object("other", None))
        .objects(object("other", Some("not a version")))
        .build()
        .unwrap();
    let delete = world.s3.delete_objects().bucket(BUCKET).delete(all);
    let answer = delete.send().await.unwrap();
    let [removed, hidden] = answer.deleted() else {
        panic!("two must go: {answer:?}");
    };
    assert_eq!(
        (removed.version_id(), removed.delete_marker()),
        (Some(version.as_str()), None)
    );
    assert_eq!(
        (hidden.version_id(), hidden.delete_marker()),
        (None, Some(true))
    );
    let marker = hidden.delete_marker_version_id();
    assert_eq!(
        get(&world, "other", marker).await,
        absent("405 MethodNotAllowed")
    );
    assert_eq!(answer.errors()[0].code(), Some("InvalidArgument"));
}

#[tokio::test]
async fn each_version_has_its_own_tags() {
    let world = versioned().await;
    let old = put(&world, "k", "old").await.unwrap();
    let new = put(&world, "k", "new").await.unwrap();
    let tag = Tag::builder().key("a").value("b").build().unwrap();
    let tags = Tagging::builder().tag_set(tag).build().unwrap();
    let put = world.s3.put_object_tagging().bucket(BUCKET).key("k");
    let put = put.version_id(&old).tagging(tags).send().await.unwrap();
    assert_eq!(put.version_id.as_deref(), Some(old.as_str()));
    for (version, expected) in [(&old, 1), (&new, 0)] {
        let get = world.s3.get_object_tagging().bucket(BUCKET).key("k");
        let get = get.version_id(version).send().await.unwrap();
        assert_eq!(get.tag_set().len(), expected);
    }
}

#[tokio::test]
async fn events_tell_versions_and_delete_markers() {
    let world = versioned().await;
    let sqs = make_queue(&world).await;
    let configuration = NotificationConfiguration::builder()
        .queue_configurations(queue("s3:ObjectCreated:*"))
        .queue_configurations(queue("s3:ObjectRemoved:*"))
        .build();
    let configure = world.s3.put_bucket_notification_configuration();
    let configure = configure
        .bucket(BUCKET)
        .notification_configuration(configuration);
    configure.send().await.unwrap();
    world.emulator.settled().await;
    assert_eq!(receive(&sqs).await.len(), 2, "a test event for each rule");

    let version = put(&world, "k", "1").await.unwrap();
    let marker = delete(&world, "k", None).await.0.unwrap();
    delete(&world, "k", Some(&version)).await;
    world.emulator.settled().await;
    let told: Vec<String> = receive(&sqs)
        .await
        .iter()
        .map(|event| {
            let record = &event["Records"][0];
            let mut object = record["s3"]["object"].clone();
            let parts = object.as_object_mut().unwrap();
            parts.remove("sequencer");
            format!("{} {object}", record["eventName"].as_str().unwrap())
        })
        .collect();
    let etag = "d41d8cd98f00b204e9800998ecf8427e";
    let of_one = "c4ca4238a0b923820dcc509a6f75849b";
    let expected: [(&str, Value); 3] = [
        (
            "ObjectCreated:Put",
            serde_json::json!({"key": "k", "size": 1, "eTag": of_one, "versionId": version}),
        ),
        (
            "ObjectRemoved:DeleteMarkerCreated",
            serde_json::json!({"key": "k", "eTag": etag, "versionId": marker}),
        ),
        (
            "ObjectRemoved:Delete",
            serde_json::json!({"key": "k", "versionId": version}),
        ),
    ];
    assert_eq!(
        told,
        expected.map(|(name, object)| format!("{name} {object}"))
    );
}

#[tokio::test]
async fn a_versioning_configuration_must_say_what_it_wants() {
    let world = World::start().await;
    let put = world.s3.put_bucket_versioning().bucket(BUCKET);
    let nothing = VersioningConfiguration::builder().build();
    let put = put.versioning_configuration(nothing).send().await;
    assert_eq!(code(put), "400 IllegalVersioningConfigurationException");
    assert_eq!(
        set(&world, BucketVersioningStatus::from("Off")).await,
        "400 MalformedXML"
    );
}

#[tokio::test]
async fn versions_have_permissions_of_their_own() {
    let world = versioned().await;
    let version = put(&world, "k", "1").await.unwrap();
    let policy = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*",
        "Action": ["s3:GetObjectVersion", "s3:DeleteObjectVersion", "s3:ListBucketVersions"],
        "Resource": ["arn:aws:s3:::the-bucket", "arn:aws:s3:::the-bucket/*"]}]}"#;
    let forbid = world.s3.put_bucket_policy().bucket(BUCKET).policy(policy);
    forbid.send().await.unwrap();
    let denied = "403 AccessDenied";
    assert_eq!(get(&world, "k", None).await, found("1", &version));
    assert_eq!(get(&world, "k", Some(&version)).await, absent(denied));
    let copy = world.s3.copy_object().bucket(BUCKET).key("copy");
    let copy = copy.copy_source(format!("{BUCKET}/k?versionId={version}"));
    assert_eq!(code(copy.send().await), denied);
    let delete_it = world.s3.delete_object().bucket(BUCKET).key("k");
    assert_eq!(code(delete_it.version_id(&version).send().await), denied);
    let list = world.s3.list_object_versions().bucket(BUCKET);
    assert_eq!(code(list.send().await), denied);
    assert!(delete(&world, "k", None).await.1);
}
