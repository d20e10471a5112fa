//! What functions wrote, from CloudWatch Logs: for a report of something that failed.

use aws_sdk_cloudwatchlogs::types::OrderBy;

use crate::Outputs;
use crate::clients::Clients;
use crate::error::chain;

/// How many streams of each function are shown: those that were written to last.
const STREAMS: i32 = 3;

/// How many lines of each.
const LINES: i32 = 40;

/// The last lines of both functions.
pub(super) async fn of_functions(clients: &Clients, outputs: &Outputs) -> String {
    let mut text = String::new();
    for function in outputs.functions() {
        text.push_str(&format!("{function} wrote last:\n"));
        match last_lines(clients, &format!("/aws/lambda/{function}")).await {
            Ok(lines) if lines.is_empty() => text.push_str("  (nothing)\n"),
            Ok(lines) => {
                for line in lines {
                    text.push_str(&format!("  {}\n", line.trim_end()));
                }
            }
            Err(reason) => text.push_str(&format!("  (its log cannot be read: {reason})\n")),
        }
    }
    text
}

async fn last_lines(clients: &Clients, group: &str) -> Result<Vec<String>, String> {
    let streams = clients
        .logs
        .describe_log_streams()
        .log_group_name(group)
        .order_by(OrderBy::LastEventTime)
        .descending(true)
        .limit(STREAMS)
        .send()
        .await
        .map_err(|error| chain(&error))?;
    let mut lines = Vec::new();
    for stream in streams.log_streams().iter().rev() {
        let events = clients
            .logs
            .get_log_events()
            .log_group_name(group)
            .log_stream_name(stream.log_stream_name().unwrap_or_default())
            .limit(LINES)
            .send()
            .await
            .map_err(|error| chain(&error))?;
        lines.extend(
            events
                .events
                .unwrap_or_default()
                .into_iter()
                .filter_map(|event| event.message),
        );
    }
    Ok(lines)
}
