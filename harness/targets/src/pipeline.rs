//! A deployed stack that somebody can send files through.

use std::path::Path;
use std::time::Duration;

use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::primitives::ByteStream;
use tokio::io::AsyncWriteExt as _;
use zipster_database::Database;
use zipster_emulator::Emulator;
use zipster_stack::Stack;

pub use zipster_emulator::courier::HELD_BACK;
pub use zipster_emulator::fault::{CallFault, DeliveryFault, FaultPlan, FaultRule, Moment};
pub use zipster_emulator::journal::{Event, Outcome};
pub use zipster_emulator::sns::{InboxKind, InboxMessage};

use crate::clients::Clients;
use crate::error::chain;
use crate::notices::{Notice, NoticeQueue};
use crate::{Outputs, TargetError, link, story};

/// After this long without coming to rest, something hangs: a function's timeout is 15 minutes,
/// and no file that tests send takes a tenth of that.
const REST_LIMIT: Duration = Duration::from_secs(15 * 60);

/// A deployed stack, its clients, names, database and notices.
#[derive(Debug)]
pub struct Pipeline {
    clients: Clients,
    stack: Stack,
    outputs: Outputs,
    database: Database,
    notices: NoticeQueue,
    emulator: Emulator,
}

impl Pipeline {
    pub(crate) fn new(
        clients: Clients,
        stack: Stack,
        outputs: Outputs,
        database: Database,
        notices: NoticeQueue,
        emulator: Emulator,
    ) -> Self {
        Self {
            clients,
            stack,
            outputs,
            database,
            notices,
            emulator,
        }
    }

    /// The SDK's clients, with the administrator's credentials.
    #[must_use]
    pub fn clients(&self) -> &Clients {
        &self.clients
    }

    /// The stack as read from `terraform/`.
    #[must_use]
    pub fn stack(&self) -> &Stack {
        &self.stack
    }

    /// The names of buckets, topics and functions.
    #[must_use]
    pub fn outputs(&self) -> &Outputs {
        &self.outputs
    }

    /// Where load writes.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// The emulator behind the endpoint.
    #[must_use]
    pub fn emulator(&self) -> &Emulator {
        &self.emulator
    }

    /// Puts a file into the input bucket. It is accepted, not yet processed, when this returns.
    ///
    /// # Errors
    /// [`TargetError::Call`] if S3 refuses it.
    pub async fn put_input(&self, key: &str, body: Vec<u8>) -> Result<(), TargetError> {
        self.put(key, ByteStream::from(body)).await
    }

    /// Puts a local file into the input bucket, streaming it.
    ///
    /// # Errors
    /// [`TargetError::Call`] if the file cannot be read or S3 refuses it.
    pub async fn put_input_file(&self, key: &str, path: &Path) -> Result<(), TargetError> {
        let body = ByteStream::from_path(path)
            .await
            .map_err(|error| TargetError::Call {
                what: format!("reading {}", path.display()),
                reason: chain(&error),
            })?;
        self.put(key, body).await
    }

    async fn put(&self, key: &str, body: ByteStream) -> Result<(), TargetError> {
        self.clients
            .s3
            .put_object()
            .bucket(&self.outputs.input_bucket)
            .key(key)
            .body(body)
            .send()
            .await
            .map_err(|error| TargetError::Call {
                what: format!("PutObject {}/{key}", self.outputs.input_bucket),
                reason: chain(&error),
            })?;
        Ok(())
    }

    /// The bytes of an object, or `None` if there is none.
    ///
    /// # Errors
    /// [`TargetError::Call`] for any other answer.
    pub async fn object(&self, bucket: &str, key: &str) -> Result<Option<Vec<u8>>, TargetError> {
        let Some(body) = self.open(bucket, key).await? else {
            return Ok(None);
        };
        let bytes = body.collect().await.map_err(|error| TargetError::Call {
            what: format!("GetObject {bucket}/{key}"),
            reason: chain(&error),
        })?;
        Ok(Some(bytes.to_vec()))
    }

    async fn open(&self, bucket: &str, key: &str) -> Result<Option<ByteStream>, TargetError> {
        let answer = self
            .clients
            .s3
            .get_object()
            .bucket(bucket)
            .key(key)
            .send()
            .await;
        match answer {
            Ok(object) => Ok(Some(object.body)),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(GetObjectError::is_no_such_key) =>
            {
                Ok(None)
            }
            Err(error) => Err(TargetError::Call {
                what: format!("GetObject {bucket}/{key}"),
                reason: chain(&error),
            }),
        }
    }

    /// Copies an object into a local file, streaming it, and says whether there is one.
    ///
    /// # Errors
    /// [`TargetError::Call`] if S3 gives another answer or the file cannot be written.
    pub async fn save_object(
        &self,
        bucket: &str,
        key: &str,
        path: &Path,
    ) -> Result<bool, TargetError> {
        let failed = |reason: String| TargetError::Call {
            what: format!("copying {bucket}/{key} to {}", path.display()),
            reason,
        };
        let Some(body) = self.open(bucket, key).await? else {
            return Ok(false);
        };
        let mut file = tokio::fs::File::create(path)
            .await
            .map_err(|error| failed(error.to_string()))?;
        let mut body = body.into_async_read();
        tokio::io::copy(&mut body, &mut file)
            .await
            .map_err(|error| failed(error.to_string()))?;
        file.flush()
            .await
            .map_err(|error| failed(error.to_string()))?;
        Ok(true)
    }

    /// Returns once nothing is going on any more: no delivery, no invocation, no retry.
    ///
    /// # Errors
    /// [`TargetError::NotSettled`] after a quarter of an hour.
    pub async fn settled(&self) -> Result<(), TargetError> {
        tokio::time::timeout(REST_LIMIT, self.emulator.settled())
            .await
            .map_err(|_| TargetError::NotSettled {
                seconds: REST_LIMIT.as_secs(),
            })
    }

    /// Returns once something has happened, in the past or from now on.
    ///
    /// # Errors
    /// [`TargetError::NotSettled`] after a quarter of an hour.
    pub async fn until(&self, matches: impl Fn(&Event) -> bool) -> Result<(), TargetError> {
        let entry = self.emulator.journal().until(matches);
        tokio::time::timeout(REST_LIMIT, entry)
            .await
            .map(|_| ())
            .map_err(|_| TargetError::NotSettled {
                seconds: REST_LIMIT.as_secs(),
            })
    }

    /// The notices that have arrived since the last call, in the order of arrival.
    ///
    /// # Errors
    /// [`TargetError::Call`] if they cannot be read.
    pub async fn new_notices(&self) -> Result<Vec<Notice>, TargetError> {
        self.notices.take().await
    }

    /// The bodies of the messages in a function's dead-letter queue, which stay there.
    ///
    /// # Errors
    /// [`TargetError::Unfit`] if the stack declares no such queue, [`TargetError::Call`] if it
    /// cannot be read.
    pub async fn dead_letters(&self, function: &str) -> Result<Vec<String>, TargetError> {
        let name = match function {
            "transform" => &self.outputs.transform_function,
            "load" => &self.outputs.load_function,
            other => other,
        };
        let queue = self
            .stack
            .function_event_invoke_configs()
            .find(|config| config.function.as_str() == name)
            .and_then(|config| config.on_failure.as_ref())
            .and_then(|arn| self.stack.queues().find(|queue| queue.arn == *arn))
            .ok_or_else(|| {
                TargetError::Unfit(format!("declares no dead-letter queue for {name}"))
            })?;
        let failed = |what: &str, error: &dyn std::error::Error| TargetError::Call {
            what: format!("{what} {}", queue.name),
            reason: chain(error),
        };
        let url = self
            .clients
            .sqs
            .get_queue_url()
            .queue_name(queue.name.as_str())
            .send()
            .await
            .map_err(|error| failed("GetQueueUrl", &error))?
            .queue_url
            .unwrap_or_default();
        let received = self
            .clients
            .sqs
            .receive_message()
            .queue_url(url)
            .max_number_of_messages(10)
            .visibility_timeout(0)
            .send()
            .await
            .map_err(|error| failed("ReceiveMessage", &error))?;
        Ok(received
            .messages
            .unwrap_or_default()
            .into_iter()
            .filter_map(|message| message.body)
            .collect())
    }

    /// The subjects of the emails that subscribers got, oldest first; confirmations left out.
    #[must_use]
    pub fn email_subjects(&self) -> Vec<String> {
        self.emulator
            .services()
            .sns
            .inbox()
            .into_iter()
            .filter(|mail| mail.kind == InboxKind::Notification)
            .filter_map(|mail| mail.subject)
            .collect()
    }

    /// The messages that an address got by email, oldest first.
    #[must_use]
    pub fn inbox_of(&self, address: &str) -> Vec<InboxMessage> {
        self.emulator.services().sns.inbox_of(address)
    }

    /// Follows a link in an email.
    ///
    /// # Errors
    /// [`TargetError::Call`] if it leads nowhere.
    pub async fn follow(&self, link: &str) -> Result<(), TargetError> {
        link::follow(link).await
    }

    /// Subscribes a queue of its own to a topic. Whoever opens it closes it.
    ///
    /// # Errors
    /// [`TargetError::Call`] naming the operation that was refused.
    pub async fn listen(
        &self,
        topic: &str,
        name: &str,
        filter_policy: &str,
    ) -> Result<NoticeQueue, TargetError> {
        NoticeQueue::open(&self.clients, &[topic], name, Some(filter_policy)).await
    }

    /// Adds mishaps to the emulator's plan.
    pub fn arm(&self, plan: FaultPlan) {
        self.emulator.faults().arm(plan);
    }

    /// Lets go of deliveries that a mishap holds back.
    pub fn release(&self) {
        self.emulator.faults().release();
    }

    /// What happened to the object `key`, or everything, as a story.
    #[must_use]
    pub fn story(&self, key: Option<&str>) -> String {
        let journal = self.emulator.journal();
        match key {
            None => story::tell(&journal.snapshot()),
            Some(key) => story::tell(&journal.story(|event| story::concerns(event, key))),
        }
    }

    /// Removes what the harness itself made, ends the functions and the emulator, and drops the database if it was made for this
    /// pipeline.
    ///
    /// # Errors
    /// The first thing that could not be ended or removed; the others are tried all the same.
    pub async fn stop(self) -> Result<(), TargetError> {
        let notices = self.notices.close().await;
        let emulator = self.emulator.stop().await;
        let database = self.database.drop().await;
        notices?;
        emulator.map_err(TargetError::CleanUp)?;
        database?;
        Ok(())
    }
}
