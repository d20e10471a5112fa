//! A function's log: the lines that its processes write and those that Lambda writes around them.
//!
//! Both output streams of a process end in one pipe, so lines keep the order in which they were
//! written. The pipe is read whenever the environment waits for something, and emptied before an
//! invocation's `END`: a line that was written before the answer stands before it.
//!
//! Each line goes into the journal and, by `cloudwatch`, into the function's log group.
//!
//! Left out: JSON as log format.

use std::fmt::Write as _;
use std::io::{self, PipeReader, Read};
use std::process::Stdio;
use std::time::Duration;

use time::OffsetDateTime;
use tokio::net::unix::pipe;

use super::cloudwatch::CloudWatch;
use crate::journal::{EntryId, Event, Journal};
use crate::random::Random;

/// How much of an invocation's log `LogType: Tail` returns, in bytes
/// (<https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>).
const TAIL: usize = 4096;

/// The longest log event that CloudWatch takes, in bytes; longer lines are split.
const LONGEST_LINE: usize = 262_144;

/// What one look at the pipe reads at most, in bytes. At any moment no more than the pipe's
/// capacity (64 KiB on Linux) lies unread, so this is all that was written before the look; a
/// function that never stops writing does not keep the reader forever.
const ONE_LOOK: usize = 4 * 65_536;

/// Where the lines of one environment go.
#[derive(Debug)]
pub(super) struct Log {
    journal: Journal,
    function: String,
    cloudwatch: CloudWatch,
    tail: String,
}

impl Log {
    /// The log of the environment whose stream is given.
    pub(super) fn new(journal: Journal, function: String, cloudwatch: CloudWatch) -> Self {
        Self {
            journal,
            function,
            cloudwatch,
            tail: String::new(),
        }
    }

    /// The log stream's name.
    pub(super) fn stream(&self) -> &str {
        self.cloudwatch.name()
    }

    /// The environment turns to an invocation, which `cause` made necessary, and may have to
    /// initialise before it begins.
    pub(super) fn prepare(&mut self, cause: EntryId) {
        self.cloudwatch.begin(cause);
    }

    /// Forgets the tail: an invocation begins.
    pub(super) fn begin(&mut self) {
        self.tail.clear();
    }

    /// Writes lines, all caused by the same.
    pub(super) fn write(&mut self, cause: Option<EntryId>, lines: &[String]) {
        if lines.is_empty() {
            return;
        }
        for line in lines {
            self.tail.push_str(line);
            self.tail.push('\n');
            if self.tail.len() > 4 * TAIL {
                self.tail = last(&self.tail, TAIL).to_owned();
            }
            self.journal.record(
                cause,
                Event::LogLine {
                    function: self.function.clone(),
                    log_stream: self.cloudwatch.name().to_owned(),
                    line: line.clone(),
                },
            );
        }
        self.cloudwatch.write(cause, lines);
    }

    /// The last 4 KB since the invocation began.
    pub(super) fn tail(&self) -> &str {
        last(&self.tail, TAIL)
    }
}

/// The last `length` bytes of `text`, or a little less where that would split a character.
fn last(text: &str, length: usize) -> &str {
    let start = text.ceil_char_boundary(text.len().saturating_sub(length));
    &text[start..]
}

/// The name of a new log stream for a version, such as `2026/11/23/[$LATEST]` and 32 hexadecimal
/// digits.
pub(super) fn stream_name(version: &str, now: OffsetDateTime, random: &Random) -> String {
    format!(
        "{:04}/{:02}/{:02}/[{version}]{}",
        now.year(),
        u8::from(now.month()),
        now.day(),
        hex::encode(random.bytes::<16>())
    )
}

/// The line about a cold start: the runtime's version, such as `provided:al2023.v1`, and its ARN.
///
/// Follows <https://docs.aws.amazon.com/lambda/latest/dg/runtime-management-identify.html>.
pub(super) fn init_start(runtime: &str, arn: &str) -> String {
    // `python3.13` is `python:3.13`, and `provided.al2023` is `provided:al2023`.
    let family = runtime.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    let (name, version) = match runtime.split_once('.') {
        Some((name, version)) if family.contains('.') => (name, version),
        Some(_) | None => (family, &runtime[family.len()..]),
    };
    format!("INIT_START Runtime Version: {name}:{version}.v1\tRuntime Version ARN: {arn}")
}

/// What the `REPORT` line says.
#[derive(Debug)]
pub(super) struct Report<'a> {
    pub(super) request_id: &'a str,
    /// From hand-over to answer.
    pub(super) duration: Duration,
    /// The time before the hand-over, for a cold start.
    pub(super) init: Option<Duration>,
    /// The function's setting, in MB.
    pub(super) memory_size: u32,
    /// The process's peak, in MB.
    pub(super) memory_used: u64,
    pub(super) status: Status<'a>,
    /// About the trace, if Lambda takes part in one.
    pub(super) trace: Option<String>,
}

/// How a phase ended, for the lines that say so.
#[derive(Debug, Clone, Copy)]
pub(super) enum Status<'a> {
    Success,
    Timeout,
    Error(&'a str),
}

impl Report<'_> {
    /// The line, its fields separated by tabs as on AWS. Since August 2025 the time of a cold
    /// start is billed.
    pub(super) fn line(&self) -> String {
        let init = self.init.unwrap_or_default();
        let billed = (millis(self.duration) + millis(init)).ceil();
        let mut line = format!(
            "REPORT RequestId: {}\tDuration: {:.2} ms\tBilled Duration: {billed:.0} ms\t\
             Memory Size: {} MB\tMax Memory Used: {} MB",
            self.request_id,
            millis(self.duration),
            self.memory_size,
            self.memory_used,
        );
        if let Some(init) = self.init {
            let _ = write!(line, "\tInit Duration: {:.2} ms", millis(init));
        }
        line.push_str(&self.status.fields());
        if let Some(trace) = &self.trace {
            // A line of its own in the same event, as on AWS.
            let _ = write!(line, "\t\n{trace}\t");
        }
        line
    }
}

impl Status<'_> {
    fn fields(self) -> String {
        match self {
            Status::Success => String::new(),
            Status::Timeout => "\tStatus: timeout".to_owned(),
            Status::Error(kind) => format!("\tStatus: error\tError Type: {kind}"),
        }
    }
}

/// The line about an initialisation that failed; `phase` is `init` or `invoke`.
pub(super) fn init_report(duration: Duration, phase: &str, status: Status<'_>) -> String {
    format!(
        "INIT_REPORT Init Duration: {:.2} ms\tPhase: {phase}{}",
        millis(duration),
        status.fields()
    )
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// The reading end of a process's output.
#[derive(Debug)]
pub(super) struct Output {
    /// Says when there is something to read.
    pipe: pipe::Receiver,
    /// The same, read directly: the runtime's idea of what can be read may be a moment behind,
    /// and what was written before the look has to be seen by it.
    direct: PipeReader,
    /// The beginning of a line whose end was not written yet.
    partial: Vec<u8>,
    open: bool,
}

impl Output {
    /// A pipe, with its writing end twice: for standard output and for standard error.
    pub(super) fn new() -> io::Result<(Self, Stdio, Stdio)> {
        let (direct, writer) = io::pipe()?;
        let output = Self {
            // Makes both readers non-blocking.
            pipe: pipe::Receiver::from_owned_fd(direct.try_clone()?.into())?,
            direct,
            partial: Vec::new(),
            open: true,
        };
        Ok((output, writer.try_clone()?.into(), writer.into()))
    }

    /// Returns when there may be something to read; never again after the end of the output.
    pub(super) async fn readable(&self) {
        if !self.open || self.pipe.readable().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// The lines that were finished until now.
    pub(super) fn lines(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        let mut buffer = [0; 8192];
        let mut read = 0;
        while self.open && read < ONE_LOOK {
            // Asked first, the runtime learns when there is nothing more.
            let result = match self.pipe.try_read(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.direct.read(&mut buffer)
                }
                result => result,
            };
            match result {
                Ok(0) => self.open = false,
                Ok(length) => {
                    read += length;
                    self.take(&buffer[..length], &mut lines);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    tracing::warn!(%error, "cannot read a function's output");
                    self.open = false;
                }
            }
        }
        lines
    }

    /// The line that has no end, if there is one: what is written next begins a new line.
    pub(super) fn rest(&mut self) -> Option<String> {
        (!self.partial.is_empty()).then(|| text(&std::mem::take(&mut self.partial)))
    }

    /// All lines until nobody is left who could write more.
    #[cfg(test)]
    pub(super) async fn all(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        while self.open {
            self.readable().await;
            lines.extend(self.lines());
        }
        lines
    }

    fn take(&mut self, bytes: &[u8], lines: &mut Vec<String>) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.partial.extend_from_slice(piece);
            while self.partial.len() > LONGEST_LINE {
                let rest = self.partial.split_off(LONGEST_LINE);
                lines.push(text(&std::mem::replace(&mut self.partial, rest)));
            }
            if piece.ends_with(b"\n") {
                lines.push(text(&std::mem::take(&mut self.partial)));
            }
        }
    }
}

/// Text without its line end; what is no UTF-8 becomes replacement characters.
fn text(line: &[u8]) -> String {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    String::from_utf8_lossy(line).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_says_what_aws_says() {
        let report = Report {
            request_id: "id",
            duration: Duration::from_micros(3_210),
            init: Some(Duration::from_micros(10_300)),
            memory_size: 128,
            memory_used: 20,
            status: Status::Success,
            trace: None,
        };
        insta::assert_snapshot!(report.line().replace('\t', " | "), @"REPORT RequestId: id | Duration: 3.21 ms | Billed Duration: 14 ms | Memory Size: 128 MB | Max Memory Used: 20 MB | Init Duration: 10.30 ms");
        let failed = Report {
            init: None,
            status: Status::Error("Runtime.ExitError"),
            trace: Some("XRAY TraceId: 1-2-3".to_owned()),
            ..report
        };
        insta::assert_snapshot!(failed.line().replace('\t', " | ").replace('\n', " / "), @"REPORT RequestId: id | Duration: 3.21 ms | Billed Duration: 4 ms | Memory Size: 128 MB | Max Memory Used: 20 MB | Status: error | Error Type: Runtime.ExitError |  / XRAY TraceId: 1-2-3 | ");
        let line = init_report(Duration::from_secs(10), "init", Status::Timeout);
        insta::assert_snapshot!(line.replace('\t', " | "), @"INIT_REPORT Init Duration: 10000.00 ms | Phase: init | Status: timeout");
    }

    #[test]
    fn a_cold_start_says_the_version_of_the_runtime() {
        for (runtime, version) in [
            ("provided.al2023", "provided:al2023.v1"),
            ("provided.al2", "provided:al2.v1"),
            ("python3.13", "python:3.13.v1"),
        ] {
            assert_eq!(
                init_start(runtime, "arn"),
                format!("INIT_START Runtime Version: {version}\tRuntime Version ARN: arn")
            );
        }
    }

    #[tokio::test]
    async fn lines_of_both_streams_come_in_the_order_of_writing() {
        let (mut output, out, err) = Output::new().unwrap();
        let mut command = std::process::Command::new("/bin/sh");
        command
            .args([
                "-c",
                "echo one; echo two >&2; printf 'thr'; printf 'ee' >&2",
            ])
            .stdout(out)
            .stderr(err);
        assert!(command.status().unwrap().success());
        assert_eq!(output.lines(), ["one", "two"]);
        assert_eq!(output.rest().as_deref(), Some("three"));
        assert_eq!(output.rest(), None);
    }

    #[tokio::test]
    async fn a_line_that_is_too_long_is_split() {
        let (mut output, ..) = Output::new().unwrap();
        let mut lines = Vec::new();
        output.take(&vec![b'x'; LONGEST_LINE + 1], &mut lines);
        output.take(b"y\r\nz", &mut lines);
        let lengths: Vec<_> = lines.iter().map(String::len).collect();
        assert_eq!(lengths, [LONGEST_LINE, 2]);
        assert_eq!(output.rest().as_deref(), Some("z"));
    }

    #[test]
    fn the_tail_is_the_last_4_kb_and_splits_no_character() {
        let text = "é".repeat(3000);
        assert_eq!(last(&text, TAIL).len(), TAIL);
        assert_eq!(last(&text, TAIL - 1).len(), TAIL - 2);
        assert_eq!(last("short", TAIL), "short");
    }
}
