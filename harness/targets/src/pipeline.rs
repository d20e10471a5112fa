//! A deployed stack that somebody can send files through.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use url::form_urlencoded;
use zipster_database::Database;
use zipster_stack::Stack;

pub use zipster_emulator::Emulator;
pub use zipster_emulator::courier::HELD_BACK;
pub use zipster_emulator::fault::{CallFault, DeliveryFault, FaultPlan, FaultRule, Moment};
pub use zipster_emulator::journal::{Entry, EntryId, Event, Journal, Outcome};
pub use zipster_emulator::sns::{InboxKind, InboxMessage};

use crate::clients::Clients;
use crate::deploy::Deployed;
use crate::error::chain;
use crate::keys::{FOLDER, KeySpace, run_name};
use crate::notices::{Notice, NoticeQueue};
use crate::watch::{Attempts, Watch};
use crate::{Outputs, PipelineSettings, TargetError, leftovers, link, story};

mod objects;

/// After this long without coming to rest, something hangs: a function's timeout is 15 minutes,
/// and no file that tests send takes a tenth of that.
const REST_LIMIT: Duration = Duration::from_secs(15 * 60);

/// How long a request waits for notices before dead letters are looked at.
const POLL: Duration = Duration::from_secs(5);

/// How long SQS holds a request that waits for messages: the longest that it allows.
const LONGEST_POLL_SECONDS: i32 = 20;

/// How often a dead-letter queue is asked, each time for [`LONGEST_POLL_SECONDS`]: a letter is sent
/// after the last failure was announced.
const DEAD_LETTER_TRIES: usize = 6;

/// The queue of the harness's own.
pub(crate) const NOTICES: &str = "zipster-harness-notices";

/// Which function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FunctionName {
    /// Checks and normalises.
    Transform,
    /// Loads into the database.
    Load,
}

/// A deployed stack, its clients, names, database and notices.
#[derive(Debug)]
pub struct Pipeline {
    clients: Clients,
    outputs: Outputs,
    database: Database,
    notices: Arc<NoticeQueue>,
    keys: KeySpace,
    place: Place,
}

/// Where it runs, and so how its end is known and what it owns.
#[derive(Debug)]
enum Place {
    /// In an emulator of its own, which knows when nothing is left to happen.
    Embedded(Box<Local>),
    /// On a stack that was there before and stays; known by its notices.
    Deployed(Mutex<Watch>),
}

#[derive(Debug)]
struct Local {
    emulator: Emulator,
    deployed: Deployed,
    origin: Origin,
}

/// What a stack was read with, to read it again.
#[derive(Debug)]
pub(crate) struct Origin {
    /// What was asked for.
    pub settings: PipelineSettings,
    /// The secret of the master user, if RDS was played.
    pub master_user: Option<String>,
}

impl Pipeline {
    /// A pipeline in an emulator of its own.
    pub(crate) fn embedded(
        clients: Clients,
        (stack, origin): (Stack, Origin),
        outputs: Outputs,
        database: Database,
        notices: NoticeQueue,
        emulator: Emulator,
    ) -> Self {
        Self {
            clients,
            outputs,
            database,
            notices: Arc::new(notices),
            keys: KeySpace::whole(),
            place: Place::Embedded(Box::new(Local {
                emulator,
                deployed: Deployed::new(stack),
                origin,
            })),
        }
    }

    /// What the stack was read with, if it is in an emulator of ours.
    pub(crate) fn origin(&self) -> Option<&Origin> {
        match &self.place {
            Place::Embedded(local) => Some(&local.origin),
            Place::Deployed(_) => None,
        }
    }

    /// The stack is another one now. Notices come from its topics, if they are others.
    ///
    /// # Errors
    /// [`TargetError::Call`] if the queue of the notices cannot be made again.
    pub(crate) async fn become_other(
        &mut self,
        stack: Stack,
        outputs: Outputs,
        master_user: Option<String>,
    ) -> Result<(), TargetError> {
        if outputs.topics() != self.outputs.topics() {
            // Subscriptions of topics that are gone are gone with them.
            let _ = self.notices.close().await;
            let topics = outputs.topics();
            // A queue of the same name could not be made within a minute.
            let name = format!("{NOTICES}-{}", run_name());
            let notices = NoticeQueue::open(&self.clients, &topics, &name, None).await?;
            self.notices = Arc::new(notices);
        }
        self.outputs = outputs;
        if let Place::Embedded(local) = &mut self.place {
            local.deployed = Deployed::new(stack);
            local.origin.master_user = master_user;
        }
        Ok(())
    }

    /// A part of a stack that was there before: the keys below `keys`.
    pub(crate) fn deployed(
        clients: Clients,
        outputs: Outputs,
        database: Database,
        notices: Arc<NoticeQueue>,
        keys: KeySpace,
        attempts: Attempts,
    ) -> Self {
        Self {
            clients,
            outputs,
            database,
            notices,
            keys,
            place: Place::Deployed(Mutex::new(Watch::new(attempts))),
        }
    }

    /// The SDK's clients, with the administrator's credentials.
    #[must_use]
    pub fn clients(&self) -> &Clients {
        &self.clients
    }

    /// The stack as read from `terraform/`, if it was made from there by us.
    #[must_use]
    pub fn stack(&self) -> Option<&Stack> {
        match &self.place {
            Place::Embedded(local) => Some(local.deployed.stack()),
            Place::Deployed(_) => None,
        }
    }

    /// What was made of the stack, if it was made by us.
    pub(crate) fn what_is_deployed(&self) -> Option<&Deployed> {
        match &self.place {
            Place::Embedded(local) => Some(&local.deployed),
            Place::Deployed(_) => None,
        }
    }

    /// Making the stack another one has stopped half-way.
    pub(crate) fn stopped_at(&mut self, deployed: Deployed) {
        if let Place::Embedded(local) = &mut self.place {
            local.deployed = deployed;
        }
    }

    /// The emulator behind the endpoint, if there is one of ours.
    #[must_use]
    pub fn emulator(&self) -> Option<&Emulator> {
        match &self.place {
            Place::Embedded(local) => Some(&local.emulator),
            Place::Deployed(_) => None,
        }
    }

    /// Whether an event may be delivered twice though nobody asked for that, as S3, SNS and Lambda
    /// may. An emulator of ours does so only if it is told to.
    #[must_use]
    pub fn may_repeat_events(&self) -> bool {
        self.emulator().is_none()
    }

    /// Which object keys are this pipeline's. All methods take and give names without its prefix.
    #[must_use]
    pub fn keys(&self) -> &KeySpace {
        &self.keys
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

    /// Returns once every file that was sent has come to its end, retries included.
    ///
    /// # Errors
    /// [`TargetError::NotSettled`] after a quarter of an hour, with what is missing.
    pub async fn settled(&self) -> Result<(), TargetError> {
        self.settled_telling(|_| {}).await
    }

    /// The same, telling each notice that is heard meanwhile. An emulator's journal tells more, so
    /// with one nothing is told here.
    ///
    /// # Errors
    /// As [`settled`](Self::settled).
    pub async fn settled_telling(&self, tell: impl Fn(&Notice)) -> Result<(), TargetError> {
        match &self.place {
            Place::Embedded(local) => within_limit(local.emulator.settled()).await,
            Place::Deployed(watch) => self.heard_of_all(watch, tell).await,
        }
    }

    /// Waits for notices for some seconds, and returns those that came.
    ///
    /// # Errors
    /// [`TargetError::Call`] if they cannot be read.
    pub async fn next_notices(&self) -> Result<Vec<Notice>, TargetError> {
        Ok(self.ours(self.notices.receive(POLL).await?))
    }

    async fn heard_of_all(
        &self,
        watch: &Mutex<Watch>,
        tell: impl Fn(&Notice),
    ) -> Result<(), TargetError> {
        let listening = async {
            while !lock(watch).missing().is_empty() {
                let notices = self.notices.receive(POLL).await?;
                if notices.is_empty() {
                    self.look_for_dead(watch).await?;
                }
                let notices = self.ours(notices);
                notices.iter().for_each(&tell);
                lock(watch).hear(notices);
            }
            Ok(())
        };
        match tokio::time::timeout(REST_LIMIT, listening).await {
            Ok(result) => result,
            Err(_) => Err(TargetError::NotSettled {
                seconds: REST_LIMIT.as_secs(),
                missing: lock(watch).missing(),
            }),
        }
    }

    /// Looks for what was sent among the dead letters.
    async fn look_for_dead(&self, watch: &Mutex<Watch>) -> Result<(), TargetError> {
        let queues = [
            ("transform", &self.outputs.transform_dead_letters_url),
            ("load", &self.outputs.load_dead_letters_url),
        ];
        let keys = lock(watch).keys();
        for (function, queue) in queues {
            let letters = self.dead_letters(queue, false).await?;
            for key in &keys {
                let written = self.key_in_events(key);
                let found = letters.iter().filter(|letter| letter.contains(&written));
                lock(watch).found_dead(function, key, found.cloned().collect());
            }
        }
        Ok(())
    }

    /// A key as events write it: as in a form's query, with its slashes.
    fn key_in_events(&self, name: &str) -> String {
        let key: String = form_urlencoded::byte_serialize(self.keys.key(name).as_bytes()).collect();
        key.replace("%2F", "/")
    }

    /// Returns once something has happened in the emulator, in the past or from now on.
    ///
    /// # Errors
    /// [`TargetError::NotSettled`] after a quarter of an hour, [`TargetError::NoEmulator`] if
    /// nobody sees what happens.
    pub async fn until(&self, matches: impl Fn(&Event) -> bool) -> Result<(), TargetError> {
        let emulator = self.emulator().ok_or(TargetError::NoEmulator)?;
        within_limit(emulator.journal().until(matches))
            .await
            .map(|_| ())
    }

    /// The notices that have arrived since the last call, in the order of arrival.
    ///
    /// # Errors
    /// [`TargetError::Call`] if they cannot be read.
    pub async fn new_notices(&self) -> Result<Vec<Notice>, TargetError> {
        let notices = self.notices.take().await?;
        let ours = self.ours(notices);
        match &self.place {
            Place::Embedded(_) => Ok(ours),
            Place::Deployed(watch) => {
                let mut watch = lock(watch);
                watch.hear(ours);
                Ok(watch.news())
            }
        }
    }

    /// The notices about this pipeline's keys, speaking of them as the scenario does.
    fn ours(&self, notices: Vec<Notice>) -> Vec<Notice> {
        notices
            .into_iter()
            // What the harness itself publishes speaks of no object.
            .filter(|notice| !notice.attribute("key").is_empty())
            .filter_map(|notice| {
                let name = self.keys.name(notice.attribute("key"))?.to_owned();
                Some(notice.with_attribute("key", name))
            })
            .collect()
    }

    /// Whether the dead letters of a function hold the event of an object, for which a deployed
    /// pipeline is given some time; and what they hold.
    ///
    /// # Errors
    /// [`TargetError::Call`] if they cannot be read.
    pub async fn dead_letter_of(
        &self,
        function: FunctionName,
        name: &str,
    ) -> Result<(bool, Vec<String>), TargetError> {
        let key = self.key_in_events(name);
        let queue = match function {
            FunctionName::Transform => &self.outputs.transform_dead_letters_url,
            FunctionName::Load => &self.outputs.load_dead_letters_url,
        };
        let tries = match &self.place {
            Place::Embedded(_) => 1,
            Place::Deployed(_) => DEAD_LETTER_TRIES,
        };
        let mut letters = Vec::new();
        for _ in 0..tries {
            letters = self.dead_letters(queue, tries > 1).await?;
            if letters.iter().any(|letter| letter.contains(&key)) {
                return Ok((true, letters));
            }
        }
        Ok((false, letters))
    }

    /// The bodies of the messages in a dead-letter queue, which stay there.
    async fn dead_letters(&self, url: &str, wait: bool) -> Result<Vec<String>, TargetError> {
        // The URL is AWS's own; a stand-in answers at another host.
        let queue = url.rsplit('/').next().unwrap_or(url);
        let failed = |what: &str, error: &dyn std::error::Error| TargetError::Call {
            what: format!("{what} {queue}"),
            reason: chain(error),
        };
        let url = self
            .clients
            .sqs
            .get_queue_url()
            .queue_name(queue)
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
            .wait_time_seconds(if wait { LONGEST_POLL_SECONDS } else { 0 })
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

    /// The messages that lie in the emulator's inbox, oldest first.
    ///
    /// # Errors
    /// [`TargetError::NoEmulator`] if mail goes to real people.
    pub fn inbox(&self) -> Result<Vec<InboxMessage>, TargetError> {
        let emulator = self.emulator().ok_or(TargetError::NoEmulator)?;
        Ok(emulator.services().sns.inbox())
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
        filter_policy: &str,
    ) -> Result<NoticeQueue, TargetError> {
        // Others may listen on the same stack.
        let name = format!("{FOLDER}-{}", run_name());
        NoticeQueue::open(&self.clients, &[topic], &name, Some(filter_policy)).await
    }

    /// Adds mishaps to the emulator's plan.
    ///
    /// # Errors
    /// [`TargetError::NoEmulator`] if mishaps cannot be arranged.
    pub fn arm(&self, plan: FaultPlan) -> Result<(), TargetError> {
        let emulator = self.emulator().ok_or(TargetError::NoEmulator)?;
        emulator.faults().arm(plan);
        Ok(())
    }

    /// Lets go of deliveries that a mishap holds back.
    ///
    /// # Errors
    /// [`TargetError::NoEmulator`] if none can be held back.
    pub fn release(&self) -> Result<(), TargetError> {
        let emulator = self.emulator().ok_or(TargetError::NoEmulator)?;
        emulator.faults().release();
        Ok(())
    }

    /// What happened to an object, or everything, as a story: what the emulator saw, or what the
    /// functions announced.
    #[must_use]
    pub fn story(&self, name: Option<&str>) -> String {
        let emulator = match &self.place {
            Place::Embedded(local) => &local.emulator,
            Place::Deployed(watch) => return lock(watch).story(name),
        };
        let journal = emulator.journal();
        match name {
            None => story::tell(&journal.snapshot()),
            Some(key) => story::tell(&journal.story(|event| story::concerns(event, key))),
        }
    }

    /// Removes what the harness itself made, ends the functions and the emulator, and drops the
    /// database if it was made for this pipeline. A deployed stack stays, without this pipeline's
    /// objects and rows, unless all keys are this pipeline's: then nobody's are taken away.
    ///
    /// # Errors
    /// The first thing that could not be ended or removed; the others are tried all the same.
    pub async fn stop(self) -> Result<(), TargetError> {
        match self.place {
            Place::Embedded(local) => {
                let notices = self.notices.close().await;
                let emulator = local.emulator.stop().await;
                let database = self.database.drop().await;
                notices?;
                emulator.map_err(TargetError::CleanUp)?;
                database?;
                Ok(())
            }
            Place::Deployed(_) if self.keys == KeySpace::whole() => {
                self.database.drop().await?;
                Ok(())
            }
            Place::Deployed(_) => {
                let left =
                    leftovers::remove(&self.clients, &self.outputs, &self.database, &self.keys)
                        .await;
                self.database.drop().await?;
                left.map(|_| ())
            }
        }
    }
}

/// Waits for something that certainly comes, unless something hangs.
async fn within_limit<T>(work: impl Future<Output = T>) -> Result<T, TargetError> {
    tokio::time::timeout(REST_LIMIT, work)
        .await
        .map_err(|_| TargetError::NotSettled {
            seconds: REST_LIMIT.as_secs(),
            missing: Vec::new(),
        })
}

fn lock(watch: &Mutex<Watch>) -> MutexGuard<'_, Watch> {
    watch.lock().unwrap_or_else(PoisonError::into_inner)
}
