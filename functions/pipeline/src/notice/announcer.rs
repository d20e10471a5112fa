//! Sending notices, in the order of the steps.

use aws_sdk_sns::types::MessageAttributeValue;

use super::{About, Function, Notice, Status, Step};
use crate::call::CallError;
use crate::failure::Failure;
use crate::names::TopicArn;

/// A topic that notices are published on.
#[derive(Clone, Debug)]
pub struct Publisher {
    sns: aws_sdk_sns::Client,
    topic: TopicArn,
}

impl Publisher {
    /// Publishes on `topic`.
    pub fn new(sns: aws_sdk_sns::Client, topic: TopicArn) -> Self {
        Publisher { sns, topic }
    }

    /// Publishes one notice.
    ///
    /// # Errors
    /// [`CallError`] if SNS does not take it.
    ///
    /// Follows <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>.
    pub async fn publish(&self, notice: &Notice) -> Result<(), CallError> {
        let mut request = self
            .sns
            .publish()
            .topic_arn(self.topic.as_str())
            .subject(notice.subject())
            .message(notice.body());
        for (name, value) in notice.attributes() {
            request = request.message_attributes(name, MessageAttributeValue::from(value));
        }
        let error = |error| CallError::new("publish on", &self.topic, "sns:Publish", error);
        request.send().await.map_err(error)?;
        Ok(())
    }
}

/// Announces the steps of one object, one after the other.
///
/// The number of a notice is the number of steps done, and its status follows from it: the first is
/// `started`, the last `succeeded`, those between `progress`.
#[derive(Debug)]
pub struct Announcer<'a> {
    publisher: &'a Publisher,
    function: Function,
    about: About,
    done: u8,
    last: Option<Notice>,
}

impl<'a> Announcer<'a> {
    /// Announces on `publisher` what `function` does with the object of `about`.
    pub fn new(publisher: &'a Publisher, function: Function, about: About) -> Self {
        Announcer {
            publisher,
            function,
            about,
            done: 0,
            last: None,
        }
    }

    /// From now on it is about this upload of the input, see [`Created::upload`].
    ///
    /// [`Created::upload`]: crate::event::Created::upload
    pub fn upload(&mut self, upload: &str) {
        upload.clone_into(&mut self.about.upload);
    }

    /// The next step is done.
    ///
    /// # Errors
    /// [`Failure::Call`] if it cannot be announced: somebody may be waiting for it.
    pub async fn step(&mut self, step: Step) -> Result<(), Failure> {
        let number = self.current();
        let status = match number {
            last if last == self.function.steps => Status::Succeeded,
            1 => Status::Started,
            _ => Status::Progress,
        };
        self.announce(status, step).await?;
        self.done = number;
        Ok(())
    }

    /// There was nothing to do, because of `reason` (a sentence): the event was dealt with before.
    /// Nothing more is to be announced.
    ///
    /// # Errors
    /// [`Failure::Call`] if it cannot be announced.
    pub async fn skipped(&mut self, reason: impl Into<String>) -> Result<(), Failure> {
        let step = self.with_counts(Step::new("skipped").detail(reason));
        self.announce(Status::Skipped, step).await
    }

    /// A newer version took the object's place, as `reason` (a sentence) says. Nothing more is to
    /// be announced.
    ///
    /// # Errors
    /// [`Failure::Call`] if it cannot be announced.
    pub async fn superseded(&mut self, reason: impl Into<String>) -> Result<(), Failure> {
        let step = self.with_counts(Step::new("superseded").detail(reason));
        self.announce(Status::Superseded, step).await
    }

    /// The current step failed. That this cannot be announced either is logged, and hides nothing:
    /// the caller still has the failure.
    pub async fn failed(&mut self, failure: &Failure) {
        let step = Step::new("failed")
            .detail(format!("{}: {failure}", failure.error_type()))
            .detail(format!("What to do: {}.", failure.hint()))
            .detail(
                "Nothing is lost: the object stays where it is, and AWS tries the event again. \
                 An event that keeps failing goes to the queue of dead letters.",
            );
        let step = self.with_counts(step);
        if let Err(error) = self.announce(Status::Failed, step).await {
            tracing::error!(
                error = error.explained(),
                "the failure could not be announced"
            );
        }
    }

    /// The newest notice that was published.
    pub fn last(&self) -> Option<&Notice> {
        self.last.as_ref()
    }

    /// The step that is being done, counted from 1.
    pub fn current(&self) -> u8 {
        (self.done + 1).min(self.function.steps)
    }

    /// What was counted before the end came.
    fn with_counts(&self, mut step: Step) -> Step {
        if let Some(last) = &self.last {
            step.counts.clone_from(last.counts());
        }
        step
    }

    async fn announce(&mut self, status: Status, step: Step) -> Result<(), Failure> {
        let notice = Notice {
            function: self.function,
            about: self.about.clone(),
            number: self.current(),
            status,
            step,
        };
        let subject = notice.subject();
        tracing::info!(step = notice.number, status = status.as_str(), "{subject}");
        self.publisher.publish(&notice).await?;
        self.last = Some(notice);
        Ok(())
    }
}
