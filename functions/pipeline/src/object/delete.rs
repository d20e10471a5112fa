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
/// Follows <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html>.
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
            _ => {
                let address = address(bucket, key);
                return Err(CallError::new("delete", address, "s3:DeleteObject", error));
            }
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
