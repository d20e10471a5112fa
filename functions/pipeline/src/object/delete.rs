//! Deleting an object, but only the one that was processed.

use aws_sdk_s3::Client;
use aws_sdk_s3::error::SdkError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use super::address;
use crate::call::CallError;
use crate::names::{BucketName, ETag, ObjectKey};

/// S3 answers 409 while another request changes the same key; it is then asked again.
const ATTEMPTS: u32 = 5;

/// What became of an object that was to be deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletion {
    /// It is deleted.
    Deleted,
    /// Another one is stored under its key by now, and stays.
    Replaced,
    /// Nothing was stored under its key any more.
    Gone,
}

/// Deletes the object under `key` if its entity tag still is `etag`.
///
/// The tag is made of the bytes: somebody who stores the very same bytes again under the same key
/// has them deleted, as they were processed already.
///
/// # Errors
/// [`CallError`] if S3 cannot be asked, or refuses for any other reason than another tag.
///
/// Follows <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html>. A
/// service that has no conditional deletes (S3 has; some that speak its protocol answer 501) is
/// asked for the tag first: what is stored between the two requests is then deleted, and is to be
/// had back from the bucket's versions alone.
pub async fn delete_if_unchanged(
    s3: &Client,
    bucket: &BucketName,
    key: &ObjectKey,
    etag: &ETag,
) -> Result<Deletion, CallError> {
    let mut attempt = 1;
    loop {
        let request = s3
            .delete_object()
            .bucket(bucket.as_str())
            .key(key.as_str())
            .if_match(etag.quoted());
        let error = match request.send().await {
            Ok(_) => return Ok(Deletion::Deleted),
            Err(error) => error,
        };
        match refusal(&error) {
            Some((412, _)) => return Ok(Deletion::Replaced),
            Some((404, Some("NoSuchKey"))) => return Ok(Deletion::Gone),
            Some((409, _)) if attempt < ATTEMPTS => attempt += 1,
            Some((501, Some("NotImplemented"))) => {
                return look_and_delete(s3, bucket, key, etag).await;
            }
            _ => {
                let address = address(bucket, key);
                return Err(CallError::new("delete", address, "s3:DeleteObject", error));
            }
        }
    }
}

/// The same in two requests.
async fn look_and_delete(
    s3: &Client,
    bucket: &BucketName,
    key: &ObjectKey,
    etag: &ETag,
) -> Result<Deletion, CallError> {
    let look = s3.head_object().bucket(bucket.as_str()).key(key.as_str());
    match look.send().await {
        Ok(found) if found.e_tag() == Some(etag.quoted().as_str()) => {}
        Ok(_) => return Ok(Deletion::Replaced),
        Err(error) if matches!(refusal(&error), Some((404, _))) => return Ok(Deletion::Gone),
        Err(error) => {
            let address = address(bucket, key);
            return Err(CallError::new("look at", address, "s3:GetObject", error));
        }
    }
    let request = s3.delete_object().bucket(bucket.as_str()).key(key.as_str());
    match request.send().await {
        Ok(_) => Ok(Deletion::Deleted),
        Err(error) => {
            let address = address(bucket, key);
            Err(CallError::new("delete", address, "s3:DeleteObject", error))
        }
    }
}

fn refusal<E>(error: &SdkError<E, HttpResponse>) -> Option<(u16, Option<&str>)>
where
    E: aws_smithy_types::error::metadata::ProvideErrorMetadata,
{
    let status = error.raw_response()?.status().as_u16();
    let code = error
        .as_service_error()
        .and_then(|error| error.meta().code());
    Some((status, code))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::names::EncodedKey;
    use crate::scripted::{Answer, clients, refusal};

    async fn deletes(answers: Vec<Answer>, expected: Result<Deletion, &str>) {
        let (count, turn) = (answers.len(), AtomicUsize::new(0));
        let (clients, script) =
            clients(move |_| answers[turn.fetch_add(1, Ordering::Relaxed)].clone());
        let bucket = BucketName::parse("input").unwrap();
        let key = EncodedKey::new("a.csv").decode().unwrap();
        let etag = ETag::parse("0123").unwrap();
        let deleted = delete_if_unchanged(&clients.s3, &bucket, &key, &etag).await;
        let deleted = deleted.map_err(|error| error.to_string());
        assert_eq!(deleted, expected.map_err(str::to_owned));
        let asked = script.asked();
        assert_eq!(asked.len(), count, "requests sent");
        for asked in asked {
            assert_eq!(asked.line, "DELETE /input/a.csv");
            assert_eq!(asked.header("if-match"), Some("\"0123\""));
        }
    }

    async fn deletes_without_conditions(found: Answer, expected: Deletion, requests: &[&str]) {
        let done: Answer = (204, &[], String::new());
        let (clients, script) = clients(move |asked| {
            if asked.header("if-match").is_some() {
                refusal(501, "NotImplemented")
            } else if asked.line.starts_with("HEAD") {
                found.clone()
            } else {
                done.clone()
            }
        });
        let bucket = BucketName::parse("input").unwrap();
        let key = EncodedKey::new("a.csv").decode().unwrap();
        let etag = ETag::parse("0123").unwrap();
        let deleted = delete_if_unchanged(&clients.s3, &bucket, &key, &etag).await;
        assert_eq!(deleted.map_err(|error| error.to_string()), Ok(expected));
        let lines: Vec<String> = script.asked().into_iter().map(|asked| asked.line).collect();
        assert_eq!(lines, requests);
    }

    #[tokio::test]
    async fn where_there_are_no_conditional_deletes_the_tag_is_looked_at_first() {
        const TRIED: &str = "DELETE /input/a.csv";
        const LOOKED: &str = "HEAD /input/a.csv";
        let same: Answer = (200, &[("etag", "\"0123\"")], String::new());
        let other: Answer = (200, &[("etag", "\"4567\"")], String::new());
        let none: Answer = (404, &[], String::new());
        deletes_without_conditions(same, Deletion::Deleted, &[TRIED, LOOKED, TRIED]).await;
        deletes_without_conditions(other, Deletion::Replaced, &[TRIED, LOOKED]).await;
        deletes_without_conditions(none, Deletion::Gone, &[TRIED, LOOKED]).await;
    }

    #[tokio::test]
    async fn only_what_was_processed_is_deleted() {
        let done: Answer = (204, &[], String::new());
        let conflict = || refusal(409, "ConditionalRequestConflict");
        deletes(vec![done.clone()], Ok(Deletion::Deleted)).await;
        deletes(
            vec![refusal(412, "PreconditionFailed")],
            Ok(Deletion::Replaced),
        )
        .await;
        deletes(vec![refusal(404, "NoSuchKey")], Ok(Deletion::Gone)).await;
        deletes(vec![conflict(), conflict(), done], Ok(Deletion::Deleted)).await;
        deletes(
            vec![refusal(404, "NoSuchBucket")],
            Err("cannot delete s3://input/a.csv: NoSuchBucket: scripted (status 404)"),
        )
        .await;
        deletes(
            (0..5).map(|_| conflict()).collect(),
            Err(
                "cannot delete s3://input/a.csv: ConditionalRequestConflict: scripted (status 409)",
            ),
        )
        .await;
    }
}
