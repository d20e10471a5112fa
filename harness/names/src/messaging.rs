//! Topic and queue names.

use crate::text::{characters, checked_text, is_plain};

checked_text!(
    /// The name of an SNS topic. A FIFO topic's ends with `.fifo`.
    TopicName,
    "a topic name",
    "https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html",
    topic_rules
);

checked_text!(
    /// The name of an SQS queue. A FIFO queue's ends with `.fifo`.
    QueueName,
    "a queue name",
    "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html",
    queue_rules
);

const FIFO: &str = ".fifo";

fn topic_rules(text: &str) -> Result<(), String> {
    rules(text, 256)
}

fn queue_rules(text: &str) -> Result<(), String> {
    rules(text, 80)
}

fn rules(text: &str, max: usize) -> Result<(), String> {
    let what = "letters, digits, - and _, and .fifo at its end";
    // The suffix counts towards the length, but its dot is allowed nowhere else.
    characters(text, 1, max, what, |_| true)?;
    let stem = text.strip_suffix(FIFO).unwrap_or(text);
    characters(stem, 1, max, what, is_plain)
}

impl TopicName {
    /// Whether the name is a FIFO topic's.
    #[must_use]
    pub fn is_fifo(&self) -> bool {
        self.as_str().ends_with(FIFO)
    }
}

impl QueueName {
    /// Whether the name is a FIFO queue's.
    #[must_use]
    pub fn is_fifo(&self) -> bool {
        self.as_str().ends_with(FIFO)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::tests::check;

    #[test]
    fn topics_and_queues_differ_in_length_only() {
        let dot = Some("it may only have letters, digits, - and _, and .fifo at its end, not '.'");
        let cases = [
            ("zipster-load-dead-letters", None),
            ("a_B-1", None),
            ("orders.fifo", None),
            ("a.b", dot),
            ("a.fifo.fifo", dot),
            ("a.fifo-b", dot),
        ];
        for (text, rule) in cases {
            check(TopicName::parse, text, rule);
            check(QueueName::parse, text, rule);
        }
        check(TopicName::parse, &"t".repeat(256), None);
        check(
            TopicName::parse,
            &"t".repeat(257),
            Some("it must have 1 to 256 characters, not 257"),
        );
        check(QueueName::parse, &"q".repeat(80), None);
        check(
            QueueName::parse,
            &"q".repeat(81),
            Some("it must have 1 to 80 characters, not 81"),
        );
        check(
            QueueName::parse,
            &format!("{}.fifo", "q".repeat(76)),
            Some("it must have 1 to 80 characters, not 81"),
        );
        check(
            QueueName::parse,
            ".fifo",
            Some("it must have 1 to 80 characters, not 0"),
        );
    }

    #[test]
    fn a_name_tells_whether_it_is_fifo() {
        assert!(TopicName::parse("a.fifo").unwrap().is_fifo());
        assert!(!TopicName::parse("fifo").unwrap().is_fifo());
        assert!(QueueName::parse("a.fifo").unwrap().is_fifo());
    }
}
