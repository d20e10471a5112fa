//! Emails that are handed on to an SMTP server.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use zipster_emulator::clock::SystemClock;
use zipster_emulator::courier::Relay;
use zipster_emulator::journal::Event;

use crate::support::World;

/// What an SMTP server was given.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mail {
    from: String,
    to: String,
    text: String,
}

/// A server that takes mail, after it has refused as many as it was told to.
struct Server {
    url: String,
    mails: Arc<Mutex<Vec<Mail>>>,
    task: tokio::task::JoinSet<()>,
}

impl Server {
    async fn that_refuses(times: usize, with: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let mails: Arc<Mutex<Vec<Mail>>> = Arc::default();
        let taken = Arc::clone(&mails);
        let mut task = tokio::task::JoinSet::new();
        task.spawn(async move {
            let mut refusals = times;
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let refusal = (refusals > 0).then_some(with);
                refusals = refusals.saturating_sub(1);
                if let Some(mail) = converse(stream, refusal).await {
                    taken.lock().unwrap().push(mail);
                }
            }
        });
        Self { url, mails, task }
    }

    fn mails(&self) -> Vec<Mail> {
        self.mails.lock().unwrap().clone()
    }
}

/// One conversation as RFC 5321 has it, with one mail in it.
async fn converse(stream: TcpStream, refusal: Option<&str>) -> Option<Mail> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 here\r\n").await.unwrap();
    let (mut from, mut to) = (String::new(), String::new());
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return None;
        }
        let address = || {
            let rest = line.split_once('<').map_or("", |(_, rest)| rest);
            rest.split('>').next().unwrap_or_default().to_owned()
        };
        let answer = match line.split([' ', ':', '\r']).next().unwrap_or_default() {
            "EHLO" => "250 here".to_owned(),
            "MAIL" => {
                from = address();
                refusal.unwrap_or("250 ok").to_owned()
            }
            "RCPT" => {
                to = address();
                "250 ok".to_owned()
            }
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await.unwrap();
                let mut text = String::new();
                while !text.ends_with("\r\n.\r\n") {
                    assert!(stream.read_line(&mut text).await.unwrap() > 0);
                }
                stream.write_all(b"250 taken\r\n").await.unwrap();
                let text = text
                    .strip_suffix(".\r\n")
                    .unwrap()
                    .replace("\r\n..", "\r\n.");
                return Some(Mail { from, to, text });
            }
            "QUIT" => return None,
            _ => "250 ok".to_owned(),
        };
        let written = stream.write_all(format!("{answer}\r\n").as_bytes()).await;
        written.ok()?;
    }
}

async fn world_with(relay: &str) -> World {
    World::with(|settings| {
        settings.clock = Arc::new(SystemClock::hurried(1000));
        settings.relay = Some(Relay::parse(relay).unwrap());
    })
    .await
}

/// Asks somebody to subscribe: the one mail that needs no reader.
async fn invite(world: &World) {
    let topic = world.topic("told").await;
    world
        .sns
        .subscribe()
        .topic_arn(topic)
        .protocol("email")
        .endpoint("reader@example.com")
        .send()
        .await
        .unwrap();
    world.emulator.settled().await;
}

fn reasons(world: &World) -> Vec<String> {
    let entries = world.emulator.journal().snapshot();
    let events = entries.into_iter().map(|entry| entry.event);
    let failures = events.filter_map(|event| {
        if let Event::DeliveryFailed {
            destination,
            reason,
        } = event
        {
            Some(format!("{destination}: {reason}"))
        } else {
            None
        }
    });
    failures.collect()
}

#[tokio::test]
async fn a_mail_reaches_the_server_as_it_lies_in_the_inbox() {
    let server = Server::that_refuses(0, "").await;
    let world = world_with(&server.url).await;
    invite(&world).await;
    let (status, file) = world
        .browse(&format!(
            "{}/_zipster/inbox/1.eml",
            world.emulator.endpoint()
        ))
        .await;
    assert_eq!(status, 200);
    let [mail] = &server.mails()[..] else {
        panic!("{:?}", server.mails());
    };
    assert_eq!(mail.from, "no-reply@sns.amazonaws.com");
    assert_eq!(mail.to, "reader@example.com");
    assert_eq!(mail.text.trim_end(), file.trim_end());
    world.emulator.stop().await.unwrap();
    drop(server.task);
}

#[tokio::test]
async fn a_server_that_is_busy_is_asked_again() {
    let server = Server::that_refuses(2, "451 come again").await;
    let world = world_with(&server.url).await;
    invite(&world).await;
    assert_eq!(server.mails().len(), 1);
    assert_eq!(reasons(&world), [""; 0]);
}

#[tokio::test]
async fn what_no_server_takes_is_in_the_inbox_all_the_same() {
    let refusing = Server::that_refuses(9, "550 not here").await;
    let world = world_with(&refusing.url).await;
    invite(&world).await;
    let [reason] = &reasons(&world)[..] else {
        panic!("{:?}", reasons(&world));
    };
    assert!(reason.contains("not here"), "{reason}");
    assert_eq!(world.emulator.services().sns.inbox().len(), 1);

    // A port where nobody listens.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nowhere = format!("smtp://me:s3cret@{}", listener.local_addr().unwrap());
    drop(listener);
    let world = world_with(&nowhere).await;
    invite(&world).await;
    let [reason] = &reasons(&world)[..] else {
        panic!("{:?}", reasons(&world));
    };
    assert!(
        reason.contains("refused") && !reason.contains("s3cret"),
        "{reason}"
    );
}

#[tokio::test]
async fn stopping_does_not_wait_for_a_server_that_says_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = format!("smtp://{}", listener.local_addr().unwrap());
    let world = world_with(&silent).await;
    let topic = world.topic("told").await;
    let subscribe = world.sns.subscribe().topic_arn(topic).protocol("email");
    let asked = subscribe.endpoint("reader@example.com").send().await;
    asked.unwrap();
    let (connection, _) = listener.accept().await.unwrap();
    world.emulator.stop().await.unwrap();
    drop(connection);
}
