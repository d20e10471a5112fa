//! What the handler leaves behind, whatever fails or happens meanwhile.

use pipeline::names::TopicArn;
use pipeline::notice::Publisher;
use pipeline::object::PART_SIZE;
use pipeline::runtime::Service;
use serde_json::{Value, json};

use super::*;
use crate::fake_aws::{FakeAws, State, Stored, Verdict, etag};

const HEADER: &str =
    "Zipcode,ZipCodeType,City,State,LocationType,Lat,Long,Location,Decommisioned\n";
const EXTRACT: &str = "\
    Zipcode,ZipCodeType,City,State,LocationType,Lat,Long,Location,Decommisioned\n\
    705,STANDARD,AIBONITO,PR,PRIMARY,18.1,-66.26,NA-US-PR-AIBONITO,FALSE\n\
    \n";
const LOAD_FILE: &str = "\
    zipcode,zipcode_type,city,state,location_type,latitude,longitude,location,decommissioned\n\
    00705,STANDARD,AIBONITO,PR,PRIMARY,18.10,-66.26,NA-US-PR-AIBONITO,FALSE\n";
const ERROR_FILE: &str = "Row 3  = []\nBlank row skipped\n";
const NEWER: &str = "a newer upload";

const INPUT: &str = "input/in%202026.csv";
const LOAD: &str = "load/in%202026.csv";
const ERRORS: &str = "errors/in%202026.csv";

/// S3 with `extract` in the input bucket.
fn uploaded(extract: impl Into<Vec<u8>>) -> FakeAws {
    let aws = FakeAws::new();
    aws.state()
        .objects
        .insert(INPUT.to_owned(), Stored::new(extract));
    aws
}

/// Delivers the event of the upload of `extract`.
async fn deliver(aws: &FakeAws, extract: impl AsRef<[u8]>) -> Result<Value, Failure> {
    let clients = aws.clients();
    let topic = TopicArn::parse("arn:aws:sns:eu-central-1:123456789012:zipster-transform");
    let service = Service {
        function: FUNCTION,
        publisher: Publisher::new(clients.sns.clone(), topic.unwrap()),
        handler: Transformer {
            clients,
            load_bucket: BucketName::parse("load").unwrap(),
            error_bucket: BucketName::parse("errors").unwrap(),
        },
    };
    let event = json!({ "Records": [{
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "eventTime": "2026-11-23T16:00:00.123Z",
        "s3": {
            "bucket": { "name": "input" },
            "object": {
                "key": "in+2026.csv",
                "eTag": etag(extract.as_ref()),
                "sequencer": "0055AED6DCD90281E5",
            },
        },
    }]});
    service.invoke(&event, "r-1", None).await
}

#[tokio::test]
async fn an_extract_becomes_two_files_and_is_deleted_last() {
    let aws = uploaded(EXTRACT);
    let answer = deliver(&aws, EXTRACT).await.unwrap();
    let counts = json!({
        "rows_read": 2, "rows_accepted": 1, "rows_rejected": 1, "errors": 1,
    });
    assert_eq!(answer["records"][0]["counts"], counts);

    let state = aws.state();
    assert_eq!(
        state.calls,
        [
            "GET input/in%202026.csv",
            "started 1",
            "progress 2",
            "GET input/in%202026.csv",
            "PUT load/in%202026.csv",
            "progress 3",
            "PUT errors/in%202026.csv",
            "progress 4",
            "DELETE input/in%202026.csv",
            "succeeded 5",
        ]
    );
    assert_eq!(state.objects.len(), 2);
    let (load, errors) = (&state.objects[LOAD], &state.objects[ERRORS]);
    assert_eq!(load.text(), LOAD_FILE);
    assert_eq!(errors.text(), ERROR_FILE);
    let mut headers = load.headers.clone();
    assert_eq!(headers["content-type"], "text/csv");
    for (name, value) in [
        (
            "source-version",
            "1795449600123-0055AED6DCD90281E500000000000000",
        ),
        ("source-bucket", "input"),
        ("source-key", "in%202026.csv"),
        ("source-etag", &etag(EXTRACT.as_bytes())),
        ("source-upload", &etag(EXTRACT.as_bytes())),
    ] {
        assert_eq!(headers[&format!("x-amz-meta-{name}")], value, "{name}");
    }
    let text = "text/plain; charset=utf-8".to_owned();
    headers.insert("content-type".to_owned(), text);
    assert_eq!(errors.headers, headers);
}

#[tokio::test]
async fn an_error_file_is_written_even_if_it_is_empty() {
    let aws = uploaded(HEADER);
    deliver(&aws, HEADER).await.unwrap();
    let state = aws.state();
    assert_eq!(state.objects[ERRORS].text(), "");
    assert_eq!(state.objects[LOAD].text().lines().count(), 1);
}

#[tokio::test]
async fn a_second_delivery_is_skipped() {
    let aws = uploaded(EXTRACT);
    deliver(&aws, EXTRACT).await.unwrap();
    let (objects, calls) = {
        let state = aws.state();
        (state.objects.clone(), state.calls.len())
    };
    deliver(&aws, EXTRACT).await.unwrap();
    let state = aws.state();
    assert_eq!(
        state.calls[calls..],
        ["GET input/in%202026.csv", "skipped 1"]
    );
    assert_eq!(state.objects, objects);
}

#[tokio::test]
async fn the_event_of_a_replaced_upload_changes_nothing() {
    let aws = uploaded(NEWER);
    deliver(&aws, EXTRACT).await.unwrap();
    let state = aws.state();
    assert_eq!(state.calls, ["GET input/in%202026.csv", "superseded 1"]);
    assert_eq!(state.objects.len(), 1);
    assert_eq!(state.objects[INPUT].text(), NEWER);
}

/// The services, with a newer upload taking the input's place just before `call`.
fn replaced_before(aws: &FakeAws, call: &'static str) -> FakeAws {
    aws.with(move |made, state| {
        if made == call {
            state.objects.insert(INPUT.to_owned(), Stored::new(NEWER));
        }
        Verdict::Serve
    })
}

#[tokio::test]
async fn an_upload_that_is_replaced_while_it_is_read_is_not_written() {
    let aws = replaced_before(&uploaded(EXTRACT), "progress 2");
    deliver(&aws, EXTRACT).await.unwrap();
    let state = aws.state();
    assert_eq!(state.calls.last().unwrap(), "superseded 3");
    assert_eq!(state.objects.len(), 1);
    assert_eq!(state.objects[INPUT].text(), NEWER);
}

#[tokio::test]
async fn an_upload_that_was_dealt_with_elsewhere_meanwhile_is_not_written() {
    let aws = uploaded(EXTRACT).with(|made, state| {
        if made == "progress 2" {
            state.objects.remove(INPUT);
        }
        Verdict::Serve
    });
    deliver(&aws, EXTRACT).await.unwrap();
    let state = aws.state();
    assert_eq!(state.calls.last().unwrap(), "skipped 3");
    assert!(state.objects.is_empty());
}

#[tokio::test]
async fn a_newer_upload_is_never_deleted() {
    let aws = replaced_before(&uploaded(EXTRACT), "DELETE input/in%202026.csv");
    deliver(&aws, EXTRACT).await.unwrap();
    let state = aws.state();
    assert_eq!(state.calls.last().unwrap(), "succeeded 5");
    assert_eq!(state.objects[INPUT].text(), NEWER);
    assert_eq!(state.objects[LOAD].text(), LOAD_FILE);
    let last = state.notices.last().unwrap();
    assert!(
        last.starts_with("Step 5 of 5: left a newer input in place.\n"),
        "{last}"
    );
}

/// Whether every row still is somewhere: in the input, or in both outputs.
fn nothing_is_lost(state: &State) -> bool {
    let there = |place| state.objects.contains_key(place);
    there(INPUT) || (there(LOAD) && there(ERRORS))
}

/// The services, denying the call after the first `served` ones.
fn denying(aws: &FakeAws, served: usize) -> FakeAws {
    let before = aws.state().calls.len();
    aws.with(move |_, state| {
        assert!(nothing_is_lost(state));
        match state.calls.len() - before {
            made if made == served => Verdict::Deny,
            _ => Verdict::Serve,
        }
    })
}

#[tokio::test]
async fn whichever_call_fails_nothing_is_lost_and_the_next_attempt_finishes() {
    let aws = uploaded(EXTRACT);
    deliver(&aws, EXTRACT).await.unwrap();
    let calls = aws.state().calls.len();
    for served in 0..calls {
        let again = uploaded(EXTRACT);
        check_failure(&again, EXTRACT, served).await;
        deliver(&again, EXTRACT).await.unwrap();
        assert_eq!(
            again.state().objects,
            aws.state().objects,
            "after {served} calls"
        );
    }
}

/// The delivery whose call after the first `served` ones is denied fails, and says so.
async fn check_failure(aws: &FakeAws, extract: &str, served: usize) {
    let failure = deliver(&denying(aws, served), extract).await.unwrap_err();
    assert_eq!(failure.error_type(), "AccessDenied");
    let state = aws.state();
    let last = state.calls.last().unwrap();
    assert!(last.starts_with("failed "), "{last} after {served} calls");
    assert!(nothing_is_lost(&state), "after {served} calls");
    assert!(state.uploads.is_empty(), "after {served} calls");
}

#[tokio::test]
async fn large_files_are_written_in_parts_and_no_part_is_left_behind() {
    // A row that is larger than a part, and one that is when it is shown and then quoted.
    let (header, row) = LOAD_FILE.split_at(LOAD_FILE.find('\n').unwrap() + 1);
    let accepted = row.replace("AIBONITO,PR", &format!("{},PR", "A".repeat(PART_SIZE)));
    let city = "x".repeat(PART_SIZE / 2);
    let rejected = row.replace("AIBONITO,PR", &format!("{city},PR"));
    let extract = format!("{HEADER}{accepted}{rejected}");
    let aws = uploaded(extract.as_str());
    deliver(&aws, &extract).await.unwrap();
    let writes: Vec<usize> = {
        let state = aws.state();
        assert!(state.objects[LOAD].text() == format!("{header}{accepted}"));
        let errors = state.objects[ERRORS].text();
        assert!(errors.ends_with(&format!("'FALSE']\n'{city}' is an invalid city\n")));
        assert!(!state.objects.contains_key(INPUT));
        assert!(state.uploads.is_empty());
        (0..state.calls.len())
            .filter(|&n| state.calls[n].ends_with(LOAD) || state.calls[n].ends_with(ERRORS))
            .collect()
    };
    assert_eq!(writes.len(), 2 * 4, "begin, two parts, complete: twice");
    // The last parts and the completions, when both uploads are under way.
    for &served in &writes[4..] {
        check_failure(&uploaded(extract.as_str()), &extract, served).await;
    }
}

#[tokio::test]
async fn a_file_that_is_no_extract_is_explained_and_stays() {
    let extract = "a,b\n1,2\n";
    let aws = uploaded(extract);
    let failure = deliver(&aws, extract).await.unwrap_err();
    assert_eq!(failure.error_type(), "InvalidHeader");

    let state = aws.state();
    assert_eq!(
        state.calls,
        [
            "GET input/in%202026.csv",
            "started 1",
            "PUT errors/in%202026.csv",
            "failed 2",
        ]
    );
    assert_eq!(state.objects[INPUT].text(), extract);
    assert_eq!(
        state.objects[ERRORS].text(),
        "No row of this file was loaded: the header has the columns ['a', 'b'], expected \
         ['Zipcode', 'ZipCodeType', 'City', 'State', 'LocationType', 'Lat', 'Long', \
         'Location', 'Decommisioned']\n"
    );
    insta::assert_snapshot!(state.notices.last().unwrap(), @r"
    Step 2 of 5: failed.

    InvalidHeader: the header has the columns ['a', 'b'], expected ['Zipcode', 'ZipCodeType', 'City', 'State', 'LocationType', 'Lat', 'Long', 'Location', 'Decommisioned']

    What to do: correct the file and upload it again; s3://errors/in 2026.csv says the same.

    Nothing is lost: the object stays where it is, and AWS tries the event again. An event that keeps failing goes to the queue of dead letters.

    function:        transform
    bucket:          input
    key:             in 2026.csv
    request:         r-1
    ");
}

#[tokio::test]
async fn a_fault_late_in_a_file_is_explained_after_the_rows_rejected_so_far() {
    let row = &EXTRACT[HEADER.len()..];
    let extract = format!(
        "{HEADER}{}{}\n",
        row.repeat(PART_SIZE / 60),
        ",".repeat(zipcodes::MAX_COLUMNS)
    );
    let aws = uploaded(extract.as_str());
    let failure = deliver(&aws, &extract).await.unwrap_err();
    assert_eq!(failure.error_type(), "TooManyColumns");
    let state = aws.state();
    assert!(!state.objects.contains_key(LOAD));
    assert!(
        state.uploads.is_empty(),
        "the load file's parts are removed"
    );
    let errors = state.objects[ERRORS].text();
    assert!(errors.starts_with(ERROR_FILE));
    let last = errors.lines().last().unwrap();
    assert!(
        last.starts_with("No row of this file was loaded: row "),
        "{last}"
    );
}

#[tokio::test]
async fn an_explanation_that_cannot_be_written_does_not_hide_the_fault() {
    let aws = uploaded("").with(|made, _| match made {
        "PUT errors/in%202026.csv" => Verdict::Deny,
        _ => Verdict::Serve,
    });
    let failure = deliver(&aws, "").await.unwrap_err();
    assert_eq!(failure.error_type(), "MissingHeader");
    assert!(
        failure.hint().contains("could not be written"),
        "{}",
        failure.hint()
    );
    assert!(aws.state().objects.contains_key(INPUT));
}

#[tokio::test]
async fn a_queue_that_gets_messages_raw_gets_all_of_them() {
    let aws = uploaded(EXTRACT);
    deliver(&aws, EXTRACT).await.unwrap();
    let state = aws.state();
    // SNS drops a message with more than ten attributes.
    assert_eq!(state.attributes.iter().max(), Some(&10));
}
