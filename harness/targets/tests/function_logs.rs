//! Logs of functions, read from the emulator through its public API.

#![expect(
    clippy::unwrap_used,
    reason = "what a test needs to be there fails the test if it is not"
)]

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_cloudwatchlogs::types::InputLogEvent;
use zipster_emulator::clock::{Clock, SystemClock};
use zipster_emulator::{Emulator, Settings};
use zipster_names::{AccountId, Region};
use zipster_targets::clients::{Access, Clients};
use zipster_targets::function_logs::FunctionLogs;

async fn emulator() -> (Emulator, Clients) {
    let account = AccountId::parse("123456789012").unwrap();
    let region = Region::parse("eu-central-1").unwrap();
    let emulator = Emulator::start(Settings::new(account, region.clone()))
        .await
        .unwrap();
    let administrator = emulator.administrator();
    let clients = Clients::new(&Access {
        endpoint: Some(emulator.endpoint()),
        region: region.to_string(),
        credentials: SharedCredentialsProvider::new(Credentials::new(
            &administrator.access_key_id,
            administrator.expose_secret(),
            administrator.session_token.clone(),
            None,
            "test",
        )),
    });
    (emulator, clients)
}

async fn write(clients: &Clients, function: &str, lines: &[(i64, &str)]) {
    let group = format!("/aws/lambda/{function}");
    let create = clients.logs.create_log_group().log_group_name(&group);
    if create.send().await.is_ok() {
        let create = clients.logs.create_log_stream().log_group_name(&group);
        create.log_stream_name("stream").send().await.unwrap();
    }
    let events = lines.iter().map(|(at, text)| {
        let event = InputLogEvent::builder().timestamp(*at).message(*text);
        event.build().unwrap()
    });
    let put = clients.logs.put_log_events().log_group_name(&group);
    let put = put.log_stream_name("stream");
    put.set_log_events(Some(events.collect()))
        .send()
        .await
        .unwrap();
}

async fn next(logs: &mut FunctionLogs) -> Vec<String> {
    let lines = logs.next().await.unwrap().into_iter();
    lines
        .map(|line| format!("{} {}", line.function, line.text))
        .collect()
}

#[tokio::test]
async fn each_line_is_read_once_in_the_order_of_time() {
    let (emulator, clients) = emulator().await;
    let now = SystemClock::real_time().now().unix_timestamp() * 1000;
    let functions = ["load", "transform"].map(str::to_owned).to_vec();
    let read = |filter: Option<&str>, since| {
        let filter = filter.map(str::to_owned);
        FunctionLogs::new(clients.clone(), functions.clone(), filter, since)
    };
    let mut logs = read(None, now - 60_000);
    // Neither has run yet.
    assert_eq!(next(&mut logs).await, [""; 0]);
    write(
        &clients,
        "transform",
        &[(now - 90_000, "old"), (now - 3, "a\n"), (now - 1, "c")],
    )
    .await;
    write(&clients, "load", &[(now - 2, "ERROR b")]).await;
    let all = ["transform a", "load ERROR b", "transform c"];
    assert_eq!(next(&mut logs).await, all);
    assert_eq!(next(&mut logs).await, [""; 0]);
    // Taken in late, though written before the others; and the same text at the same time.
    write(
        &clients,
        "load",
        &[(now - 5_000, "late"), (now - 2, "ERROR b")],
    )
    .await;
    assert_eq!(next(&mut logs).await, ["load late", "load ERROR b"]);
    assert_eq!(next(&mut logs).await, [""; 0]);
    let mut errors = read(Some("ERROR"), now - 60_000);
    assert_eq!(next(&mut errors).await, ["load ERROR b", "load ERROR b"]);
    let mut wrong = read(Some("{ $.a"), now);
    let refused = wrong.next().await.unwrap_err().to_string();
    assert!(refused.starts_with("reading the log of load"), "{refused}");
    emulator.stop().await.unwrap();
}
