//! Announcing every step of a function on its topic.
//!
//! A [`Notice`] is text for people (subject and body) and attributes for programs: a subscription
//! filters by them, and whoever waits for the pipeline knows its end by them. A handler never
//! builds one by hand: it tells its [`Announcer`] what it did, and the announcer knows which step
//! that was, so that the numbers cannot drift from the order of the code.

mod announcer;
mod text;

use std::collections::BTreeMap;

use aws_sdk_sns::types::MessageAttributeValue;

pub use announcer::{Announcer, Publisher};

/// A function as its notices name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Function {
    /// `transform` or `load`.
    pub name: &'static str,
    /// How many steps it announces.
    pub steps: u8,
}

/// What a notice reports about its step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The first step is done.
    Started,
    /// A step between the first and the last is done.
    Progress,
    /// The last step is done: nothing more will follow.
    Succeeded,
    /// The step was not done. The event is tried again, or goes to the dead letters.
    Failed,
    /// There was nothing to do: the event was dealt with before.
    Skipped,
    /// A newer version took the object's place, and has an event of its own.
    Superseded,
}

impl Status {
    /// The value of the attribute `status`.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Started => "started",
            Status::Progress => "progress",
            Status::Succeeded => "succeeded",
            Status::Failed => "failed",
            Status::Skipped => "skipped",
            Status::Superseded => "superseded",
        }
    }
}

/// Something a function counts. Each is an attribute of type `Number`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Count {
    /// Rows of the input, its header not counted.
    RowsRead,
    /// Rows that passed all rules.
    RowsAccepted,
    /// Rows that did not, blank ones included.
    RowsRejected,
    /// Messages in the error file.
    Errors,
    /// Rows that are in the database because of this load.
    RowsStored,
    /// Rows that the database had in a newer version, or that a later row of the file replaced.
    RowsSuperseded,
}

impl Count {
    /// The name of the attribute.
    pub fn as_str(self) -> &'static str {
        match self {
            Count::RowsRead => "rows_read",
            Count::RowsAccepted => "rows_accepted",
            Count::RowsRejected => "rows_rejected",
            Count::Errors => "errors",
            Count::RowsStored => "rows_stored",
            Count::RowsSuperseded => "rows_superseded",
        }
    }
}

/// What a handler tells of a step that it finished.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    headline: String,
    details: Vec<String>,
    counts: BTreeMap<Count, u64>,
}

impl Step {
    /// A step that did `headline`, such as `normalised`: a few words, no full stop.
    pub fn new(headline: impl Into<String>) -> Self {
        Step {
            headline: headline.into(),
            ..Step::default()
        }
    }

    /// Adds a count, as a line of the body and as an attribute.
    pub fn count(mut self, count: Count, value: u64) -> Self {
        self.counts.insert(count, value);
        self
    }

    /// Adds a sentence to the body.
    pub fn detail(mut self, sentence: impl Into<String>) -> Self {
        self.details.push(sentence.into());
        self
    }
}

/// The object that a notice is about. Empty where the event did not even say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// The bucket of the event.
    pub bucket: String,
    /// The key of the event, decoded.
    pub key: String,
    /// Lambda's id of the request.
    pub request_id: String,
    /// Which upload of the input it is about, see [`Created::upload`]; empty while that is not known.
    ///
    /// [`Created::upload`]: crate::event::Created::upload
    pub upload: String,
}

/// One message on a function's topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    function: Function,
    about: About,
    number: u8,
    status: Status,
    step: Step,
}

impl Notice {
    /// What is reported of the step.
    pub fn status(&self) -> Status {
        self.status
    }

    /// The number of the step, counted from 1.
    pub fn number(&self) -> u8 {
        self.number
    }

    /// The counts reported.
    pub fn counts(&self) -> &BTreeMap<Count, u64> {
        &self.step.counts
    }

    /// The subject of the message: ASCII without control characters, less than 100 of them.
    ///
    /// Follows <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>.
    pub fn subject(&self) -> String {
        text::subject(self)
    }

    /// The message itself.
    pub fn body(&self) -> String {
        text::body(self)
    }

    /// The attributes, by name. None is empty, because SNS refuses an empty value, and there are ten at
    /// most, because SNS drops a message with more on its way to a queue that gets messages raw. What
    /// else there is to say is in the body.
    ///
    /// Follows <https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html>.
    pub fn attributes(&self) -> BTreeMap<&'static str, Attribute> {
        let number = |n: u64| Attribute::Number(n);
        let text = |value: &str| Attribute::Text(text::sendable(value));
        let mut attributes = BTreeMap::from([
            ("function", text(self.function.name)),
            ("step", number(self.number.into())),
            ("status", text(self.status.as_str())),
            ("key", text(&self.about.key)),
            ("request_id", text(&self.about.request_id)),
            ("upload", text(&self.about.upload)),
        ]);
        attributes.retain(|_, value| *value != Attribute::Text(String::new()));
        let counts = self.step.counts.iter();
        attributes.extend(counts.map(|(count, value)| (count.as_str(), number(*value))));
        attributes
    }
}

/// The value of a message attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attribute {
    /// Type `Number`.
    Number(u64),
    /// Type `String`.
    Text(String),
}

impl From<Attribute> for MessageAttributeValue {
    fn from(attribute: Attribute) -> Self {
        let (data_type, value) = match attribute {
            Attribute::Number(number) => ("Number", number.to_string()),
            Attribute::Text(text) => ("String", text),
        };
        MessageAttributeValue::builder()
            .data_type(data_type)
            .string_value(value)
            .build()
            .expect("the type is set, and nothing else is required")
    }
}
