//! Queues against a model: a list of messages that is looked through from its beginning, with
//! times instead of timers. The model is the definition of what is right; the queue, with its
//! indexes and counts, has to do the same, whatever happens in whatever order.

use std::collections::BTreeMap;
use std::time::Duration;

use time::OffsetDateTime;
use tokio_util::sync::{CancellationToken, DropGuard};
use zipster_names::{AccountId, Arn, QueueName, Region};

use super::*;
use crate::clock::SystemClock;
use crate::journal::{Event, Journal};
use crate::random::Random;

const OPERATIONS: u64 = 4_000;
const RETENTION: i64 = 600;

/// A message in the model.
#[derive(Debug)]
struct Entry {
    name: u64,
    group: String,
    sent: i64,
    received: u32,
    /// Hidden until then.
    until: i64,
    in_flight: bool,
}

/// The model: messages in the order of their arrival.
#[derive(Debug, Default)]
struct Model {
    fifo: bool,
    now: i64,
    entries: Vec<Entry>,
}

impl Model {
    fn pass(&mut self, seconds: i64) {
        self.now += seconds;
        for entry in &mut self.entries {
            if entry.until <= self.now {
                entry.in_flight = false;
            }
        }
    }

    fn is_hidden(&self, entry: &Entry) -> bool {
        entry.until > self.now
    }

    /// Names of what would be received, in order.
    fn receivable(&self, most: usize) -> Vec<u64> {
        let visible = |entry: &&Entry| !self.is_hidden(entry);
        if !self.fifo {
            let names = self.entries.iter().filter(visible);
            return names.take(most).map(|entry| entry.name).collect();
        }
        let mut groups: Vec<&str> = Vec::new();
        for entry in self.entries.iter().filter(visible) {
            if !groups.contains(&entry.group.as_str()) {
                groups.push(&entry.group);
            }
        }
        let of = |group: &'_ str| {
            let group = group.to_owned();
            self.entries
                .iter()
                .filter(move |entry| entry.group == group)
        };
        groups
            .into_iter()
            .filter(|group| !of(group).any(|entry| entry.in_flight))
            .flat_map(|group| of(group).take_while(visible))
            .take(most)
            .map(|entry| entry.name)
            .collect()
    }

    fn counts(&self) -> Counts {
        let count = |wanted: &dyn Fn(&Entry) -> bool| {
            self.entries.iter().filter(|entry| wanted(entry)).count()
        };
        Counts {
            waiting: count(&|entry| !self.is_hidden(entry)),
            delayed: count(&|entry| self.is_hidden(entry) && !entry.in_flight),
            in_flight: count(&|entry| self.is_hidden(entry) && entry.in_flight),
        }
    }
}

/// The timers of the queue under test, which end when the test says so.
#[derive(Debug, Default)]
struct Timers(Vec<(i64, u64, CancellationToken)>);

impl Timers {
    fn start(&mut self, now: i64, number: u64, length: i64) -> Option<DropGuard> {
        if length == 0 {
            return None;
        }
        let token = CancellationToken::new();
        self.0.push((now + length, number, token.clone()));
        Some(token.drop_guard())
    }

    /// Ends what is due, in the order of time.
    fn pass(&mut self, now: i64, queue: &mut Queue) {
        self.0.sort_by_key(|(due, ..)| *due);
        while self.0.first().is_some_and(|(due, ..)| *due <= now) {
            let (_, number, token) = self.0.remove(0);
            if !token.is_cancelled() {
                queue.surface(number);
            }
        }
        self.0.retain(|(_, _, token)| !token.is_cancelled());
    }
}

/// A queue, its model, and what receivers hold.
struct Trial {
    random: Random,
    journal: Journal,
    queue: Queue,
    timers: Timers,
    model: Model,
    receipts: BTreeMap<u64, Receipt>,
    sent: u64,
}

fn at(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH + Duration::from_secs(seconds.unsigned_abs())
}

impl Trial {
    fn new(fifo: bool, seed: u64) -> Self {
        let name = if fifo { "model.fifo" } else { "model" };
        let name = QueueName::parse(name).unwrap();
        let account = AccountId::parse("123456789012").unwrap();
        let region = Region::parse("us-east-1").unwrap();
        Self {
            random: Random::new(seed),
            journal: Journal::new(std::sync::Arc::new(SystemClock::real_time())),
            queue: Queue::new(
                Arn::queue(&region, &account, &name),
                account,
                name,
                QueueAttributes::new(fifo),
                BTreeMap::new(),
                at(0),
            ),
            timers: Timers::default(),
            model: Model {
                fifo,
                ..Model::default()
            },
            receipts: BTreeMap::new(),
            sent: 0,
        }
    }

    fn below(&self, limit: i64) -> i64 {
        let limit = limit.unsigned_abs();
        i64::try_from(self.random.below(limit)).unwrap()
    }

    fn step(&mut self) {
        match self.random.below(10) {
            0..=3 => self.send(),
            4 | 5 => self.receive(),
            6 => self.delete(),
            7 => self.change_visibility(),
            8 => self.pass(),
            _ => self.expire(),
        }
        assert_eq!(self.queue.counts(), self.model.counts());
    }

    fn send(&mut self) {
        self.sent += 1;
        let (name, now) = (self.sent, self.model.now);
        let delay = if self.random.below(4) == 0 {
            self.below(40)
        } else {
            0
        };
        let group = format!("g{}", self.random.below(4));
        let entry = self.journal.record(
            None,
            Event::Fault {
                description: String::new(),
            },
        );
        let draft = Draft {
            id: name.to_string(),
            body: name.to_string(),
            attributes: MessageAttributes::new(),
            trace_header: None,
            group: Some(group.clone()),
            deduplication: None,
            sender: String::new(),
            sent: at(now),
            entry,
        };
        let timers = &mut self.timers;
        self.queue
            .push(draft, |number| timers.start(now, number, delay));
        self.model.entries.push(Entry {
            name,
            group,
            sent: now,
            received: 0,
            until: now + delay,
            in_flight: false,
        });
    }

    fn receive(&mut self) {
        let now = self.model.now;
        let most = usize::try_from(self.random.below(10) + 1).unwrap();
        let timeout = self.below(30);
        let expected = self.model.receivable(most);
        let mut received = Vec::new();
        let mut cursor = Cursor::default();
        while received.len() < most {
            let Some((number, message)) = self.queue.next_waiting(&mut cursor) else {
                break;
            };
            let name: u64 = message.id.parse().unwrap();
            let timer = self.timers.start(now, number, timeout);
            let (message, receipt) = self.queue.receive(number, at(now), timer).unwrap();
            let known = self.model.entries.iter_mut();
            let known = known.into_iter().find(|entry| entry.name == name).unwrap();
            known.received += 1;
            known.until = now + timeout;
            known.in_flight = timeout > 0;
            assert_eq!(message.received, known.received);
            received.push(name);
            self.receipts.insert(name, receipt);
        }
        assert_eq!(received, expected);
    }

    /// One of the receipts that were ever handed out, the latest of its message.
    fn some_receipt(&self) -> Option<(u64, Receipt)> {
        let count = self.receipts.len() as u64;
        let index = usize::try_from(self.random.below(count)).unwrap();
        let (name, receipt) = self.receipts.iter().nth(index)?;
        Some((*name, receipt.clone()))
    }

    fn delete(&mut self) {
        let Some((name, receipt)) = self.some_receipt() else {
            return;
        };
        let here = self
            .model
            .entries
            .iter()
            .position(|entry| entry.name == name);
        assert_eq!(self.queue.is_current(&receipt), here.is_some());
        if let Some(index) = here {
            self.queue.remove(receipt.number);
            self.model.entries.remove(index);
        }
        self.receipts.remove(&name);
    }

    fn change_visibility(&mut self) {
        let Some((name, receipt)) = self.some_receipt() else {
            return;
        };
        let (now, timeout) = (self.model.now, self.below(30));
        let in_flight = self.queue.of(&receipt).is_some_and(Message::is_in_flight);
        let known = self.model.entries.iter_mut();
        let known = known.into_iter().find(|entry| entry.name == name);
        assert_eq!(
            in_flight,
            known.as_ref().is_some_and(|entry| entry.in_flight)
        );
        if let (true, Some(known)) = (in_flight, known) {
            let timer = self.timers.start(now, receipt.number, timeout);
            self.queue.hide(receipt.number, timer);
            known.until = now + timeout;
            known.in_flight = timeout > 0;
        }
    }

    fn pass(&mut self) {
        let seconds = self.below(20);
        self.model.pass(seconds);
        self.timers.pass(self.model.now, &mut self.queue);
    }

    fn expire(&mut self) {
        let limit = self.model.now - RETENTION;
        if limit > 0 {
            self.queue.expire(at(limit));
            self.model.entries.retain(|entry| entry.sent >= limit);
        }
    }
}

#[track_caller]
fn check(fifo: bool) {
    for seed in 0..4 {
        let mut trial = Trial::new(fifo, seed);
        for _ in 0..OPERATIONS {
            trial.step();
        }
        // The trial has seen something.
        assert!(trial.model.now > RETENTION, "seed {seed}");
        assert!(trial.sent > OPERATIONS / 4, "seed {seed}");
    }
}

#[test]
fn a_standard_queue_does_what_its_model_does() {
    check(false);
}

#[test]
fn a_fifo_queue_does_what_its_model_does() {
    check(true);
}
